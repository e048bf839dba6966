"""Pictures for the detector to learn from: cut out of whole pictures, or faces set into a scene,
with masks, hoods and goggles drawn on bare ones, turned, cut, dark, blurred.

All pictures are (H, W, 3) uint8 BGR, landmarks (5, 2) pixels, boxes xyxy in pixels. Scene number
`i` depends on the seed and on `i` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from monitor.identity.drawn_masks import template_to_face
from monitor.records import FloatArray, Image
from monitor.training.detectors.teach import Known
from monitor.training.drawing import camera_faults, fabric, occlude, wear

SIDE = 320  # px of a scene
WHOLE = 0.6  # of the scenes are cut out of whole pictures
SIZES_PX = (13.0, 190.0)  # of the face that a scene is made round, longer side
# how a mask is worn that is drawn on a bare face, and how often
_WORN = ("bare", "right", "nose_out", "mouth_out", "chin", "eyes", "nose_only")
_WORN_SHARE = (0.56, 0.24, 0.08, 0.04, 0.03, 0.03, 0.02)


@dataclass(frozen=True, eq=False)
class Whole:
    """A whole picture with what is known of its faces."""

    image: Image
    known: Known
    source: str


@dataclass(frozen=True, eq=False)
class Portrait:
    """A picture of one face with its surroundings."""

    image: Image
    box: FloatArray  # (4,)
    landmarks: FloatArray  # (5, 2); NaN where nobody knows them
    bare: bool  # a mask may be drawn on it


@dataclass(frozen=True, eq=False)
class Scene:
    """One picture to learn from."""

    image: Image  # (SIDE, SIDE, 3)
    known: Known
    sources: frozenset[str]  # whole sets that it has pixels of


class Scenes:
    """Makes the scenes of a training."""

    def __init__(
        self,
        wholes: Sequence[Whole],
        portraits: Sequence[Sequence[Portrait]],
        bank: fabric.Bank,
        seed: int,
    ) -> None:
        """`portraits`: group by group; each group is drawn as often as the others."""
        self._wholes, self._portraits = wholes, [group for group in portraits if len(group)]
        self._bank, self._seed = bank, seed

    def make(self, index: int) -> Scene:
        """Scene number `index`."""
        rng = np.random.default_rng([self._seed, index])
        scene = self._cut_out(rng) if rng.random() < WHOLE else self._set_in(rng)
        return Scene(degrade(scene.image, rng), scene.known, scene.sources)

    def _cut_out(self, rng: np.random.Generator) -> Scene:
        whole = self._wholes[int(rng.integers(len(self._wholes)))]
        known, height, width = whole.known, *whole.image.shape[:2]
        sure = np.flatnonzero(known.sure)
        if len(sure) and rng.random() < 0.9:
            box = known.boxes[int(rng.choice(sure))]
            focus = (box[:2] + box[2:]) / 2
            scale = _size(rng) / float(max(box[2:] - box[:2]))
        else:
            focus = rng.uniform([0, 0], [width, height])
            scale = float(np.exp(rng.uniform(np.log(0.4), np.log(1.6))))
        # most of the scene shall be filled
        scale = float(np.clip(scale, 0.65 * SIDE / max(height, width), 2.5))
        target = rng.uniform(0.15, 0.85, 2) * SIDE
        matrix = _view(focus, target, scale, rng)
        image = _warp(whole.image, matrix, rng)
        return Scene(image, _moved(known, matrix), frozenset({whole.source}))

    def _set_in(self, rng: np.random.Generator) -> Scene:
        image, sources = self._background(rng)
        boxes: list[FloatArray] = []
        landmarks: list[FloatArray] = []
        for _ in range(int(rng.integers(1, 6))):
            group = self._portraits[int(rng.integers(len(self._portraits)))]
            portrait = group[int(rng.integers(len(group)))]
            size = _size(rng)
            centre = rng.uniform(0.02, 0.98, 2) * SIDE
            place = np.concatenate([centre - size * 0.9, centre + size * 0.9])
            if any(_touch(place, other) for other in boxes):
                continue
            face = self._dressed(portrait, rng)
            middle = (portrait.box[:2] + portrait.box[2:]) / 2
            scale = size / float(max(portrait.box[2:] - portrait.box[:2]))
            matrix = _view(middle, centre, scale, rng)
            image = _lay(image, face, portrait.box, matrix, rng)
            moved = _moved(
                Known(portrait.box[None], portrait.landmarks[None], np.ones(1, bool)), matrix
            )
            if len(moved.boxes):
                boxes.append(moved.boxes[0])
                landmarks.append(moved.landmarks[0])
        known = Known(
            np.array(boxes, np.float32).reshape(-1, 4),
            np.array(landmarks, np.float32).reshape(-1, 5, 2),
            np.ones(len(boxes), bool),
        )
        return Scene(image, known, sources)

    def _dressed(self, portrait: Portrait, rng: np.random.Generator) -> Image:
        """The face with a mask, hood, cap, goggles, scarf, hand or hair on, or as it is."""
        image, marks = portrait.image, portrait.landmarks
        if np.isnan(marks).any() or float(np.hypot(*(marks[1] - marks[0]))) < 10:
            return image
        label = "masked"
        if portrait.bare:
            how = str(rng.choice(_WORN, p=_WORN_SHARE))
            label = wear.LABEL_OF[how]
            image = wear.wear(image, marks, how, self._bank.style(rng), self._bank, rng)[0]
        to_face = template_to_face(marks)
        image = wear.disturb(image, marks, label, self._bank, rng)
        if rng.random() < 0.08:
            image = camera_faults.cover_eyes(image, marks, rng)
        if rng.random() < 0.12:
            image = occlude.hood(image, to_face, fabric.colour(rng), rng)
        elif rng.random() < 0.08:
            image = occlude.cap(image, to_face, fabric.colour(rng), rng)
        return image

    def _background(self, rng: np.random.Generator) -> tuple[Image, frozenset[str]]:
        """A place without faces: cut out of a whole picture, or made up; with things in it that
        are none.
        """
        sources: frozenset[str] = frozenset()
        image = _made_up(self._bank, rng)
        if rng.random() < 0.6:
            whole = self._wholes[int(rng.integers(len(self._wholes)))]
            place = _free_place(whole, rng)
            if place is not None:
                x0, y0, side = place
                cut = whole.image[y0 : y0 + side, x0 : x0 + side]
                image = cv2.resize(cut, (SIDE, SIDE))  # type: ignore[assignment]
                sources = frozenset({whole.source})
        for _ in range(int(rng.integers(0, 5))):
            image = no_face(image, self._bank, rng)
        return image, sources


def no_face(image: Image, bank: fabric.Bank, rng: np.random.Generator) -> Image:
    """Something laid into the picture that is no face: a mask without one, an emblem, a ball or an
    arm of skin's colour, a piece of cloth, the back of a head.
    """
    side = int(np.exp(rng.uniform(np.log(14), np.log(130))))
    x, y = (int(v) for v in rng.integers(-side // 3, SIDE - side // 2, 2))
    layer = np.zeros((side, side, 3), np.float32)
    alpha = np.zeros((side, side), np.uint8)
    middle = (side / 2, side / 2)
    axes = (side * rng.uniform(0.5, 0.95), side * rng.uniform(0.5, 0.95))
    turn = float(rng.uniform(0, 180))
    skin = np.array([110, 140, 190]) * rng.uniform(0.35, 1.25) + rng.normal(0, 10, 3)
    pick = rng.random()
    if pick < 0.35:  # a mask, or cloth
        style = bank.style(rng, donors=False)
        layer[:] = cv2.resize(style.patch, (side, side))
        if style.alpha is not None:
            alpha = cv2.resize(style.alpha, (side, side))  # type: ignore[assignment]
        else:
            cv2.ellipse(alpha, (middle, axes, turn), 255, -1)
    elif pick < 0.6:  # a hand, an ear, an arm: skin without a face
        layer[:] = skin
        for _ in range(int(rng.integers(1, 5))):
            start, end = rng.integers(0, side, (2, 2))
            thick = max(2, int(side * rng.uniform(0.08, 0.3)))
            cv2.line(alpha, start.tolist(), end.tolist(), 255, thick, cv2.LINE_AA)
    elif pick < 0.8:  # the back of a head
        layer[:] = fabric.colour(rng) * 0.3 + rng.normal(0, 12, (side, side, 1))
        cv2.ellipse(alpha, (middle, (side * 0.75, side * 0.95), 0), 255, -1)
    else:  # an emblem: rings and spokes, the same on both sides
        layer[:] = fabric.colour(rng)
        cv2.ellipse(alpha, (middle, axes, 0), 255, -1)
        for _ in range(int(rng.integers(2, 7))):
            half = rng.integers(0, side, 2)
            size = max(1, int(side * rng.uniform(0.03, 0.15)))
            tone = fabric.colour(rng).tolist()
            for at in ((int(half[0]), int(half[1])), (side - int(half[0]), int(half[1]))):
                cv2.circle(layer, at, size, tone, -1 if rng.random() < 0.5 else 2, cv2.LINE_AA)
    light = np.linspace(rng.uniform(0.5, 1.2), rng.uniform(0.5, 1.2), side)[None, :, None]
    layer = np.clip(layer * light, 0, 255)
    return _over(image, layer.astype(np.uint8), alpha, x, y)


def degrade(image: Image, rng: np.random.Generator) -> Image:
    """Light, resolution, blur, noise and compression of a camera; two fifths stay as they are."""
    if rng.random() < 0.4:
        return image
    if rng.random() < 0.12:  # a dark entrance
        image = (image * rng.uniform(0.12, 0.45)).astype(np.uint8)
    if rng.random() < 0.5:
        return camera_faults.degrade(image, rng)
    small = rng.uniform(0.45, 0.95)
    image = cv2.resize(image, None, fx=small, fy=small, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    image = cv2.resize(image, (SIDE, SIDE))  # type: ignore[assignment]
    if rng.random() < 0.5:
        quality = int(rng.integers(20, 85))
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)  # type: ignore[assignment]
    return image


def _size(rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(SIZES_PX))))


def _view(
    focus: npt.NDArray[Any], target: npt.NDArray[Any], scale: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """(2, 3) map of a picture into the scene: `focus` comes to `target`; turned, narrowed as a head
    that looks aside is, mirrored.
    """
    angle = np.radians(rng.normal(0, 8) if rng.random() < 0.8 else rng.uniform(-40, 40))
    across = scale * (
        rng.uniform(0.6, 0.85) if rng.random() < 0.15 else np.exp(rng.normal(0, 0.06))
    )
    squeeze = np.diag([across * rng.choice([-1, 1]), scale])
    squeeze[0, 1] = scale * rng.normal(0, 0.06)  # as seen from above or from one side
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ squeeze
    return np.hstack([linear, (target - linear @ focus)[:, None]])


def _moved(known: Known, matrix: npt.NDArray[np.float64]) -> Known:
    """What is known, in the scene; faces of which less than half is inside are doubtful, those
    outside are gone.
    """
    size = known.boxes[:, 2:] - known.boxes[:, :2]
    centre = (known.boxes[:, :2] + known.boxes[:, 2:]) / 2 @ matrix[:, :2].T + matrix[:, 2]
    # a head that is turned in the picture keeps its own width and height
    half = size * np.hypot(matrix[0, :2], matrix[1, :2]) / 2
    boxes = np.hstack([centre - half, centre + half])
    inside = np.clip(boxes, 0, SIDE)
    part = np.prod(inside[:, 2:] - inside[:, :2], axis=1) / np.maximum(
        np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1e-6
    )
    landmarks = known.landmarks @ matrix[:, :2].T + matrix[:, 2]
    if np.linalg.det(matrix[:, :2]) < 0:  # mirrored: the right eye is the left one
        landmarks = landmarks[:, [1, 0, 2, 4, 3]]
    kept = part > 0.05
    small = (inside[:, 2:] - inside[:, :2]).max(axis=1, initial=0) < 10
    return Known(
        inside[kept].astype(np.float32),
        landmarks[kept].astype(np.float32),
        (known.sure & (part > 0.5) & ~small)[kept],
    )


def _warp(image: Image, matrix: npt.NDArray[np.float64], rng: np.random.Generator) -> Image:
    shrink = float(np.hypot(*matrix[:, 1]))
    if shrink < 0.6:  # else single pixels are picked
        image = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        matrix = np.hstack([matrix[:, :2] / shrink, matrix[:, 2:]])
    border = cv2.BORDER_CONSTANT if rng.random() < 0.7 else cv2.BORDER_REFLECT_101
    if border != cv2.BORDER_CONSTANT:  # a mirrored rim would show faces again
        border = cv2.BORDER_REPLICATE
    value = (0, 0, 0) if rng.random() < 0.6 else rng.integers(0, 256, 3).tolist()
    return cv2.warpAffine(image, matrix, (SIDE, SIDE), borderMode=border, borderValue=value)  # type: ignore[return-value]


def _lay(
    image: Image,
    face: Image,
    box: FloatArray,
    matrix: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> Image:
    """A portrait laid into the scene with soft edges: what is round the face, or an oval alone."""
    height, width = face.shape[:2]
    alpha = np.zeros((height, width), np.uint8)
    if rng.random() < 0.6:
        rim = max(1, min(height, width) // 14)
        alpha[rim : height - rim, rim : width - rim] = 255
    else:
        middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        axes = (box[2:] - box[:2]) * rng.uniform(1.2, 1.6, 2)
        cv2.ellipse(alpha, (middle, axes.tolist(), 0), 255, -1)
        alpha[[0, -1]] = 0
        alpha[:, [0, -1]] = 0
    alpha = cv2.blur(alpha, (2 * (min(height, width) // 20) + 1,) * 2)  # type: ignore[assignment]
    shrink = float(np.hypot(*matrix[:, 1]))
    if shrink < 0.6:
        face = cv2.resize(face, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        alpha = cv2.resize(alpha, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        matrix = np.hstack([matrix[:, :2] / shrink, matrix[:, 2:]])
    layer = cv2.warpAffine(face, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    part = cv2.warpAffine(alpha, matrix, (SIDE, SIDE)).astype(np.float32)[..., None] / 255
    return (image + (layer.astype(np.float32) - image) * part).astype(np.uint8)


def _over(image: Image, layer: Image, alpha: npt.NDArray[np.uint8], x: int, y: int) -> Image:
    image = image.copy()
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(SIDE, x + layer.shape[1]), min(SIDE, y + layer.shape[0])
    if x1 <= x0 or y1 <= y0:
        return image
    cut = slice(y0 - y, y1 - y), slice(x0 - x, x1 - x)
    under = image[y0:y1, x0:x1].astype(np.float32)
    part = cv2.blur(alpha, (3, 3))[cut].astype(np.float32)[..., None] / 255
    image[y0:y1, x0:x1] = under + (layer[cut] - under) * part
    return image


def _made_up(bank: fabric.Bank, rng: np.random.Generator) -> Image:
    """Light and shade, noise, or a pattern."""
    if rng.random() < 0.35 and bank.textures:
        texture = bank.textures[int(rng.integers(len(bank.textures)))]
        return cv2.resize(texture, (SIDE, SIDE))  # type: ignore[return-value]
    coarse = int(rng.integers(2, 40))
    blobs = rng.normal(rng.uniform(40, 210), rng.uniform(5, 60), (coarse, coarse, 3))
    how = cv2.INTER_CUBIC if rng.random() < 0.6 else cv2.INTER_NEAREST
    made = cv2.resize(blobs.astype(np.float32), (SIDE, SIDE), interpolation=how)
    return np.clip(made, 0, 255).astype(np.uint8)


def _free_place(whole: Whole, rng: np.random.Generator) -> tuple[int, int, int] | None:
    """A square of a whole picture that touches nothing that may be a face: x, y, side."""
    height, width = whole.image.shape[:2]
    for _ in range(12):
        side = int(rng.uniform(0.2, 0.7) * min(height, width))
        x, y = int(rng.integers(0, width - side + 1)), int(rng.integers(0, height - side + 1))
        place = np.array([x, y, x + side, y + side], np.float32)
        if not any(_touch(place, box) for box in whole.known.boxes):
            return x, y, side
    return None


def _touch(a: FloatArray, b: FloatArray) -> bool:
    return bool(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3])
