"""Streams and cameras that die, freeze, crawl, send garbage or change their size: a state with a
line, then live again.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

import cv2
import numpy as np
import pytest
from desk import QUICK, Desk, Stage
from faulty_camera import FaultyCamera, NoiseServer
from program import ROOT

from monitor.camera import usb
from monitor.camera.source import FrameSource, camera_source
from monitor.config import CameraConfig
from monitor.records import SourceState


def stream(desk: Desk, url: str) -> FrameSource:
    return camera_source(url, desk.config.camera)


def one_person(desk: Desk, so_far: int = 0) -> None:
    """Somebody bare comes, is logged, and leaves."""
    desk.stage.enter()
    desk.wait_told(opened=so_far + 1)
    desk.stage.leave()
    desk.wait_told(ended=so_far + 1)


def test_a_stream_that_is_killed(desk: Desk, camera: FaultyCamera) -> None:
    desk.open(stream(desk, camera.url))
    desk.stage.enter()
    desk.wait_told(opened=1)
    camera.die()
    lost = desk.wait_source(SourceState.LOST)
    assert "gives no more pictures" in lost.message
    assert lost.retry_in_s is not None
    desk.wait_source(SourceState.LOST, "is refused")
    desk.stage.leave()
    camera.live()
    desk.wait_source(SourceState.LIVE)
    desk.wait_told(ended=1)
    one_person(desk, 1)
    desk.close()
    desk.check_books(sightings=2)


def test_a_stream_that_freezes(desk: Desk, camera: FaultyCamera) -> None:
    """The connection stands, no byte comes."""
    desk.open(stream(desk, camera.url))
    one_person(desk)
    camera.freeze()
    stalled = desk.wait_stalled()
    assert "no picture for" in stalled.message
    lost = desk.wait_source(SourceState.LOST)
    assert "gives no more pictures" in lost.message
    camera.thaw()
    desk.wait_source(SourceState.LIVE)
    one_person(desk, 1)
    desk.close()
    desk.check_books(sightings=2)


@pytest.mark.long
def test_somebody_before_a_frozen_camera_is_kept_or_let_go(
    desk: Desk, camera: FaultyCamera
) -> None:
    desk.open(stream(desk, camera.url))
    desk.stage.enter()
    desk.wait_told(opened=1)
    camera.freeze()
    desk.wait_source(SourceState.LOST)
    desk.close()  # the run ends with the camera still dead: the sighting is closed all the same
    desk.check_books(sightings=1)


def slow_run(desk: Desk, camera: FaultyCamera, every_s: float, pictures: int) -> None:
    """A live stream slows down to one picture in `every_s` s: the monitor waits for it and goes on,
    with the same person.
    """
    desk.open(stream(desk, camera.url))
    desk.stage.enter()
    desk.wait_told(opened=1)
    camera.every_s = every_s
    for _ in range(pictures):
        stalled = desk.wait_stalled()
        assert "no picture for" in stalled.message
        desk.wait_pictures(1)
    assert [s for s in desk.statuses if s.state is SourceState.LOST] == []
    assert desk.last is not None
    assert desk.last.count.unmasked == 1, "one person was taken for several"
    camera.every_s = 0
    desk.stage.leave()
    desk.wait_told(ended=1)
    desk.close()
    desk.check_books(sightings=1)


def test_a_stream_that_is_slower_than_a_stall(desk: Desk, camera: FaultyCamera) -> None:
    slow_run(desk, camera, every_s=0.5, pictures=2)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_stream_of_one_frame_in_five_seconds(tmp_path: Any, camera: FaultyCamera) -> None:
    """With the time limits as they are shipped. What stands here for half a minute is painted: what
    never moves is nobody, which is looked at elsewhere.
    """
    changes = {name: section for name, section in QUICK.items() if name != "camera"} | {
        "track": {"confirm_hits": 1, "still_after_s": 0}
    }
    desk = Desk(tmp_path, Stage(), changes)
    assert desk.config.camera == CameraConfig()
    try:
        slow_run(desk, camera, every_s=5.0, pictures=6)
    finally:
        desk.close()


def test_pictures_that_are_garbage(desk: Desk, camera: FaultyCamera) -> None:
    """The frames of the stream are there, what is in them is not."""
    desk.open(stream(desk, camera.url))
    one_person(desk)
    camera.garbage = True
    desk.wait_source(SourceState.LOST)
    camera.garbage = False
    desk.wait_source(SourceState.LIVE)
    one_person(desk, 1)
    desk.close()
    desk.check_books(sightings=2)


def test_a_stream_that_is_garbage_from_its_first_byte(desk: Desk) -> None:
    with NoiseServer() as noise:
        desk.open(stream(desk, noise.url))
        desk.wait_source(SourceState.LOST)
        desk.wait_source(SourceState.LOST)  # and the next try
        assert noise.connections >= 2
        assert all(s.state in (SourceState.OPENING, SourceState.LOST) for s in desk.statuses), (
            desk.statuses
        )
        assert all(s.message for s in desk.statuses if s.state is SourceState.LOST)
        desk.close()
    assert desk.result is None
    assert desk.sightings() == {}


def test_another_size_in_mid_stream(tmp_path: Any, camera: FaultyCamera) -> None:
    """What comes is scaled to the size that the stream was opened with. The real networks look."""
    bare = cv2.imread(str(ROOT / "tests" / "data" / "bare.jpg"))
    assert bare is not None
    camera.show(bare)
    desk = Desk(tmp_path)
    try:
        desk.open(stream(desk, camera.url))
        desk.wait_told(opened=1)
        for scale in (1.6, 0.6):
            camera.show(cv2.resize(bare, None, fx=scale, fy=scale))
            desk.wait_pictures(12)
            result = desk.result
            assert result is not None
            height, width = result.frame.image.shape[:2]
            assert [face.visit_id for face in result.faces] == [visit_id(desk)]
            x0, y0, x1, y1 = result.faces[0].xyxy
            assert 0 <= x0 < x1 <= width
            assert 0 <= y0 < y1 <= height
        assert [s.state for s in desk.statuses].count(SourceState.LOST) == 0
        camera.show(np.full((96, 128, 3), 128, np.uint8))
        desk.wait_told(ended=1)
    finally:
        desk.close()
    desk.check_books(sightings=1)


def visit_id(desk: Desk) -> str:
    """Of the only sighting."""
    (sighting_id,) = desk.told
    return sighting_id.rpartition("-s")[0]


class Device:
    """Stands for `cv2.VideoCapture`: a USB camera that is pulled out and plugged in again."""

    plugged = True
    opened = 0

    def __init__(self, *arguments: Any) -> None:
        self._open = type(self).plugged
        type(self).opened += 1
        self._pause = threading.Event()

    def isOpened(self) -> bool:  # noqa: N802, as OpenCV calls it
        return self._open

    def read(self, buffer: Any = None) -> tuple[bool, np.ndarray[Any, Any] | None]:
        self._pause.wait(0.02)
        good = self._open and type(self).plugged
        return good, np.full((96, 128, 3), 90, np.uint8) if good else None

    def set(self, prop: int, value: float) -> bool:
        return True

    def get(self, prop: int) -> float:
        return 0.0

    def release(self) -> None:
        self._open = False


def test_a_camera_index_that_disappears(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usb.cv2, "VideoCapture", Device)
    monkeypatch.setattr(Device, "plugged", True)
    desk.open(camera_source("98", desk.config.camera))
    one_person(desk)
    Device.plugged = False
    assert "camera 98 gives no more pictures" in desk.wait_source(SourceState.LOST).message
    gone = desk.wait_source(SourceState.LOST, "is not there")
    assert gone.message.startswith("camera 98")
    Device.plugged = True
    desk.wait_source(SourceState.LIVE)
    one_person(desk, 1)
    desk.close()
    desk.check_books(sightings=2)


def test_a_camera_that_drops_single_pictures_is_not_lost(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Damaged(Device):
        reads = 0

        def read(self, buffer: Any = None) -> tuple[bool, np.ndarray[Any, Any] | None]:
            Damaged.reads += 1
            if Damaged.reads % 3 == 0:
                raise cv2.error("a truncated frame")
            return super().read()

    monkeypatch.setattr(usb.cv2, "VideoCapture", Damaged)
    desk.open(camera_source("98", desk.config.camera))
    one_person(desk)
    desk.close()
    assert [s for s in desk.statuses if s.state is SourceState.LOST] == []
    assert any(
        "damaged picture was skipped" in r.getMessage()
        for r in caplog.records
        if r.levelno == logging.WARNING
    )
    caplog.clear()
    desk.check_books(sightings=1)
