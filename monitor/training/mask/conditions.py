"""How right a classifier is under conditions: size of the face, blur, and who it is."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from monitor.errors import ConfigError
from monitor.records import FloatArray, Image
from monitor.training.mask.scoring import Change, Classifier, predict, truth_of
from monitor.training.pictures.chips import PICTURES, Chip
from monitor.training.pictures.faces import read_picture
from monitor.training.pictures.splits import is_test_utkface
from monitor.training.report.metrics import Rate, door_rates, rate

# px, native size of the face; the last bin is open
SIZE_BINS = (16, 24, 32, 40, 56, 80, 112, 160, 200)
SYNTHETIC_SIZES = (16, 20, 24, 32, 40, 56, 80, 112)  # px; a chip holds 120 px of face at most
# sigma of a Gaussian, per cent of the face's longer side
BLURS = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
# length of a sideways smear, per cent of the face's longer side
MOTIONS = (0.0, 5.0, 10.0, 15.0, 20.0)
RACES = ("White", "Black", "Asian", "Indian", "Others")  # UTKFace's own words and numbers
GENDERS = ("male", "female")
_UTKFACE = re.compile(r"^(\d{1,3})_([01])_([0-4])_\d{8,}")

Row = dict[str, Any]
Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Person:
    """What a UTKFace file name says."""

    age: int
    gender: str
    race: str


def person_of(name: str) -> Person | None:
    """Age, gender and race from a name AGE_GENDER_RACE_date; None for other names."""
    match = _UTKFACE.match(name)
    return Person(int(match[1]), GENDERS[int(match[2])], RACES[int(match[3])]) if match else None


def is_utkface(folder: Path) -> bool:
    """Whether a folder's pictures are named as UTKFace names them."""
    first = (
        next((p for p in sorted(folder.iterdir()) if p.suffix.lower() in PICTURES), None)
        if folder.is_dir()
        else None
    )
    return first is not None and person_of(first.name) is not None


def load_utkface(folder: Path, seen: bool = False) -> list[Chip]:
    """Bare faces, aligned to the five-point template; the box is YuNet's (the median box where it
    finds none).

    Args:
        folder: Pictures named AGE_GENDER_RACE_date.
        seen: Also those that training may take (see `splits.is_test_utkface`).

    Raises:
        ConfigError: If a picture cannot be read or there are none.
    """
    from monitor.detect.yunet import YuNet

    files = sorted(
        p for p in folder.iterdir() if p.suffix.lower() in PICTURES and person_of(p.name)
    )
    files = [p for p in files if seen or is_test_utkface(p.name)]
    if not files:
        raise ConfigError(f"{folder} holds no pictures named AGE_GENDER_RACE_date: check the path")
    detector = YuNet(confidence_min=0.3, side=224, threads=2)
    boxes: list[FloatArray | None] = []
    for path in files:
        image = read_picture(path)
        # the aligned cut is tight: give the detector room to see a face in it
        pad = image.shape[0] // 2
        padded: Image = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REPLICATE)  # type: ignore[assignment]
        found = detector.detect(padded)
        # The face stands in the middle; anything else is a second face or a pattern.
        middle = [
            i
            for i in range(len(found))
            if np.abs((found.boxes[i, :2] + found.boxes[i, 2:]) / 2 - 2 * pad).max() < pad / 2
        ]
        boxes.append(found.boxes[middle[0]] - pad if middle else None)
    known = [b for b in boxes if b is not None]
    usual = np.median(known, axis=0) if known else np.array([10, 0, 102, 112], np.float32)
    chips = []
    for path, found_box in zip(files, boxes, strict=True):
        x0, y0, x1, y1 = (float(v) for v in (usual if found_box is None else found_box))
        side = max(x1 - x0, y1 - y0)
        chips.append(
            Chip(
                path,
                folder.name,
                "unmasked",
                (x0, y0, x1, y1),
                None,
                side,
                path.name,
                None,
                f"{folder.name}/{path.name}",
            )
        )
    return chips


