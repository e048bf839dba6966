"""The fifth paper's Xception (arXiv:1610.02357) on sharpened pictures."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from monitor.training.experiments.paper import PaperNetwork
from monitor.training.experiments.paper_parts import answers, backbone

NETWORK = PaperNetwork(
    title="Xception, sharpened",
    paper="five",
    tasks=("masks",),
    size=255,
    preprocessing="sharpened RGB -1..1",
    layers=(
        "Xception without top, global average pooling: the features; dense 256 and 64 "
        "with ReLU; dense sigmoid"
    ),
    rate=0.001,
    batch=32,
    epochs=20,
    left_open=(
        "How the features are pooled: average",
        "The kernel of the sharpening: 5 in the middle, -1 at its four neighbours",
        "The epochs: 20",
        "The batch: 32",
        "The learning rate: Keras' 0.001",
        "Whether the backbone is frozen: with pretrained weights it is, from random "
        "weights all learns",
    ),
    size_min=71,
    backbone="xception",
)


def output(x: Any, classes: int) -> Any:
    x = backbone(keras.applications.Xception, x)
    x = layers.GlobalAveragePooling2D()(x)
    for units in (256, 64):
        x = layers.Dense(units, activation="relu")(x)
    return answers(x, classes)
