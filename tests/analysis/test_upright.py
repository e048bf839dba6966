"""A camera that hangs upside down or on its side: nobody is judged, and it is known."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes import frame

from monitor.analysis.pipeline import Pipeline
from monitor.analysis.upright import Upright
from monitor.camera.turn import Turn, turned_image
from monitor.config import Config
from monitor.detect import make_detector
from monitor.faces.classify import MaskClassifier
from monitor.records import Detections, FrameResult, Image, MaskState

ROOT = Path(__file__).parent.parent.parent
BARE, MASKED = (ROOT / "tests" / "data" / f"{name}.jpg" for name in ("bare", "masked"))
HOPPER, COLLINS = (ROOT / "assets" / "portraits" / f"{name}.jpg" for name in ("hopper", "collins"))


def scene(picture: Path, *, turned: bool) -> Image:
    """A face in a room, as a camera shows it."""
    room = np.full((480, 640, 3), 128, np.uint8)
    face = cv2.resize(cv2.imread(str(picture)), (320, 320))
    room[80:400, 160:480] = face
    return cv2.rotate(room, cv2.ROTATE_180) if turned else room  # type: ignore[return-value]


def watch(image: Image) -> list[FrameResult]:
    """Three seconds of a picture that shakes a little."""
    config = Config()
    one = Pipeline(make_detector(config.detect), MaskClassifier.load(config.classify), config, "s")
    return [
        one.process([frame(i / 10, pixels=np.roll(image, (i % 3, i % 2), (0, 1)))])[0]
        for i in range(30)
    ]


@pytest.mark.parametrize("picture", [BARE, HOPPER, COLLINS], ids=lambda path: path.stem)
def test_upside_down_nobody_is_judged_and_it_is_told(picture: Path) -> None:
    results = watch(scene(picture, turned=True))
    assert {face.state for result in results for face in result.faces} <= {MaskState.UNSURE}
    assert not any(result.sightings for result in results)
    assert results[0].turn == 0
    assert results[-1].turn == 180


@pytest.mark.parametrize("picture", [BARE, MASKED, HOPPER, COLLINS], ids=lambda path: path.stem)
def test_upright_all_is_as_ever(picture: Path) -> None:
    results = watch(scene(picture, turned=False))
    (face,) = results[-1].faces
    assert face.state is not MaskState.UNSURE
    assert not any(result.turn for result in results)


def test_one_face_on_its_head_is_no_camera_on_its_head() -> None:
    camera = Upright()
    for turned in (0.5, 0.9, 0.4, 0.3, 0.9):
        camera.take(0.8, turned)
    assert not camera.upside_down


def test_a_camera_that_was_turned_back_is_believed() -> None:
    camera = Upright()
    for _ in range(5):
        assert camera.take(0.8, 0.95)
    assert camera.upside_down
    for _ in range(3):
        assert not camera.take(0.8, 0.3)
    assert not camera.upside_down


def walk(picture: Path, way: int, seconds: float = 4.0) -> list[FrameResult]:
    """Somebody walks before a camera that hangs so: what its picture has to be turned by."""
    config = Config()
    one = Pipeline(make_detector(config.detect), MaskClassifier.load(config.classify), config, "s")
    room = scene(picture, turned=False)
    views = (np.roll(room, 6 * i, 1) for i in range(round(10 * seconds)))
    return [
        one.process([frame(i / 10, pixels=turned_image(view, Turn(-way % 360)))])[0]
        for i, view in enumerate(views)
    ]


@pytest.mark.parametrize("way", [90, 180, 270])
@pytest.mark.parametrize("picture", [BARE, MASKED, HOPPER, COLLINS], ids=lambda path: path.stem)
def test_whoever_walks_by_tells_how_the_camera_hangs(picture: Path, way: int) -> None:
    results = walk(picture, way)
    assert results[0].turn == 0
    assert results[-1].turn == way
    assert not any(result.sightings for result in results)
    judged = {face.state for result in results for face in result.faces if result.turn}
    assert judged <= {MaskState.UNSURE}


def lying(x: float, confidence: float = 0.95) -> dict[int, Detections]:
    """A face that is found in the picture turned by 90 degrees."""
    box = np.float32([[x, 0, x + 100, 100]])
    return {90: Detections(box, np.float32([confidence]), np.zeros((1, 5, 2), np.float32))}


NOBODY = Detections(
    np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32)
)
SURE = Detections(
    np.float32([[0, 0, 100, 100]]), np.float32([0.95]), np.zeros((1, 5, 2), np.float32)
)


def test_one_look_at_somebody_who_lies_is_no_camera_on_its_side() -> None:
    camera = Upright()
    for x in (0, 20, 40):
        camera.take_ways(x, NOBODY, lying(x))
        assert camera.turn == 0
    camera.take_ways(60, NOBODY, lying(60))
    assert camera.turn == 90


def test_a_picture_on_the_wall_that_lies_is_no_camera_on_its_side() -> None:
    camera = Upright()
    for i in range(50):
        camera.take_ways(i, NOBODY, lying(i % 3))
    assert camera.turn == 0


def test_what_is_found_as_well_upright_says_nothing() -> None:
    camera = Upright()
    for i in range(50):
        camera.take_ways(i, SURE, lying(20 * i))
        camera.take_ways(i, NOBODY, lying(20 * i, confidence=0.8))
    assert camera.turn == 0


def test_the_other_ways_are_tried_seldom_and_only_where_something_moves() -> None:
    camera, still = Upright(), np.full((480, 640, 3), 90, np.uint8)
    asked = [camera.ways(i / 10, NOBODY, still) for i in range(600)]
    assert sum(map(len, asked)) == 3  # once: nothing moves
    camera, rng = Upright(), np.random.default_rng(1)
    views = [cv2.resize(v, (640, 480)) for v in rng.integers(0, 255, (10, 6, 8, 3), np.uint8)]
    asked = [camera.ways(i / 10, NOBODY, views[i % 10]) for i in range(600)]
    assert 110 <= sum(map(len, asked)) <= 125  # three in a second and a half
    camera = Upright()
    assert not any(camera.ways(i / 10, SURE, views[i % 10]) for i in range(600))


def test_a_camera_on_its_side_that_was_turned_back_is_believed() -> None:
    camera, still = Upright(), np.full((480, 640, 3), 90, np.uint8)
    for x in range(0, 100, 20):
        camera.take_ways(x / 20, NOBODY, lying(x))
    assert camera.turn == 90
    for i in range(8):
        camera.ways(10 + i / 2, SURE, still)
    assert camera.turn == 0
