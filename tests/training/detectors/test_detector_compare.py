"""Found against false boxes, on a made-up set whose answers are known."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.records import Detections, Image
from monitor.training.detectors import compare
from monitor.training.detectors.landmarks import compared, errors
from monitor.training.pictures.splits import is_test_aizoo

FACES = {"a.jpg": (10, 10, 60, 70), "b.jpg": (10, 10, 30, 30)}  # the second is below 40 px


class Marks:
    """Finds what is painted white, with full confidence, and a false box in the corner with 0.3."""

    name = "marks"

    def detect(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
        rows, columns = np.nonzero(image_bgr[..., 0] > 200)
        boxes = [[64, 64, 99, 99]]
        if len(rows):
            boxes.insert(0, [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        confidence = np.array([1.0, 0.3], np.float32)[-len(boxes) :]
        return Detections(np.array(boxes, np.float32), confidence)

    def detect_still(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
        return self.detect(image_bgr)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "a_set" / "images"
    folder.mkdir(parents=True)
    lines = ["file,x_min,y_min,x_max,y_max,label"]
    for name, (x0, y0, x1, y1) in FACES.items():
        image = np.zeros((100, 100, 3), np.uint8)
        image[y0:y1, x0:x1] = 255
        cv2.imwrite(str(folder / name), image)
        lines.append(f"{name},{x0},{y0},{x1},{y1},masked")
    (folder.parent / "boxes.csv").write_text("\n".join(lines))
    return tmp_path


def test_large_faces_and_false_boxes_are_counted(data: Path) -> None:
    found = compare.measure({"marks": Marks()}, data, "a_set", False, 1)["marks"]
    assert found.pictures == 2
    assert found.faces == {"masked": [1.0]}
    assert found.false == pytest.approx([0.3, 0.3])
    assert found.share("masked", 0.5) == 1
    assert "100.0%" in compare.table({"marks": found})


def test_the_threshold_leaves_as_many_false_boxes_as_are_allowed() -> None:
    found = compare.Found(false=[0.9, 0.5, 0.5, 0.2], pictures=10)
    for allowed in (0.1, 0.3, 0.4):
        kept = sum(value >= found.threshold(allowed) for value in found.false)
        assert kept <= allowed * 10
    assert found.threshold(0.4) == compare.LOWEST
    assert found.threshold(0.1) < 0.9


def test_test_chips_are_set_into_a_frame(tmp_path: Path) -> None:
    folder = tmp_path / "aizoo_chips"
    folder.mkdir()
    test = next(f"{i}.jpg" for i in range(99) if is_test_aizoo(f"{i}.jpg"))
    learnt = next(f"{i}.jpg" for i in range(99) if not is_test_aizoo(f"{i}.jpg"))
    for name in ("t.jpg", "l.jpg"):
        cv2.imwrite(str(folder / name), np.full((60, 40, 3), 255, np.uint8))
    rows = [f"t.jpg,0,not_masked,{test}", f"l.jpg,0,not_masked,{learnt}"]
    (folder / "index.csv").write_text("\n".join(["file,kind,label,original", *rows]))
    found = compare.measure({"marks": Marks()}, tmp_path, "aizoo_chips", False, 1)["marks"]
    assert found.pictures == 1
    assert found.faces == {"bare 0": [1.0]}


def test_landmarks_are_measured_against_the_distance_of_the_eyes() -> None:
    truth = np.array([[[0, 0], [10, 0], [5, 5], [2, 8], [8, 8]]], np.float32)
    assert errors(truth, truth + np.array([0, 1], np.float32)) == pytest.approx([0.1])


def test_only_faces_that_all_find_are_compared(data: Path) -> None:
    class Pointed(Marks):
        def detect(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
            found = super().detect(image_bgr)
            points = np.ones((len(found), 5, 2), np.float32)
            return Detections(found.boxes, found.confidence, points)

    class Blind(Pointed):
        def detect(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
            return super().detect(np.zeros_like(image_bgr))

    seeing, blind = [Pointed(), Pointed()], [Pointed(), Blind()]
    assert [len(one) for one in compared(seeing, data, "a_set", "masked", False, 1)] == [1, 1]
    assert [len(one) for one in compared(blind, data, "a_set", "masked", False, 1)] == [0, 0]
