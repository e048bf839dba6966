"""The fifth paper's VGG19 (arXiv:1409.1556)."""

from __future__ import annotations

from typing import Any

import keras

from monitor.training.experiments.paper import PaperNetwork
from monitor.training.experiments.paper_parts import dropout_head, pooled

NETWORK = PaperNetwork(
    title="VGG19",
    paper="five",
    tasks=("masks",),
    size=128,
    preprocessing="BGR less the ImageNet mean",
    layers=(
        "VGG19 without top, global average pooling, dense 128 with ReLU, dropout 0.5, dense sigmoid"
    ),
    rate=0.0001,
    batch=32,
    epochs=20,
    left_open=(
        "The head: average pooling, dense 128, dropout 0.5",
        "The side: 128 px",
        "The epochs: 20",
        "The batch: 32",
        "The learning rate: 0.0001, as without batch normalisation 0.001 makes it give "
        "one answer for all",
        "Whether the backbone is frozen: with pretrained weights it is, from random "
        "weights all learns",
    ),
    size_min=32,
    backbone="vgg19",
)


def output(x: Any, classes: int) -> Any:
    return dropout_head(pooled(keras.applications.VGG19, x), classes)
