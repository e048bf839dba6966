"""The fourth paper's decision tree on deep features."""

from __future__ import annotations

from typing import Any

import keras

from monitor.training.experiments.paper import PaperNetwork
from monitor.training.experiments.paper_parts import answers, pooled

NETWORK = PaperNetwork(
    title="decision tree on deep features",
    paper="mobilenetv2",
    tasks=("masks",),
    size=128,
    preprocessing="RGB -1..1",
    layers=("MobileNetV2 without top, global average pooling, scaled, decision tree"),
    rate=0.0,
    batch=64,
    epochs=0,
    left_open=(
        "Which network gives the features: MobileNetV2",
        "Its depth: grown until its leaves are pure",
    ),
    backbone="mobilenetv2",
    classifier="tree",
)


def output(x: Any, classes: int) -> Any:
    return answers(pooled(keras.applications.MobileNetV2, x), classes)
