"""What a camera shows day by day, so that one which was turned or pushed is told: the slopes of its
background, median of a minute, 32 x 24 pixels small. Nobody can be known in it.

Light changes all day, and so do doors and chairs: the scenes of the day before are kept for each
stretch of some hours, and moved is what is like none of them for some minutes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import cv2
import numpy as np

from monitor.data_folder import data_folder
from monitor.errand import ANSWER_S, Errand
from monitor.errors import StoreError
from monitor.files import within
from monitor.records import FloatArray, Image

log = logging.getLogger(__name__)

WIDTH, HEIGHT = 32, 24  # px of what is kept
SAMPLE_EVERY_S, SAMPLES = 2.0, 30  # of one median
STRETCH_H = 3  # hours of a day that share a scene
MOVED_MINUTES = 3  # medians in a row
# How alike two scenes are, -1 to 1. In the clips of ../shared/data/videos whose camera stands, the
# two halves of one are so by 0.27 or more, though people fill half of some; pushed aside by a fifth
# of the picture, by 0.11 or less; of two clips, 90 of 100 pairs by less than 0.06.
UNLIKE_BELOW = 0.2
SLOPE = 3.0  # grey levels a pixel: stronger slopes count as much, so that no lamp decides alone
FILE_BYTES_MAX = 2**16


@dataclass(slots=True)
class _Kept:
    """The scenes of the newest day, and of the day before, by stretch."""

    day: date | None = None
    scenes: dict[int, Image] = field(default_factory=dict)
    before: dict[int, Image] = field(default_factory=dict)


class Scenery:
    """Follows one camera; its capture thread calls it, but for `accept`.

    Args:
        camera: Its name.
        folder: Of the file; in the data folder by default.
    """

    def __init__(self, camera: str, folder: Path | None = None) -> None:
        self._camera, self._folder = camera, folder
        self._samples: deque[Image] = deque(maxlen=SAMPLES)
        self._sampled_at = -1e9
        self._kept: _Kept | None = None  # None: not read yet
        self._unlike = 0  # medians in a row
        self._unlike_since: datetime | None = None
        self._accepted = False
        self._disk = Errand()  # writes the file
        self.moved_since: datetime | None = None

    def look(self, grey: Image, at: float, wall: datetime) -> None:
        """Take in a good picture, (H, W) uint8 grey, at `at` (s) of a steady clock and by the clock
        `wall`, aware.
        """
        if self._accepted:
            self._take_for_right()
        if at - self._sampled_at < SAMPLE_EVERY_S:
            return
        if at - self._sampled_at > SAMPLES * SAMPLE_EVERY_S:
            self._samples.clear()
        self._sampled_at = at
        self._samples.append(
            cv2.resize(grey, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.uint8)
        )
        if len(self._samples) == SAMPLES:
            scene = np.median(np.stack(list(self._samples)), axis=0).astype(np.uint8)
            self._samples.clear()
            self._take(scene, wall)

    def accept(self) -> None:
        """What it shows is right, whatever it showed before. Any thread."""
        self._accepted = True

    def _take_for_right(self) -> None:
        self._accepted, self._unlike = False, 0
        self.moved_since = self._unlike_since = None
        self._kept = _Kept()

    def _take(self, scene: Image, wall: datetime) -> None:
        """Compare the scene of a minute with those before, and keep it."""
        if self._kept is None:
            try:
                self._kept = within(lambda: _read(self._path()), Path(self._camera), ANSWER_S)
            except TimeoutError:  # asked again for the next scene
                return
        kept, here = self._kept, wall.astimezone()
        if kept.day is not None and here.date() > kept.day:
            kept.before, kept.scenes = kept.scenes, {}
        if (
            kept.before
            and max(alike(scene, other) for other in kept.before.values()) < UNLIKE_BELOW
        ):
            self._unlike += 1
            self._unlike_since = self._unlike_since or wall
            if self._unlike >= MOVED_MINUTES:
                self.moved_since = self._unlike_since
        else:
            self._unlike = 0
            self.moved_since = self._unlike_since = None
        stretch, new_day = here.hour // STRETCH_H, kept.day != here.date()
        if new_day or stretch not in kept.scenes or self._unlike == MOVED_MINUTES:
            kept.day, kept.scenes[stretch] = here.date(), scene
            self._write(kept)
        kept.scenes[stretch] = scene

    def _path(self) -> Path | None:
        try:
            folder = self._folder or data_folder() / "scenes"
        except StoreError:
            return None
        return folder / f"{hashlib.sha256(self._camera.encode()).hexdigest()[:16]}.json"

    def _write(self, kept: _Kept) -> None:
        """Pictures do not wait for a disk that does not answer."""
        if kept.day is None or not self._disk.settle():
            return
        parts = {name: _texts(getattr(kept, name)) for name in ("scenes", "before")}
        text = json.dumps({"day": kept.day.isoformat(), **parts})

        def write() -> None:
            path = self._path()
            if path is None:
                return
            part = path.with_suffix(".part")
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.write_text(text, encoding="utf-8")
            part.replace(path)

        def written(error: Exception | None) -> None:
            if error is not None:
                log.debug("the scene of %s cannot be kept: %s", self._camera, error)

        self._disk.run(write, written)


def alike(a: Image, b: Image) -> float:
    """How alike the backgrounds of two small grey pictures are, -1 to 1, whatever the light: by
    their slopes across and down, whichever is less alike.
    """
    pairs = zip(_slopes(a), _slopes(b), strict=True)
    return min(
        float((first * second).sum() / (np.linalg.norm(first) * np.linalg.norm(second) + 1e-6))
        for first, second in pairs
    )


def _slopes(scene: Image) -> FloatArray:
    """(2, 24, 32) across and down, each in -1 to 1."""
    soft = cv2.GaussianBlur(scene.astype(np.float32), (0, 0), 0.8)
    across = cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3) / 8
    down = cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3) / 8
    steep = cv2.magnitude(across, down) + SLOPE
    return np.stack([across / steep, down / steep]).astype(np.float32)


def _texts(scenes: dict[int, Image]) -> dict[str, str]:
    return {str(key): base64.b64encode(one.tobytes()).decode() for key, one in scenes.items()}


def _images(texts: object) -> dict[int, Image]:
    if not isinstance(texts, dict):
        raise ValueError("no scenes")
    found = {
        int(key): np.frombuffer(base64.b64decode(text), np.uint8).reshape(HEIGHT, WIDTH)
        for key, text in texts.items()
    }
    _check(list(found))
    return found


def _check(stretches: Sequence[int]) -> None:
    if any(not 0 <= key < 24 // STRETCH_H for key in stretches):
        raise ValueError("no stretch of a day")


def _read(path: Path | None) -> _Kept:
    """What was kept; nothing where that cannot be read: it is learnt anew."""
    try:
        if path is None or path.stat().st_size > FILE_BYTES_MAX:
            return _Kept()
        held = json.loads(path.read_text(encoding="utf-8"))
        return _Kept(
            date.fromisoformat(held["day"]), _images(held["scenes"]), _images(held["before"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return _Kept()
