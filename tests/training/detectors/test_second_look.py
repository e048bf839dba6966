"""What the second look learns from, and how it is measured."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.faces.boxes import iou_matrix
from monitor.records import Detections, Image
from monitor.training.detectors import looked_at, second_look
from monitor.training.detectors.second_look import KINDS, LOST, Looks

FACE = np.array([[200, 150, 280, 250]], np.float32)
NOTHING = Detections(
    np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty((0, 5, 2), np.float32)
)


class Finds:
    """Finds the same boxes in every picture."""

    def __init__(self, *boxes: tuple[float, ...], confidence: float = 0.45) -> None:
        array = np.array(boxes, np.float32).reshape(-1, 4)
        self._found = Detections(
            array, np.full(len(array), confidence, np.float32), np.zeros((len(array), 5, 2))
        )

    def detect(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
        return self._found


def whole(*detectors: Finds, seed: int = 0) -> list[looked_at.Look]:
    image = np.zeros((480, 640, 3), np.uint8)
    image[150:250, 200:280] = 255
    rng = np.random.default_rng(seed)
    return list(looked_at.looks_of(image, FACE, detectors, ("a set", False), rng))  # type: ignore[arg-type]


def test_what_is_found_on_an_annotated_face_is_one_and_elsewhere_none() -> None:
    looks = whole(Finds((202, 152, 282, 248), (450, 300, 500, 360)), Finds())
    found = [(look.face, look.kind) for look in looks if look.kind in ("a set", "found")]
    assert found == [(True, "a set"), (False, "found")]
    assert {look.kind for look in looks if not look.face} <= set(KINDS)


def test_what_the_other_detector_finds_too_may_be_a_face_that_nobody_annotated() -> None:
    stranger = (450.0, 300.0, 500.0, 360.0)
    assert not [look for look in whole(Finds(stranger), Finds(stranger)) if look.kind == "found"]


@pytest.mark.parametrize("kind", looked_at.PARTS)
def test_a_part_is_not_the_face(kind: str) -> None:
    rng = np.random.default_rng(1)
    parts = np.stack([looked_at.part_of(FACE[0], kind, rng) for _ in range(200)])
    assert iou_matrix(parts, FACE).max() < 0.25


def test_no_part_is_taken_where_another_face_is() -> None:
    others = np.vstack([FACE, [[190, 40, 290, 140]]]).astype(np.float32)
    image, hair = np.zeros((480, 640, 3), np.uint8), np.array([205, 70, 275, 140], np.float32)
    assert looked_at.is_apart(hair, FACE[0], FACE, image)
    assert not looked_at.is_apart(hair, FACE[0], others, image)


def test_the_table_counts_what_is_turned_away_in_the_test_part_alone() -> None:
    rng = np.random.default_rng(2)
    face = np.array([True] * 1000 + [False] * 200)
    said = np.concatenate([rng.uniform(0.5, 1, 1000), rng.uniform(0, 0.4, 100), np.ones(100)])
    looks = Looks(
        np.empty((1200, 1, 1, 3), np.uint8),
        face,
        np.array(["faces"] * 1000 + ["found"] * 200),
        np.full(1200, 0.3, np.float32),
        np.array([True] * 1000 + [True] * 100 + [True] * 50 + [False] * 50),
    )
    lines = second_look.table(said.astype(np.float32), looks).splitlines()
    assert lines[0].startswith("| real faces lost (of 1000) | found (150)")
    assert len(lines) == 2 + len(LOST)
    assert "| 67% |" in lines[2]  # 100 of the 150 that are no face
