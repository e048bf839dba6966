"""Where pictures come from: cameras, streams, clips and folders of pictures, all behind one
protocol.

A source is used by one thread alone, from `open` to `close`: OpenCV's `release` during another
thread's `read` crashes the process.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import cv2
import numpy as np

from monitor.config import CameraConfig
from monitor.errors import CameraError
from monitor.records import Image

log = logging.getLogger(__name__)

# A read that fails is tried again on a live source: one lost picture is no lost camera.
FAILED_READS_MAX = 10
PICTURE_BYTES_MAX = 2**28  # no picture that OpenCV's limit of pixels allows is larger
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What a source gives: an image, its time in seconds of the source's own clock, its file name
    for folders.
    """

    image: Image
    t: float
    file: str | None = None


class FrameSource(Protocol):
    """A place that pictures come from."""

    name: str  # for people and for the store; holds no password
    # True: the newest picture counts and time is the clock's. False: every picture counts, time is
    # the recording's
    live: bool
    stills: bool  # True: pictures that have nothing to do with each other

    def open(self) -> None:
        """Open, or open again.

        Raises:
            CameraError: If it cannot be opened.
        """
        ...

    def read(self) -> Picture | None:
        """The next picture; None at the end of a recording.

        Raises:
            CameraError: If a live source gives no pictures any more.
        """
        ...

    def close(self) -> None: ...


def public_name(source: str) -> str:
    """`source` without user, password and query, for screens, logs and files."""
    if "://" not in source:
        return source
    try:
        parts = urlsplit(source)
    except ValueError:  # no address at all; it may hold a password all the same
        return source.split("://")[0] + "://…"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def to_bgr(image: np.ndarray[Any, Any]) -> Image:
    """A grey, 4-channel, 16-bit or BGR picture as (H, W, 3) uint8 BGR."""
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.ndim == 2 or image.shape[2] == 1:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)  # type: ignore[return-value]
    if image.shape[2] == 4:
        return cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)  # type: ignore[return-value]
    return image


class _Capture:
    """What all sources on `cv2.VideoCapture` share."""

    stills = False

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


class CameraSource(_Capture):
    """A camera by its index, or a stream by its URL (RTSP, HTTP)."""

    live = True

    def __init__(
        self, source: str, config: CameraConfig, now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._source, self._config, self._now = source, config, now
        self._start = now()
        self._is_stream = "://" in source
        self.name = public_name(source) if self._is_stream else f"camera {source}"

    def __str__(self) -> str:
        return self.name

    def open(self) -> None:
        self.close()
        if self._is_stream:
            self._capture = cv2.VideoCapture(
                self._source,
                cv2.CAP_FFMPEG,
                [
                    *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(self._config.open_timeout_s * 1000)),
                    *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(self._config.read_timeout_s * 1000)),
                ],
            )
        else:
            self._capture = cv2.VideoCapture(int(self._source), *self._backend())
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
        if self._is_stream:
            return (
                f"stream {self.name} does not answer: check its address, its password and the "
                f"network"
            )
        device = Path(f"/dev/video{self._source}")
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
        for _ in range(FAILED_READS_MAX if not self._is_stream else 1):
            image = self._grab()
            if image is not None:
                return Picture(image, self._now() - self._start)
        raise CameraError(
            f"{self.name} gives no more pictures: check its cable, its power and the network"
        )


def camera_source(source: str, config: CameraConfig) -> CameraSource:
    """
    Raises:
        CameraError: If `source` is neither a camera index nor a stream's URL.
    """
    is_url = (
        source.split("://")[0].lower() in ("rtsp", "rtsps", "http", "https", "rtmp", "udp", "tcp")
        and "://" in source
    )
    if not (is_url or (source.isascii() and source.isdigit() and len(source) < 4)):
        hint = (
            "give a recorded file with --video"
            if Path(source).suffix
            else "see `python main.py cameras`"
        )
        raise CameraError(
            f"--camera {public_name(source)!r} is neither a camera's number nor a stream "
            f"(rtsp://…, http://…): {hint}"
        )
    try:
        urlsplit(source)
    except ValueError:
        raise CameraError(
            f"--camera {public_name(source)!r} is no valid address: write it like "
            f"rtsp://host/stream"
        ) from None
    return CameraSource(source, config)


