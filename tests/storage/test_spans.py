"""What a camera did, one stretch after the other."""

from __future__ import annotations

from datetime import timedelta

from monitor.records import WatchState
from monitor.storage.spans import spans
from tests.fakes import NOON, watch


def at(minute: float) -> object:
    return NOON + timedelta(minutes=minute)


def one(number: int, state: WatchState, began: float, ended: float, **more: object) -> object:
    return watch(number, state, began=at(began), ended=at(ended), **more)


def test_intervals_that_meet_are_one_and_gaps_are_said() -> None:
    found = spans(
        [
            one(2, WatchState.LIVE, 10, 20, shift_id="next"),  # the shift changed meanwhile
            one(1, WatchState.LIVE, 0, 10),
            one(3, WatchState.LOST, 20, 21),
            one(4, WatchState.LIVE, 30, 40),
            one(5, WatchState.LIVE, 5, 6, camera="back"),
        ]
    )
    assert [(s.camera, s.state, s.began, s.ended) for s in found] == [
        ("back", WatchState.LIVE, at(5), at(6)),
        ("door", WatchState.LIVE, at(0), at(20)),
        ("door", WatchState.LOST, at(20), at(21)),
        ("door", None, at(21), at(30)),
        ("door", WatchState.LIVE, at(30), at(40)),
    ]


def test_no_intervals() -> None:
    assert spans([]) == []
