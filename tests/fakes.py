"""Small stand-ins for the parts that need a camera, a network or a disk, and makers of records with
sensible values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from monitor.camera.address import Address
from monitor.camera.recorded import Recorded
from monitor.camera.source import Picture
from monitor.camera.turn import UPRIGHT
from monitor.errors import CameraError, StoreError
from monitor.faces.classify import STATES
from monitor.records import Detections, Frame, MaskState, Sighting, Visit, Watch, WatchState
from monitor.storage.store import Store

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MASKED = np.array([0.98, 0.01, 0.01], np.float32)
UNMASKED = np.array([0.01, 0.98, 0.01], np.float32)
INCORRECT = np.array([0.01, 0.01, 0.98], np.float32)
UNDECIDED = np.array([0.34, 0.33, 0.33], np.float32)


class FakeClock:
    """A clock that goes when it is told to."""

    def __init__(self, t: float = 100.0) -> None:
        self.t = t

    def __call__(self) -> float:
        return self.t


class FakeSource:
    """Gives pictures from memory. An exception among them is raised; `opens` says which openings
    fail.
    """

    def __init__(
        self,
        pictures: Iterable[Picture | Exception] = (),
        *,
        live: bool = False,
        stills: bool = False,
        name: str = "fake",
    ) -> None:
        self.name, self.live, self.stills = name, live, stills
        self.address: Address | None = None
        self.recorded: Recorded | None = None
        self.turn = UPRIGHT
        self.pictures = list(pictures)
        self.open_errors: list[CameraError | None] = []
        self.opened = self.closed = 0
        self.next: Callable[[], Picture | None] | None = None  # asked when `pictures` is empty

    def open(self) -> None:
        self.opened += 1
        error = self.open_errors.pop(0) if self.open_errors else None
        if error is not None:
            raise error

    def read(self) -> Picture | None:
        if not self.pictures:
            return self.next() if self.next is not None else None
        picture = self.pictures.pop(0)
        if isinstance(picture, Exception):
            raise picture
        return picture

    def close(self) -> None:
        self.closed += 1


class FakeDetector:
    """Finds what it was told to, call by call; the last answer repeats."""

    name = "fake detector"

    def __init__(self, answers: Sequence[Detections | Exception]) -> None:
        self._answers = list(answers)
        self.smallest: list[float] = []  # what each call was told of the smallest face that matters

    def detect(self, image_bgr: np.ndarray[Any, Any], smallest_px: float = 0) -> Detections:
        self.smallest.append(smallest_px)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def detect_still(self, image_bgr: np.ndarray[Any, Any], smallest_px: float = 0) -> Detections:
        return self.detect(image_bgr, smallest_px)


class FakeNetwork:
    """Answers every ROI with the same row; remembers the batches."""

    backend = "fake"

    def __init__(
        self, row: Sequence[float] = (0.1, 0.7, 0.2), card: dict[str, Any] | None = None
    ) -> None:
        self.row = np.asarray(row, np.float32)
        self.card = mask_card() if card is None else card
        self.batches: list[tuple[int, ...]] = []

    def __call__(self, batch: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        self.batches.append(batch.shape)
        return np.tile(self.row, (len(batch), 1))


class FakeClassifier:
    """Gives the probabilities that it is told to, frame by frame; the last answer repeats."""

    name, backend, size = "fake_v1", "fake", 4

    def __init__(self, answers: Sequence[np.ndarray[Any, Any]] = (UNMASKED,)) -> None:
        self._answers = list(answers)
        self.batches: list[int] = []  # faces in each call

    def rois(
        self, image_bgr: np.ndarray[Any, Any], boxes: np.ndarray[Any, Any]
    ) -> np.ndarray[Any, Any]:
        return np.zeros((len(boxes), self.size, self.size, 3), np.float32)

    def probabilities(self, rois: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        self.batches.append(len(rois))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return np.tile(answer, (len(rois), 1)).astype(np.float32).reshape(-1, len(STATES))


class FailingStore(Store):
    """A real store that refuses every write while `broken` is set."""

    broken = False

    def _refuse(self) -> None:
        if self.broken:
            raise StoreError("the store cannot be written (fake): mend it")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self._refuse()
        super().save(*args, **kwargs)

    def correct(self, *args: Any, **kwargs: Any) -> None:
        self._refuse()
        super().correct(*args, **kwargs)

    def annotate(self, *args: Any, **kwargs: Any) -> None:
        self._refuse()
        super().annotate(*args, **kwargs)

    def purge_some(self, *args: Any, **kwargs: Any) -> int:
        self._refuse()
        return super().purge_some(*args, **kwargs)


def mask_card(**changes: Any) -> dict[str, Any]:
    """A mask model's card."""
    card: dict[str, Any] = {
        "name": "fake_v1",
        "task": "mask",
        "classes": ["masked", "unmasked", "incorrect"],
        "input": {"size": 16, "margin": 0.25, "colour": "RGB", "range": [-1, 1], "layout": "NHWC"},
        "files": {},
    }
    return card | changes


def found(*boxes: Sequence[float], confidence: float | Sequence[float] = 0.95) -> Detections:
    """Detections from boxes x_min, y_min, x_max, y_max."""
    array = np.asarray(boxes, np.float32).reshape(-1, 4)
    return Detections(
        array, np.broadcast_to(np.asarray(confidence, np.float32), (len(array),)).copy()
    )


def face_at(x: float, y: float = 100, size: float = 80) -> tuple[float, float, float, float]:
    """A square box by its middle."""
    return (x - size / 2, y - size / 2, x + size / 2, y + size / 2)


def picture(t: float = 0.0, file: str | None = None, grey: int = 128) -> Picture:
    return Picture(np.full((48, 64, 3), grey, np.uint8), t, file)


def frame(
    t: float = 0.0,
    *,
    index: int = 0,
    camera: str = "door",
    wall: datetime | None = None,
    **changes: Any,
) -> Frame:
    """A grey frame."""
    values: dict[str, Any] = {
        "pixels": np.full((480, 640, 3), 128, np.uint8),
        "index": index,
        "t": t,
        "captured_at": t,
        "wall_time": wall or NOON + timedelta(seconds=t),
        "camera": camera,
    }
    return Frame(**values | changes)


def visit(number: int = 1, state: MaskState = MaskState.UNMASKED, **changes: Any) -> Visit:
    values = Visit(
        f"shift-v{number}", "door", NOON, NOON + timedelta(seconds=3), state, shift_id="shift"
    )
    return dataclasses.replace(values, **changes)


def sighting(number: int = 1, **changes: Any) -> Sighting:
    values = Sighting(
        sighting_id=f"shift-v{number}-s1",
        camera="door",
        visit_id=f"shift-v{number}",
        first_seen=NOON,
        last_seen=NOON + timedelta(seconds=2),
        seconds_unmasked=2.0,
        worst_state=MaskState.UNMASKED,
        final_state=MaskState.UNMASKED,
        confidence=0.97,
        identity=None,
        model="fake_v1",
        shift_id="shift",
    )
    return dataclasses.replace(values, **changes)


def watch(number: int, state: WatchState = WatchState.LIVE, **changes: Any) -> Watch:
    """An interval of a minute from noon on."""
    made = Watch(
        watch_id=f"shift-w{number}",
        camera="door",
        state=state,
        began=NOON,
        ended=NOON + timedelta(minutes=1),
        shift_id="shift",
    )
    return dataclasses.replace(made, **changes)
