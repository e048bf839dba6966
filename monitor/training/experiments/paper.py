"""What a network of a paper is: told without TensorFlow by `infos`, built by `build`.

All take (N, size, size, 3) float32 RGB -1..1, as every network of the training side does; what the
paper feeds (grey, sharpened, another range) is made of it by the first layers, so that the whole
program can run each as it is.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.declared import declared
from monitor.errors import ConfigError

PACKAGE = "monitor.training.experiments.papers"
PAPERS = {
    "mlops": "Masked-face recognition with MLOps",
    "transfer": "Classification and recognition with CNNs and transfer learning",
    "internship": "Internship report: Siamese recognition of masked faces",
    "mobilenetv2": "MobileNetV2 mask detection",
    "five": "Five networks compared",
}
RANDOM, IMAGENET = "random", "imagenet"


@dataclass(frozen=True, slots=True)
class PaperNetwork:
    """What a file in `papers/` says of its network, whose name is the file's.

    The file also has `output(x, classes)`: a Keras tensor of prepared pictures to the network's
    answers, (N, 1) of a sigmoid or (N, classes) of a softmax.
    """

    title: str  # for tables
    paper: str  # key of `PAPERS`
    tasks: tuple[str, ...]  # keys of `paper_sets.TASKS`; "upper_faces" is `siamese`'s own
    size: int  # side of the input, px
    preprocessing: str  # key of `paper_parts.PREPARE`
    layers: str  # in words
    rate: float  # of Adam
    batch: int
    epochs: int
    left_open: tuple[str, ...]  # what the paper leaves open, and what is taken here
    size_min: int = 32  # px
    # name in `learning.architectures` whose weights begin the layer "backbone"; None: there is none
    backbone: str | None = None
    frozen: bool = True  # a pretrained backbone stays as it was
    classifier: str | None = None  # of scikit-learn on the features: key of `paper_run.CLASSIFIERS`
    # the paper's accuracy in per cent by task, where it is at hand
    reported: Mapping[str, float] = field(default_factory=dict)


def infos() -> dict[str, PaperNetwork]:
    """All networks by name, paper by paper.

    Raises:
        ConfigError: If a file's declaration is not complete.
    """
    found = declared(PACKAGE, PaperNetwork, needs=("output",))
    order = list(PAPERS)
    return dict(sorted(found.items(), key=lambda item: (order.index(item[1].paper), item[0])))


def info_of(name: str) -> PaperNetwork:
    """
    Raises:
        ConfigError: If no paper has a network of that name.
    """
    known = infos()
    if name not in known:
        near = difflib.get_close_matches(name, known, 1, 0.4)
        hint = f", did you mean {near[0]}?" if near else ""
        raise ConfigError(f"unknown network {name!r}{hint}: use one of {', '.join(known)}")
    return known[name]


def weights_of(info: PaperNetwork) -> Path | None:
    """The file of ImageNet weights that the network's backbone can begin from, None where this
    machine has none.
    """
    from monitor.training.learning import networks

    return networks.imagenet_file(info.backbone) if info.backbone else None


def build(
    name: str,
    classes: int,
    size: int | None = None,
    weights: Path | None = None,
    preprocessing: str | None = None,
) -> Any:
    """The network, ready to train.

    Args:
        name: One of `infos`.
        classes: How many answers.
        size: Side in px; None: the paper's.
        weights: File of the backbone's pretrained weights; None: random ones, and all layers learn.
        preprocessing: Key of `paper_parts.PREPARE`; None: the paper's.

    Returns:
        (N, size, size, 3) float32 RGB -1..1 -> (N, 1) or (N, classes) float32 in 0..1.

    Raises:
        ConfigError: If the size is too small, or the weights are not there or do not fit.
    """
    import keras

    from monitor.training.experiments.paper_parts import PREPARE
    from monitor.training.learning import networks, trainer

    info = info_of(name)
    size = size or info.size
    if size < info.size_min:
        raise ConfigError(f"{name} needs {info.size_min} px or more, not {size}: raise --size-max")
    inputs = keras.Input((size, size, 3), name="roi_rgb")
    prepared = PREPARE[preprocessing or info.preprocessing](inputs)
    module = importlib.import_module(f"{PACKAGE}.{name}")
    model = keras.Model(inputs, module.output(prepared, classes), name=name)
    if weights is not None:
        if not weights.is_file():
            raise ConfigError(f"weight file {weights} is not there: give another with --weights")
        networks.load_weights(model, weights)
        if info.frozen:
            model.get_layer("backbone").trainable = False
        else:
            trainer.freeze(model, 0)
    for layer in model._flatten_layers():
        # With Keras' 0.99 and 0.999 the running statistics would lag behind a few hundred steps.
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9
    return model
