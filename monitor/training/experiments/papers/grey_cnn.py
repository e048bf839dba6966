"""The fourth paper's grey CNN of two convolutions."""

from __future__ import annotations

from typing import Any

from keras import layers

from monitor.training.experiments.paper import PaperNetwork
from monitor.training.experiments.paper_parts import answers

NETWORK = PaperNetwork(
    title="grey CNN, two of 100 filters",
    paper="mobilenetv2",
    tasks=("masks",),
    size=100,
    preprocessing="grey 0..1",
    layers=(
        "Conv 3x3 of 100 filters with ReLU and max pooling 2x2, twice; flattened; dropout "
        "0.5; dense 50 with ReLU; dense sigmoid"
    ),
    rate=0.001,
    batch=32,
    epochs=20,
    left_open=(
        "The side: 100 px",
        "The dense layer between: 50",
        "The batch: 32",
        "The learning rate: Keras' 0.001",
    ),
)


FILTERS = 100


def output(x: Any, classes: int) -> Any:
    for _ in range(2):
        x = layers.MaxPooling2D(2)(layers.Conv2D(FILTERS, 3, activation="relu")(x))
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    return answers(layers.Dense(50, activation="relu")(x), classes)