def shrunk_to(face_px: float) -> Change:
    """The picture as a camera gives it when the face's longer side has `face_px` pixels; never
    enlarges.
    """

    def change(image: Image, box: FloatArray) -> tuple[Image, FloatArray]:
        factor = face_px / float(max(box[2] - box[0], box[3] - box[1]))
        if factor >= 1:
            return image, box
        height, width = image.shape[:2]
        size_wh = max(1, round(width * factor)), max(1, round(height * factor))
        small: Image = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        return small, box * np.tile(
            np.array([size_wh[0] / width, size_wh[1] / height], np.float32), 2
        )

    return change


def blurred(sigma_percent: float) -> Change:
    """A Gaussian out-of-focus blur, its sigma in per cent of the face's longer side."""

    def change(image: Image, box: FloatArray) -> tuple[Image, FloatArray]:
        sigma = sigma_percent / 100 * float(max(box[2] - box[0], box[3] - box[1]))
        return (cv2.GaussianBlur(image, (0, 0), sigma), box) if sigma > 0.1 else (image, box)  # type: ignore[return-value]

    return change


def smeared(length_percent: float) -> Change:
    """A sideways motion blur, its length in per cent of the face's longer side."""

    def change(image: Image, box: FloatArray) -> tuple[Image, FloatArray]:
        length = round(length_percent / 100 * float(max(box[2] - box[0], box[3] - box[1])))
        return (cv2.blur(image, (length, 1)), box) if length > 1 else (image, box)  # type: ignore[return-value]

    return change


def by_native_size(
    chips: Sequence[Chip], truth: Array, confidence: Array, classes: Sequence[str]
) -> list[Row]:
    """Rates in bins of the face's size in its original picture."""
    px = np.array([c.face_px for c in chips])
    edges = (*SIZE_BINS, np.inf)
    rows = []
    for low, high in itertools.pairwise(edges):
        inside = (px >= low) & (px < high)
        if inside.any():
            name = f"{low}-{high}" if np.isfinite(high) else f"{low}+"
            rows.append(
                {"px": name, "low": low, **door_rates(truth[inside], confidence[inside], classes)}
            )
    return rows


def by_change(
    classifier: Classifier,
    chips: Sequence[Chip],
    values: Iterable[float],
    make: Callable[[float], Change],
    key: str,
) -> list[Row]:
    """Rates of the same chips under each value of a change."""
    truth = truth_of(chips, classifier.classes)
    return [
        {key: v, **door_rates(truth, predict(classifier, chips, make(v)), classifier.classes)}
        for v in values
    ]


def large_faces(chips: Sequence[Chip], face_px: float, count: int, seed: int = 0) -> list[Chip]:
    """At most `count` chips, evenly over the classes, whose face has `face_px` pixels both in the
    file and in its original.
    """
    rng = np.random.default_rng(seed)
    chosen: list[Chip] = []
    labels = sorted({c.label for c in chips})
    for label in labels:
        fit = [
            c
            for c in chips
            if c.label == label
            and min(c.face_px, max(c.box[2] - c.box[0], c.box[3] - c.box[1])) >= face_px
        ]
        if fit:
            chosen += [
                fit[i]
                for i in rng.choice(len(fit), min(len(fit), count // len(labels)), replace=False)
            ]
    return chosen


def by_group(chips: Sequence[Chip], right: npt.NDArray[np.bool_]) -> dict[str, list[Row]]:
    """Bare-face recall by race, gender and decade of age (UTKFace names), and how far each is below
    the whole, in points.
    """
    people = [person_of(c.original) for c in chips]
    known = np.array([p is not None for p in people], bool)
    whole = rate(right[known])
    keys: dict[str, Callable[[Person], str]] = {
        "race": lambda p: p.race,
        "gender": lambda p: p.gender,
        "age": lambda p: f"{p.age // 10 * 10:3d}s",
    }
    result: dict[str, list[Row]] = {"all": [_group("all", whole, whole)]}
    for name, key in keys.items():
        values = np.array([key(p) if p else "" for p in people])
        result[name] = [
            _group(v.strip(), rate(right[values == v]), whole) for v in sorted(set(values) - {""})
        ]
    return result


def _group(name: str, part: Rate, whole: Rate) -> Row:
    return {"group": name, "bare_right": part, "points_below": 100 * (whole.value - part.value)}
