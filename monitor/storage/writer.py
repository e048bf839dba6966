"""What waits to be written: kept until it is in the store and in the files, and tried again when
that fails.

What is to write in a thread of its own, or to spool, replaces the `Writer` and nothing else.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from functools import partial

from monitor.errors import StoreError
from monitor.names import name_key
from monitor.records import (
    Correction,
    Count,
    FloatArray,
    FrameResult,
    Image,
    Shift,
    Sighting,
    Visit,
)
from monitor.storage.csv_log import CsvLog
from monitor.storage.events import EventLog
from monitor.storage.retention import Retention
from monitor.storage.snapshots import Snapshots
from monitor.storage.store import Store

log = logging.getLogger(__name__)

RETRY_S = 2.0
PURGE_S = 0.1  # a long purge lets others write this often
_BY_WEIGHT = ("store", "csv", "snapshots", "events", "clock")  # whose problem is told first


@dataclass(frozen=True, slots=True)
class Outputs:
    """What is written beside the store, where the user asked for it."""

    csv: CsvLog | None = None
    events: EventLog | None = None
    snapshots: Snapshots | None = None
    # what recordings show is counted and shown, and not stored: who is in them is no visitor of
    # today
    recordings_apart: bool = False


Books = tuple[Mapping[str, Visit], Mapping[str, Sighting]]  # by their ids


class Writer:
    """The inference thread alone calls it.

    Args:
        store: Open; the writer closes it.
        shift: The one that is begun.
        recall: Gives all visits and all committed sightings of the shift, to be written again into
            a store that was deleted.
        now: Seconds of a steady clock.

    Raises:
        StoreError: If the shift cannot be written to the store.
    """

    def __init__(
        self,
        store: Store,
        outputs: Outputs,
        shift: Shift,
        recall: Callable[[], Books],
        now: Callable[[], float],
    ) -> None:
        self._store, self._outputs, self._shift = store, outputs, shift
        self._recall, self._now = recall, now
        self._visits: dict[str, Visit] = {}
        self._sightings: dict[str, Sighting] = {}
        self._stills = False
        self._corrections: dict[str, Correction | None] = {}  # by visit
        self._notes: dict[str, str] = {}  # by sighting
        self._rows: list[Sighting] = []  # closed sightings that the CSV does not have yet
        self._gone: set[str] = set()  # whose names are still to be taken out of the CSV
        self._pictured: set[str] = set()  # sightings that have a snapshot
        self._problems: dict[str, str] = {}
        self._retry_at = 0.0
        self._purged = False  # and not scrubbed yet
        store.begin_shift(shift.shift_id, shift.started)

    # What is to be written

    def put(self, visits: Iterable[Visit], sightings: Iterable[Sighting]) -> None:
        """Newest versions of visits and sightings; a sighting that has ended goes to the CSV."""
        self._visits |= {visit.visit_id: visit for visit in visits}
        for sighting in sightings:
            self._sightings[sighting.sighting_id] = sighting
            if not sighting.open and self._outputs.csv is not None:
                self._rows.append(sighting)

    def put_stills(self, stills: Count) -> None:
        """The shift's faces of single pictures, all together."""
        self._shift, self._stills = dataclasses.replace(self._shift, stills=stills), True

    def correct(self, visit_id: str, correction: Correction | None) -> None:
        """What the receptionist says of a visit; None takes it back."""
        self._corrections[visit_id] = correction
        for key, waiting in self._sightings.items():
            if waiting.visit_id == visit_id:
                self._sightings[key] = dataclasses.replace(waiting, corrected=correction)
        self._rows = [
            dataclasses.replace(row, corrected=correction) if row.visit_id == visit_id else row
            for row in self._rows
        ]
        self._retry_at = 0.0

    def annotate(self, sighting_id: str, note: str) -> None:
        """The receptionist's note to a sighting."""
        self._notes[sighting_id] = note
        self._rows = [
            dataclasses.replace(row, note=note) if row.sighting_id == sighting_id else row
            for row in self._rows
        ]
        self._retry_at = 0.0

    def forget(
        self, gone: Set[str], visits: Mapping[str, Visit], sightings: Mapping[str, Sighting]
    ) -> None:
        """Have no name of some people written any more.

        Args:
            gone: Their names, as `name_key` gives them.
            visits: What has lost its name, to be written again.
            sightings: The same; their pictures are deleted.
        """

        def held(record: Visit | Sighting) -> bool:
            return record.identity is not None and name_key(record.identity) in gone

        waiting = {k: s for k, s in self._sightings.items() if held(s)}
        for key in (*sightings, *waiting):
            self.forget_snapshot(key)
        nameless = {k: dataclasses.replace(s, identity=None) for k, s in waiting.items()}
        self._visits = {**self._visits, **visits}
        self._sightings = {**sightings, **self._sightings, **nameless}
        self._rows = [
            dataclasses.replace(row, identity=None) if held(row) else row for row in self._rows
        ]
        self._gone |= gone if self._outputs.csv is not None else set()
        self._retry_at = 0.0

    # At once or never

    def write_event(self, result: FrameResult, running: Count) -> None:
        """A line of `--events`, if it is wanted."""
        if self._outputs.events is not None:
            self._attempt("events", partial(self._outputs.events.write, result, running))

    def keep_snapshot(self, sighting_id: str, image_bgr: Image, xyxy: FloatArray) -> None:
        """A picture of a sighting, if that is wanted and there is none yet."""
        snapshots = self._outputs.snapshots
        if snapshots is None or not snapshots.on or sighting_id in self._pictured:
            return
        if self._attempt("snapshots", partial(snapshots.keep, sighting_id, image_bgr, xyxy)):
            self._pictured.add(sighting_id)

    def forget_snapshot(self, sighting_id: str) -> None:
        """Delete the picture of a sighting, if there is one."""
        if self._outputs.snapshots is not None:
            self._attempt("snapshots", partial(self._outputs.snapshots.forget, sighting_id))

    def purge(self, retention: Retention) -> bool:
        """Delete some of what is too old. Returns whether there is more."""
        more, ends = False, time.monotonic() + PURGE_S

        def delete() -> None:
            nonlocal more
            due = retention.due()
            while more := self._store.purge_some(due.before) > 0:
                self._purged = True
                if time.monotonic() > ends:
                    return
            if self._purged and self._store.scrub():
                self._purged = False
            self._doubt(due.doubt)
            if self._outputs.snapshots is not None:
                self._attempt("snapshots", partial(self._outputs.snapshots.purge, due.before))

        return self._attempt("store", delete) and more

    def _doubt(self, line: str) -> None:
        """The clock is not believed, or is again."""
        if not line:
            self._problems.pop("clock", None)
        elif "clock" not in self._problems:
            log.warning("%s", line)
            self._problems["clock"] = line

    # Writing

    @property
    def problem(self) -> str:
        """Why something could not be written, in one line: what matters most; "" if all was."""
        return next((self._problems[what] for what in _BY_WEIGHT if what in self._problems), "")

    def flush(self) -> dict[str, Sighting]:
        """Write all that waits, unless the last try failed a moment ago.

        Returns:
            The sightings that were committed to the store now.
        """
        if self._problems and self._now() < self._retry_at:
            return {}
        self._retry_at = self._now() + RETRY_S
        committed: dict[str, Sighting] = {}
        if self._unstored() and self._attempt("store", self._save):
            committed = self._sightings
            self._visits, self._sightings, self._stills = {}, {}, False
        for visit_id, correction in list(self._corrections.items()):
            if self._attempt("store", partial(self._store.correct, visit_id, correction)):
                del self._corrections[visit_id]
        for sighting_id, note in list(self._notes.items()):
            if self._attempt("store", partial(self._store.annotate, sighting_id, note)):
                del self._notes[sighting_id]
        if not self._unstored():
            self._problems.pop("store", None)
        csv = self._outputs.csv
        if csv is not None and self._gone and self._attempt("csv", partial(csv.forget, self._gone)):
            self._gone = set()
        if self._outputs.csv is not None and self._rows:
            if self._attempt("csv", partial(self._outputs.csv.append, self._rows)):
                self._rows = []
        elif not self._gone:
            self._problems.pop("csv", None)
        # a picture that could not be taken cannot be taken later
        self._problems.pop("snapshots", None)
        return committed

    def close(self) -> None:
        """Write what is left.

        Raises:
            StoreError: If something cannot be written even now; what it was is said.
        """
        self._retry_at = 0.0
        self.flush()
        lost, why = self._unstored() + len(self._rows), self.problem
        if self._outputs.events is not None:
            self._attempt("events", self._outputs.events.close)
        self._store.close()
        if lost:
            raise StoreError(f"{lost} records could not be saved: {why}")

    def _unstored(self) -> int:
        """How many things wait for the store."""
        waiting = (self._visits, self._sightings, self._corrections, self._notes)
        return sum(len(w) for w in waiting) + self._stills

    def _save(self) -> None:
        if self._store.renew():
            log.error(
                "the store was deleted or replaced while in use: this shift is written again, what "
                "was older is gone"
            )
            self._store.begin_shift(self._shift.shift_id, self._shift.started)
            visits, sightings = self._recall()
            self._visits = dict(visits)
            self._sightings = {**sightings, **self._sightings}
            self._stills = self._shift.stills != Count()
        shift = self._shift if self._stills else None
        self._store.save(self._visits.values(), self._sightings.values(), shift)

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
