"""A folder of pictures, each of which stands alone."""

from __future__ import annotations

import collections
import logging
import os
import re
from pathlib import Path

from monitor.camera.address import Address
from monitor.camera.pictures import NOT_READ, READ, read_picture
from monitor.camera.recorded import Recorded
from monitor.camera.source import Picture
from monitor.camera.turn import UPRIGHT, Turn
from monitor.config import CameraConfig
from monitor.declared import SourceInfo
from monitor.errors import CameraError
from monitor.records import Image

log = logging.getLogger(__name__)

SOURCE = SourceInfo(
    title="Folder of pictures",
    line="pictures, each of which stands alone",
    option="images",
    metavar="DIR",
)


def make(what: Path, config: CameraConfig) -> FolderSource:
    return FolderSource(what)


class FolderSource:
    """The pictures of a folder and of those below it, in the order of their names."""

    live = False
    stills = True
    address: Address | None = None
    recorded: Recorded | None = None
    turn: Turn = UPRIGHT

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = folder.name or str(folder)
        self._paths: list[Path] = []
        self._next = 0
        self._read = 0
        self._unknown: collections.Counter[str] = collections.Counter()  # pictures, by kind
        self._shown: list[Path] = []  # those that were read
        self.times: list[float] = []  # see `Reviewable`
        self.length_s: float | None = None
        self._damaged: list[str] = []  # not said yet: where none can be read, one error says it all

    def open(self) -> None:
        if not os.path.isdir(self._folder):  # no name, however odd, is an error to it
            raise CameraError(f"folder {self._folder} is not there: check the path after --images")
        import imutils.paths  # takes http.client with it, which the way to the window does not need

        found = [
            Path(path)
            for path in imutils.paths.list_files(str(self._folder), validExts=READ + NOT_READ)
        ]
        self._paths = sorted((p for p in found if p.suffix.lower() in READ), key=_natural)
        self._unknown = collections.Counter(
            p.suffix[1:].upper() for p in found if p.suffix.lower() in NOT_READ
        )
        self._next = self._read = 0
        self._shown, self.times, self.length_s = [], [], float(max(0, len(self._paths) - 1))
        if not self._paths and self._unknown:
            raise CameraError(
                f"folder {self._folder} holds {self._kinds()} and nothing that can be read: save "
                f"them as JPEG or PNG"
            )
        if not self._paths:
            raise CameraError(
                f"folder {self._folder} holds no pictures: give one with JPEG, PNG, BMP, TIFF, "
                f"WebP, AVIF or GIF files"
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
            self._shown.append(path)
            self.times.append(float(self._read - 1))
            return self._picture(image, path, self.times[-1])
        if self._read == 0:
            raise CameraError(
                f"none of the {len(self._paths)} pictures in {self._folder} can be read: check the "
                f"files"
            )
        self._say_damaged()
        if self._unknown:
            log.warning("%s cannot be read and were left out: save as JPEG or PNG", self._kinds())
            self._unknown.clear()
        return None

    def _picture(self, image: Image, path: Path, t: float) -> Picture:
        return Picture(image, t, path.relative_to(self._folder).as_posix())

    def read_again(self, number: int) -> Picture | None:
        """See `Reviewable`."""
        if not 0 <= number < len(self._shown):
            return None
        image = read_picture(self._shown[number])
        if image is None:  # it was changed meanwhile
            return None
        return self._picture(image, self._shown[number], self.times[number])

    def glance(self, t: float) -> Picture | None:
        """See `Reviewable`."""
        ahead = self._next + round(t) - self._read
        if not 0 <= ahead < len(self._paths):
            return None
        image = read_picture(self._paths[ahead])
        return None if image is None else self._picture(image, self._paths[ahead], float(round(t)))

    def _kinds(self) -> str:
        return ", ".join(f"{number} {kind}" for kind, number in sorted(self._unknown.items()))

    def _say_damaged(self) -> None:
        for name in self._damaged:
            log.warning("picture %r is damaged, or no picture, and was left out", name)
        self._damaged.clear()

    def close(self) -> None:
        self._paths = []


def _natural(path: Path) -> list[tuple[int, int | str]]:
    """Sort key that puts a2.jpg before a10.jpg."""
    return [
        (0, int(part)) if part.isdecimal() else (1, part.lower())
        for part in re.split(r"(\d+)", str(path))
        if part
    ]
