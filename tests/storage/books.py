"""A ledger on a real store, and results to feed it with."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from fakes import FailingStore, FakeClock, face_at, frame, sighting, visit

from monitor.records import Count, Face, FrameResult, MaskState, Sighting, Timings, Visit
from monitor.storage.csv_log import CsvLog
from monitor.storage.ledger import Ledger
from monitor.storage.outputs import Outputs
from monitor.storage.snapshots import Snapshots
from monitor.storage.store import Store
from monitor.storage.totals import OfShift, totals


class Desk:
    """A ledger on a real store, with a clock that is moved by hand."""

    def __init__(
        self, folder: Path, retention_days: int = 0, snapshots: Snapshots | None = None
    ) -> None:
        self.path = folder / "monitor.db"
        self.csv = folder / "sightings.csv"
        self.clock = FakeClock()
        self.store = FailingStore(f"sqlite:///{self.path}")
        outputs = Outputs(CsvLog(self.csv), snapshots=snapshots)
        self.ledger = Ledger(self.store, "shift", outputs, retention_days, self.clock)

    def read(self) -> tuple[dict[str, Visit], dict[str, Sighting]]:
        """What another program sees in the file."""
        other = Store(f"sqlite:///{self.path}")
        visits = {v.visit_id: v for v in other.read_visits()}
        sightings = {s.sighting_id: s for s in other.read_sightings()}
        other.close()
        return visits, sightings

    def rows(self) -> list[dict[str, str]]:
        with self.csv.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def window_and_export_agree(self) -> None:
        """The totals of an export are the window's count, corrections included."""
        other = Store(f"sqlite:///{self.path}")
        found = totals(other.read_shifts(), other.read_visits(), other.read_sightings())
        other.close()
        of_shift = [t.count for t in found if t.period == OfShift("shift")]
        assert (of_shift or [Count()]) == [self.ledger.count()]


def result(
    *, visits: tuple[Visit, ...] = (), sightings: tuple[Sighting, ...] = (), **changes: Any
) -> FrameResult:
    return FrameResult(frame(**changes), (), Timings(), visits, sightings)


def still(*states: MaskState, **changes: Any) -> FrameResult:
    box = np.asarray(face_at(100), np.float32)
    faces = tuple(Face(box, 0.9, MaskState.MASKED, 0.9, state, 0.9, None) for state in states)
    changes = {"live": False} | changes
    return FrameResult(frame(still=True, file="a.jpg", **changes), faces, Timings())


def alarm(number: int) -> FrameResult:
    """A frame whose face has a sighting."""
    box = np.asarray(face_at(100), np.float32)
    face = Face(
        box,
        0.9,
        MaskState.UNMASKED,
        0.9,
        MaskState.UNMASKED,
        0.9,
        number,
        visit_id=f"shift-v{number}",
    )
    return FrameResult(frame(), (face,), Timings(), (visit(number),), (sighting(number),))
