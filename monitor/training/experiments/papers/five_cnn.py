"""The fifth paper's CNN at 128 px."""

from __future__ import annotations

from typing import Any

from keras import layers

from monitor.training.experiments.paper import PaperNetwork
from monitor.training.experiments.paper_parts import answers

NETWORK = PaperNetwork(
    title="CNN, 32 and 64 filters",
    paper="five",
    tasks=("masks",),
    size=128,
    preprocessing="RGB 0..1",
    layers=(
        "Conv 3x3 of 32 and of 64 filters with ReLU, each with max pooling 2x2; "
        "flattened; dense 128 and 64 with ReLU, each with dropout 0.5; dense sigmoid"
    ),
    rate=0.001,
    batch=32,
    epochs=20,
    left_open=(
        "The epochs: 20",
        "The batch: 32",
        "The learning rate: Keras' 0.001",
        "The range of the values: 0..1",
    ),
)


def output(x: Any, classes: int) -> Any:
    for filters in (32, 64):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, activation="relu")(x))
    x = layers.Flatten()(x)
    for units in (128, 64):
        x = layers.Dropout(0.5)(layers.Dense(units, activation="relu")(x))
    return answers(x, classes)
