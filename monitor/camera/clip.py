"""A recorded file."""

from __future__ import annotations

from pathlib import Path

import cv2

from monitor.camera.address import Address
from monitor.camera.source import Picture
from monitor.camera.usb import VideoCapture
from monitor.config import CameraConfig
from monitor.declared import SourceInfo
from monitor.errors import CameraError

SOURCE = SourceInfo(title="Clip", line="recorded file", option="video", metavar="FILE")


def make(what: Path, config: CameraConfig) -> ClipSource:
    return ClipSource(what)


class ClipSource(VideoCapture):
    """A recorded file, by its own frame times."""

    live = False
    address: Address | None = None

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self.name = path.name
        self._t = -1.0
        self._step = 1 / 25

    def __str__(self) -> str:
        return self.name

    def open(self) -> None:
        self.close()
        if not self._path.is_file():
            raise CameraError(f"clip {self._path} is not there: check the path")
        if self._path.stat().st_size == 0:
            raise CameraError(f"clip {self.name} is empty: copy or record it again")
        try:
            self._path.open("rb").close()
        except OSError as error:
            raise CameraError(
                f"clip {self.name} cannot be read ({error.strerror}): check its permissions"
            ) from None
        # FFmpeg "plays" text files as terminal recordings, and reads %d in a name as a series of
        # pictures.
        looks_like_text = _is_text(self._path)
        try:
            str(self._path).encode()
        except UnicodeEncodeError:  # OpenCV crashes on such names
            raise CameraError(
                f"the name of clip {self.name!r} is not valid text: rename the file"
            ) from None
        if not looks_like_text:
            self._capture = cv2.VideoCapture(str(self._path.absolute()), cv2.CAP_FFMPEG)
        if looks_like_text or self._capture is None or not self._capture.isOpened():
            self.close()
            raise CameraError(
                f"{self.name} is not a video that can be read: use MP4, AVI, MKV, WebM or GIF"
            )
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self._step = 1 / rate if 1 <= rate <= 1000 else 1 / 25
        self._t = -self._step

    def read(self) -> Picture | None:
        assert self._capture is not None
        image = self._grab()
        if image is None:
            return None
        t = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if t <= self._t:  # broken time stamps: go by the frame rate
            t = self._t + self._step
        self._t = t
        return Picture(image, t)


def _is_text(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(4096)
    return b"\0" not in start and all(byte >= 32 or byte in b"\t\r\n\f\x1b" for byte in start)
