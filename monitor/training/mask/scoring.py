"""What a trained classifier says about labelled faces: the same crop, network and card as in the
program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from monitor.engine import KerasNetwork, Network, OnnxNetwork
from monitor.errors import ConfigError, ModelError
from monitor.faces.boxes import crop_square
from monitor.faces.preprocess import scale
from monitor.records import FloatArray, Image
from monitor.training.pictures.chips import Chip
from monitor.training.pictures.faces import read_picture

# Changes a picture before the crop: (image BGR, box (4,)) to the same two.
Change = Callable[[Image, FloatArray], tuple[Image, FloatArray]]
BATCH = 64


@dataclass(frozen=True, slots=True)
class Classifier:
    """A network with what its card says of it."""

    network: Network
    name: str
    classes: tuple[str, ...]
    size: int  # side of the input, px
    margin: float  # see `boxes.crop_square`

    @property
    def card(self) -> dict[str, Any]:
        """The model's card."""
        return self.network.card


def load_classifier(path: Path, threads: int = 2) -> Classifier:
    """A `.onnx` (through ONNX Runtime) or `.keras` file with its card beside it.

    Raises:
        ConfigError: If the name has another ending.
        ModelError: If file or card are missing, changed or incomplete.
    """
    stem = path.with_suffix("")
    if path.suffix == ".onnx":
        network: Network = OnnxNetwork(stem, threads)
    elif path.suffix == ".keras":
        network = KerasNetwork(stem)
    else:
        raise ConfigError(
            f"{path} is no model: give a .onnx or .keras file that has its card beside it"
        )
    card = network.card
    try:
        size, margin = int(card["input"]["size"]), float(card["input"]["margin"])
        return Classifier(network, str(card["name"]), tuple(card["classes"]), size, margin)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"the card of {path.name} is incomplete ({error!r}): export the model again"
        ) from None


def crops(
    chips: Sequence[Chip], size: int, margin: float, change: Change | None = None, threads: int = 2
) -> Iterator[FloatArray]:
    """The network's input for the chips, in batches (N, size, size, 3) float32 RGB -1..1."""

    def one(chip: Chip) -> Image:
        image, box = read_picture(chip.path), np.array(chip.box, np.float32)
        if change is not None:
            image, box = change(image, box)
        return cv2.cvtColor(crop_square(image, box, margin, size), cv2.COLOR_BGR2RGB)  # type: ignore[return-value]

    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(chips), BATCH):
            yield scale(np.stack(list(pool.map(one, chips[start : start + BATCH]))))


def predict(
    classifier: Classifier,
    chips: Sequence[Chip],
    change: Change | None = None,
    margin: float | None = None,
) -> FloatArray:
    """Confidences (N, C) in the order of the card's classes; `margin` other than the card's to see
    what it does.
    """
    margin = classifier.margin if margin is None else margin
    parts = [classifier.network(batch) for batch in crops(chips, classifier.size, margin, change)]
    return np.concatenate(parts) if parts else np.empty((0, len(classifier.classes)), np.float32)


def truth_of(chips: Sequence[Chip], classes: Sequence[str]) -> npt.NDArray[np.intp]:
    """(N,) class indices of the chips' labels.

    Raises:
        ConfigError: If the model does not know a label.
    """
    unknown = {c.label for c in chips} - set(classes)
    if unknown:
        raise ConfigError(
            f"the model knows {', '.join(classes)}, the data has {', '.join(sorted(unknown))}: "
            f"choose other data"
        )
    return np.array([classes.index(c.label) for c in chips], np.intp)
