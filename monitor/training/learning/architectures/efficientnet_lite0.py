"""EfficientNet-Lite0, arXiv:1905.11946 without squeeze-and-excitation, ReLU6 in place of swish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from monitor.training.learning.backbone import on_backbone
from monitor.training.learning.listed import NetworkInfo
from monitor.training.learning.settings import Settings

NETWORK = NetworkInfo(
    title="EfficientNet-Lite0",
    paper="arXiv:1905.11946, github.com/tensorflow/tpu EfficientNet-lite",
    freezes=True,
    files=("efficientnet_lite0_imagenet.npz",),
)
# repeats, kernel, stride of the first, expansion, channels
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM, _HEAD = 32, 1280


def logits(inputs: Any, settings: Settings) -> Any:
    return on_backbone(inputs, settings, backbone)


def backbone(
    include_top: bool = False,
    weights: str | None = None,
    input_shape: tuple[int, int, int] = (224, 224, 3),
) -> keras.Model:
    """(N, H, W, 3) float32 RGB -1..1 to (N, H/32, W/32, 1280), as keras.applications makes its
    networks; there is no top, and weights come from `read_weights`.
    """
    assert not include_top
    assert weights is None
    inputs = keras.Input(input_shape)
    x = _convolved(inputs, "stem", _STEM, 3, 2)
    number, channels = 0, _STEM
    for repeats, kernel, first_stride, expansion, wanted in _STAGES:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            y = x
            if expansion > 1:
                y = _convolved(y, f"block_{number}_expand", channels * expansion, 1, 1)
            y = _depthwise(y, f"block_{number}_depthwise", kernel, stride)
            y = _convolved(y, f"block_{number}_project", wanted, 1, 1, active=False)
            if stride == 1 and channels == wanted:
                y = layers.Add(name=f"block_{number}_add")([x, y])
            x, channels, number = y, wanted, number + 1
    return keras.Model(inputs, _convolved(x, "head", _HEAD, 1, 1), name="efficientnet_lite0")


def read_weights(model: keras.Model, path: Path) -> None:
    """Set a backbone's weights from the arrays of the PyTorch file, by its names.

    Raises:
        KeyError: If the file lacks an array.
        ValueError: If one is of another shape.
    """
    with np.load(path) as arrays:
        for layer in model.layers:
            if not layer.weights:
                continue
            name = _torch_name(layer.name)
            if isinstance(layer, layers.BatchNormalization):
                parts = ("weight", "bias", "running_mean", "running_var")
                layer.set_weights([arrays[f"{name}.{part}"] for part in parts])
            elif isinstance(layer, layers.DepthwiseConv2D):
                layer.set_weights([arrays[f"{name}.weight"].transpose(2, 3, 0, 1)])
            else:
                layer.set_weights([arrays[f"{name}.weight"].transpose(2, 3, 1, 0)])


def _torch_name(name: str) -> str:
    """`block_3_expand_bn` to `_blocks.3._bn0`, `head` to `_conv_head`."""
    outer = {"stem": "_conv_stem", "stem_bn": "_bn0", "head": "_conv_head", "head_bn": "_bn1"}
    if name in outer:
        return outer[name]
    _, number, part = name.split("_", 2)
    inner = {
        "expand": "_expand_conv",
        "expand_bn": "_bn0",
        "depthwise": "_depthwise_conv",
        "depthwise_bn": "_bn1",
        "project": "_project_conv",
        "project_bn": "_bn2",
    }
    return f"_blocks.{number}.{inner[part]}"


def _convolved(
    x: Any, name: str, channels: int, kernel: int, stride: int, active: bool = True
) -> Any:
    made = layers.Conv2D(channels, kernel, stride, "same", use_bias=False, name=name)
    return _normed(made(x), name, active)


def _depthwise(x: Any, name: str, kernel: int, stride: int) -> Any:
    made = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, name=name)
    return _normed(made(x), name, True)


def _normed(x: Any, name: str, active: bool) -> Any:
    x = layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x) if active else x
