"""The second paper's CNN at 120 px with a dense layer of 3,200."""

from __future__ import annotations

from typing import Any

from keras import layers

from monitor.training.experiments.paper import PaperNetwork
from monitor.training.experiments.paper_parts import answers

NETWORK = PaperNetwork(
    title="CNN, dense 3,200",
    paper="transfer",
    tasks=("masks", "gender"),
    size=120,
    preprocessing="RGB 0..1",
    layers=(
        "Conv 3x3 of 32, 64, 128, 128 filters with ReLU, unpadded, each with max pooling "
        "2x2; flattened; dense 3,200 with ReLU; dense sigmoid"
    ),
    rate=0.001,
    batch=100,
    epochs=20,
    left_open=(
        "The convolutions: four with 32, 64, 128 and 128 filters, as what they leave of "
        "120 px when flattened is 5 x 5 x 128 = 3,200 numbers: the paper may mean these",
        "The learning rate: Keras' 0.001",
        "The range of the values: 0..1",
    ),
)


DENSE = 3200


def output(x: Any, classes: int) -> Any:
    for filters in (32, 64, 128, 128):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, activation="relu")(x))
    x = layers.Dense(DENSE, activation="relu", name="wide")(layers.Flatten()(x))
    return answers(x, classes)
