"""What waits to be written: kept until it is in the store and in the files, and tried again when
that fails.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
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
    Watch,
)
from monitor.storage.errands import Errands
from monitor.storage.events import event_line
from monitor.storage.outputs import Disk, Outputs
from monitor.storage.retention import Retention
from monitor.storage.shift_books import Past
from monitor.storage.store_writer import StoreLane

log = logging.getLogger(__name__)

RETRY_S = 2.0
CLOSE_S = 5.0  # for the store and all files together
EVENTS_MAX = 1000  # lines that wait for a file that does not answer: half a minute of a camera
_BY_WEIGHT = ("store", "csv", "snapshots", "learning", "events", "clock")  # is told first


class Writer:
    """The inference thread alone calls it. It waits for no file: what a dead share does not answer
    is said, and done later.

    Args:
        lane: Writes the store; the writer closes it.
        shift: The one that is begun.
        now: Seconds of a steady clock.
    """

    def __init__(
        self, lane: StoreLane, outputs: Outputs, shift: Shift, now: Callable[[], float]
    ) -> None:
        self._lane, self._outputs, self._shift, self._now = lane, outputs, shift, now
        self._rows: list[Sighting] = []  # closed sightings that the CSV does not have yet
        self._gone: set[str] = set()  # whose names are still to be taken out of the CSV
        self._lines: list[bytes] = []  # events that wait
        self._dropped = 0  # events that were not written
        self._pictured: set[str] = set()  # open sightings that have a snapshot
        self._unwanted: set[str] = set()  # sightings whose pictures are to be deleted
        self._purge_before: datetime | None = None  # older pictures are to be deleted
        self._lessons: list[Disk] = []  # what is to be done in the folder of what is learnt
        self._errands = Errands(_unanswered(outputs))
        self._retry_at = 0.0
        self._closed = False
        self._late: dict[str, Sighting] = {}  # committed as it was closed

    # What is to be written

    def put(self, visits: Iterable[Visit], sightings: Iterable[Sighting]) -> None:
        """Newest versions of visits and sightings; a sighting that has ended goes to the CSV."""
        sightings = list(sightings)
        self._lane.put(visits, sightings)
        if self._outputs.csv is not None:
            self._rows += [sighting for sighting in sightings if not sighting.open]

    def put_watches(self, watches: Iterable[Watch]) -> None:
        """Newest versions of intervals in which a camera was in one state."""
        self._lane.put_watches(watches)

    def put_unstored(self, sightings: Iterable[Sighting]) -> None:
        """Sightings of recordings that are kept apart: for the CSV alone, where they are wanted."""
        if self._outputs.csv is not None and self._outputs.recordings_listed:
            self._rows += [sighting for sighting in sightings if not sighting.open]

    def begin(self, shift: Shift) -> None:
        """Another shift than before is written from now on."""
        self._shift = shift
        self._lane.put_shift(shift)

    def put_recorded(self, shift: Shift) -> None:
        """The newest version of a recording's shift."""
        self._lane.put_shift(shift, current=shift.shift_id == self._shift.shift_id)

    def correct(
        self, visit_id: str, correction: Correction | None, *, found_out: bool = False
    ) -> None:
        """What the receptionist says of a visit, or the machine has found out; None takes it
        back.
        """
        self._lane.correct(visit_id, correction, found_out=found_out)
        self.hear(visit_id, correction)
        self._retry_at = 0.0

    def heard(self) -> list[Past]:
        """What is said at other desks since the last call: see `StoreThread`."""
        return self._lane.heard()

    def hear(self, visit_id: str, correction: Correction | None) -> None:
        """What is in the store already; rows that wait for the CSV say so, too."""
        self._rows = [
            dataclasses.replace(row, corrected=correction) if row.visit_id == visit_id else row
            for row in self._rows
        ]

    def annotate(self, sighting_id: str, note: str) -> None:
        """The receptionist's note to a sighting, or to the visit of that id."""
        self._lane.annotate(sighting_id, note)
        self._rows = [
            dataclasses.replace(row, note=note) if row.sighting_id == sighting_id else row
            for row in self._rows
        ]
        self._retry_at = 0.0

    def forget(
        self, gone: set[str], visits: Collection[Visit], sightings: Collection[Sighting]
    ) -> None:
        """Have no name of some people written any more.

        Args:
            gone: Their names, as `name_key` gives them.
            visits: What has lost its name, to be written again.
            sightings: The same, written already or not; their pictures are deleted.
        """
        for sighting in sightings:
            self.forget_snapshot(sighting.sighting_id)
        self._lane.forget(gone, visits, sightings)
        self._rows = [
            dataclasses.replace(row, identity=None)
            if row.identity is not None and name_key(row.identity) in gone
            else row
            for row in self._rows
        ]
        self._gone |= gone if self._outputs.csv is not None else set()
        self._retry_at = 0.0

    # At once or never

    def write_event(self, result: FrameResult, running: Count) -> None:
        """A line of `--events`, if it is wanted."""
        if self._outputs.events is None:
            return
        if len(self._lines) < EVENTS_MAX:
            self._lines.append(event_line(result, running))
        else:
            self._dropped += 1
        self._write_lines()

    def keep_snapshot(self, sighting_id: str, image_bgr: Image, xyxy: FloatArray) -> None:
        """A picture of a sighting, if that is wanted and there is none yet."""
        snapshots = self._outputs.snapshots
        if snapshots is None or not snapshots.on or sighting_id in self._pictured:
            return
        if self._errands.is_free("snapshots"):
            keep = partial(snapshots.keep, sighting_id, image_bgr, xyxy)
            self._errands.run("snapshots", keep, lambda: self._pictured.add(sighting_id))

    def forget_snapshot(self, sighting_id: str) -> None:
        """Delete the picture of a sighting, if there is one."""
        if self._outputs.snapshots is not None:
            self._unwanted.add(sighting_id)
            self._delete_pictures()

    def look(self, result: FrameResult) -> None:
        """What is learnt from a frame of a camera, if that is wanted."""
        outputs = self._outputs
        if outputs.keeper is not None:
            outputs.keeper.look(result)
        if outputs.days is not None and outputs.days.look(result):
            self._learn(outputs.days.write)

    def label(self, visit: Visit, correction: Correction | None) -> None:
        """Keep faces of a visit that the receptionist has judged, if that is wanted."""
        if self._outputs.keeper is not None:
            self._learn(self._outputs.keeper.label(visit.visit_id, visit.state, correction))

    def forget_faces(self, visit_ids: set[str]) -> None:
        """Keep no face of some visits any more."""
        if self._outputs.keeper is not None and visit_ids:
            self._learn(self._outputs.keeper.forget(visit_ids))

    def purge_faces(self) -> None:
        """Delete kept faces that are too old."""
        if self._outputs.keeper is not None:
            self._learn(self._outputs.keeper.purge)

    def _learn(self, lesson: Disk) -> None:
        if lesson not in self._lessons:
            self._lessons.append(lesson)
        self._write_lessons()

    def purge(self, retention: Retention) -> bool:
        """Delete some of what is too old. Returns whether there is more."""

        def pictures(before: datetime) -> None:
            self._purge_before = before  # the store's thread calls it, and waits for no picture

        more = self._lane.purge(retention, pictures)
        self._delete_pictures()
        return more

    # Writing

    @property
    def problem(self) -> str:
        """Why something could not be written, in one line: what matters most; "" if all was."""
        problems = {**self._errands.problems, **self._lane.problems}
        return next((problems[what] for what in _BY_WEIGHT if what in problems), "")

    @property
    def waiting(self) -> int:
        """How many records wait for a store that does not take them."""
        return self._lane.unstored() if "store" in self._lane.problems else 0

    @property
    def forgotten(self) -> bool:
        """Whether what `forget` was told to take away is gone from all files."""
        waits = self._gone or self._unwanted or self._lessons
        files = ("csv", "snapshots", "learning")
        return self._lane.forgotten and not waits and self._errands.settle(files)

    def _failed(self) -> bool:
        """Whether something is to be tried again."""
        return bool((self._errands.problems.keys() | self._lane.problems.keys()) - {"clock"})

    def flush(self) -> dict[str, Sighting]:
        """Write all that waits, unless the last try failed a moment ago.

        Returns:
            The sightings that were committed to the store since the last call.
        """
        late, self._late = self._late, {}
        if self._closed:
            return late
        if self._failed() and self._now() < self._retry_at:
            return late
        self._retry_at = self._now() + RETRY_S
        committed = late | self._lane.flush()
        self._write_rows()
        self._write_lines()
        if self._errands.is_free("snapshots"):
            # a picture that could not be taken cannot be taken later
            self._errands.problems.pop("snapshots", None)
        self._delete_pictures()
        if self._errands.is_free("learning"):
            self._errands.problems.pop("learning", None)
        self._write_lessons()
        return committed

    def _write_rows(self) -> None:
        csv = self._outputs.csv
        if csv is None or not self._errands.is_free("csv"):
            return
        if self._gone:
            gone = set(self._gone)
            self._errands.run(
                "csv", partial(csv.forget, gone), lambda: self._gone.difference_update(gone)
            )
        if self._rows and self._errands.is_free("csv"):
            rows = list(self._rows)  # corrected meanwhile, they stay as many
            self._errands.run(
                "csv", partial(csv.append, rows), lambda: self._rows.__delitem__(slice(len(rows)))
            )
        elif not self._rows and not self._gone:
            self._errands.problems.pop("csv", None)

    def _write_lines(self) -> None:
        events = self._outputs.events
        if events is None or not self._errands.is_free("events") or not self._lines:
            return
        lines, self._lines = self._lines, []

        def failed() -> None:
            self._dropped += len(lines)

        self._errands.run("events", partial(events.write, lines), self._tell_dropped, failed)

    def _tell_dropped(self) -> None:
        if self._dropped and self._outputs.events is not None:
            label = self._outputs.events.label
            log.warning("%d events could not be written to %s", self._dropped, label)
            self._dropped = 0

    def _delete_pictures(self) -> None:
        snapshots = self._outputs.snapshots
        if snapshots is None or not (self._unwanted or self._purge_before):
            return
        if not self._errands.is_free("snapshots"):
            return
        unwanted, self._unwanted = self._unwanted, set()
        before, self._purge_before = self._purge_before, None

        def delete() -> None:
            for sighting_id in unwanted:
                snapshots.forget(sighting_id)
            if before is not None:
                snapshots.purge(before)

        self._errands.run("snapshots", delete)

    def _write_lessons(self) -> None:
        if not self._lessons or not self._errands.is_free("learning"):
            return
        lessons, self._lessons = self._lessons, []

        def write() -> None:
            while lessons:  # one that fails is told, and not tried again
                lessons.pop(0)()

        def failed() -> None:
            self._lessons[:0] = lessons

        self._errands.run("learning", write, failed=failed)

    def close(self) -> None:
        """Write what is left; `flush` then gives what was committed by it.

        Raises:
            StoreError: If something cannot be written even now; what it was is said, and where it
                is kept.
        """
        self._retry_at = 0.0
        self._late = self.flush()
        self._closed = True
        ends = time.monotonic() + CLOSE_S
        if self._outputs.days is not None:
            self._learn(self._outputs.days.write)
        closed = self._lane.close(CLOSE_S)
        self._end_files(ends)
        self._late |= closed.committed
        why = self.problem
        lost = closed.unstored + len(self._rows)
        if closed.kept and not self._rows:
            raise StoreError(
                f"{lost} records could not be saved yet: {why}; they are {closed.kept}"
            )
        if lost and not closed.unstored and self._outputs.spool is not None:
            why += "; the store has them: `python main.py export FILE`"
        if lost:
            raise StoreError(f"{lost} records could not be saved: {why}")

    def _end_files(self, ends: float) -> None:
        """Write what is left, as far as the files answer in time."""
        for what, write in (
            ("csv", self._write_rows),
            ("events", self._write_lines),
            ("snapshots", self._delete_pictures),
            ("learning", self._write_lessons),
        ):
            if self._errands.settle([what], max(ends - time.monotonic(), 0.0)):
                write()
                self._errands.settle([what], max(ends - time.monotonic(), 0.0))
        self._dropped += len(self._lines)
        self._tell_dropped()
        if self._outputs.events is not None and self._errands.is_free("events"):
            self._errands.run("events", self._outputs.events.close)


def _unanswered(outputs: Outputs) -> dict[str, str]:
    """What is told of an output that does not answer, by its name."""
    csv = outputs.csv.label if outputs.csv is not None else "the CSV"
    events = outputs.events.label if outputs.events is not None else "the events"
    return {
        "csv": f"{csv} does not answer: its rows wait",
        "events": f"{events} does not answer: events wait, then are dropped",
        "snapshots": "the folder of the snapshots does not answer: there are none of these "
        "sightings",
        "learning": "the folder of what is learnt does not answer: what is to be kept there waits",
    }
