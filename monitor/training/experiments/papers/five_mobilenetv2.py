"""The fifth paper's MobileNetV2 (arXiv:1801.04381)."""

from __future__ import annotations

from typing import Any

import keras

from monitor.training.experiments.paper import PaperNetwork
from monitor.training.experiments.paper_parts import dropout_head, pooled

NETWORK = PaperNetwork(
    title="MobileNetV2",
    paper="five",
    tasks=("masks",),
    size=128,
    preprocessing="RGB -1..1",
    layers=(
        "MobileNetV2 without top, global average pooling, dense 128 with ReLU, dropout "
        "0.5, dense sigmoid"
    ),
    rate=0.001,
    batch=32,
    epochs=20,
    left_open=(
        "The head: average pooling, dense 128, dropout 0.5",
        "The side: 128 px",
        "The epochs: 20",
        "The batch: 32",
        "The learning rate: Keras' 0.001",
        "Whether the backbone is frozen: with pretrained weights it is, from random "
        "weights all learns",
    ),
    size_min=32,
    backbone="mobilenetv2",
)


def output(x: Any, classes: int) -> Any:
    return dropout_head(pooled(keras.applications.MobileNetV2, x), classes)
