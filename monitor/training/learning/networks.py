"""Builds the networks that can be trained to read masks, all with the same input and output.

Input is what `monitor.faces.preprocess` makes: (N, size, size, 3) float32 RGB in -1..1. A network
that was born with another range (Caffe's BGR minus a mean, torch's mean and deviation) converts
inside, so that one preprocessing serves all. Output is (N, classes) float32 logits: softmax of them
is the confidence in each class. Each network is a file in `architectures/`.

Nothing here uses the internet: pretrained weights are looked for on this machine, and a missing
file is a `ConfigError`.
"""

from __future__ import annotations

import difflib
import importlib
import os
from pathlib import Path

import keras
import numpy as np

from monitor.errors import ConfigError
from monitor.training.learning.listed import NetworkInfo, infos
from monitor.training.learning.settings import Settings

WEIGHTS_DIR = Path(__file__).resolve().parents[3] / "weights"


def info_of(name: str) -> NetworkInfo:
    """
    Raises:
        ConfigError: If there is no network of that name.
    """
    known = infos()
    if name not in known:
        near = difflib.get_close_matches(name, known, 1, 0.4)
        hint = f", did you mean {near[0]}?" if near else ""
        raise ConfigError(f"unknown network {name!r}{hint}: use one of {', '.join(known)}")
    return known[name]


def default_size(name: str) -> int:
    """The side of the input, in pixels, that the network was published with (128 for mobilenetv2,
    the one that we ship).
    """
    return info_of(name).size


def build(
    name: str,
    size: int | None = None,
    weights: str | Path = "imagenet",
    settings: Settings = Settings(),
) -> keras.Model:
    """A network to train.

    Args:
        name: One of `listed.names`.
        size: Side of the input in pixels; None takes the network's own.
        weights: "imagenet" (looked for on this machine, never downloaded), "none" (random), or the
            path of a weight file: the backbone's without top, or a whole model that `build` made
            (.keras or .weights.h5).
        settings: Classes, dropout, weight decay, width.

    Returns:
        (N, size, size, 3) float32 RGB -1..1 -> (N, classes) float32 logits. The pretrained part is
        one layer named "backbone", so that it can be frozen.

    Raises:
        ConfigError: If the name or size is unknown, or the weights are not here or do not fit.
    """
    info = info_of(name)
    size = info.size if size is None else size
    if size < info.size_min:
        raise ConfigError(
            f"network {name} needs an input of {info.size_min} px or more, not {size}: raise --size"
        )
    path = _weights_path(name, weights, settings.alpha)
    inputs = keras.Input((size, size, 3), name="roi_rgb")
    architecture = importlib.import_module(f"monitor.training.learning.architectures.{name}")
    model = keras.Model(inputs, architecture.logits(inputs, settings), name=name)
    if path is not None:
        load_weights(model, path)
    return model


def cache_dir() -> Path:
    """Where Keras keeps downloaded weights."""
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"


def imagenet_file(name: str) -> Path | None:
    """The ImageNet weights of a network on this machine, or None."""
    for file in info_of(name).files:
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
    if not info_of(name).files:
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
            f"{info_of(name).files[0]} "
            f"into {cache_dir()} or {WEIGHTS_DIR}, give its path with --weights, or use --weights "
            f"none"
        )
    return found


def load_weights(model: keras.Model, path: Path) -> None:
    """Load a backbone's weights, or else a whole model's.

    Raises:
        ConfigError: If they do not fit.
    """
    names = [layer.name for layer in model.layers]
    targets = [model.get_layer("backbone"), model] if "backbone" in names else [model]
    errors = []
    for target in targets:
        try:
            if path.suffix == ".keras":
                source = keras.saving.load_model(path, compile=False)
                target.set_weights(source.get_weights())
            elif path.suffix == ".npz":
                _read_arrays(model, path)
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


def _read_arrays(model: keras.Model, path: Path) -> None:
    """Arrays of another program, which the network's own file reads.

    Raises:
        ValueError: If it reads none.
        KeyError: If one is missing.
    """
    architecture = importlib.import_module(f"monitor.training.learning.architectures.{model.name}")
    if not hasattr(architecture, "read_weights"):
        raise ValueError("it takes .keras and .h5 files alone")
    architecture.read_weights(model.get_layer("backbone"), path)


def parameters(model: keras.Model) -> int:
    """How many numbers the network holds."""
    return int(model.count_params())
