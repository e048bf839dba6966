"""What several networks of the papers have in common: how pictures enter, a published backbone, the
last layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import layers

from monitor.training.learning.backbone import as_is, caffe, torch

GREY = (0.299, 0.587, 0.114)  # of red, green and blue, as OpenCV has it
# Four neighbours taken away from five times the pixel: the usual kernel of "sharpen".
SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float32)


def unit(x: Any) -> Any:
    """RGB -1..1 to 0..1, as `rescale=1./255` gives it."""
    return layers.Rescaling(0.5, 0.5, name="unit_range")(x)


def raw_bytes(x: Any) -> Any:
    """RGB -1..1 to 0..255: what a network gets where nobody scaled."""
    return layers.Rescaling(127.5, 127.5, name="byte_range")(x)


def grey(x: Any) -> Any:
    """RGB -1..1 to one channel in 0..1."""
    red, green, blue = (x[..., i : i + 1] * (share / 2) for i, share in enumerate(GREY))
    return red + green + blue + 0.5


def sharpened(x: Any) -> Any:
    """RGB -1..1 to the same with sharper edges, cut to the range."""
    layer = layers.DepthwiseConv2D(3, padding="same", use_bias=False, trainable=False, name="sharp")
    y = layer(x)
    layer.set_weights([np.repeat(SHARPEN[:, :, None, None], 3, axis=2)])
    return keras.ops.clip(y, -1.0, 1.0)


PREPARE: Mapping[str, Callable[[Any], Any]] = {
    "RGB -1..1": as_is,
    "RGB 0..1": unit,
    "RGB 0..255": raw_bytes,
    "grey 0..1": grey,
    "sharpened RGB -1..1": sharpened,
    "BGR less the ImageNet mean": caffe,
    "RGB by ImageNet's mean and deviation": torch,
}


def backbone(make: Callable[..., keras.Model], x: Any) -> Any:
    """The features (N, h, w, c) of a network of keras.applications, as one layer "backbone"."""
    model = make(include_top=False, weights=None, input_shape=tuple(x.shape[1:]))
    model.name = "backbone"
    return model(x)


def pooled(make: Callable[..., keras.Model], x: Any) -> Any:
    """The same, averaged over the picture: (N, c)."""
    return layers.GlobalAveragePooling2D()(backbone(make, x))


def dropout_head(x: Any, classes: int) -> Any:
    """What we put on networks whose head a paper leaves open."""
    return answers(layers.Dropout(0.5)(layers.Dense(128, activation="relu")(x)), classes)


def answers(x: Any, classes: int) -> Any:
    """The last layer: one sigmoid for two classes, else a softmax."""
    if classes == 2:
        return layers.Dense(1, activation="sigmoid", name="answer")(x)
    return layers.Dense(classes, activation="softmax", name="answer")(x)
