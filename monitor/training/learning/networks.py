"""The networks that can be trained to read masks, all with the same input and output.

Input is what `monitor.faces.preprocess` makes: (N, size, size, 3) float32 RGB in -1..1. A network
that was born with another range (Caffe's BGR minus a mean, torch's mean and deviation) converts
inside, so that one preprocessing serves all. Output is (N, classes) float32 logits: softmax of them
is the confidence in each class.

    mobilenetv2   arXiv:1801.04381, the one that ships       resnet50      arXiv:1512.03385
    cnn_pool      3x3 convolutions, each max pooled          densenet121   arXiv:1608.06993
    cnn_bn        128 filters, batch normalisation, sigmoid  xception      arXiv:1610.02357
    vgg19         arXiv:1409.1556                            inceptionv3   arXiv:1512.00567

Nothing here uses the network: pretrained weights are looked for on this machine, and a missing file
is a `ConfigError`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, regularizers

from monitor.errors import ConfigError

WEIGHTS_DIR = Path(__file__).resolve().parents[3] / "weights"
CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
TORCH_MEAN_RGB, TORCH_STD_RGB = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def _as_is(x: Any) -> Any:
    return x


def _caffe(x: Any) -> Any:
    """RGB -1..1 to BGR 0..255 minus the ImageNet mean. Slices, as they go to ONNX without a
    loop.
    """
    bgr = layers.Concatenate(name="to_bgr")([x[..., 2:3], x[..., 1:2], x[..., 0:1]])
    return layers.Rescaling(127.5, [127.5 - mean for mean in CAFFE_MEAN_BGR], name="caffe_range")(
        bgr
    )


def _torch(x: Any) -> Any:
    """RGB -1..1 to zero mean and unit deviation of ImageNet."""
    scale = [0.5 / std for std in TORCH_STD_RGB]
    offset = [(0.5 - mean) / std for mean, std in zip(TORCH_MEAN_RGB, TORCH_STD_RGB, strict=True)]
    return layers.Rescaling(scale, offset, name="torch_range")(x)


@dataclass(frozen=True, slots=True)
class _Published:
    """A network of keras.applications."""

    make: Callable[..., keras.Model]
    preprocess: Callable[[Any], Any]
    # names of its ImageNet weights without top, in `weights/` or in Keras' cache
    files: tuple[str, ...]
    size: int = 224  # its own input, in pixels
    size_min: int = 32


def _keras_name(name: str) -> str:
    return f"{name}_weights_tf_dim_ordering_tf_kernels_notop.h5"


PUBLISHED = {
    "mobilenetv2": _Published(
        keras.applications.MobileNetV2,
        _as_is,
        (
            "mobilenet_v2_imagenet_notop.weights.h5",
            # The weights do not depend on the side; Keras publishes one file for each all the same.
            *(
                f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_{s}_no_top.h5"
                for s in (224, 192, 160, 128, 96)
            ),
        ),
        128,
    ),
    "resnet50": _Published(keras.applications.ResNet50, _caffe, (_keras_name("resnet50"),)),
    "densenet121": _Published(
        keras.applications.DenseNet121, _torch, (_keras_name("densenet121"),)
    ),
    "xception": _Published(
        keras.applications.Xception, _as_is, (_keras_name("xception"),), 299, 71
    ),
    "inceptionv3": _Published(
        keras.applications.InceptionV3, _as_is, (_keras_name("inception_v3"),), 299, 75
    ),
    "vgg19": _Published(keras.applications.VGG19, _caffe, (_keras_name("vgg19"),)),
}
CUSTOM_SIZE = 120
NAMES = (
    "mobilenetv2",
    "cnn_pool",
    "cnn_bn",
    "resnet50",
    "densenet121",
    "xception",
    "inceptionv3",
    "vgg19",
)


def default_size(name: str) -> int:
    """The side of the input, in pixels, that the network was published with (128 for mobilenetv2,
    the one that we ship).
    """
    _check_name(name)
    return PUBLISHED[name].size if name in PUBLISHED else CUSTOM_SIZE


def build(
    name: str,
    size: int | None = None,
    weights: str | Path = "imagenet",
    classes: int = 3,
    *,
    dropout: float = 0.2,
    l2: float = 0.0,
    alpha: float = 1.0,
) -> keras.Model:
    """A network to train.

    Args:
        name: One of `NAMES`.
        size: Side of the input in pixels; None takes the network's own.
        weights: "imagenet" (looked for on this machine, never downloaded), "none" (random), or the
            path of a weight file: the backbone's without top, or a whole model that `build` made
            (.keras or .weights.h5).
        classes: How many outputs.
        dropout: Part of the features that is dropped before the last layer, 0 to 0.9.
        l2: Weight decay of the dense layers (and of the custom CNNs' convolutions).
        alpha: Width of mobilenetv2; ImageNet weights are there for 1.0 alone unless a path is
            given.

    Returns:
        (N, size, size, 3) float32 RGB -1..1 -> (N, classes) float32 logits. The pretrained part is
        one layer named "backbone", so that it can be frozen.

    Raises:
        ConfigError: If the name or size is unknown, or the weights are not here or do not fit.
    """
    _check_name(name)
    size = default_size(name) if size is None else size
    smallest = PUBLISHED[name].size_min if name in PUBLISHED else 32
    if size < smallest:
        raise ConfigError(
            f"network {name} needs an input of {smallest} px or more, not {size}: raise --size"
        )
    path = _weights_path(name, weights, alpha)
    inputs = keras.Input((size, size, 3), name="roi_rgb")
    if name in PUBLISHED:
        logits = _published(name, inputs, classes, dropout, l2, alpha)
    else:
        logits = {"cnn_pool": _cnn_pool, "cnn_bn": _cnn_bn}[name](inputs, classes, dropout, l2)
    model = keras.Model(inputs, logits, name=name)
    if path is not None:
        _load(model, path)
    return model


def _check_name(name: str) -> None:
    if name not in NAMES:
        from difflib import get_close_matches

        near = get_close_matches(name, NAMES, 1, 0.4)
        raise ConfigError(
            f"unknown network {name!r}{f', did you mean {near[0]}?' if near else ''}: use one of "
            f"{', '.join(NAMES)}"
        )


def _published(
    name: str, inputs: Any, classes: int, dropout: float, l2: float, alpha: float
) -> Any:
    spec = PUBLISHED[name]
    width = {"alpha": alpha} if name == "mobilenetv2" else {}
    backbone = spec.make(
        include_top=False, weights=None, input_shape=tuple(inputs.shape[1:]), **width
    )
    backbone.name = "backbone"
    x = backbone(spec.preprocess(inputs))
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    return layers.Dense(
        classes, kernel_regularizer=regularizers.L2(l2) if l2 else None, name="logits"
    )(x)


def _cnn_pool(inputs: Any, classes: int, dropout: float, l2: float) -> Any:
    """The plain CNN of the papers: 120 x 120, four 3x3 convolutions, each with 2x2 max pooling, and
    a wide dense layer.
    """
    decay = regularizers.L2(l2) if l2 else None
    x = inputs
    for filters in (32, 64, 128, 256):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_regularizer=decay)(
            x
        )
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(1024, activation="relu", kernel_regularizer=decay, name="wide")(x)
    return layers.Dense(classes, kernel_regularizer=decay, name="logits")(x)


def _cnn_bn(inputs: Any, classes: int, dropout: float, l2: float) -> Any:
    """The 128-filter CNN of the papers, with batch normalisation and a sigmoid for each class.

    Its logits are log(sigmoid): softmax of them is each sigmoid divided by their sum, so that three
    independent sigmoids compare with the networks that end in a softmax.
    """
    decay = regularizers.L2(l2) if l2 else None
    x = inputs
    for _ in range(4):
        x = layers.Conv2D(128, 3, padding="same", use_bias=False, kernel_regularizer=decay)(x)
        x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(2)(layers.ReLU()(x))
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, kernel_regularizer=decay, name="sigmoid_input")(x)
    return layers.Activation("log_sigmoid", name="logits")(x)


def cache_dir() -> Path:
    """Where Keras keeps downloaded weights."""
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"


def imagenet_file(name: str) -> Path | None:
    """The ImageNet weights of a network on this machine, or None."""
    for file in PUBLISHED[name].files if name in PUBLISHED else ():
        for folder in (WEIGHTS_DIR, cache_dir()):
            if (folder / file).is_file():
                return folder / file
    return None


def _weights_path(name: str, weights: str | Path, alpha: float) -> Path | None:
    """The file to load, None for random weights. Looked up before anything is built, so that a
    mistake costs no time.
    """
    if str(weights) == "none":
        return None
    if str(weights) != "imagenet":
        if not Path(weights).is_file():
            raise ConfigError(
                f"weight file {weights} is not there: give --weights imagenet, none, or the path "
                f"of a .keras or .h5 file"
            )
        return Path(weights)
    if name not in PUBLISHED:
        raise ConfigError(
            f"network {name} has no ImageNet weights (it is a plain CNN): use --weights none"
        )
    if alpha != 1.0:
        raise ConfigError(
            f"ImageNet weights are here for alpha 1.0 alone, not {alpha}: give --weights PATH or "
            f"none"
        )
    found = imagenet_file(name)
    if found is None:
        raise ConfigError(
            f"the ImageNet weights of {name} are not on this machine and are not downloaded: put "
            f"{PUBLISHED[name].files[0]} "
            f"into {cache_dir()} or {WEIGHTS_DIR}, give its path with --weights, or use --weights "
            f"none"
        )
    return found


def _load(model: keras.Model, path: Path) -> None:
    """Load a backbone's weights, or else a whole model's."""
    names = [layer.name for layer in model.layers]
    targets = [model.get_layer("backbone"), model] if "backbone" in names else [model]
    errors = []
    for target in targets:
        try:
            if path.suffix == ".keras":
                source = keras.saving.load_model(path, compile=False)
                target.set_weights(source.get_weights())
            else:
                before = [np.array(w) for w in target.get_weights()[:1]]
                target.load_weights(path)
                # Keras skips what it does not find in some formats: weights that did not move were
                # not loaded.
                if all(
                    np.array_equal(a, b) for a, b in zip(before, target.get_weights(), strict=False)
                ):
                    raise ValueError("nothing in the file fits")
            return
        except (ValueError, OSError, KeyError) as error:
            errors.append(str(error).splitlines()[0])
    raise ConfigError(f"the weights in {path} do not fit network {model.name}: {errors[0]}")


def parameters(model: keras.Model) -> int:
    """How many numbers the network holds."""
    return int(model.count_params())
