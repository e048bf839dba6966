"""What is evidence of a person, and what is a part of one, or none."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from fakes import UNMASKED, FakeClassifier, face_at, found, frame

from monitor.analysis.evidence import parts, sure
from monitor.analysis.scene import Scene
from monitor.analysis.sightings import Origin
from monitor.analysis.track import Tracker
from monitor.analysis.wanted import Answers
from monitor.config import Config, TrackConfig
from monitor.faces.boxes import NO_BOXES
from monitor.records import Detections

FACE = (100.0, 100.0, 300.0, 400.0)
EAR = (260.0, 220.0, 340.0, 320.0)
SCARF = (110.0, 340.0, 290.0, 560.0)
GAITER = (115.0, 395.0, 285.0, 590.0)  # on the neck, below the chin
LANDMARKS = np.array([[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]], np.float32)


def with_landmarks(boxes: Sequence[Sequence[float]], confidence: Sequence[float]) -> Detections:
    one = found(*boxes, confidence=confidence)
    return Detections(one.boxes, one.confidence, np.tile(LANDMARKS, (len(one), 1, 1)))


def visits(frames: Sequence[Detections]) -> int:
    """How many visits a scene begins that sees these, ten a second, all of them bare."""
    scene = Scene(Config(), Origin("door", "shift", "fake"), itertools.count(1))
    begun = set()
    for i, detections in enumerate(frames):
        wanted = scene.follow(frame(i / 10), detections)
        n = len(wanted.classify)
        rois = FakeClassifier().rois(wanted.frame.image, detections.boxes[wanted.classify])
        turned = np.zeros(len(wanted.turn), np.float32)
        answers = Answers(rois, np.tile(UNMASKED, (n, 1)), turned)
        begun |= {visit.visit_id for visit in scene.take(wanted, answers)[1].visits}
    return len(begun)


@pytest.mark.parametrize("part", [EAR, SCARF, GAITER])
def test_a_weaker_box_on_a_larger_face_is_a_part_of_it(part: tuple[float, ...]) -> None:
    assert parts(found(FACE, part, confidence=[0.9, 0.8])).tolist() == [False, True]
    assert parts(found(part, FACE, confidence=[0.8, 0.9])).tolist() == [True, False]


@pytest.mark.parametrize(
    ("other", "confidence"),
    [
        (EAR, [0.9, 0.9]),  # a child before its father: as sure as he is
        (EAR, [0.95, 0.88]),  # surely a face, whatever it is on
        (face_at(500, 250, 80), [0.9, 0.75]),  # beside it
        ((80, 80, 360, 450), [0.8, 0.7]),  # the larger of the two
    ],
)
def test_other_people_are_no_parts(other: tuple[float, ...], confidence: Sequence[float]) -> None:
    assert not parts(found(FACE, other, confidence=confidence)).any()


@pytest.mark.parametrize("part", [EAR, SCARF, GAITER])
def test_a_part_starts_no_visit(part: tuple[float, ...]) -> None:
    assert visits([found(FACE, part, confidence=[0.9, 0.82])] * 40) == 1


def test_a_part_takes_no_track_from_its_face() -> None:
    # The face moves, so that the scarf lies where the face was expected.
    tracker = Tracker(TrackConfig())
    tracker.update(0.0, found(FACE))
    moved = tuple(v - d for v, d in zip(FACE, (0, 150, 0, 150), strict=True))
    owner, _ = tracker.update(0.1, found(moved, (110, 205, 290, 420), confidence=[0.92, 0.8]))
    assert [track.track_id if track else None for track in owner] == [1, None]


def test_who_was_known_is_followed_behind_another() -> None:
    tracker = Tracker(TrackConfig())
    tracker.update(0.0, found(FACE, face_at(400, 250, 100)))
    owner, _ = tracker.update(0.1, found(FACE, face_at(330, 250, 100), confidence=[0.9, 0.6]))
    assert [track.track_id if track else None for track in owner] == [1, 2]


@pytest.mark.parametrize("every", [5, 20])
def test_what_is_like_a_face_now_and_then_is_no_visit(every: int) -> None:
    emblem = [0.8 if i % every == 0 else 0.72 for i in range(200)]
    assert visits([with_landmarks([face_at(100, size=30)], [c]) for c in emblem]) == 0


def test_who_stands_still_is_a_visit() -> None:
    assert visits([with_landmarks([face_at(100)], [0.85])] * 20) == 1


def test_a_slow_camera_counts_people_too() -> None:
    tracker = Tracker(TrackConfig())
    for t in (0.0, 5.0, 10.0):
        (track,) = tracker.update(t, with_landmarks([face_at(100)], [0.85]))[0]
    assert track is not None
    assert tracker.is_person(track)


def test_confidence_is_not_asked_of_detectors_without_landmarks() -> None:
    assert sure(found(face_at(100), confidence=0.5)).tolist() == [True]
    assert sure(with_landmarks([face_at(100)], [0.5])).tolist() == [False]


@pytest.mark.parametrize(("confidence", "is_sure"), [(0.79, False), (0.85, True)])
def test_a_hand_from_the_side_is_not_surely_a_face(confidence: float, is_sure: bool) -> None:
    one = with_landmarks([face_at(100)], [confidence])
    assert one.landmarks is not None
    one.landmarks[0, 2, 0] = 90  # the nose is far off the middle between the eyes
    assert sure(one).tolist() == [is_sure]
    assert sure(with_landmarks([face_at(100)], [confidence])).tolist() == [True]


def test_who_stands_below_another_is_no_part() -> None:
    child = (115.0, 520.0, 285.0, 700.0)
    assert not parts(found(FACE, child, confidence=[0.95, 0.8])).any()


def test_nobody() -> None:
    nobody = Detections(NO_BOXES, np.empty(0, np.float32))
    assert parts(nobody).tolist() == sure(nobody).tolist() == []


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, -1e30, 0.0])
def test_odd_landmarks_do_no_harm(odd: float) -> None:
    one = with_landmarks([face_at(100)], [0.85])
    landmarks = np.full((1, 5, 2), odd, np.float32)
    assert visits([Detections(one.boxes, one.confidence, landmarks)] * 20) == 1
