"""A USB camera, by the number that the system gave it."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from monitor.camera.address import Address
from monitor.camera.live import LiveSource
from monitor.camera.pictures import to_bgr
from monitor.camera.source import Picture, claim_of
from monitor.config import CameraConfig
from monitor.declared import SourceInfo
from monitor.errors import CameraError, CameraMistakeError
from monitor.records import Image

log = logging.getLogger(__name__)

# One lost picture is no lost camera.
FAILED_READS_MAX = 10
FRAME_PIXELS_MAX = 8192 * 4320  # 8K; no webcam gives more, and three times as many bytes are taken
MARKS = 16  # signs along each side of a buffer, to tell whether it was written

SOURCE = SourceInfo(title="Camera", line="camera number")


def make(what: Address, config: CameraConfig) -> CameraSource:
    return CameraSource(what, config)


class CameraSource(LiveSource):
    """A camera by its number."""

    def __init__(
        self, address: Address, config: CameraConfig, now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(address, config, now)
        self._capture: cv2.VideoCapture | None = None
        self._shape: tuple[int, ...] | None = None  # of the last picture

    def open(self) -> None:
        self.close()
        self._capture = cv2.VideoCapture(int(self._url), *self._backend())
        for prop, value in (
            (cv2.CAP_PROP_FRAME_WIDTH, self._config.width),
            (cv2.CAP_PROP_FRAME_HEIGHT, self._config.height),
        ):
            if value:
                self._capture.set(prop, value)
        if not self._capture.isOpened():
            self.close()
            raise self._why_not()
        width, height = (
            max(1, round(self._capture.get(size)))
            for size in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        self._shape = (height, width, 3)
        self.claim = claim_of((width, height), self._capture.get(cv2.CAP_PROP_FPS))
        if width * height > FRAME_PIXELS_MAX:
            self.close()
            raise CameraError(
                f"{self.name} claims pictures of {width} x {height}: set camera.width and "
                f"camera.height, or unplug it and plug it in again"
            )

    @staticmethod
    def _backend() -> tuple[int, ...]:
        """Windows opens DirectShow cameras in a second, Media Foundation ones in up to a minute."""
        return (cv2.CAP_DSHOW,) if sys.platform == "win32" else ()

    def _why_not(self) -> CameraError:
        device = Path(f"/dev/video{self._url}")
        if sys.platform == "linux" and device.exists():
            if not os.access(device, os.R_OK | os.W_OK):
                return CameraMistakeError(
                    f"{self.name} may not be used by this user: run `sudo usermod -aG video "
                    f"$USER` and log in again"
                )
            return CameraError(
                f"{self.name} is busy or gives no pictures: close other programs that use it, "
                f"or unplug it and plug it in again"
            )
        return CameraMistakeError(
            f"{self.name} is not there: plug it in, or choose another one from `python main.py "
            f"cameras`"
        )

    def close(self) -> None:
        # During a `read` of another thread this would crash the process.
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _grab(self) -> Image | None:
        """The next picture as BGR, or None."""
        if self._capture is None:
            return None
        # OpenCV may say that it read a picture and leave the buffer as it was: a sign that is still
        # there afterwards tells.
        buffer = None if self._shape is None else _marked(self._shape)
        try:
            good, image = self._capture.read(buffer)
        except cv2.error as error:  # a truncated frame
            log.warning("%s: a damaged picture was skipped (%s)", self, error.err)
            return None
        if not good or image is None or not image.size:
            return None
        if buffer is not None and image is buffer and _is_marked(buffer):
            log.debug("%s: a picture was not written", self)
            return None
        self._shape = image.shape if image.dtype == np.uint8 else None
        return to_bgr(image)

    def read(self) -> Picture:
        for _ in range(FAILED_READS_MAX):
            image = self._grab()
            if image is not None:
                return Picture(image, self._now() - self._start)
            self.failed += 1
        raise CameraError(f"{self.name} gives no more pictures: check its cable")


def _marked(shape: tuple[int, ...]) -> Image:
    """A buffer with signs that no picture has."""
    buffer: Image = np.empty(shape, np.uint8)
    signs = _signs(buffer)
    signs[...] = _pattern(signs)
    return buffer


def _is_marked(buffer: Image) -> bool:
    signs = _signs(buffer)
    return bool((signs == _pattern(signs)).all())


def _signs(buffer: Image) -> Image:
    height, width = buffer.shape[:2]
    return buffer[:: max(1, height // MARKS), :: max(1, width // MARKS)]


def _pattern(signs: Image) -> Image:
    return (np.arange(signs.size) * 151 + 77).astype(np.uint8).reshape(signs.shape)
