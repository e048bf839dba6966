"""Which faces can be judged, and how loud their voice is."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from monitor.config import ClassifyConfig
from monitor.faces import quality
from monitor.faces.align import TEMPLATE

ROI = np.zeros((32, 32, 3), np.float32)
FRONT = np.array([[10, 10], [30, 10], [20, 20], [13, 30], [27, 30]], np.float32)


def test_sharpness_falls_with_blur() -> None:
    noise = np.random.default_rng(1).uniform(-1, 1, (64, 64, 3)).astype(np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), 2)
    assert quality.sharpness(ROI) == 0
    assert quality.sharpness(noise) > 20 * quality.sharpness(blurred) > 0


@pytest.mark.parametrize(
    ("nose_x", "expected"), [(20, 0.0), (30, 0.5), (10, -0.5), (40, 1.0), (0, -1.0)]
)
def test_nose_offset_is_positive_to_the_persons_left(nose_x: float, expected: float) -> None:
    landmarks = FRONT.copy()
    landmarks[2, 0] = nose_x
    assert quality.nose_offset(landmarks) == pytest.approx(expected)
    assert abs(quality.nose_offset(TEMPLATE)) < 0.01


def test_nose_offset_does_not_mind_a_tilted_head() -> None:
    turn = cv2.getRotationMatrix2D((20, 20), 40, 1.7)
    landmarks = FRONT.copy()
    landmarks[2, 0] = 26
    turned = (landmarks @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    assert quality.nose_offset(turned) == pytest.approx(quality.nose_offset(landmarks), abs=1e-4)


def test_eyes_in_one_place_are_side_on() -> None:
    assert quality.nose_offset(np.zeros((5, 2), np.float32)) == 10
    config = ClassifyConfig(unsure_side_on=1.6)
    assert not quality.can_be_judged(100, ROI, np.zeros((5, 2), np.float32), config)


@pytest.mark.parametrize(("size", "judged"), [(23.9, False), (24, True), (200, True), (0, False)])
def test_small_faces_are_not_judged(size: float, judged: bool) -> None:
    assert quality.can_be_judged(size, ROI, None, ClassifyConfig(unsure_face_px=24)) is judged


def test_profile_is_not_judged() -> None:
    config = ClassifyConfig(unsure_side_on=1.6)
    assert quality.can_be_judged(100, ROI, FRONT, config)
    for nose_x in (20 + 20 * 2, 20 - 20 * 2):
        profile = FRONT.copy()
        profile[2, 0] = nose_x
        assert not quality.can_be_judged(100, ROI, profile, config)


def test_blur_counts_only_when_it_is_set() -> None:
    config = ClassifyConfig(unsure_sharpness=0)
    assert quality.can_be_judged(100, ROI, None, config)
    assert not quality.can_be_judged(100, ROI, None, replace(config, unsure_sharpness=1))


@pytest.mark.parametrize(
    ("moved", "seen"), [((0, 0), True), ((0, 60), False), ((80, 0), False), ((0, -40), False)]
)
def test_a_mouth_beyond_the_edge_is_not_seen(moved: tuple[int, int], seen: bool) -> None:
    landmarks = FRONT + np.array(moved, np.float32)
    assert quality.mouth_in_picture(landmarks, (80, 60)) is seen


def test_a_profile_that_is_no_sure_face_is_told() -> None:
    profile = FRONT.copy()
    profile[2, 0] = 20 + 20
    assert quality.weak_profile(profile, 0.7)
    assert not quality.weak_profile(profile, 0.9)
    assert not quality.weak_profile(FRONT, 0.7)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_landmarks_that_are_no_numbers_show_no_mouth(odd: float) -> None:
    landmarks = np.full((5, 2), odd, np.float32)
    assert quality.weak_profile(landmarks, 0.7)
    assert not quality.mouth_in_picture(landmarks, (80, 60))


def test_weight_grows_with_size_and_confidence() -> None:
    assert quality.weight(64, 1.0) == 1.0
    assert quality.weight(500, 1.0) == 1.0
    assert quality.weight(32, 0.9) == pytest.approx(0.5)
    assert 0 < quality.weight(64, 0.3) <= quality.weight(64, 0.7) < quality.weight(64, 0.85) < 1
    assert quality.weight(0, 1.0) == 0
