"""The fourth paper's k nearest neighbours on deep features."""

from __future__ import annotations

from typing import Any

import keras

from monitor.training.experiments.paper import PaperNetwork
from monitor.training.experiments.paper_parts import answers, pooled

NETWORK = PaperNetwork(
    title="k nearest neighbours on deep features",
    paper="mobilenetv2",
    tasks=("masks",),
    size=128,
    preprocessing="RGB -1..1",
    layers=("MobileNetV2 without top, global average pooling, scaled, k nearest neighbours"),
    rate=0.0,
    batch=64,
    epochs=0,
    left_open=(
        "Which network gives the features: MobileNetV2",
        "k: 5, by Euclidean distance",
    ),
    backbone="mobilenetv2",
    classifier="knn",
)


def output(x: Any, classes: int) -> Any:
    return answers(pooled(keras.applications.MobileNetV2, x), classes)
