"""Housekeeping goes by the clock: a camera that never pauses does not put it off."""

from __future__ import annotations

import threading
from collections import deque
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import FakeClassifier, FakeClock, face_at, found, frame, visit

from monitor.analysis.pipeline import Pipeline
from monitor.analysis.worker import InferenceThread, Parts
from monitor.config import load_config
from monitor.records import Detections, Frame, Update
from monitor.storage.ledger import PURGE_EVERY_S, Ledger
from monitor.storage.store import Store

SETTINGS = load_config(None, {"classify": {"unsure_face_px": 0}})
BRIGHT, DARK = np.full((48, 64, 3), 200, np.uint8), np.zeros((48, 64, 3), np.uint8)


class InTheLight:
    """Somebody is in every bright picture."""

    name = "in the light"

    def detect(self, image_bgr: np.ndarray[Any, Any], smallest_px: float = 0) -> Detections:
        return found(face_at(20, 10, 10)) if image_bgr[0, 0, 0] else found()


class Busy:
    """A slot where a picture of a lively camera always waits; the clock goes on as it is taken.
    Another camera stands beside it, with somebody before it, until it freezes.
    """

    def __init__(
        self, clock: FakeClock, every_s: float, number: int, freezes_at: float = -1.0
    ) -> None:
        self._clock, self._every_s, self._left = clock, every_s, number
        self._freezes_at = freezes_at
        self.empty = threading.Event()

    def take_all(self, timeout_s: float) -> list[Frame]:
        if self._left == 0:
            self.empty.wait()  # no idle moment, even now
            return []
        self._left -= 1
        self._clock.t += self._every_s
        t, given = self._clock.t, []
        if t < self._freezes_at:
            given.append(frame(t, camera="frozen", pixels=BRIGHT))
        return [*given, frame(t, camera="lively", pixels=DARK)]

    @property
    def at_the_end(self) -> bool:
        return self._left == 0


def last_update(path: Path, frames: Busy, clock: FakeClock, retention_days: int = 0) -> Update:
    """What the books say as the last picture was worked on, before they are closed."""
    done, updates = threading.Event(), deque[Update](maxlen=1)

    def build() -> Parts:
        pipeline = Pipeline(InTheLight(), FakeClassifier(), SETTINGS, "shift")  # type: ignore[arg-type]
        store = Store(f"sqlite:///{path}")
        ledger = Ledger(store, "shift", retention_days=retention_days, now=clock)
        return Parts(pipeline, ledger, "fake")

    def on_update(update: Update) -> None:
        if not done.is_set():
            updates.append(update)
            if frames.at_the_end:
                done.set()

    thread = InferenceThread(build, frames, on_update, now=clock)  # type: ignore[arg-type]
    thread.start()
    assert done.wait(1000), thread.message
    thread.stop()
    frames.empty.set()
    thread.join(20)
    return updates[0]


@pytest.mark.parametrize(
    "rate", [0.1, pytest.param(30, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
)
def test_a_day_without_a_pause_is_purged_every_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: float
) -> None:
    clock, purged = FakeClock(0.0), []
    real = Store.purge_some

    def noted(store: Store, before: datetime) -> int:
        purged.append(clock.t)
        return real(store, before)

    monkeypatch.setattr(Store, "purge_some", noted)
    old = datetime.now(UTC) - timedelta(days=31)
    store = Store(f"sqlite:///{tmp_path / 'm.db'}")
    for days in range(1, 30):  # the desk was at work
        store.begin_shift(f"before {days}", datetime.now(UTC) - timedelta(days=days))
    store.save([visit(1, first_seen=old, last_seen=old)], [])
    store.close()
    last_update(tmp_path / "m.db", Busy(clock, 1 / rate, round(24 * 3600 * rate)), clock, 30)
    gaps = [later - one for one, later in pairwise(purged)]
    assert len(purged) >= 24
    assert max(gaps) <= PURGE_EVERY_S + 1 / rate + 0.2
    store = Store(f"sqlite:///{tmp_path / 'm.db'}")
    assert store.read_visits() == []
    store.close()


def test_a_frozen_camera_beside_a_lively_one(tmp_path: Path) -> None:
    """Whoever stood before the camera as it froze has left: visit and sighting end."""
    clock = FakeClock(1000.0)
    frames = Busy(clock, 0.05, 1600, freezes_at=1005.0)
    at_the_end = last_update(tmp_path / "m.db", frames, clock)
    assert at_the_end.count.unmasked == 1
    assert [sighting.open for sighting in at_the_end.sightings] == [False]
