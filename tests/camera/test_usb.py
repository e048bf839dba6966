"""USB cameras: what is not there or gives no pictures is said in one line."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from monitor.camera.address import parse_address
from monitor.camera.usb import CameraSource
from monitor.config import CameraConfig
from monitor.errors import CameraError

IMAGE = np.full((48, 64, 3), 90, np.uint8)
UNWRITTEN = "unwritten"


class Device:
    """A `cv2.VideoCapture` that gives what it is told to."""

    rate = 0.0

    def __init__(self, *pictures: Any, size_wh: tuple[int, int] = (64, 48)) -> None:
        self.pictures, self.size_wh, self.released = list(pictures), size_wh, False

    def read(self, buffer: np.ndarray | None = None) -> tuple[bool, np.ndarray | None]:
        picture = self.pictures.pop(0) if self.pictures else None
        if isinstance(picture, cv2.error):
            raise picture
        if picture is None:
            return False, None
        if isinstance(picture, str):  # as OpenCV 4.14 does with pictures that it cannot convert
            return True, np.empty((48, 64, 3), np.uint8) if buffer is None else buffer
        if buffer is None or buffer.shape != picture.shape:
            return True, picture.copy()
        buffer[...] = picture
        return True, buffer

    def get(self, prop: int) -> float:
        if prop == cv2.CAP_PROP_FPS:
            return self.rate
        return self.size_wh[0 if prop == cv2.CAP_PROP_FRAME_WIDTH else 1]

    def set(self, prop: int, value: float) -> bool:
        return True

    def isOpened(self) -> bool:  # noqa: N802
        return True

    def release(self) -> None:
        self.released = True


def camera(monkeypatch: pytest.MonkeyPatch, device: Device, **options: Any) -> CameraSource:
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: device)
    source = CameraSource(parse_address("0"), CameraConfig(), **options)
    source.open()
    return source


def test_camera_that_is_not_there() -> None:
    source = CameraSource(parse_address("97"), CameraConfig())
    with pytest.raises(CameraError, match="camera 97 is not there"):
        source.open()
    source.close()


def test_camera_time_is_the_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 10.5, 12.0])
    source = camera(monkeypatch, Device(IMAGE, IMAGE), now=lambda: next(clock))
    assert [source.read().t for _ in range(2)] == [0.5, 2.0]


def test_a_damaged_picture_is_no_lost_camera(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source = camera(monkeypatch, Device(cv2.error("truncated"), None, IMAGE))
    assert source.read().image.shape == (48, 64, 3)
    caplog.clear()


def test_a_grey_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    source = camera(monkeypatch, Device(IMAGE[..., 0], IMAGE[..., 0]))
    for _ in range(2):
        assert (source.read().image == IMAGE).all()


def test_a_picture_that_was_not_written_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    source = camera(monkeypatch, Device(UNWRITTEN, IMAGE, UNWRITTEN, UNWRITTEN, IMAGE))
    for _ in range(2):
        assert (source.read().image == IMAGE).all()
    with pytest.raises(CameraError, match="gives no more pictures"):
        source.read()


def test_every_picture_has_a_buffer_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    source = camera(monkeypatch, Device(IMAGE, IMAGE + 1, IMAGE + 2))
    pictures = [source.read().image for _ in range(3)]
    assert [int(picture[0, 0, 0]) for picture in pictures] == [90, 91, 92]


def test_a_camera_without_pictures_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device()
    source = camera(monkeypatch, device)
    with pytest.raises(CameraError, match="camera 0 gives no more pictures"):
        source.read()
    source.close()
    assert device.released


def test_a_camera_that_claims_two_gigabytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device(size_wh=(32768, 21845))
    with pytest.raises(CameraError, match="claims pictures of 32768 x 21845"):
        camera(monkeypatch, device)
    assert device.released


@pytest.mark.parametrize(
    ("rate", "claimed"),
    [(30.0, 30.0), (0.0, None), (-1.0, None), (1e6, None), (float("nan"), None)],
)
def test_what_a_camera_claims_is_known_once_it_is_open(
    rate: float, claimed: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Device(IMAGE)
    device.rate = rate
    source = camera(monkeypatch, device)
    assert source.claim is not None
    assert (source.claim.size_wh, source.claim.rate) == ((64, 48), claimed)


def test_pictures_that_could_not_be_shown_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    source = camera(monkeypatch, Device(IMAGE, UNWRITTEN, None, IMAGE))
    source.read()
    assert source.failed == 0
    source.read()
    assert source.failed == 2
