"""Scenes tell the truth about their faces, and targets follow them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.detect.yunet import MODEL, YuNet
from monitor.faces.boxes import iou_matrix
from monitor.records import Image
from monitor.training.detectors.scenes import SIDE, Portrait, Scene, Scenes, Whole
from monitor.training.detectors.targets import CELLS, Teacher, grid
from monitor.training.detectors.teach import Known
from monitor.training.drawing import fabric

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture(scope="module")
def picture() -> Image:
    image = cv2.imread(str(DATA / "bare.jpg"))
    assert image is not None
    return image  # type: ignore[return-value]


@pytest.fixture(scope="module")
def known(picture: Image) -> Known:
    found = YuNet(threads=1).detect(picture)
    assert found.landmarks is not None
    return Known(found.boxes[:1], found.landmarks[:1], np.ones(1, bool))


@pytest.fixture(scope="module")
def scenes(picture: Image, known: Known) -> Scenes:
    portrait = Portrait(picture, known.boxes[0], known.landmarks[0], True)
    whole = Whole(picture, known, "a_set")
    return Scenes([whole], [[portrait]], fabric.Bank(None, []), seed=3)


def test_a_scene_is_the_same_every_time(scenes: Scenes) -> None:
    first, second = scenes.make(5), scenes.make(5)
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.known.boxes, second.known.boxes)


def test_boxes_lie_where_the_faces_are(scenes: Scenes) -> None:
    """YuNet finds most of the faces that are large, not masked beyond sight and whole, at the place
    that the scene says.
    """
    detector = YuNet(0.5, SIDE, 10, 1)
    hits = []
    for index in range(40):
        scene = scenes.make(index)
        found = detector.detect(scene.image)
        for box in scene.known.boxes[scene.known.sure]:
            if max(box[2:] - box[:2]) > 40 and box.min() > 2 and box.max() < SIDE - 2:
                hits.append(iou_matrix(box[None], found.boxes).max(initial=0) > 0.5)
    assert len(hits) > 15
    assert np.mean(hits) > 0.6


def test_a_scene_knows_what_it_was_cut_from(scenes: Scenes) -> None:
    sources = {scenes.make(index).sources for index in range(20)}
    assert frozenset({"a_set"}) in sources
    assert frozenset() in sources  # a portrait before a background that was made up


def test_targets_name_the_cells_round_the_face_and_teach_nothing_in_doubt(
    picture: Image, known: Known
) -> None:
    image = cv2.resize(picture, (SIDE, SIDE))
    scale = SIDE / np.array(picture.shape[1::-1], np.float32)
    box = known.boxes * np.tile(scale, 2)
    both = Known(
        np.vstack([box, [[4, 250, 60, 316]]]).astype(np.float32),
        np.vstack([known.landmarks * scale, np.full((1, 5, 2), np.nan)]).astype(np.float32),
        np.array([True, False]),
    )
    targets = Teacher(MODEL).targets(Scene(image, both, frozenset()))  # type: ignore[arg-type]
    assert targets.features.shape[:2] == (SIDE // 8, SIDE // 8)
    assert targets.objectness.shape == (CELLS,)
    corners, _ = grid()
    cells = targets.cells[targets.cells >= 0]
    assert 3 <= len(cells) <= 8
    assert (corners[cells] >= box[0, :2]).all()
    assert (corners[cells] <= box[0, 2:]).all()
    assert (targets.objectness[cells] == 1).all()
    doubtful = (corners >= [4, 250]).all(axis=1) & (corners <= [60, 316]).all(axis=1)
    said = targets.objectness[doubtful]
    assert ((said > 0) & (said < 0.5)).any()  # what YuNet says there, and not a plain no
    elsewhere = targets.objectness[(corners >= [250, 250]).all(axis=1)]
    assert (elsewhere == 0).all()
