"""The ledger of a shift: counts visits, has them written, and takes the receptionist's corrections.

Only what was committed to the store is handed out as logged.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial

from monitor.names import name_key
from monitor.records import (
    Condition,
    Correction,
    Count,
    Frame,
    FrameResult,
    Shift,
    Sighting,
    Update,
    Visit,
)
from monitor.storage.claims import Claims, counted_twice
from monitor.storage.compliance import is_standing, total
from monitor.storage.outputs import Outputs
from monitor.storage.retention import Retention
from monitor.storage.shift_books import Past, ShiftBooks
from monitor.storage.shifts import ShiftClock, new_shift_id
from monitor.storage.store import Store
from monitor.storage.store_thread import StoreThread
from monitor.storage.store_writer import Books, NoStore, StoreLane, StoreWriter
from monitor.storage.watching import Watching
from monitor.storage.writer import Writer

log = logging.getLogger(__name__)

PURGE_EVERY_S = 3600.0


class Ledger:
    """Keeps the books of one shift. The inference thread alone calls it.

    Args:
        store: Open; the ledger closes it. None: of a run on recordings that are kept apart.
        shift_id: From `new_shift_id`; of a run without a clock.
        outputs: What is written beside the store.
        retention_days: Older visits and sightings are deleted; 0 keeps them.
        now: Seconds of a steady clock.
        clock: Says which shift it is; None: one for the whole run.

    Raises:
        StoreError: If the shift cannot be written to the store.
    """

    def __init__(
        self,
        store: Store | None,
        shift_id: str,
        outputs: Outputs = Outputs(),
        retention_days: int = 0,
        now: Callable[[], float] = time.monotonic,
        clock: ShiftClock | None = None,
    ) -> None:
        self._now, self._clock = now, clock if store is not None else None
        self._claims = Claims(store)
        shift = Shift(shift_id, datetime.now(UTC))
        self.left_open: datetime | None = None  # the last run ended then, and was not closed
        if store is not None and clock is not None:
            shift = store.answered(lambda: clock.resume(store, self._claims))
            self.left_open = store.answered(lambda: clock.left_open(store, self._claims))
        shift = dataclasses.replace(shift, desk_name=outputs.desk)
        self._books = ShiftBooks(shift)
        self._recordings_apart = outputs.recordings_apart
        self._announcer = outputs.announcer
        self._pending: dict[str, Sighting] = {}  # sightings that are not committed yet
        self._undo: list[tuple[str, Callable[[], None]]] = []  # of which visit or sighting, and how
        lane: StoreLane = NoStore()
        if store is not None and outputs.spool is not None:
            lane = StoreThread(store, shift, self._recall, outputs.spool)
        elif store is not None:
            lane = StoreWriter(store, shift, self._recall)
        self._writer = Writer(lane, outputs, shift, now)
        self._watching = Watching(shift.shift_id, now)
        self._twice: dict[str, str] = {}  # camera -> what is told of another program
        self._retention = (
            Retention(store, retention_days, now) if retention_days and store is not None else None
        )
        self._purge()
        if store is not None and self._clock is not None:
            self._books.take_over(*store.answered(lambda: store.of_shift(shift.shift_id)))

    # From the pipeline

    def record(self, result: FrameResult) -> Update:
        """Take in a frame's result: count, store, write."""
        frame, books = result.frame, self._books
        if self._recordings_apart and not frame.live:
            books.recordings |= {frame.camera}
        if frame.still and result.faces:
            books.counters[frame.camera].add_stills(result.faces)
        if not self._recordings_apart and not frame.live:
            self._book_recording(frame)
        self.absorb(result.visits, result.sightings)
        faces = {face.visit_id: face for face in result.faces}
        for sighting in result.sightings:
            face = faces.get(sighting.visit_id)
            if face is not None and frame.camera not in books.recordings:
                self._writer.keep_snapshot(sighting.sighting_id, result.frame.image, face.xyxy)
        if frame.live and not frame.still:
            self._writer.look(result)
        self._writer.write_event(result, self.count())
        return self.update(result)

    def _book_recording(self, frame: Frame) -> None:
        """What a recording shows is of the day when it was made, in books of its own; a run on
        recordings alone has no others.
        """
        books, camera = self._books, frame.camera
        before = books.recorded.get(camera)
        if before is not None and not frame.still:
            return
        own = books.shift
        if before is None and self._clock is not None:
            own = Shift(new_shift_id(datetime.now(UTC)), frame.wall_time, desk_name=books.desk_name)
        shift = books.book_recording(camera, own, frame.wall_time)
        if shift != before:
            self._writer.put_recorded(shift)

    def absorb(self, visits: Iterable[Visit], sightings: Iterable[Sighting]) -> None:
        """Take in what has begun, changed or ended. The receptionist's word on a visit goes before
        what the machine has found out later.
        """
        visits, books = list(visits), self._books
        found_out = [v for v in visits if v.corrected is not None and not books.said_of(v.visit_id)]
        booked = [books.book_visit(visit) for visit in visits]
        noted = [books.book_sighting(sighting) for sighting in sightings]
        stored = [sighting for sighting in noted if books.is_stored(sighting)]
        self._pending |= {sighting.sighting_id: sighting for sighting in stored}
        self._writer.put([visit for visit in booked if books.is_stored(visit)], stored)
        apart = [sighting for sighting in noted if not books.is_stored(sighting)]
        self._writer.put_unstored(apart)
        if apart:
            books.log(apart)
        self._flush()
        for visit in found_out:
            self.correct(visit.visit_id, visit.corrected, undoable=False, found_out=True)

    def update(self, result: FrameResult | None = None) -> Update:
        """The state of the books, for the window and the log."""
        books = self._books
        by_camera = {camera: counter.count() for camera, counter in books.counters.items()}
        self._announce(by_camera)
        return Update(
            result,
            total(by_camera.values()),
            books.shown,
            books.standing,
            self._writer.problem or next(iter(self._twice.values()), "") or self._announcer.problem,
            by_camera,
            books.corrections,
            bool(self._undo),
            books.recordings,
            books.shift,
            self._writer.waiting,
        )

    def _announce(self, by_camera: Mapping[str, Count]) -> None:
        """Tell other systems the count; recordings are nobody's visitors."""
        recordings = self._books.recordings
        cameras = {c: count for c, count in by_camera.items() if c not in recordings}
        self._announcer.counts(total(cameras.values()), self._books.standing, cameras)

    def count(self) -> Count:
        """The running count of all cameras together."""
        return self._books.count()

    def tidy(self) -> bool:
        """Housekeeping, several times a second: try again what failed, delete what is too old.
        True if there is something new to show.
        """
        before = self._writer.problem
        written = self._flush() | self._hear()
        if self._clock is not None and self._clock.over:
            kept = self._books.recordings | self._books.recorded.keys()
            self._begin(self._clock.next(self._claims, self._books.shift), kept)
            written = True
        if self._now() >= self._purge_at:
            self._purge()
        return written or bool(before) or self._writer.problem != before

    def begin_shift(self) -> None:
        """Begin a shift by hand: it counts from zero."""
        moment = datetime.now(UTC)
        shift = Shift(new_shift_id(moment), moment)
        if self._clock is not None:
            shift = self._clock.next(self._claims, self._books.shift, by_hand=True)
        self._begin(shift, frozenset())

    def _begin(self, shift: Shift, kept: frozenset[str]) -> None:
        self._writer.put_watches(self._watching.begin(shift.shift_id))
        self._books.begin(shift, kept)
        self._writer.begin(self._books.shift)
        self._flush()

    def watch(self, camera: str, key: str = "") -> None:
        """A live camera is counted from now on. If another program counts it into the same store,
        too, that is told until `leave`.

        Args:
            camera: Its name.
            key: Of the camera, whatever it is called; empty: its name.
        """
        if not self._claims.take(camera, key):
            self._twice[camera] = counted_twice(camera)
            log.warning("%s", self._twice[camera])

    def show(self, camera: str, condition: Condition | None) -> None:
        """What a live camera shows, several times a second; None: nothing is known of it."""
        if condition is not None:
            self._writer.put_watches(self._watching.take(camera, condition))
        else:
            self._writer.put_watches(self._watching.end(camera))
        self._announcer.camera(camera, condition)

    def begin_recording(self, camera: str) -> None:
        """A recording is looked at from its beginning: one that is kept apart is counted anew, and
        what an earlier look has found is forgotten.
        """
        self._books.let_recording_go(camera)

    def recording(self, camera: str) -> tuple[list[Visit], list[Sighting], Count]:
        """What a recording has shown in this run: visits, sightings, the faces of single
        pictures.
        """
        return self._books.of_camera(camera)

    def leave(self, camera: str) -> None:
        """A camera is not counted any more."""
        self._claims.release(camera)
        self._twice.pop(camera, None)

    def close(self) -> None:
        """Write what is left.

        Raises:
            StoreError: If something cannot be written even now; what it was is said.
        """
        self._claims.close()
        self._writer.put_watches(self._watching.end_all())
        try:
            self._writer.close()
        finally:
            self._flush()
            self._announcer.close()

    def forget(self, names: Collection[str]) -> None:
        """Take the names of people out of the visits and sightings of this shift, wherever they are
        written, and delete the pictures of these sightings.
        """
        gone, books = {name_key(name) for name in names}, self._books
        self._flush()
        visits, logged = books.nameless(books.visits, gone), books.nameless(books.logged, gone)
        self._writer.forget_faces(set(visits))
        pending = books.nameless(self._pending, gone)
        books.visits |= visits
        self._pending |= pending
        books.log(logged.values())
        self._writer.forget(
            gone,
            [visit for visit in visits.values() if books.is_stored(visit)],
            [sighting for sighting in (logged | pending).values() if books.is_stored(sighting)],
        )
        self._flush()

    @property
    def forgotten(self) -> bool:
        """Whether names that were to go are gone from all files beside the store."""
        return self._writer.forgotten

    # From the receptionist

    def correct(
        self,
        visit_id: str,
        correction: Correction | None,
        *,
        past: Past | None = None,
        undoable: bool = True,
        found_out: bool = False,
    ) -> None:
        """Count a visit as what the receptionist says; None: as the machine does.

        Args:
            past: The visit where these books may not know it, or not any more.
            found_out: By the machine: in the store, whatever somebody has said of it stays.
        """
        books = self._books
        before = books.visits.get(visit_id) or (past.visit if past is not None else None)
        if before is None or (visit_id not in books.visits and not books.is_stored(before)):
            return  # of a recording that was begun anew meanwhile
        visit = dataclasses.replace(before, corrected=correction)
        read = past.sightings if past is not None else ()
        if undoable:
            undo, of = partial(self.correct, visit_id, before.corrected), Past(visit, read)
            self._undo.append((visit_id, partial(undo, past=of, undoable=False)))
        books.correct(visit_id, correction, past)
        if books.is_stored(visit):
            self._writer.correct(visit_id, correction, found_out=found_out)
        self._follow(visit, read)
        self._flush()

    def _follow(self, visit: Visit, read: Iterable[Sighting]) -> None:
        """What else follows from a correction; `read`: sightings as the store has them."""
        correction, books = visit.corrected, self._books
        own = {k: s for k, s in books.logged.items() if s.visit_id == visit.visit_id}
        told = {s.sighting_id: dataclasses.replace(s, corrected=correction) for s in read} | own
        if not is_standing(correction):
            for sighting_id in told:
                self._writer.forget_snapshot(sighting_id)
        if books.is_stored(visit):
            self._announcer.sightings(told.values())
            if correction is not Correction.NEVER_MOVED:  # nobody has judged it
                self._writer.label(visit, correction)

    def _hear(self) -> bool:
        """Take over what was said at other desks. Returns whether there was anything."""
        heard = self._writer.heard()
        for past in heard:
            if self._books.hear(past):
                visit = past.visit
                # what is undone is what was said here, and nobody else's word since
                self._undo = [one for one in self._undo if one[0] != visit.visit_id]
                self._writer.hear(visit.visit_id, visit.corrected)
                self._follow(visit, past.sightings)
        return bool(heard)

    def undo(self) -> bool:
        """Take the last correction or note back. False if there is none."""
        if not self._undo:
            return False
        self._undo.pop()[1]()
        return True

    def annotate(
        self, of_id: str, note: str, *, before: str | None = None, undoable: bool = True
    ) -> None:
        """Keep a note with a sighting or a visit.

        Args:
            of_id: Of either.
            before: The note that it has, where these books may not know it.
        """
        logged = self._books.logged.get(of_id)
        if logged is None and before is None:
            return
        former = logged.note if logged is not None else before or ""
        if undoable:
            undo = partial(self.annotate, of_id, former, before=note, undoable=False)
            self._undo.append((of_id, undo))
        if logged is not None:
            self._books.annotate(of_id, note)
        if logged is None or self._books.is_stored(logged):
            self._writer.annotate(of_id, note)
        self._flush()

    def _flush(self) -> bool:
        """Returns whether something new is logged."""
        committed = self._writer.flush()
        for key, sighting in committed.items():
            if self._pending.get(key) == sighting or not sighting.open:
                self._pending.pop(key, None)
        # what the receptionist has said meanwhile is in no committed version yet
        if committed:
            logged = [self._books.book_sighting(s) for s in committed.values()]
            self._books.log(logged)
            self._announcer.sightings(logged)
        return bool(committed)

    def _recall(self) -> Books:
        """What is in the store if all went well."""
        return (
            {k: v for k, v in list(self._books.visits.items()) if self._books.is_stored(v)},
            {k: s for k, s in list(self._books.logged.items()) if self._books.is_stored(s)},
            self._watching.kept,
        )

    def _purge(self) -> None:
        """Delete what is older than the retention; `_purge_at` is when it is done next."""
        self._writer.purge_faces()
        more = self._retention is not None and self._writer.purge(self._retention)
        self._purge_at = self._now() + (0.0 if more else PURGE_EVERY_S)
