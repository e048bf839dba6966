"""The first paper's CNN of 3x3 convolutions and 2x2 pooling that names two people."""

from __future__ import annotations

from typing import Any

from keras import layers

from monitor.training.experiments.paper import PaperNetwork
from monitor.training.experiments.paper_parts import answers

NETWORK = PaperNetwork(
    title="CNN, 128 filters",
    paper="mlops",
    tasks=("two_people",),
    size=120,
    preprocessing="RGB 0..1",
    layers=(
        "Conv 3x3 of 128 filters, batch normalisation, ReLU and max pooling 2x2, four "
        "times; flattened; dense sigmoid"
    ),
    rate=0.001,
    batch=32,
    epochs=10,
    left_open=(
        "How many convolutions: four",
        "The side of the picture: 120 px",
        "The batch: 32",
        "The learning rate: Keras' 0.001",
    ),
    reported={"two_people": 98.5},
)


FILTERS, BLOCKS = 128, 4


def output(x: Any, classes: int) -> Any:
    for _ in range(BLOCKS):
        x = layers.Conv2D(FILTERS, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(2)(layers.ReLU()(x))
    return answers(layers.Flatten()(x), classes)
