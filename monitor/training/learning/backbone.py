"""A published network of keras.applications as one layer, with the papers' head on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from monitor.training.learning.settings import Settings

CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
TORCH_MEAN_RGB = (0.485, 0.456, 0.406)
TORCH_STD_RGB = (0.229, 0.224, 0.225)


def as_is(x: Any) -> Any:
    """RGB -1..1, as the network was trained."""
    return x


def caffe(x: Any) -> Any:
    """RGB -1..1 to BGR 0..255 minus the ImageNet mean. Slices, as they go to ONNX without a
    loop.
    """
    bgr = layers.Concatenate(name="to_bgr")([x[..., 2:3], x[..., 1:2], x[..., 0:1]])
    offset = [127.5 - mean for mean in CAFFE_MEAN_BGR]
    return layers.Rescaling(127.5, offset, name="caffe_range")(bgr)


def torch(x: Any) -> Any:
    """RGB -1..1 to zero mean and unit deviation of ImageNet."""
    scale = [0.5 / std for std in TORCH_STD_RGB]
    offset = [(0.5 - mean) / std for mean, std in zip(TORCH_MEAN_RGB, TORCH_STD_RGB, strict=True)]
    return layers.Rescaling(scale, offset, name="torch_range")(x)


def on_backbone(
    inputs: Any,
    settings: Settings,
    make: Callable[..., keras.Model],
    preprocess: Callable[[Any], Any] = as_is,
) -> Any:
    """Logits (N, classes) of the network that `make` gives without its top.

    Args:
        inputs: Keras tensor (N, size, size, 3), RGB -1..1.
        settings: Of the head.
        make: A function of keras.applications.
        preprocess: To the range that its weights were trained with.
    """
    backbone = make(include_top=False, weights=None, input_shape=tuple(inputs.shape[1:]))
    backbone.name = "backbone"
    x = backbone(preprocess(inputs))
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(settings.dropout, name="dropout")(x)
    return layers.Dense(settings.classes, kernel_regularizer=settings.decay, name="logits")(x)
