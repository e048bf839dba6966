"""Zones: what counts in a camera's picture, and what is ignored. Geometry only.

A zone is a polygon in parts of the picture, (0, 0) its upper left and (1, 1) its lower right
corner, so that it fits whatever size the camera sends.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from monitor.camera.turn import Turn
from monitor.records import FloatArray

Point = tuple[float, float]
Polygon = tuple[Point, ...]

CORNERS_MAX = 60
ZONES_MAX = 30  # of one camera
MARGIN = 0.1  # of the picture's longer side: of a face whose centre counts, all is searched


@dataclass(frozen=True, slots=True)
class Zones:
    """Of one camera. Without a counting zone everything counts; an ignored zone goes first."""

    counting: tuple[Polygon, ...] = ()
    ignored: tuple[Polygon, ...] = ()
    turn: Turn | None = None  # of the picture that they lie on; None: it is not known

    def __bool__(self) -> bool:
        return bool(self.counting or self.ignored)


def as_turned(zones: Zones, turn: Turn) -> Zones:
    """The same places of the scene on a picture that is turned otherwise than when they were
    drawn. Where that is not known they are taken to lie on this one.
    """
    if zones.turn is None or zones.turn == turn:
        return replace(zones, turn=turn)
    former = zones.turn

    def moved(polygon: Polygon) -> Polygon:
        return tuple(_forth(_back(corner, former), turn) for corner in polygon)

    return Zones(tuple(map(moved, zones.counting)), tuple(map(moved, zones.ignored)), turn)


def _forth(point: Point, turn: Turn) -> Point:
    """Where a point of the camera's own picture is on the turned one."""
    x, y = point
    for _ in range(turn.rotate // 90):
        x, y = 1 - y, x
    return (1 - x, y) if turn.mirror else (x, y)


def _back(point: Point, turn: Turn) -> Point:
    x, y = point
    return _forth((1 - x if turn.mirror else x, y), Turn(-turn.rotate % 360))


def is_inside(polygon: Polygon, x: float, y: float) -> bool:
    """Whether a point is in a polygon: by the even-odd rule, as it is filled on the screen."""
    inside = False
    before = polygon[-1]
    for corner in polygon:
        (x0, y0), (x1, y1) = before, corner
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            inside = not inside
        before = corner
    return inside


def counts(zones: Zones, x: float, y: float) -> bool:
    """Whether what stands at a point, in parts of the picture, counts."""
    if any(is_inside(polygon, x, y) for polygon in zones.ignored):
        return False
    return not zones.counting or any(is_inside(polygon, x, y) for polygon in zones.counting)


def counted(zones: Zones, boxes: FloatArray, size_wh: tuple[int, int]) -> np.ndarray:
    """Which boxes have their centre where it counts.

    Args:
        zones: Of the camera.
        boxes: (N, 4) xyxy in pixels of the frame.
        size_wh: Of the frame, pixels.

    Returns:
        (N,) bool.
    """
    width, height = size_wh
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 / np.array([width, height], np.float32)
    return np.array([counts(zones, float(x), float(y)) for x, y in centres], bool)


def searched(zones: Zones, size_wh: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """The part of a frame that is to be searched: the rectangle around all counting zones, with
    room for faces at its edge.

    Args:
        zones: Of the camera.
        size_wh: Of the frame, pixels.

    Returns:
        xyxy in whole pixels; None for all of the frame.
    """
    if not zones.counting:
        return None
    width, height = size_wh
    margin = MARGIN * max(width, height)
    x = [x * width for polygon in zones.counting for x, _ in polygon]
    y = [y * height for polygon in zones.counting for _, y in polygon]
    x0, y0 = max(0, math.floor(min(x) - margin)), max(0, math.floor(min(y) - margin))
    x1, y1 = (
        min(width, math.ceil(max(x) + margin)),
        min(height, math.ceil(max(y) + margin)),
    )
    return None if (x0, y0, x1, y1) == (0, 0, width, height) else (x0, y0, x1, y1)


def around(box: Iterable[float], size_wh: tuple[int, int]) -> Polygon:
    """The rectangle of a face's box as a zone: what stands there has its centre in it, also where
    the box shakes a little.
    """
    width, height = size_wh
    x0, y0, x1, y1 = box
    left, right = (min(1.0, max(0.0, x / width)) for x in (x0, x1))
    top, bottom = (min(1.0, max(0.0, y / height)) for y in (y0, y1))
    return ((left, top), (right, top), (right, bottom), (left, bottom))