class ClipSource(_Capture):
    """A recorded file, by its own frame times."""

    live = False

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


class FolderSource:
    """The pictures of a folder and of those below it, in the order of their names."""

    live = False
    stills = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = folder.name or str(folder)
        self._paths: list[Path] = []
        self._next = 0
        self._read = 0
        self._damaged: list[str] = []  # not said yet: where none can be read, one error says it all

    def open(self) -> None:
        if not self._folder.is_dir():
            raise CameraError(f"folder {self._folder} is not there: check the path after --images")
        import imutils.paths  # takes http.client with it, which the way to the window does not need

        self._paths = sorted(
            (Path(p) for p in imutils.paths.list_images(str(self._folder))), key=_natural
        )
        self._next = self._read = 0
        if not self._paths:
            raise CameraError(
                f"folder {self._folder} holds no pictures: give one with JPEG, PNG, BMP or TIFF "
                f"files"
            )

    def read(self) -> Picture | None:
        while self._next < len(self._paths):
            path = self._paths[self._next]
            self._next += 1
            image = read_picture(path)
            if image is None:
                self._damaged.append(path.name)
                continue
            self._say_damaged()
            self._read += 1
            file = path.relative_to(self._folder).as_posix()
            return Picture(image, float(self._read - 1), file)
        if self._read == 0:
            raise CameraError(
                f"none of the {len(self._paths)} pictures in {self._folder} can be read: check the "
                f"files"
            )
        self._say_damaged()
        return None

    def _say_damaged(self) -> None:
        for name in self._damaged:
            log.warning("picture %r cannot be read and was left out", name)
        self._damaged.clear()

    def close(self) -> None:
        self._paths = []


def read_picture(path: Path) -> Image | None:
    """A picture file as BGR; None if it is no picture that can be read.

    Read and decoded in two steps: `cv2.imread` fails on names outside of the system's code page,
    and crashes the process on names that are not UTF-8.
    """
    try:
        # a pipe would be waited for, for ever
        if not path.is_file() or path.stat().st_size > PICTURE_BYTES_MAX:
            return None
        data = np.fromfile(path, np.uint8)
        if data[: len(PNG)].tobytes() == PNG and _overstates(data.tobytes()):
            return None
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    # cv2.error: empty, or a forged header with more pixels than OpenCV allows
    except (OSError, cv2.error):
        return None
    return to_bgr(image) if image is not None else None


def _overstates(png: bytes) -> bool:
    """Whether a chunk of a PNG claims more bytes than the file has: OpenCV would allocate up to 4
    GB for it.
    """
    at = len(PNG)
    while at + 8 <= len(png) and png[at + 4 : at + 8] != b"IEND":
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return at > len(png)


def _natural(path: Path) -> list[tuple[int, int | str]]:
    """Sort key that puts a2.jpg before a10.jpg."""
    return [
        (0, int(part)) if part.isdecimal() else (1, part.lower())
        for part in re.split(r"(\d+)", str(path))
        if part
    ]


def camera_list() -> list[tuple[int, str]]:
    """Index and name of the cameras that the system knows, without opening any."""
    from cv2_enumerate_cameras import enumerate_cameras

    backend = {"win32": cv2.CAP_DSHOW, "darwin": cv2.CAP_AVFOUNDATION}.get(
        sys.platform, cv2.CAP_V4L2
    )
    try:
        return [(camera.index % 100, str(camera.name)) for camera in enumerate_cameras(backend)]
    except (OSError, RuntimeError, ValueError) as error:
        log.warning("the cameras could not be listed: %s", error)
        return []
