"""Faces that are kept for learning: only where `learning.collect` is on, only of visits that the
receptionist corrected or confirmed, and of folders that somebody judged by hand.

Each is a JPEG named by its SHA-256 and a small JSON file beside it. The JPEG shows the face's
square with a rim, so that the classifier's own crop can be cut from it with other margins.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from monitor.errors import StoreError
from monitor.faces.boxes import crop_square
from monitor.files import read_file, write_whole
from monitor.learning.places import Places
from monitor.records import FloatArray, Image

log = logging.getLogger(__name__)

LABELS = ("masked", "unmasked", "incorrect", "no person")  # what can be said of a face
RIM = 0.6  # added to the longer side of the box; the classifier's own crop takes 0.2
SIDE_MAX = 192  # px
QUALITY = 95  # of the JPEG
JPEG_MAX, ABOUT_MAX = 2**20, 2**14  # bytes


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a kept face."""

    label: str  # of LABELS
    by: str  # who said so
    said: datetime  # when, aware
    taken: datetime  # when the picture was taken, aware
    box: tuple[float, float, float, float]  # xyxy in the JPEG
    face_px: float  # longer side of the box in the frame as it was read
    camera: str = ""
    visit_id: str = ""
    model: str = ""  # that judged it then
    state: str = ""  # what that said
    confidence: float = 0.0  # and how surely


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept face."""

    sha256: str  # of the JPEG
    about: About


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A face cut out of a frame, ready to be kept."""

    jpeg: bytes
    box: tuple[float, float, float, float]  # xyxy in the JPEG
    face_px: float

    @property
    def sha256(self) -> str:
        """What it is called on the disk."""
        return hashlib.sha256(self.jpeg).hexdigest()


def cut(image_bgr: Image, xyxy: FloatArray) -> Cut:
    """The square round a face with its rim, in its own resolution up to `SIDE_MAX`."""
    x0, y0, x1, y1 = (float(v) for v in xyxy)
    longer = max(x1 - x0, y1 - y0, 1.0)
    side = min(SIDE_MAX, max(8, round(longer * (1 + RIM))))
    good, jpeg = cv2.imencode(
        ".jpg", crop_square(image_bgr, xyxy, RIM, side), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    )
    assert good
    scale = side / (longer * (1 + RIM))
    half_w, half_h = (x1 - x0) * scale / 2, (y1 - y0) * scale / 2
    middle = side / 2
    box = (middle - half_w, middle - half_h, middle + half_w, middle + half_h)
    return Cut(jpeg.tobytes(), box, longer)


class KeptFaces:
    """The folder of kept faces. Any thread; each call stands alone."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def keep(self, cutting: Cut, about: About) -> Kept:
        """Write a face; what was said of the same picture before is replaced.

        Raises:
            StoreError: If it cannot be written; nothing is then kept of it.
        """
        folder = self._places.made(self._places.faces)
        sha = cutting.sha256
        try:
            write_whole(folder / f"{sha}.jpg", cutting.jpeg)
            write_whole(folder / f"{sha}.json", _written(about))
        except OSError as error:
            with contextlib.suppress(OSError):
                (folder / f"{sha}.jpg").unlink()
            raise StoreError(
                f"a face for learning cannot be kept ({error.strerror}): free the disk"
            ) from None
        return Kept(sha, about)

    def all(self) -> list[Kept]:
        """All faces, oldest first. One that cannot be read is left out, and told in the log."""
        found = [kept for path in self._abouts() if (kept := _read(path)) is not None]
        return sorted(found, key=lambda kept: (kept.about.taken, kept.sha256))

    def picture(self, sha256: str) -> Image:
        """(H, W, 3) uint8 BGR.

        Raises:
            StoreError: If it is gone, or its bytes are others than its name says.
        """
        path = self._places.faces / f"{sha256}.jpg"
        try:
            content = read_file(path, JPEG_MAX)
        except OSError as error:
            raise StoreError(
                f"the kept face {sha256[:12]} cannot be read ({error.strerror})"
            ) from None
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        if hashlib.sha256(content).hexdigest() != sha256 or image is None:
            raise StoreError(f"the kept face {sha256[:12]} is damaged: delete it")
        return image  # type: ignore[return-value]

    def remove(self, which: Callable[[Kept], bool]) -> list[str]:
        """Delete faces. Returns their SHA-256; those are to leave the data sets, too (see
        `manifest.withdraw`).

        Raises:
            StoreError: If one cannot be deleted.
        """
        return self.delete([kept.sha256 for kept in self.all() if which(kept)])

    def delete(self, names: Collection[str]) -> list[str]:
        """
        Raises:
            StoreError: If one cannot be deleted.
        """
        try:
            for sha in names:
                for ending in (".jpg", ".json"):
                    (self._places.faces / f"{sha}{ending}").unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(
                f"a kept face cannot be deleted ({error.strerror}): delete {self._places.faces} by "
                f"hand"
            ) from None
        return list(names)

    def remove_older(self, before: datetime) -> list[str]:
        """Delete what was kept before a time, and what a stopped program has left. A picture out of
        a folder may be older than that; its time is when it was judged.
        """
        names = self.remove(
            lambda kept: (kept.about.taken if kept.about.visit_id else kept.about.said) < before
        )
        whole = {path.stem for path in self._abouts()}
        folder = self._places.faces
        for path in [*folder.glob("*.jpg"), *folder.glob(".*.tmp")] if folder.is_dir() else []:
            with contextlib.suppress(OSError):
                old = path.stat().st_mtime < before.timestamp()
                if old and path.stem not in whole:
                    path.unlink()
        return names

    def _abouts(self) -> Iterator[Path]:
        return self._places.faces.glob("*.json") if self._places.faces.is_dir() else iter(())


def _written(about: About) -> bytes:
    values = asdict(about)
    for name in ("said", "taken"):
        values[name] = values[name].astimezone(UTC).isoformat()
    return json.dumps(values, ensure_ascii=False).encode()


def _read(path: Path) -> Kept | None:
    try:
        values = json.loads(read_file(path, ABOUT_MAX))
        for name in ("said", "taken"):
            values[name] = datetime.fromisoformat(values[name])
        values["box"] = tuple(float(v) for v in values["box"])
        about = About(**{field.name: values[field.name] for field in fields(About)})
        if about.label not in LABELS or len(about.box) != 4:
            raise ValueError(f"label {about.label!r}")
    except FileNotFoundError:  # deleted a moment ago
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("the kept face %s is left out (%s): delete it", path.stem[:12], error)
        return None
    return Kept(path.stem, about)
