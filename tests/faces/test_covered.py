"""Faces whose lower half is behind something, on the bundled pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.config import DetectConfig
from monitor.detect import make_detector
from monitor.faces.covered import lower_face_covered, mouth_in_sight
from monitor.records import Detections, FloatArray, Image

DATA = Path(__file__).resolve().parent.parent / "data"
MASKED = np.array([0.98, 0.01, 0.01], np.float32)
UNMASKED = np.array([0.01, 0.98, 0.01], np.float32)


def face_of(name: str) -> tuple[Image, Detections]:
    image = cv2.imread(str(DATA / name))
    assert image is not None
    return image, make_detector(DetectConfig()).detect(image)  # type: ignore[arg-type]


def behind(
    image: Image, landmarks: FloatArray, part: float, *, slope: float, grain: float
) -> Image:
    """A counter before a face: it begins at `part` of the way from the eyes to the mouth."""
    eyes, mouth = landmarks[:2].mean(axis=0), landmarks[3:].mean(axis=0)
    rows, columns = np.indices(image.shape[:2])
    under = rows > eyes[1] + part * (mouth[1] - eyes[1]) + slope * (columns - eyes[0])
    noise = np.random.default_rng(1).normal(0, grain, image.shape)
    counter = (np.array([70.0, 110.0, 150.0]) + noise).clip(0, 255).astype(np.uint8)
    return np.where(under[..., None], counter, image).astype(np.uint8)


@pytest.mark.parametrize("name", ["bare.jpg", "masked.jpg"])
@pytest.mark.parametrize("part", [0.35, 0.7])
@pytest.mark.parametrize(("slope", "grain"), [(0.0, 0.0), (0.05, 6.0), (-0.05, 6.0)])
def test_a_face_behind_a_counter_is_told(
    name: str, part: float, slope: float, grain: float
) -> None:
    image, found = face_of(name)
    assert found.landmarks is not None
    box, landmarks = found.boxes[0], found.landmarks[0]
    assert not lower_face_covered(image, box, landmarks)
    counter = behind(image, landmarks, part, slope=slope, grain=grain)
    assert lower_face_covered(counter, box, landmarks)
    assert not mouth_in_sight(counter, box, landmarks, MASKED)
    assert mouth_in_sight(counter, box, landmarks, UNMASKED)


@pytest.mark.parametrize("name", ["bare.jpg", "masked.jpg"])
def test_a_counter_below_the_chin_or_a_desk_behind_the_face_covers_nothing(name: str) -> None:
    image, found = face_of(name)
    assert found.landmarks is not None
    box, landmarks = found.boxes[0], found.landmarks[0]
    low = behind(image, landmarks, 1.8, slope=0.0, grain=4.0)
    assert not lower_face_covered(low, box, landmarks)
    desk = behind(image, landmarks, 0.5, slope=0.0, grain=4.0)
    x0, _, x1, _ = box.astype(int)
    desk[:, x0:x1] = image[:, x0:x1]
    assert not lower_face_covered(desk, box, landmarks)


def test_what_the_detector_finds_behind_a_counter_is_told() -> None:
    image, found = face_of("bare.jpg")
    assert found.landmarks is not None
    counter = behind(image, found.landmarks[0], 0.6, slope=0.0, grain=4.0)
    again = make_detector(DetectConfig()).detect(counter)
    assert len(again) == 1
    assert again.landmarks is not None
    assert lower_face_covered(counter, again.boxes[0], again.landmarks[0])


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 0.0, -1e6, 1e6])
def test_odd_landmarks_and_boxes_cover_nothing(odd: float) -> None:
    grey = np.full((80, 80, 3), 128, np.uint8)
    box = np.array([20, 20, 60, 60], np.float32)
    assert not lower_face_covered(grey, box, np.full((5, 2), odd, np.float32))
    assert not lower_face_covered(grey, np.zeros(4, np.float32), np.zeros((5, 2), np.float32))
