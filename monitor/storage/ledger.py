"""The ledger of a shift: counts visits, writes what must not be lost, and takes the receptionist's
corrections.

What cannot be written now is kept and tried again; only what was committed is handed out as logged.
"""

from __future__ import annotations

import dataclasses
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial

from monitor.errors import StoreError
from monitor.records import Correction, Count, FrameResult, Sighting, Update, Visit
from monitor.storage.compliance import RunningCount, stands, total
from monitor.storage.csv_files import CsvLog
from monitor.storage.events import EventLog
from monitor.storage.snapshots import Snapshots
from monitor.storage.store import Store

log = logging.getLogger(__name__)

SHOWN_MAX = 200  # sightings that are handed to the window
RETRY_S = 2.0
PURGE_EVERY_S = 3600.0


def new_shift_id(moment: datetime) -> str:
    """An id that sorts by time and that two desks do not share."""
    return f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


class Ledger:
    """Keeps the books of one shift. The inference thread alone calls it.

    Args:
        store: Open; the ledger closes it.
        shift_id: From `new_shift_id`.
        csv_log, event_log: Further files to write, if wanted.
        snapshots: Where pictures of sightings are kept, if the user turned that on.
        retention_days: Older visits and sightings are deleted; 0 keeps them.

    Raises:
        StoreError: If the shift cannot be written to the store.
    """

    def __init__(
        self,
        store: Store,
        shift_id: str,
        csv_log: CsvLog | None = None,
        event_log: EventLog | None = None,
        snapshots: Snapshots | None = None,
        retention_days: int = 0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._shift_id, self._csv, self._events = store, shift_id, csv_log, event_log
        self._snapshots = snapshots
        self._retention_days, self._now = retention_days, now
        self._counters: defaultdict[str, RunningCount] = defaultdict(RunningCount)  # by camera
        self._visits: dict[str, Visit] = {}  # the newest version of each visit of the shift
        self._logged: dict[str, Sighting] = {}  # committed sightings of the shift
        self._shown: tuple[Sighting, ...] = ()
        self._standing = 0
        self._unsaved_visits: dict[str, Visit] = {}
        self._unsaved_sightings: dict[str, Sighting] = {}
        self._unsaved_stills = False
        self._unsaved_corrections: dict[str, Correction | None] = {}
        self._notes: dict[str, str] = {}  # by sighting
        self._unsaved_notes: set[str] = set()
        self._unsaved_rows: list[Sighting] = []  # closed sightings that the CSV does not have yet
        self._pictured: set[str] = set()  # sightings that have a snapshot
        self._undo: list[tuple[str, Correction | None]] = []
        self._problems: dict[str, str] = {}
        self._retry_at = 0.0
        self._began = datetime.now(UTC)
        store.begin_shift(shift_id, self._began)
        self._purge_at = 0.0
        self._purge()

    # From the pipeline

    def record(self, result: FrameResult) -> Update:
        """Take in a frame's result: count, store, write."""
        if result.frame.still:
            self._counters[result.frame.camera].add_stills(result.faces)
            self._unsaved_stills = bool(result.faces) or self._unsaved_stills
        self.absorb(result.visits, result.sightings)
        if self._snapshots is not None:
            self._keep_snapshots(self._snapshots, result)
        if self._events is not None:
            self._attempt("events", partial(self._events.write, result, self.count()))
        return self.update(result)

    def absorb(self, visits: Iterable[Visit], sightings: Iterable[Sighting]) -> None:
        """Take in what has begun, changed or ended."""
        for visit in visits:
            known = self._visits.get(visit.visit_id)
            visit = (
                dataclasses.replace(visit, corrected=known.corrected)
                if known and known.corrected
                else visit
            )
            self._visits[visit.visit_id] = self._unsaved_visits[visit.visit_id] = visit
            self._counters[visit.camera].update(visit)
        for sighting in sightings:
            own = self._visits.get(sighting.visit_id)
            sighting = dataclasses.replace(
                sighting,
                corrected=own.corrected if own is not None else None,
                note=self._notes.get(sighting.sighting_id, ""),
            )
            self._unsaved_sightings[sighting.sighting_id] = sighting
            if not sighting.open and self._csv is not None:
                self._unsaved_rows.append(sighting)
        self._flush()

    def update(self, result: FrameResult | None = None) -> Update:
        """The state of the books, for the window and the log."""
        problem = self._problem()
        by_camera = {camera: counter.count() for camera, counter in self._counters.items()}
        return Update(
            result, total(by_camera.values()), self._shown, self._standing, problem, by_camera
        )

    def count(self) -> Count:
        """The running count of all cameras together."""
        return total(counter.count() for counter in self._counters.values())

    def _problem(self) -> str:
        """The one that matters most."""
        return next(
            (
                self._problems[what]
                for what in ("store", "csv", "snapshots", "events")
                if what in self._problems
            ),
            "",
        )

    def idle(self) -> bool:
        """Housekeeping between frames: try again what failed, delete what is too old. True if
        something was written.
        """
        had_problem = bool(self._problems)
        if had_problem:
            self._flush()
        if self._now() >= self._purge_at:
            self._purge()
        return had_problem

    def close(self) -> None:
        """Write what is left.

        Raises:
            StoreError: If something cannot be written even now; what it was is said.
        """
        self._retry_at = 0.0
        self._flush()
        lost = self._unstored() + len(self._unsaved_rows)
        reason = self._problem()
        if self._events is not None:
            self._attempt("events", self._events.close)
        self._store.close()
        if lost:
            raise StoreError(f"{lost} records could not be saved: {reason}")

    # From the receptionist

    def correct(
        self, visit_id: str, correction: Correction | None, *, undoable: bool = True
    ) -> None:
        """Count a visit of this shift as what the receptionist says; None: as the machine does."""
        visit = self._visits.get(visit_id)
        if visit is None:
            return
        if undoable:
            self._undo.append((visit_id, visit.corrected))
        self._visits[visit_id] = visit = dataclasses.replace(visit, corrected=correction)
        self._counters[visit.camera].update(visit)
        for key, sighting in self._logged.items():
            if sighting.visit_id == visit_id:
                self._logged[key] = dataclasses.replace(sighting, corrected=correction)
            if (
                self._snapshots is not None
                and sighting.visit_id == visit_id
                and not stands(self._logged[key])
            ):
                self._attempt("snapshots", partial(self._snapshots.forget, key))
        self._show()
        self._unsaved_corrections[visit_id] = correction
        self._retry_at = 0.0
        self._flush()

    def undo(self) -> bool:
        """Take the last correction back. False if there is none."""
        if not self._undo:
            return False
        visit_id, before = self._undo.pop()
        self.correct(visit_id, before, undoable=False)
        return True

    def annotate(self, sighting_id: str, note: str) -> None:
        """Keep a note with a sighting of this shift."""
        if sighting_id not in self._logged:
            return
        self._notes[sighting_id] = note
        self._logged[sighting_id] = dataclasses.replace(self._logged[sighting_id], note=note)
        self._show()
        self._unsaved_notes.add(sighting_id)
        self._retry_at = 0.0
        self._flush()

    # Writing

    def _flush(self) -> None:
        """Write all that waits, unless the last try failed a moment ago."""
        if self._problems and self._now() < self._retry_at:
            return
        self._retry_at = self._now() + RETRY_S
        if self._unstored() and self._attempt("store", self._save):
            self._logged |= self._unsaved_sightings
            if self._unsaved_sightings:
                self._show()
            self._unsaved_visits, self._unsaved_sightings, self._unsaved_stills = {}, {}, False
        for visit_id, correction in list(self._unsaved_corrections.items()):
            if self._attempt("store", partial(self._store.correct, visit_id, correction)):
                del self._unsaved_corrections[visit_id]
        for sighting_id in list(self._unsaved_notes):
            if self._attempt(
                "store", partial(self._store.annotate, sighting_id, self._notes[sighting_id])
            ):
                self._unsaved_notes.discard(sighting_id)
        if not self._unstored():
            self._problems.pop("store", None)
        if self._csv is not None and self._unsaved_rows:
            rows = [self._logged.get(s.sighting_id, s) for s in self._unsaved_rows]
            if self._attempt("csv", partial(self._csv.append, rows)):
                self._unsaved_rows = []
        elif self._csv is not None:
            self._problems.pop("csv", None)
        # a picture that could not be taken cannot be taken later
        self._problems.pop("snapshots", None)

    def _unstored(self) -> int:
        """How many things wait for the store."""
        waiting = (
            self._unsaved_visits,
            self._unsaved_sightings,
            self._unsaved_corrections,
            self._unsaved_notes,
        )
        return sum(len(w) for w in waiting) + self._unsaved_stills

    def _keep_snapshots(self, snapshots: Snapshots, result: FrameResult) -> None:
        """One picture of each sighting, when it is first logged."""
        faces = {face.visit_id: face for face in result.faces}
        for sighting in result.sightings:
            face = faces.get(sighting.visit_id)
            if face is not None and sighting.sighting_id not in self._pictured:
                keep = partial(snapshots.keep, sighting.sighting_id, result.frame.image, face.xyxy)
                if self._attempt("snapshots", keep):
                    self._pictured.add(sighting.sighting_id)

    def _renew(self) -> None:
        """Write the whole shift again if somebody deleted the store."""
        if not self._store.renew():
            return
        log.error(
            "the store was deleted or replaced while in use: this shift is written again, what was "
            "older is gone"
        )
        self._store.begin_shift(self._shift_id, self._began)
        self._unsaved_visits = dict(self._visits)
        self._unsaved_sightings = self._logged | self._unsaved_sightings
        self._unsaved_stills = True

    def _save(self) -> None:
        self._renew()
        stills = total(counter.stills for counter in self._counters.values())
        self._store.save(
            self._shift_id, self._unsaved_visits.values(), self._unsaved_sightings.values(), stills
        )

    def _show(self) -> None:
        newest = sorted(self._logged.values(), key=lambda s: s.first_seen, reverse=True)
        self._shown = tuple(newest[:SHOWN_MAX])
        self._standing = sum(stands(sighting) for sighting in newest)

    def _attempt(self, what: str, action: Callable[[], object]) -> bool:
        try:
            action()
        except StoreError as error:
            if what not in self._problems:
                log.error("%s", error)
            self._problems[what] = str(error)
            return False
        self._problems.pop(what, None)
        return True

    def _purge(self) -> None:
        """Delete what is older than the retention; `_purge_at` is when it is done next."""
        self._purge_at = self._now() + PURGE_EVERY_S
        if self._retention_days:
            before = datetime.now(UTC) - timedelta(days=self._retention_days)
            self._attempt("store", partial(self._store.purge, before))
            if self._snapshots is not None:
                self._attempt("snapshots", partial(self._snapshots.purge, before))
