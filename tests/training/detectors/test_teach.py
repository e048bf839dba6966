"""Annotations and two detectors make one answer; where they do not agree, nothing is learnt."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.records import Detections, FloatArray
from monitor.training.detectors.teach import agree, shift_to, shifted

FACE = (100.0, 100.0, 150.0, 160.0)
OTHER = (300.0, 100.0, 350.0, 160.0)
NEAR = (104.0, 98.0, 152.0, 158.0)  # the same face as FACE


def boxes(*rows: tuple[float, float, float, float]) -> FloatArray:
    return np.array(rows, np.float32).reshape(-1, 4)


def found(*rows: tuple[float, float, float, float], confidence: float = 0.9) -> Detections:
    count = len(rows)
    landmarks = np.full((count, 5, 2), 7.0, np.float32)
    return Detections(boxes(*rows), np.full(count, confidence, np.float32), landmarks)


def test_an_annotated_face_that_yunet_finds_gets_its_box_and_landmarks() -> None:
    known = agree(boxes(FACE), found(NEAR), found())
    np.testing.assert_array_equal(known.boxes, boxes(NEAR))
    assert known.sure.tolist() == [True]
    assert (known.landmarks == 7).all()


def test_an_annotated_face_that_nobody_finds_is_a_face_without_landmarks() -> None:
    known = agree(boxes(FACE), found(), found())
    np.testing.assert_array_equal(known.boxes, boxes(FACE))
    assert known.sure.tolist() == [True]
    assert np.isnan(known.landmarks).all()


def test_an_annotated_face_that_yunet_misses_gets_the_other_teachers_landmarks() -> None:
    known = agree(boxes(FACE), found(), found(NEAR))
    np.testing.assert_array_equal(known.boxes, boxes(NEAR))
    assert np.isfinite(known.landmarks).all()


def test_a_face_that_nobody_annotated_and_both_find_is_a_face() -> None:
    known = agree(boxes(FACE), found(FACE, OTHER), found(OTHER))
    assert known.sure.tolist() == [True, True]


@pytest.mark.parametrize(
    ("yunet", "centerface"), [(found(OTHER), found()), (found(), found(OTHER))]
)
def test_what_one_detector_finds_alone_is_doubtful(
    yunet: Detections, centerface: Detections
) -> None:
    known = agree(boxes(FACE), yunet, centerface)
    assert dict(zip(known.boxes[:, 0].tolist(), known.sure.tolist(), strict=True)) == {
        100.0: True,
        300.0: False,
    }


def test_what_yunet_alone_finds_weakly_is_no_face_where_somebody_looked() -> None:
    weak = found(OTHER, confidence=0.3)
    assert len(agree(boxes(FACE), weak, found()).boxes) == 1
    assert agree(None, weak, found()).sure.tolist() == [False]


def test_boxes_are_moved_to_the_detectors_manner() -> None:
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 500, (50, 2))
    hand = np.hstack([low, low + rng.uniform(20, 90, (50, 2))]).astype(np.float32)
    true_shift = np.array([0.02, -0.15, -0.04, 0.11], np.float32)
    own = shifted(hand, true_shift)
    np.testing.assert_allclose(shift_to(hand, own), true_shift, atol=1e-4)
