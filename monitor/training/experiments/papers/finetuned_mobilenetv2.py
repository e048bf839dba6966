"""The fourth paper's MobileNetV2 (arXiv:1801.04381), fine-tuned."""

from __future__ import annotations

from typing import Any

import keras

from monitor.training.experiments.paper import PaperNetwork
from monitor.training.experiments.paper_parts import dropout_head, pooled

NETWORK = PaperNetwork(
    title="MobileNetV2, fine-tuned",
    paper="mobilenetv2",
    tasks=("masks",),
    size=128,
    preprocessing="RGB -1..1",
    layers=(
        "MobileNetV2 without top, global average pooling, dense 128 with ReLU, dropout "
        "0.5, dense sigmoid"
    ),
    rate=0.0001,
    batch=32,
    epochs=20,
    left_open=(
        "The side: 128 px",
        "The head: dense 128 and dropout 0.5",
        "The rate: 0.0001, as all layers learn",
        "How much of the backbone learns: all of it but batch normalisation",
    ),
    backbone="mobilenetv2",
    frozen=False,
)


def output(x: Any, classes: int) -> Any:
    return dropout_head(pooled(keras.applications.MobileNetV2, x), classes)
