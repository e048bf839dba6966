"""Training batches: which faces, drawn on or not, in which proportions.

Batch number `i` depends on the seed and on `i` alone, so a run repeats itself and goes on after a
stop where it left off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.records import FloatArray, Image
from monitor.training.drawing import camera_faults, fabric, hard, occlude, wear
from monitor.training.learning.stream import Batch
from monitor.training.pictures.chips import LABELS
from monitor.training.pictures.pool import Face

# Crowds and streets, where people look aside and down, count more; portraits and aligned faces, all
# from the front, less: with equal weights every profile was taken for masked (bare faces of
# ilc2021, left out). Pasted masks are all alike.
WEIGHTS = {
    "ilc2021": 2.5,
    "andrewmvd": 2.0,
    "maskedfacenet": 0.35,
    "lfw_aligned": 0.5,
    "utkface_aligned": 0.5,
    "utkface": 0.5,
    "aizoo_covered": 2.0,
    "aizoo_wider": 1.5,
    "aizoo_masked": 1.5,
    "aizoo_wrong": 2.0,
    "worn_wrong": 2.0,
    "ilc2021_whole": 2.0,
    "andrewmvd_hd": 2.0,
}
SEEN_MIN = 0.025  # a mask that fills less of the crop is not seen
CROWDED = 0.07  # of the faces have another head beside or before them


@dataclass(frozen=True)
class Recipe:
    """What a batch is made of. Parts are of the batch and sum up to 1."""

    size: int
    margin: float
    batch: int = 64
    # masked, unmasked, incorrect, as they are
    real: tuple[float, float, float] = (0.30, 0.25, 0.09)
    drawn: float = 0.36  # pairs of one bare face that differ in the mask alone
    # a source with n faces is drawn n ** power times as often: 0 all alike, 1 as they come
    source_power: float = 0.5
    hard: float = 0.0  # of the faces go through `drawing.hard` as well


# what differs from `Recipe` in the training of each shipped model
RECIPES: dict[str, dict[str, Any]] = {
    "mask_v3": {},
    "mask_v4": {"real": (0.34, 0.30, 0.16), "drawn": 0.20, "hard": 0.5},
}


class Faces:
    """Faces of one label, drawn source by source."""

    def __init__(
        self, faces: Sequence[Face], power: float, weights: dict[str, float] | None = None
    ) -> None:
        by_source: dict[str, list[Face]] = {}
        for face in faces:
            by_source.setdefault(face.source, []).append(face)
        self._sources = [by_source[name] for name in sorted(by_source)]
        factor = weights or {}
        share = np.array(
            [factor.get(name, 1.0) * len(by_source[name]) ** power for name in sorted(by_source)],
            np.float64,
        )
        self._share = share / share.sum() if len(share) else share

    def __len__(self) -> int:
        return sum(map(len, self._sources))

    def draw(self, rng: np.random.Generator) -> Face:
        source = self._sources[int(rng.choice(len(self._sources), p=self._share))]
        return source[int(rng.integers(len(source)))]


class Maker:
    """Makes the batches of one training."""

    def __init__(
        self, faces: Sequence[Face], bank: fabric.Bank | None, recipe: Recipe, seed: int
    ) -> None:
        self.recipe, self.bank, self.seed = recipe, bank, seed
        self._real = [
            Faces([f for f in faces if f.label == name], recipe.source_power, WEIGHTS)
            for name in LABELS
        ]
        bare = [f for f in faces if f.label == "unmasked" and fabric.fits(f)]
        self._bare = Faces(bare, recipe.source_power, WEIGHTS)

    def batch(self, index: int) -> Batch:
        """Batch number `index`: (N, size, size, 3) uint8 RGB and (N,) class numbers."""
        rng = np.random.default_rng([self.seed, index])
        recipe = self.recipe
        rois: list[Image] = []
        labels: list[int] = []
        drawn = self.bank is not None and len(self._bare) > 0
        pairs = round(recipe.batch * recipe.drawn / 2) if drawn else 0
        for _ in range(pairs):
            self._pair(rng, rois, labels)
        have = np.array([len(f) > 0 for f in self._real], np.float64)
        share = np.array(recipe.real) * have
        for label in rng.choice(len(LABELS), recipe.batch - len(rois), p=share / share.sum()):
            face = self._real[label].draw(rng)
            image = self._crowd(face.image, face, rng)
            if face.landmarks is not None and self.bank is not None:
                image = wear.disturb(image, face.landmarks, LABELS[label], self.bank, rng)
            rois.append(self._seen(image, face.landmarks, self._where(face, rng), rng))
            labels.append(int(label))
        return np.ascontiguousarray(np.stack(rois)[..., ::-1]), np.array(labels)

    def _pair(self, rng: np.random.Generator, rois: list[Image], labels: list[int]) -> None:
        assert self.bank is not None
        face = self._bare.draw(rng)
        assert face.landmarks is not None
        style = self.bank.style(rng)
        first, second = wear.PAIRS[int(rng.choice(len(wear.PAIRS), p=wear.PAIR_SHARE))]
        views = int(rng.integers(2**62))
        same = rng.random() < 0.6  # the same square and the same camera for both, or each its own
        for how in (first, second):
            image, mask = wear.wear(face.image, face.landmarks, how, style, self.bank, rng)
            label = wear.LABEL_OF[how]
            generator = np.random.default_rng(views) if same else rng
            view = self._where(face, generator)
            if mask is not None and label == "incorrect" and _visible(mask, view) < SEEN_MIN:
                label = "unmasked"  # it hangs outside of what the network gets to see
            image = wear.disturb(
                self._crowd(image, face, rng), face.landmarks, label, self.bank, rng
            )
            rois.append(self._seen(image, face.landmarks, view, generator))
            labels.append(LABELS.index(label))

    def _seen(
        self,
        image: Image,
        landmarks: FloatArray | None,
        view: camera_faults.View,
        rng: np.random.Generator,
    ) -> Image:
        """The face as a camera and a detector show it."""
        is_hard = self.recipe.hard > 0 and rng.random() < self.recipe.hard
        if is_hard:
            image = image if landmarks is None else hard.dress(image, landmarks, rng)
            view = hard.turn(view, rng)
        roi = camera_faults.crop(image, view, self.recipe.size, rng)
        return camera_faults.degrade(hard.spoil(roi, rng) if is_hard else roi, rng)

    def _crowd(self, image: Image, face: Face, rng: np.random.Generator) -> Image:
        if rng.random() > CROWDED:
            return image
        filled = [f for f in self._real if len(f)]
        other = filled[int(rng.integers(len(filled)))].draw(rng)
        return occlude.neighbour(image, face.chip.box, other.image, other.chip.box, rng)

    def _where(self, face: Face, rng: np.random.Generator) -> camera_faults.View:
        box, by_hand = face.chip.box, face.chip.landmarks is None and face.detected is None
        if face.detected is not None and rng.random() < 0.6:
            box = face.detected
        return camera_faults.live_view(box, self.recipe.margin, by_hand, rng)


def _visible(mask: npt.NDArray[np.uint8], view: camera_faults.View) -> float:
    """The part of the view's square that the mask fills."""
    x0, x1 = max(0, round(view.cx - view.half)), max(0, round(view.cx + view.half))
    y0, y1 = max(0, round(view.cy - view.half)), max(0, round(view.cy + view.half))
    return float(mask[y0:y1, x0:x1].sum()) / 255 / (2 * view.half) ** 2
