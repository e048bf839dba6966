"""The tracker: one person, one track, at any frame rate."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from fakes import face_at, found

from monitor.analysis.track import Track, Tracker
from monitor.config import TrackConfig
from monitor.faces.boxes import NO_BOXES
from monitor.records import Detections

NOBODY = Detections(NO_BOXES, np.empty(0, np.float32))


def ids(tracks: list[Track | None]) -> list[int | None]:
    return [track.track_id if track else None for track in tracks]


def with_landmarks(box: tuple[float, ...], confidence: float) -> Detections:
    """A face from the front, of a detector that says where the eyes are."""
    one = found(box, confidence=confidence)
    points = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)
    size = one.boxes[:, None, 2:] - one.boxes[:, None, :2]
    return Detections(one.boxes, one.confidence, one.boxes[:, None, :2] + points * size)


def walk(
    tracker: Tracker, rate: float, seconds: float, speed: float, *, start: float = 0.0
) -> list[int | None]:
    """One person who walks to the right at `speed` px/s; the track id of each detection."""
    seen = []
    for i in range(round(seconds * rate)):
        t = i / rate
        seen += ids(tracker.update(start + t, found(face_at(100 + speed * t)))[0])
    return seen


def test_nobody() -> None:
    assert Tracker(TrackConfig()).update(0.0, NOBODY) == ([], [])


@pytest.mark.parametrize("rate", [5, 12, 25, 60])
@pytest.mark.parametrize("speed", [0, 60, 250])
def test_one_person_is_one_track(rate: float, speed: float) -> None:
    assert set(walk(Tracker(TrackConfig()), rate, 4, speed)) == {1}


def test_one_frame_in_five_seconds_is_still_one_person() -> None:
    tracker = Tracker(TrackConfig())
    seen = [ids(tracker.update(5.0 * i, found(face_at(100 + 3 * i)))[0]) for i in range(20)]
    assert seen == [[1]] * 20


def test_who_walks_past_a_busy_machine_alone_is_one_person() -> None:
    """Searched twice a second, boxes do not overlap."""
    assert set(walk(Tracker(TrackConfig()), 2, 4, 250)) == {1}


def test_who_turns_round_before_a_busy_machine_is_one_person() -> None:
    tracker = Tracker(TrackConfig())
    places = [100, 250, 400, 550, 400, 250]
    seen = [ids(tracker.update(0.5 * i, found(face_at(x)))[0]) for i, x in enumerate(places)]
    assert seen == [[1]] * len(places)


def test_of_two_people_none_reaches_that_far() -> None:
    tracker = Tracker(TrackConfig())
    for i in range(4):
        tracker.update(0.5 * i, found(face_at(100), face_at(500)))
    assert ids(tracker.update(2.0, found(face_at(300)))[0]) == [3]


@pytest.mark.parametrize("rate", [5, 25, 60])
def test_crossing_people_keep_their_tracks(rate: float) -> None:
    tracker = Tracker(TrackConfig())
    first: dict[str, int | None] = {}
    for i in range(round(4 * rate) + 1):
        t = i / rate
        right, left = face_at(100 + 100 * t, y=100), face_at(500 - 100 * t, y=150)
        a, b = ids(tracker.update(t, found(right, left))[0])
        first = first or {"right": a, "left": b}
        assert {"right": a, "left": b} == first
    assert set(first.values()) == {1, 2}


def test_people_who_pass_behind_each_other() -> None:
    # The detector loses the one behind for a few frames; both come out as they went in.
    tracker, rate = Tracker(TrackConfig()), 25
    seen: list[tuple[int | None, int | None]] = []
    for i in range(4 * rate + 1):
        t = i / rate
        x_right, x_left = 100 + 100 * t, 500 - 100 * t
        if abs(x_right - x_left) < 30:
            tracker.update(t, found(face_at(x_right)))
            continue
        a, b = ids(tracker.update(t, found(face_at(x_right), face_at(x_left, y=108)))[0])
        seen.append((a, b))
    assert set(seen[:20]) == {(1, 2)}
    assert set(itertools.chain.from_iterable(seen)) == {1, 2}


@pytest.mark.parametrize("rate", [5, 25, 60])
def test_a_miss_of_a_second_is_survived(rate: float) -> None:
    tracker = Tracker(TrackConfig(lost_after_s=1.5))
    assert set(walk(tracker, rate, 2, 40)) == {1}
    for i in range(round(rate)):
        tracker.update(2 + i / rate, NOBODY)
    assert ids(tracker.update(3.0, found(face_at(100 + 40 * 3)))[0]) == [1]


@pytest.mark.parametrize("rate", [5, 25, 60])
def test_who_is_gone_for_long_has_left(rate: float) -> None:
    tracker = Tracker(TrackConfig(lost_after_s=1.5))
    walk(tracker, rate, 2, 0)
    ended = []
    for i in range(round(3 * rate)):
        ended += tracker.update(2 + i / rate, NOBODY)[1]
    assert ids(ended) == [1]  # type: ignore[arg-type]
    assert ids(tracker.update(5.0, found(face_at(100)))[0]) == [2]


def test_every_track_ends_once() -> None:
    tracker = Tracker(TrackConfig())
    tracker.update(0.0, found(face_at(100), face_at(400)))
    assert sorted(track.track_id for track in tracker.end_all()) == [1, 2]
    assert tracker.end_all() == []
    assert tracker.expire(1e6) == []


def test_a_silent_camera_ends_its_tracks_in_the_end() -> None:
    # No frame comes at all: the idle loop only asks `expire`.
    tracker = Tracker(TrackConfig())
    walk(tracker, 25, 1, 0)
    assert tracker.expire(3.0) == []  # may be a camera of one frame in five seconds
    assert [track.track_id for track in tracker.expire(60.0)] == [1]


def test_who_comes_after_a_long_silence_is_somebody_else() -> None:
    tracker = Tracker(TrackConfig())
    walk(tracker, 25, 1, 0)
    owner, ended = tracker.update(61.0, found(face_at(130)))
    assert ids(owner) == [2]
    assert [track.track_id for track in ended] == [1]


def test_weak_detections_never_begin_a_track() -> None:
    tracker = Tracker(TrackConfig(birth_confidence=0.7))
    for i in range(100):
        owner, _ = tracker.update(i / 25, found(face_at(100), confidence=0.69))
        assert owner == [None]


def test_weak_detections_carry_a_track_on() -> None:
    tracker = Tracker(TrackConfig(birth_confidence=0.7, lost_after_s=1.0))
    assert ids(tracker.update(0.0, found(face_at(100), confidence=0.7))[0]) == [1]
    for i in range(1, 100):
        assert ids(tracker.update(i / 25, found(face_at(100), confidence=0.3))[0]) == [1]


@pytest.mark.parametrize(("confidence", "seen"), [(0.9, [1]), (0.5, [None])])
def test_what_is_no_sure_face_is_not_whoever_was_seen_a_while_ago_beside_it(
    confidence: float, seen: list[int | None]
) -> None:
    tracker = Tracker(TrackConfig(lost_after_s=1.5))
    for i in range(25):
        tracker.update(i / 25, with_landmarks(face_at(100), 0.9))
    for i in range(25, 50):
        tracker.update(i / 25, NOBODY)
    assert ids(tracker.update(2.0, with_landmarks(face_at(220), confidence))[0]) == seen


def test_what_was_found_on_the_hair_does_not_take_the_face() -> None:
    tracker, face = Tracker(TrackConfig()), face_at(100, y=100)
    for i in range(25):
        tracker.update(i / 25, found(face))
    hair, between = face_at(100, y=40), face_at(100, y=62)
    assert ids(tracker.update(1.00, found(face, hair, confidence=[0.9, 0.86]))[0]) == [1, 2]
    assert ids(tracker.update(1.04, found(face, hair, confidence=[0.9, 0.86]))[0]) == [1, 2]
    assert ids(tracker.update(1.08, found(between, confidence=0.9))[0]) == [1]


def test_a_face_of_another_size_is_another_person() -> None:
    tracker = Tracker(TrackConfig())
    tracker.update(0.0, found(face_at(100, size=40)))
    assert ids(tracker.update(0.04, found(face_at(100, size=160)))[0]) == [2]


def test_each_detection_goes_to_its_own_track() -> None:
    tracker = Tracker(TrackConfig())
    crowd = [face_at(60 + 100 * i) for i in range(6)]
    assert ids(tracker.update(0.0, found(*crowd))[0]) == [1, 2, 3, 4, 5, 6]
    assert ids(tracker.update(0.04, found(*reversed(crowd)))[0]) == [6, 5, 4, 3, 2, 1]


def test_two_detections_of_one_face_do_not_share_a_track() -> None:
    tracker = Tracker(TrackConfig())
    tracker.update(0.0, found(face_at(100)))
    owner = ids(tracker.update(0.04, found(face_at(101), face_at(103), confidence=[0.9, 0.5]))[0])
    assert owner == [1, None]


@pytest.mark.parametrize(
    ("seen_at", "person"),
    [
        ([0.0], False),
        ([0.0, 0.3], False),
        ([0.0, 0.1, 0.2], False),
        ([0.0, 0.1, 0.3], True),
        ([0.0, 5.0, 10.0], True),
    ],
)
def test_a_flicker_is_no_person(seen_at: list[float], person: bool) -> None:
    tracker = Tracker(TrackConfig(confirm_s=0.25, confirm_hits=3))
    for t in seen_at:
        track = tracker.update(t, found(face_at(100)))[0][0]
    assert track is not None
    assert tracker.is_person(track) is person


def test_ids_are_shared_between_cameras() -> None:
    shared = itertools.count(1)
    a, b = Tracker(TrackConfig(), shared), Tracker(TrackConfig(), shared)
    assert ids(a.update(0, found(face_at(100)))[0]) == [1]
    assert ids(b.update(0, found(face_at(100)))[0]) == [2]


@pytest.mark.parametrize("box", [(0, 0, 0, 0), (5, 5, 5, 9), (0, 0, 1, 1), (0, 0, 1e4, 1e4)])
def test_boxes_without_area_do_no_harm(box: tuple[float, ...]) -> None:
    tracker = Tracker(TrackConfig())
    for i in range(5):
        owner, _ = tracker.update(i / 10, found(box, face_at(300)))
        assert all(track is None or np.isfinite(track.box).all() for track in owner)
