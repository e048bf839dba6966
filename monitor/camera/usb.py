"""A USB camera, by the number that the system gave it."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from monitor.camera.address import Address
from monitor.camera.pictures import to_bgr
from monitor.camera.source import Picture
from monitor.config import CameraConfig
from monitor.declared import SourceInfo
from monitor.errors import CameraError
from monitor.records import Image

log = logging.getLogger(__name__)

# One lost picture is no lost camera.
FAILED_READS_MAX = 10

SOURCE = SourceInfo(title="Camera", line="camera number")


def make(what: Address, config: CameraConfig) -> CameraSource:
    return CameraSource(what, config)


class VideoCapture:
    """What all sources on `cv2.VideoCapture` share."""

    stills = False
    address: Address | None = None

    def __init__(self) -> None:
        self._capture: cv2.VideoCapture | None = None

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _grab(self) -> Image | None:
        """The next picture as BGR, or None."""
        if self._capture is None:
            return None
        try:
            good, image = self._capture.read()
        except cv2.error as error:  # a truncated frame
            log.warning("%s: a damaged picture was skipped (%s)", self, error.err)
            return None
        return to_bgr(image) if good and image is not None and image.size else None


class CameraSource(VideoCapture):
    """A camera by its number."""

    live = True

    def __init__(
        self, address: Address, config: CameraConfig, now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self.address, self.name, self._number = address, address.name, address.url
        self._config, self._now = config, now
        self._start = now()

    def __str__(self) -> str:
        return self.name

    def open(self) -> None:
        self.close()
        self._capture = cv2.VideoCapture(int(self._number), *self._backend())
        for prop, value in (
            (cv2.CAP_PROP_FRAME_WIDTH, self._config.width),
            (cv2.CAP_PROP_FRAME_HEIGHT, self._config.height),
        ):
            if value:
                self._capture.set(prop, value)
        if not self._capture.isOpened():
            self.close()
            raise CameraError(self._why_not())

    @staticmethod
    def _backend() -> tuple[int, ...]:
        """Windows opens DirectShow cameras in a second, Media Foundation ones in up to a minute."""
        return (cv2.CAP_DSHOW,) if sys.platform == "win32" else ()

    def _why_not(self) -> str:
        device = Path(f"/dev/video{self._number}")
        if sys.platform == "linux" and device.exists():
            if not os.access(device, os.R_OK | os.W_OK):
                return (
                    f"{self.name} may not be used by this user: run `sudo usermod -aG video "
                    f"$USER` and log in again"
                )
            return (
                f"{self.name} is busy or gives no pictures: close other programs that use it, "
                f"or unplug it and plug it in again"
            )
        return (
            f"{self.name} is not there: plug it in, or choose another one from `python main.py "
            f"cameras`"
        )

    def read(self) -> Picture:
        for _ in range(FAILED_READS_MAX):
            image = self._grab()
            if image is not None:
                return Picture(image, self._now() - self._start)
        raise CameraError(f"{self.name} gives no more pictures: check its cable")
