"""The fifth paper's Inception v1 (GoogLeNet, arXiv:1409.4842), built from scratch."""

from __future__ import annotations

from typing import Any

from keras import layers

from monitor.training.experiments.paper import PaperNetwork
from monitor.training.experiments.paper_parts import answers

NETWORK = PaperNetwork(
    title="Inception v1, from scratch",
    paper="five",
    tasks=("masks",),
    size=128,
    preprocessing="RGB 0..1",
    layers=(
        "stem of conv 7x7/2, pooling, 1x1, 3x3, pooling; nine inception modules with "
        "pooling after the second and the seventh; average pooling; dropout 0.4; dense "
        "sigmoid"
    ),
    rate=0.001,
    batch=32,
    epochs=20,
    left_open=(
        "Local response normalisation and the two side outputs: left out",
        "The side: 128 px",
        "The epochs: 20",
        "The batch: 32",
        "The learning rate: Keras' 0.001",
    ),
    size_min=64,
)


# Filters of each module: 1x1; 3x3 and 5x5, each with the 1x1 that comes before it; 1x1 behind the
# pooling (table 1 of the publication). None: max pooling 3x3/2.
MODULES = (
    (64, 96, 128, 16, 32, 32),
    (128, 128, 192, 32, 96, 64),
    None,
    (192, 96, 208, 16, 48, 64),
    (160, 112, 224, 24, 64, 64),
    (128, 128, 256, 24, 64, 64),
    (112, 144, 288, 32, 64, 64),
    (256, 160, 320, 32, 128, 128),
    None,
    (256, 160, 320, 32, 128, 128),
    (384, 192, 384, 48, 128, 128),
)


def output(x: Any, classes: int) -> Any:
    x = _pool(_conv(x, 64, 7, strides=2))
    x = _pool(_conv(_conv(x, 64, 1), 192, 3))
    number = 0
    for module in MODULES:
        if module is None:
            x = _pool(x)
        else:
            number += 1
            x = _inception(x, module, f"inception_{number}")
    x = layers.Dropout(0.4)(layers.GlobalAveragePooling2D()(x))
    return answers(x, classes)


def _conv(x: Any, filters: int, side: int, strides: int = 1) -> Any:
    return layers.Conv2D(filters, side, strides=strides, padding="same", activation="relu")(x)


def _pool(x: Any) -> Any:
    return layers.MaxPooling2D(3, strides=2, padding="same")(x)


def _inception(x: Any, filters: tuple[int, int, int, int, int, int], name: str) -> Any:
    one, before_three, three, before_five, five, pooled = filters
    branches = [
        _conv(x, one, 1),
        _conv(_conv(x, before_three, 1), three, 3),
        _conv(_conv(x, before_five, 1), five, 5),
        _conv(layers.MaxPooling2D(3, strides=1, padding="same")(x), pooled, 1),
    ]
    return layers.Concatenate(name=name)(branches)
