"""Zones while they are drawn: corners, closing, moving, removing, and taking it all back."""

from __future__ import annotations

import pytest

from monitor.camera.zones import CORNERS_MAX, ZONES_MAX, Zones
from monitor.gui.zones.draft import Corner, Draft, Kind

SQUARE = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.1, 0.5))
OTHER = ((0.3, 0.3), (0.9, 0.3), (0.9, 0.9), (0.3, 0.9))
REACH = (0.02, 0.02)


def drawn(*polygons: tuple[Kind, tuple[tuple[float, float], ...]]) -> Draft:
    draft = Draft(Zones())
    for kind, polygon in polygons:
        draft.kind = kind
        for point in polygon:
            assert draft.add(point)
        assert draft.finish() == ""
    return draft


def test_corners_make_a_zone_of_the_kind_that_is_chosen() -> None:
    draft = drawn((Kind.COUNTING, SQUARE), (Kind.IGNORED, OTHER))
    assert draft.zones == Zones(counting=(SQUARE,), ignored=(OTHER,))
    assert draft.corners == ()


def test_two_corners_a_slip_of_the_hand_and_too_many_are_no_zone() -> None:
    draft = Draft(Zones())
    assert draft.finish() == "A zone has at least three corners"
    for point in ((0.1, 0.1), (0.11, 0.1), (0.11, 0.11)):
        draft.add(point)
    assert "too small" in draft.finish()
    assert draft.zones == Zones()
    full = Draft(Zones(ignored=(SQUARE,) * ZONES_MAX))
    for point in SQUARE:
        full.add(point)
    assert full.finish() == f"There are {ZONES_MAX} zones: remove one first"
    many = Draft(Zones())
    assert [many.add((0.5, 0.5)) for _ in range(CORNERS_MAX + 1)].count(False) == 1


def test_a_corner_is_never_outside_of_the_picture() -> None:
    draft = Draft(Zones())
    draft.add((-0.2, 1.7))
    assert draft.corners == ((0.0, 1.0),)


def test_everything_is_taken_back_step_by_step_to_the_beginning() -> None:
    begun = Zones(ignored=(OTHER,))
    draft = Draft(begun)
    states = []

    def note() -> None:
        states.append((draft.zones, draft.corners))

    note()
    for point in SQUARE:
        draft.add(point)
        note()
    draft.take_back_corner()
    note()
    draft.add(SQUARE[-1])
    note()
    draft.finish()
    note()
    draft.begin_move()
    for x in (0.12, 0.15, 0.2):  # one drag is one step
        draft.move(Corner(Kind.COUNTING, 0, 0), (x, 0.05))
    note()
    assert draft.zones.counting[0][0] == (0.2, 0.05)
    assert draft.remove_at((0.8, 0.8))
    note()
    draft.clear()
    for state in reversed(states):
        draft.undo()
        assert (draft.zones, draft.corners) == state
    assert draft.zones == begun
    assert not draft.can_undo
    draft.undo()
    assert draft.zones == begun


@pytest.mark.parametrize(
    ("point", "left"),
    [
        ((0.4, 0.4), Zones(counting=(SQUARE,))),  # where both are, the ignored one is above
        ((0.2, 0.2), Zones(ignored=(OTHER,))),
        ((0.95, 0.95), None),
    ],
)
def test_the_zone_at_a_point_is_removed(point: tuple[float, float], left: Zones | None) -> None:
    draft = drawn((Kind.COUNTING, SQUARE), (Kind.IGNORED, OTHER))
    before = draft.zones
    assert draft.remove_at(point) is (left is not None)
    assert draft.zones == (left or before)


def test_the_nearest_corner_is_taken_hold_of_also_of_the_zone_that_is_begun() -> None:
    draft = drawn((Kind.COUNTING, SQUARE), (Kind.IGNORED, OTHER))
    draft.add((0.7, 0.1))
    assert draft.corner_at((0.495, 0.11), REACH) == Corner(Kind.COUNTING, 0, 1)
    assert draft.corner_at((0.91, 0.9), REACH) == Corner(Kind.IGNORED, 0, 2)
    assert draft.corner_at((0.7, 0.1), REACH) == Corner(None, 0, 0)
    assert draft.corner_at((0.7, 0.13), REACH) is None
    draft.move(Corner(None, 0, 0), (0.6, 0.2))
    assert draft.corners == ((0.6, 0.2),)
