"""The plain CNN of the papers: 120 x 120, four 3x3 convolutions, each with 2x2 max pooling, and
a wide dense layer.
"""

from __future__ import annotations

from typing import Any

from keras import layers

from monitor.training.learning.listed import NetworkInfo
from monitor.training.learning.settings import Settings

NETWORK = NetworkInfo(title="custom CNN", paper="the papers' own", size=120)


def logits(inputs: Any, settings: Settings) -> Any:
    decay = settings.decay
    x = inputs
    for filters in (32, 64, 128, 256):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_regularizer=decay)(
            x
        )
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(settings.dropout, name="dropout")(x)
    x = layers.Dense(1024, activation="relu", kernel_regularizer=decay, name="wide")(x)
    return layers.Dense(settings.classes, kernel_regularizer=decay, name="logits")(x)
