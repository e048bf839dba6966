"""Zones while they are drawn. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from monitor.camera.zones import CORNERS_MAX, ZONES_MAX, Point, Polygon, Zones, is_inside

AREA_MIN = 0.0005  # of the picture: a slip of the hand is smaller
UNDO_MAX = 200


class Kind(Enum):
    """What a zone is for; the value is the field of `Zones`."""

    COUNTING = "counting"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Corner:
    """Which corner of which zone; of the one that is being drawn where there is no zone."""

    kind: Kind | None
    zone: int
    corner: int


@dataclass(frozen=True, slots=True)
class _State:
    zones: Zones
    corners: Polygon  # of the zone that is being drawn


@dataclass(slots=True)
class Draft:
    """Each change can be taken back, one after the other."""

    zones: Zones
    kind: Kind = Kind.COUNTING
    corners: Polygon = ()
    _before: list[_State] = field(default_factory=list)

    @property
    def can_undo(self) -> bool:
        return bool(self._before)

    def add(self, point: Point) -> bool:
        """Put a corner of the zone that is being drawn; False where there are too many."""
        if len(self.corners) >= CORNERS_MAX:
            return False
        self._keep()
        self.corners = (*self.corners, _within(point))
        return True

    def take_back_corner(self) -> None:
        if self.corners:
            self._keep()
            self.corners = self.corners[:-1]

    def drop(self) -> None:
        """Give up the zone that is being drawn."""
        if self.corners:
            self._keep()
            self.corners = ()

    def finish(self) -> str:
        """Make a zone of the corners. Returns why it is none; empty for nothing wrong."""
        if len(self.corners) < 3:
            return "A zone has at least three corners"
        if _area(self.corners) < AREA_MIN:
            return "This zone is too small: nobody's face would be in it"
        if len(self.zones.counting) + len(self.zones.ignored) >= ZONES_MAX:
            return f"There are {ZONES_MAX} zones: remove one first"
        self._keep()
        self.zones = self._with((*self._of(self.kind), self.corners), self.kind)
        self.corners = ()
        return ""

    def corner_at(self, point: Point, reach: Point) -> Corner | None:
        """The corner that is nearest to a point, within `reach` across and down."""
        best: tuple[float, Corner] | None = None
        drawn = [(kind, n, p) for kind in Kind for n, p in enumerate(self._of(kind))]
        for kind, number, polygon in [*drawn, (None, 0, self.corners)]:
            for k, (x, y) in enumerate(polygon):
                far = max(abs(x - point[0]) / reach[0], abs(y - point[1]) / reach[1])
                if far <= 1 and (best is None or far < best[0]):
                    best = (far, Corner(kind, number, k))
        return best[1] if best is not None else None

    def begin_move(self) -> None:
        """A corner is taken hold of: what `move` does until the next change is undone at once."""
        self._keep()

    def move(self, which: Corner, point: Point) -> None:
        if which.kind is None:
            self.corners = _put(self.corners, which.corner, _within(point))
            return
        zones = list(self._of(which.kind))
        zones[which.zone] = _put(zones[which.zone], which.corner, _within(point))
        self.zones = self._with(tuple(zones), which.kind)

    def remove_at(self, point: Point) -> bool:
        """Remove the zone at a point, the last one that was drawn there. False for none."""
        for kind in reversed(Kind):
            zones = self._of(kind)
            for number in reversed(range(len(zones))):
                if is_inside(zones[number], *point):
                    self._keep()
                    self.zones = self._with(zones[:number] + zones[number + 1 :], kind)
                    return True
        return False

    def clear(self) -> None:
        """Remove all zones: everything counts."""
        if self.zones or self.corners:
            self._keep()
            self.zones, self.corners = Zones(), ()

    def undo(self) -> None:
        if self._before:
            state = self._before.pop()
            self.zones, self.corners = state.zones, state.corners

    def _keep(self) -> None:
        self._before.append(_State(self.zones, self.corners))
        del self._before[:-UNDO_MAX]

    def _of(self, kind: Kind) -> tuple[Polygon, ...]:
        return self.zones.counting if kind is Kind.COUNTING else self.zones.ignored

    def _with(self, polygons: tuple[Polygon, ...], kind: Kind) -> Zones:
        if kind is Kind.COUNTING:
            return replace(self.zones, counting=polygons)
        return replace(self.zones, ignored=polygons)


def _within(point: Point) -> Point:
    x, y = (min(1.0, max(0.0, v)) for v in point)
    return (x, y)


def _put(polygon: Polygon, number: int, point: Point) -> Polygon:
    return (*polygon[:number], point, *polygon[number + 1 :])


def _area(polygon: Polygon) -> float:
    """Of a polygon that does not cross itself, in parts of the picture."""
    following = (*polygon[1:], polygon[0])
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(polygon, following, strict=True))) / 2
