"""What a camera did, one stretch after the other."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.records import WatchState
from monitor.storage.spans import NOT_RUNNING, Spell, naive, spans
from tests.fakes import NOON


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def one(word: str, began: float, ended: float, camera: str = "door", shift_id: str = "s") -> Spell:
    return shift_id, camera, word, naive(at(began)), naive(at(ended))


def test_intervals_that_meet_are_one_and_gaps_are_said() -> None:
    found = spans(
        [
            one("live", 10, 20, shift_id="next"),  # the shift changed meanwhile
            one("live", 0, 10),
            one("lost", 20, 21),
            one("live", 30, 40),
            one(NOT_RUNNING, 40, 50),
            one("live", 60, 70),
            one("live", 5, 6, camera="back"),
        ]
    )
    assert [(s.camera, s.state, s.began, s.ended, s.wanted) for s in found] == [
        ("back", WatchState.LIVE, at(5), at(6), True),
        ("door", WatchState.LIVE, at(0), at(20), True),
        ("door", WatchState.LOST, at(20), at(21), True),
        ("door", None, at(21), at(30), False),
        ("door", WatchState.LIVE, at(30), at(40), True),
        ("door", None, at(40), at(50), True),
        ("door", None, at(50), at(60), False),
        ("door", WatchState.LIVE, at(60), at(70), True),
    ]


def test_a_camera_of_the_same_name_on_another_desk_leaves_no_gap() -> None:
    found = spans([one("live", 0, 60), one("lost", 5, 10, shift_id="o"), one("live", 20, 30)])
    assert all(span.wanted for span in found)


def test_no_intervals() -> None:
    assert spans([]) == []
