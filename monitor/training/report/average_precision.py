"""Average precision of boxes with a class, as COCO counts it (Lin et al. 2014, arXiv:1405.0312; the
rules are those of `pycocotools.cocoeval`).

An answer is right where it has the class of a face and overlaps it by `iou_min` or more; each face
takes one answer, the most confident first. AP is the mean, over the recalls 0, 0.01 to 1, of the
best precision at that recall or more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.faces.boxes import as_boxes, iou_matrix

Box = tuple[float, float, float, float]  # xyxy, pixels of the picture
RECALLS = np.linspace(0, 1, 101)
IOUS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))  # 0.5 to 0.95


@dataclass(frozen=True, slots=True)
class Annotated:
    """A face that is there."""

    picture: str
    box: Box
    label: str | None  # None: nobody knows, so that any answer will do
    counted: bool = True  # False: an answer to it is neither right nor wrong


@dataclass(frozen=True, slots=True)
class Answer:
    """A box that was reported, with one class."""

    picture: str
    box: Box
    label: str
    score: float  # confidence of the detector times probability of the class
    counted: bool = True  # False: a box that matches nothing is no mistake, as it is too small


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """What the answers of one class come to at one IoU."""

    faces: int  # that are counted
    right: npt.NDArray[np.bool_]  # (N,) the counted answers, most confident first

    @property
    def precision(self) -> float | None:
        """Of all answers; None without any."""
        return float(self.right.mean()) if len(self.right) else None

    @property
    def recall(self) -> float | None:
        """Of all faces; None without any."""
        return float(self.right.sum() / self.faces) if self.faces else None

    @property
    def average_precision(self) -> float | None:
        """In [0, 1]; None without faces."""
        if not self.faces:
            return None
        hits = np.cumsum(self.right)
        recall, precision = hits / self.faces, hits / np.arange(1, len(hits) + 1)
        best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
        at = np.searchsorted(recall, RECALLS, side="left")
        return float(np.append(best_from_here, 0.0)[at.clip(max=len(hits))].mean())


def curve(
    annotated: Sequence[Annotated], answers: Sequence[Answer], label: str, iou_min: float
) -> Curve:
    """Match the answers of one class to its faces."""
    faces: dict[str, list[Annotated]] = defaultdict(list)
    for face in annotated:
        if face.label in (label, None):
            faces[face.picture].append(face)
    given: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        if answer.label == label:
            given[answer.picture].append(answer)
    scored: list[tuple[float, bool]] = []
    for picture, boxes in given.items():
        scored += _match(faces[picture], boxes, iou_min)
    scored.sort(key=lambda pair: -pair[0])  # equal scores stay in the order of the answers
    count = sum(_counts(face) for of_picture in faces.values() for face in of_picture)
    return Curve(count, np.array([right for _, right in scored], bool))


def by_class(
    annotated: Sequence[Annotated], answers: Sequence[Answer], labels: Sequence[str]
) -> dict[str, Any]:
    """Precision, recall and AP of each class, and their means over the classes that are there.

    Returns:
        JSON-ready: `classes` {label: {faces, answers, precision, recall, ap50, ap50_95}}, precision
        and recall of all answers at IoU 0.5, None where there is nothing to go by; `map50`,
        `map50_95`.
    """
    classes: dict[str, dict[str, Any]] = {}
    for label in labels:
        curves = [curve(annotated, answers, label, iou) for iou in IOUS]
        first = curves[0]
        classes[label] = {
            "faces": first.faces,
            "answers": len(first.right),
            "precision": first.precision,
            "recall": first.recall,
            "ap50": first.average_precision,
            "ap50_95": _mean([c.average_precision for c in curves]),
        }
    return {
        "classes": classes,
        "map50": _mean([c["ap50"] for c in classes.values()]),
        "map50_95": _mean([c["ap50_95"] for c in classes.values()]),
    }


def _counts(face: Annotated) -> bool:
    return face.counted and face.label is not None


def _match(
    faces: Sequence[Annotated], answers: Sequence[Answer], iou_min: float
) -> list[tuple[float, bool]]:
    """Score and rightness of the answers in one picture, without those that are not counted."""
    overlap = iou_matrix(as_boxes([a.box for a in answers]), as_boxes([f.box for f in faces]))
    counted = np.array([_counts(f) for f in faces], bool)
    free = np.ones(len(faces), bool)
    result = []
    for i in sorted(range(len(answers)), key=lambda i: -answers[i].score):
        fits = free & (overlap[i] >= iou_min)
        # what is counted goes first, however well another fits
        wanted = fits & counted if (fits & counted).any() else fits
        if not wanted.any():
            if answers[i].counted:
                result.append((answers[i].score, False))
            continue
        best = int(np.where(wanted, overlap[i], -1).argmax())
        free[best] = False
        if counted[best]:
            result.append((answers[i].score, True))
    return result


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None
