"""Pictures that stand alone."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes import INCORRECT, MASKED, UNDECIDED, UNMASKED, face_at, found, frame

from monitor.analysis.pipeline import Pipeline
from monitor.analysis.still import pooled, still_faces, with_genders
from monitor.analysis.wanted import Answers, Wanted
from monitor.config import ClassifyConfig, Config, DetectConfig
from monitor.detect import make_detector
from monitor.faces.boxes import NO_BOXES
from monitor.faces.classify import MaskClassifier
from monitor.records import Detections, Face, MaskState


def judged(detections: Detections, probabilities: np.ndarray) -> tuple[Face, ...]:
    wanted = Wanted(frame(still=True), detections, classify=np.arange(len(detections)))
    rois = np.zeros((len(detections), 4, 4, 3), np.float32)
    return still_faces(wanted, Answers(rois, probabilities), ClassifyConfig())


@pytest.mark.parametrize(
    ("answer", "size", "state"),
    [
        (MASKED, 80, MaskState.MASKED),
        (UNMASKED, 80, MaskState.UNMASKED),
        (INCORRECT, 80, MaskState.INCORRECT),
        (UNDECIDED, 80, MaskState.UNSURE),
        (
            np.array([0.1, 0.48, 0.42], np.float32),
            80,
            MaskState.UNMASKED,
        ),  # how wrong is open, that it is wrong is clear
        (np.array([0.45, 0.5, 0.05], np.float32), 80, MaskState.UNSURE),
        (MASKED, 10, MaskState.UNSURE),
    ],
)
def test_faces_of_a_single_picture(answer: np.ndarray, size: float, state: MaskState) -> None:
    one = found(face_at(100, size=size))
    (face,) = judged(one, answer[None])
    assert face.state is state
    assert face.raw_state is not MaskState.UNSURE
    assert face.track_id is None


def test_a_picture_without_faces() -> None:
    nobody = Detections(NO_BOXES, np.empty(0, np.float32))
    assert judged(nobody, np.zeros((0, 3), np.float32)) == ()


def test_a_face_behind_a_counter_is_not_sure() -> None:
    picture = cv2.imread(str(Path(__file__).resolve().parent.parent / "data" / "bare.jpg"))
    assert picture is not None
    seen = make_detector(DetectConfig()).detect_still(picture)  # type: ignore[arg-type]
    assert seen.landmarks is not None
    nose_y = int(seen.landmarks[0, 2, 1])
    for counter_y, state in ((len(picture), MaskState.MASKED), (nose_y, MaskState.UNSURE)):
        shown = picture.copy()
        shown[counter_y:] = (70, 110, 150)
        wanted = Wanted(frame(still=True, pixels=shown), seen, classify=np.arange(len(seen)))
        rois = np.zeros((len(seen), 4, 4, 3), np.float32)
        (face,) = still_faces(wanted, Answers(rois, MASKED[None]), ClassifyConfig())
        assert face.state is state


def test_a_gender_is_guessed_only_where_one_look_is_sure() -> None:
    faces = judged(found(face_at(100), face_at(300)), np.stack([MASKED, UNMASKED]))
    guesses = np.array([[0.92, 0.08], [0.2, 0.8]], np.float32)
    known = with_genders(faces, np.array([0, 1], np.intp), guesses)
    assert [face.gender for face in known] == ["male", None]


@pytest.mark.parametrize("name", ["bare.jpg", "masked.jpg"])
def test_who_is_looked_at_closely_is_judged_mirrored_as_well(name: str) -> None:
    picture = cv2.imread(str(Path(__file__).resolve().parent.parent / "data" / name))
    assert picture is not None
    config = Config()
    classifier = MaskClassifier.load(config.classify)
    pipeline = Pipeline(make_detector(config.detect), classifier, config, "shift")
    for closely in (True, False):
        (result,) = pipeline.process([frame(still=True, closely=closely, pixels=picture)])
        (face,) = result.faces
        rois = classifier.rois(picture, face.xyxy[None])
        once, mirrored = (classifier.probabilities(r) for r in (rois, rois[:, :, ::-1].copy()))
        expected = pooled(once, mirrored) if closely else once
        assert face.raw_confidence == pytest.approx(float(expected.max()), abs=1e-5)
        assert abs(float(pooled(once, mirrored).max() - once.max())) > 2e-5  # it can be told


def test_two_looks_are_one_answer() -> None:
    first = np.array([[1, 0, 0], [0.6, 0.3, 0.1]], np.float32)
    second = np.array([[0, 1, 0], [0.2, 0.7, 0.1]], np.float32)
    both = pooled(first, second)
    assert both.dtype == np.float32
    assert both.sum(axis=1) == pytest.approx([1, 1])
    assert both[0, 0] == pytest.approx(both[0, 1])
    assert both[1].argmax() == 1
    assert pooled(second, first) == pytest.approx(both)
