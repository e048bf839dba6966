"""A desk at work: the capture and inference threads with real books, and a witness that checks each
word against the store.
"""

from __future__ import annotations

import contextlib
import csv
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from fakes import UNMASKED, FakeClassifier, FakeSource, face_at, found, picture

from monitor.analysis.pipeline import Pipeline
from monitor.analysis.worker import InferenceThread, Parts
from monitor.app import RunOptions, build_parts
from monitor.camera.capture import CaptureThread
from monitor.camera.slot import LatestSlot
from monitor.camera.source import FrameSource
from monitor.config import Config, load_config
from monitor.records import (
    Detections,
    Frame,
    FrameResult,
    Sighting,
    SourceState,
    SourceStatus,
    Update,
    Visit,
    WorkerState,
)
from monitor.storage.csv_log import CsvLog
from monitor.storage.events import EventLog
from monitor.storage.ledger import Ledger
from monitor.storage.outputs import Outputs
from monitor.storage.shifts import new_shift_id
from monitor.storage.store import Store

WAIT_S = 30.0
QUICK = {
    "camera": {
        "open_timeout_s": 1.0,
        "read_timeout_s": 1.0,
        "stall_after_s": 0.4,
        "retry_max_s": 1.0,
    },
    "detect": {"every_s": 0, "idle_every_s": 0},
    "track": {"confirm_s": 0, "confirm_hits": 1, "lost_after_s": 0.2},
    "vote": {"evidence_min": 0},
    "classify": {"unsure_face_px": 0},
    "sighting": {"alert_after_s": 0.1},
}
NOBODY = found()


class Stage:
    """A detector that finds who is on the stage."""

    name = "stage"

    def __init__(self, people: Detections = NOBODY) -> None:
        self.people = people
        # of the pictures that were searched, where they changed
        self.shapes: list[tuple[int, ...]] = []

    def detect(self, image_bgr: np.ndarray[Any, Any], smallest_px: float = 0) -> Detections:
        if self.shapes[-1:] != [image_bgr.shape]:
            self.shapes.append(image_bgr.shape)
        return self.people

    def enter(self) -> None:
        self.people = found(face_at(50, 50, 40))

    def leave(self) -> None:
        self.people = NOBODY


