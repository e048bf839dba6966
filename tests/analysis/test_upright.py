"""A camera that hangs upside down: nobody is judged, and it is known."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes import frame

from monitor.analysis.pipeline import Pipeline
from monitor.analysis.upright import Upright
from monitor.config import Config
from monitor.detect import make_detector
from monitor.faces.classify import MaskClassifier
from monitor.records import FrameResult, Image, MaskState

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
    assert not results[0].upside_down
    assert results[-1].upside_down


@pytest.mark.parametrize("picture", [BARE, MASKED, HOPPER, COLLINS], ids=lambda path: path.stem)
def test_upright_all_is_as_ever(picture: Path) -> None:
    results = watch(scene(picture, turned=False))
    (face,) = results[-1].faces
    assert face.state is not MaskState.UNSURE
    assert not any(result.upside_down for result in results)


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
