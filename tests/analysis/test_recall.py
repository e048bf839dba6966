"""What is remembered of a recording: its faces, without names, and where its sightings are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fakes import NOON, face_at, frame, sighting

from monitor.analysis import recall as recalled
from monitor.analysis.recall import Recall, after, before
from monitor.records import FrameResult, MaskState, Sighting, Timings
from tests.gui.looks import make_face


def result(index: int, *sightings: Sighting, faces: int = 1, **changes: Any) -> FrameResult:
    """Of a picture a tenth of a second after the last one."""
    made = tuple(make_face(face_at(100 * i), track_id=i, **changes) for i in range(faces))
    shown = frame(index / 10, index=index, camera="clip", live=False)
    return FrameResult(shown, made, Timings(), sightings=sightings)


def seen(number: int, began_t: float, ended_t: float, **changes: Any) -> Sighting:
    moments = (NOON + timedelta(seconds=t) for t in (began_t, ended_t))
    first_seen, last_seen = moments
    return sighting(number, first_seen=first_seen, last_seen=last_seen, **changes)


def test_faces_are_those_of_their_picture_and_have_no_name() -> None:
    recall = Recall()
    recall.keep(result(0, faces=0))
    recall.keep(result(1, identity="Anna", identity_confidence=0.9, gender="female"))
    recall.keep(result(2, faces=3))
    assert recall.faces(0) == recall.faces(7) == recall.faces(-1) == ()
    (face,) = recall.faces(1)
    assert (face.identity, face.gender, face.visit_id) == (None, None, "v0")
    assert len(recall.faces(2)) == 3


def test_a_long_recording_does_not_grow_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recalled, "FACES_MAX", 10)
    recall = Recall()
    for index in range(20):
        recall.keep(result(index, faces=3))
    assert recall.faces(16) == ()
    assert [len(recall.faces(index)) for index in (17, 18, 19)] == [3, 3, 3]


def test_a_sighting_is_where_it_began_whatever_its_clock_says() -> None:
    recall = Recall()
    recall.keep(result(30, seen(1, 1000.0, 1002.0)))  # at 3 s: it has lasted for two
    recall.keep(result(80, seen(1, 1000.0, 1007.0, worst_state=MaskState.INCORRECT)))
    recall.keep(result(50, seen(2, 1004.9, 1005.0)))
    first, second = recall.marks()
    assert (first.began_t, first.ended_t) == pytest.approx((1.0, 8.0))
    assert (first.visit_id, first.state) == ("shift-v1", MaskState.INCORRECT)
    assert (second.began_t, second.ended_t) == pytest.approx((4.9, 5.0))


def test_the_next_one_and_the_one_before() -> None:
    recall = Recall()
    for number, t in enumerate((1, 5, 9)):
        recall.keep(result(10 * t, seen(number, t, t)))
    one, five, nine = marks = recall.marks()
    assert [after(marks, t) for t in (0, 1, 4.9, 5, 9)] == [one, five, five, nine, None]
    # just after its beginning one wants the one before; later in it, its beginning
    assert [before(marks, t) for t in (1, 5, 5.3, 6, 20)] == [None, one, one, five, nine]


def test_what_was_found_goes_with_the_recording() -> None:
    recall = Recall()
    recall.keep(result(5, seen(1, 0, 0.5)))
    recall.forget()
    assert recall.marks() == ()
    assert recall.faces(5) == ()


def test_a_fresh_look_begins_with_nothing() -> None:
    recall = Recall()
    recall.keep(result(5, seen(1, 0, 0.5)))
    recall.keep(result(0))
    assert recall.marks() == ()
    assert recall.faces(5) == ()
