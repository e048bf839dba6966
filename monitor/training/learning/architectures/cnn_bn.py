"""The 128-filter CNN of the papers, with batch normalisation and a sigmoid for each class.

Its logits are log(sigmoid): softmax of them is each sigmoid divided by their sum, so that three
independent sigmoids compare with the networks that end in a softmax.
"""

from __future__ import annotations

from typing import Any

from keras import layers

from monitor.training.learning.listed import NetworkInfo
from monitor.training.learning.settings import Settings

NETWORK = NetworkInfo(title="128-filter CNN", paper="the papers' own", size=120)


def logits(inputs: Any, settings: Settings) -> Any:
    decay = settings.decay
    x = inputs
    for _ in range(4):
        x = layers.Conv2D(128, 3, padding="same", use_bias=False, kernel_regularizer=decay)(x)
        x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(2)(layers.ReLU()(x))
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(settings.dropout, name="dropout")(x)
    x = layers.Dense(settings.classes, kernel_regularizer=decay, name="sigmoid_input")(x)
    return layers.Activation("log_sigmoid", name="logits")(x)
