"""What ships with a mask model so that it can learn on an office PC without the training pictures:
features of training faces to rehearse with, and of held-out faces to be tested on.

A feature is what the model's frozen part makes of a face, projected onto the directions in which
faces differ most: no picture can be made of it. Two files beside the model, say
`mask_v5_features.npz` and its card `mask_v5_features.json`, which names the model they belong to.
Made by `monitor.training.mask.rehearsal`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.card import read_model
from monitor.errors import ModelError
from monitor.learning.head import Head
from monitor.records import FloatArray

Labels = npt.NDArray[np.intp]
ENDING = "_features"


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces as numbers. The order of the classes is the model card's."""

    points: FloatArray  # (N, K) the projected features
    logits: FloatArray  # (N, C) the shipped model's
    truth: Labels  # (N,)
    group: npt.NDArray[np.str_]  # (N,) where each comes from, or which hard case it is

    def __len__(self) -> int:
        return len(self.truth)


@dataclass(frozen=True, eq=False)
class Shift:
    """How far a head is moved from the shipped one, in the projected directions."""

    slope: FloatArray  # (K, C)
    offset: FloatArray  # (C,)

    def logits(self, faces: Faces) -> FloatArray:
        """(N, C) of the moved head."""
        made: FloatArray = faces.logits + faces.points @ self.slope + self.offset
        return made


@dataclass(frozen=True, eq=False)
class Bundle:
    """See the module."""

    mean: FloatArray  # (D,)
    basis: FloatArray  # (D, K) columns of length 1, scaled to unit variance of the points
    rehearsal: Faces
    test: Faces
    model: str  # the name of the model whose features these are
    sha256: str  # of that model's file
    version: str  # of the bundle: the first letters of its own SHA-256

    def points(self, features: FloatArray) -> FloatArray:
        """(N, K) of (N, D)."""
        made: FloatArray = ((features - self.mean) @ self.basis).astype(np.float32)
        return made

    def shift_of(self, shipped: Head, head: Head) -> Shift:
        """How far a head was moved, if it was moved in these directions alone: see `moved`."""
        turned = head.kernel - shipped.kernel
        slope = np.linalg.lstsq(self.basis, turned, rcond=None)[0].astype(np.float32)
        return Shift(slope, head.bias - shipped.bias + self.mean @ turned)

    def moved(self, head: Head, shift: Shift) -> Head:
        """The head that gives the same logits as `shift`, from whole features."""
        turned = self.basis @ shift.slope
        bias = head.bias + shift.offset - self.mean @ turned
        return Head((head.kernel + turned).astype(np.float32), bias.astype(np.float32))


def load_bundle(model: Path) -> Bundle:
    """The bundle beside a model's `.onnx` file.

    Raises:
        ModelError: If it is missing, changed, or belongs to another model.
    """
    path = model.with_name(f"{model.stem}{ENDING}.npz")
    card, content = read_model(path)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return Bundle(
            arrays["mean"].astype(np.float32),
            arrays["basis"].astype(np.float32),
            _faces(arrays, "rehearsal"),
            _faces(arrays, "test"),
            str(card["model"]["name"]),
            str(card["model"]["sha256"]),
            str(card["files"][path.name]["sha256"])[:12],
        )
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{path.name} is no bundle of features ({error!r}): make it anew with "
            f"monitor.training.mask.rehearsal"
        ) from None


def packed(
    mean: FloatArray, basis: FloatArray, parts: Mapping[str, Faces]
) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a bundle's file, as `load_bundle` reads them."""
    arrays: dict[str, npt.NDArray[Any]] = {
        "mean": mean.astype(np.float32),
        "basis": basis.astype(np.float16),
    }
    for name, faces in parts.items():
        names, index = np.unique(faces.group, return_inverse=True)
        arrays |= {
            f"{name}_points": faces.points.astype(np.float16),
            f"{name}_logits": faces.logits.astype(np.float32),
            f"{name}_truth": faces.truth.astype(np.uint8),
            f"{name}_group": index.astype(np.uint8),
            f"{name}_groups": names,
        }
    return arrays


def _faces(arrays: Mapping[str, npt.NDArray[Any]], name: str) -> Faces:
    return Faces(
        arrays[f"{name}_points"].astype(np.float32),
        arrays[f"{name}_logits"].astype(np.float32),
        arrays[f"{name}_truth"].astype(np.intp),
        arrays[f"{name}_groups"][arrays[f"{name}_group"]],
    )