class Desk:
    """Runs the two threads of the program on one source.

    Args:
        folder: Where store, CSV and events lie.
        stage: Who is there; None: the real networks look.
    """

    def __init__(
        self, folder: Path, stage: Stage | None = None, changes: dict[str, dict[str, Any]] = QUICK
    ) -> None:
        self.stage = stage or Stage()
        self._real = stage is None
        self.store_path = folder / "m.db"
        self.csv_path = folder / "s.csv"
        self.events_path = folder / "e.jsonl"
        self.url = f"sqlite:///{self.store_path}"
        self.config: Config = load_config(None, changes | {"store": {"url": self.url}})
        self.statuses: list[SourceStatus] = []
        self._looked_at = 0  # statuses before this one were waited for
        self.updates = 0
        self.last: Update | None = None
        self.result: FrameResult | None = None  # of the last frame that was worked on
        self.problems: list[str] = []  # what `Update.problem` said, where it changed
        self.told: dict[str, bool] = {}  # sighting -> whether it is open, as shown last
        # what was shown as logged and was not in the store at that moment
        self.lies: list[str] = []
        self.states: list[tuple[WorkerState, str]] = []
        self._changed = threading.Condition()
        self.frames: LatestSlot[Frame] = LatestSlot()
        self.worker = InferenceThread(self._build, self.frames, self._on_update, self._on_state)
        self.capture: CaptureThread | None = None

    def open(self, source: FrameSource) -> Desk:
        """Start both threads."""
        self.start()
        self.capture = CaptureThread(
            source, self.frames, self.config.camera, on_status=self._on_status
        )
        self.capture.start()
        return self

    def start(self) -> Desk:
        """Start the inference thread alone and wait until it is ready or has failed."""
        self.worker.start()
        self.wait(lambda: self.states)
        return self

    def close(self) -> None:
        """End both threads; the books are closed afterwards."""
        if self.capture is not None:
            self.capture.stop()
            self.capture.join(WAIT_S)
        self.worker.stop()
        if self.worker.ident is not None:
            self.worker.join(WAIT_S)

    # What the threads say

    def _build(self) -> Parts:
        if self._real:
            return build_parts(
                RunOptions(
                    config=self.config,
                    csv=self.csv_path,
                    events=self.events_path,
                    into_store=True,
                )
            )
        shift_id = new_shift_id(datetime.now(UTC))
        pipeline = Pipeline(self.stage, FakeClassifier((UNMASKED,)), self.config, shift_id)  # type: ignore[arg-type]
        store = Store(self.url)
        outputs = Outputs(CsvLog(self.csv_path), EventLog(self.events_path))
        return Parts(pipeline, Ledger(store, shift_id, outputs), "fake")

    def _on_update(self, update: Update) -> None:
        with self._changed:
            for sighting in update.sightings:
                if self.told.get(sighting.sighting_id) != sighting.open:
                    self._check_told(sighting)
                    self.told[sighting.sighting_id] = sighting.open
            if self.problems[-1:] != [update.problem] and (update.problem or self.problems):
                self.problems.append(update.problem)
            self.updates += 1
            self.last = update
            self.result = update.result or self.result
            self._changed.notify_all()

    def _check_told(self, sighting: Sighting) -> None:
        """Another connection sees what was committed, and nothing else."""
        if self.stored().get(sighting.sighting_id) != sighting.open:
            self.lies.append(sighting.sighting_id)

    def _on_state(self, state: WorkerState, message: str) -> None:
        with self._changed:
            self.states.append((state, message))
            self._changed.notify_all()

    def _on_status(self, status: SourceStatus) -> None:
        with self._changed:
            self.statuses.append(status)
            self._changed.notify_all()

    # Waiting

    def wait(self, condition: Callable[[], object]) -> None:
        with self._changed:
            good = self._changed.wait_for(condition, WAIT_S)
        assert good, (self.states, self.statuses[-5:], self.problems, self.told, self.updates)

    def wait_source(self, state: SourceState, words: str = "") -> SourceStatus:
        """Wait for the next status of that kind after the one that was last waited for."""

        def there() -> list[int]:
            later = range(self._looked_at, len(self.statuses))
            return [
                i
                for i in later
                if self.statuses[i].state is state and words in self.statuses[i].message
            ]

        self.wait(there)
        self._looked_at = there()[0] + 1
        return self.statuses[self._looked_at - 1]

    def wait_stalled(self) -> SourceStatus:
        """A stall is no event: the window asks for it twice a second, as this does more often."""
        assert self.capture is not None
        limit = time.monotonic() + WAIT_S
        while (status := self.capture.status()).state is not SourceState.STALLED:
            assert time.monotonic() < limit, self.statuses[-5:]
            threading.Event().wait(0.02)
        return status

    def wait_pictures(self, more: int = 3) -> None:
        """Wait until so many more frames were worked on."""
        seen = self.updates
        self.wait(lambda: self.updates >= seen + more)

    def wait_seconds(self, seconds: float) -> None:
        """Wait until the source's own time has gone on for so long."""
        self.wait(lambda: self.result is not None)
        ends = self._t() + seconds
        self.wait(lambda: self._t() >= ends)

    def _t(self) -> float:
        """Of the last frame that was worked on."""
        return self.result.frame.t if self.result is not None else 0.0

    def wait_told(self, opened: int = 0, ended: int = 0) -> None:
        """Wait until so many sightings were shown at all, and so many of them as ended."""
        self.wait(
            lambda: len(self.told) >= opened and sum(not o for o in self.told.values()) >= ended
        )

    def wait_problem(self, *words: str) -> str:
        """Wait until the problem line holds one of the words."""
        self.wait(lambda: self.problems and any(word in self.problems[-1] for word in words))
        assert "\n" not in self.problems[-1]
        return self.problems[-1]

    def wait_mended(self) -> None:
        self.wait(lambda: self.problems and self.problems[-1] == "")

    # The books

    def stored(self) -> dict[str, bool]:
        """Sighting -> whether it is open, as the file has it now; read without the program's own
        code, as it runs.
        """
        with contextlib.closing(sqlite3.connect(self.store_path)) as connection:
            return {
                key: bool(is_open)
                for key, is_open in connection.execute("SELECT sighting_id, open FROM sightings")
            }

    def sightings(self) -> dict[str, Sighting]:
        return {s.sighting_id: s for s in self._read(Store.read_sightings)}

    def visits(self) -> list[Visit]:
        return self._read(Store.read_visits)

    def _read(self, read: Callable[[Store], list[Any]]) -> list[Any]:
        store = Store(self.url)
        try:
            return read(store)
        finally:
            store.close()

    def rows(self) -> list[dict[str, str]]:
        with self.csv_path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def lines(self) -> list[dict[str, Any]]:
        return [
            json.loads(line) for line in self.events_path.read_text(encoding="utf-8").splitlines()
        ]

    def check_books(self, *, sightings: int, missing_rows: Sequence[str] = ()) -> None:
        """After `close`: every word that was shown is in the store, every ended sighting in the
        CSV, once.
        """
        assert self.lies == []
        assert all(state is not WorkerState.FAILED for state, _ in self.states), self.states
        stored = self.sightings()
        assert len(stored) == sightings
        assert {key: s.open for key, s in stored.items()} == self.told
        assert not any(self.told.values())
        assert sorted(row["sighting_id"] for row in self.rows()) == sorted(
            set(self.told) - set(missing_rows)
        )
        visits = self.visits()
        assert not any(visit.open for visit in visits)
        assert {s.visit_id for s in stored.values()} <= {visit.visit_id for visit in visits}
        assert self.last is not None
        count = self.last.count
        assert len(visits) == count.masked + count.unmasked + count.incorrect + count.unsure


def endless() -> FakeSource:
    """Pictures at a camera's pace, for ever."""
    source = FakeSource(live=True)
    times = iter(range(10**9))
    pause = threading.Event()

    def read() -> object:
        pause.wait(0.02)
        return picture(next(times) * 0.02)

    source.next = read  # type: ignore[assignment]
    return source
