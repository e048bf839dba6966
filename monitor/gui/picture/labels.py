"""Where the labels of faces go: inside the picture, beside their box, never over each other.
Numbers only, no Qt.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

Rect = tuple[float, float, float, float]  # x_min, y_min, x_max, y_max, px

GAP = 4.0
OUTSIDE = ("above", "below", "above right", "below right", "right", "left")
INSIDE = ("inside top", "inside bottom")


@dataclass(frozen=True, slots=True)
class Label:
    """A place for one label."""

    rect: Rect
    short: bool  # the symbol and the figure alone: there was no room for the word


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What one face's label asks for."""

    box: Rect
    full: tuple[float, float]  # (width, height) of the long label
    short: tuple[float, float]
    before: tuple[bool, str] | None  # short or not, and the side, in the last frame


def overlaps(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


class LabelPlacer:
    """Places labels frame by frame; a label stays on the side where it was as long as that side is
    free.
    """

    def __init__(self) -> None:
        self._sides: dict[Hashable, tuple[bool, str]] = {}

    def place(
        self,
        boxes: Sequence[Rect],
        keys: Sequence[Hashable],
        full: Sequence[tuple[float, float]],
        short: Sequence[tuple[float, float]],
        bounds: Rect,
    ) -> list[Label | None]:
        """
        Args:
            boxes: One a face.
            keys: What tells a face again in the next frame; None for no memory.
            full, short: (width, height) of each face's long and short label.
            bounds: Of the picture; no label leaves it.

        Returns:
            A label for each box, in the same order; None where there is no free place at all.
        """
        labels: list[Label | None] = [None] * len(boxes)
        taken: list[Rect] = []
        sides: dict[Hashable, tuple[bool, str]] = {}
        # The nearest faces are the largest: they choose first.
        for i in sorted(range(len(boxes)), key=lambda i: _area(boxes[i]), reverse=True):
            others = [box for j, box in enumerate(boxes) if j != i]
            wanted = _Wanted(boxes[i], full[i], short[i], self._sides.get(keys[i]))
            found = self._find(wanted, bounds, taken, others)
            if found is None:
                continue
            labels[i], side = found
            taken.append(found[0].rect)
            if keys[i] is not None:
                sides[keys[i]] = (found[0].short, side)
        self._sides = sides
        return labels

    @staticmethod
    def _find(
        wanted: _Wanted, bounds: Rect, taken: list[Rect], others: list[Rect]
    ) -> tuple[Label, str] | None:
        box, full, before = wanted.box, wanted.full, wanted.before
        # (short, side, may lie over other faces), best first
        long_ones = [(False, side, False) for side in OUTSIDE]
        if box[2] - box[0] > full[0] + 2 * GAP and box[3] - box[1] > 4 * full[1]:
            long_ones += [(False, side, False) for side in INSIDE]
        short_ones = [(True, side, False) for side in OUTSIDE + INSIDE]
        short_ones += [(True, side, True) for side in OUTSIDE + INSIDE]
        if before is not None:
            (short_ones if before[0] else long_ones).insert(0, (*before, False))
        tries = long_ones + short_ones
        for is_short, side, over_faces in tries:
            rect = _at(side, box, wanted.short if is_short else full, bounds)
            if not _inside(rect, bounds) or any(overlaps(rect, other) for other in taken):
                continue
            if not over_faces and any(overlaps(rect, other) for other in others):
                continue
            return Label(rect, is_short), side
        return None


def _area(box: Rect) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _inside(rect: Rect, bounds: Rect) -> bool:
    return (
        rect[0] >= bounds[0]
        and rect[1] >= bounds[1]
        and rect[2] <= bounds[2]
        and rect[3] <= bounds[3]
    )


def _at(side: str, box: Rect, size: tuple[float, float], bounds: Rect) -> Rect:
    width, height = size
    x, y = box[0], box[1] - GAP - height
    if side.startswith("below"):
        y = box[3] + GAP
    if side in ("above right", "below right"):
        x = box[2] - width
    if side in ("right", "left"):
        x, y = (box[2] + GAP if side == "right" else box[0] - GAP - width), box[1]
        y = min(max(y, bounds[1]), bounds[3] - height)
    else:
        if side in INSIDE:
            x = box[0] + GAP
            y = (
                max(box[1], bounds[1]) + GAP
                if side == "inside top"
                else min(box[3], bounds[3]) - GAP - height
            )
        x = min(max(x, bounds[0]), bounds[2] - width)
    return (x, y, x + width, y + height)
