"""The first paper's transfer learning: InceptionV3 (arXiv:1512.00567) that names two people."""

from __future__ import annotations

from typing import Any

import keras

from monitor.training.experiments.paper import PaperNetwork
from monitor.training.experiments.paper_parts import answers, pooled

NETWORK = PaperNetwork(
    title="InceptionV3",
    paper="mlops",
    tasks=("two_people",),
    size=150,
    preprocessing="RGB -1..1",
    layers="InceptionV3 without top, global average pooling, dense sigmoid",
    rate=0.001,
    batch=32,
    epochs=10,
    left_open=(
        "The head: average pooling and one dense layer",
        "The side: 150 px",
        "The batch: 32",
        "The learning rate: Keras' 0.001",
        "Whether the backbone is frozen: with pretrained weights it is, from random "
        "weights all learns",
    ),
    size_min=75,
    backbone="inceptionv3",
    reported={"two_people": 95.6},
)


def output(x: Any, classes: int) -> Any:
    return answers(pooled(keras.applications.InceptionV3, x), classes)
