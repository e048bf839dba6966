"""The ledger of a shift: counts visits, has them written, and takes the receptionist's corrections.

Only what was committed to the store is handed out as logged.
"""

from __future__ import annotations

import dataclasses
import heapq
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from monitor.names import name_key
from monitor.records import Correction, Count, FrameResult, Shift, Sighting, Update, Visit
from monitor.storage.claims import Claims, counted_twice
from monitor.storage.compliance import RunningCount, stands, total
from monitor.storage.outputs import Outputs
from monitor.storage.retention import Retention
from monitor.storage.store import Store
from monitor.storage.store_thread import StoreThread
from monitor.storage.store_writer import Books, NoStore, StoreLane, StoreWriter
from monitor.storage.writer import Writer

log = logging.getLogger(__name__)

SHOWN_MAX = 200  # sightings that are handed to the window
KEPT_MAX = 5000  # visits, and sightings, of the shift that are kept in memory
PURGE_EVERY_S = 3600.0
R = TypeVar("R", Visit, Sighting)


def new_shift_id(moment: datetime) -> str:
    """An id that sorts by time and that two desks do not share."""
    return f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


class Ledger:
    """Keeps the books of one shift. The inference thread alone calls it.

    Args:
        store: Open; the ledger closes it. None: of a run on recordings that are kept apart.
        shift_id: From `new_shift_id`.
        outputs: What is written beside the store.
        retention_days: Older visits and sightings are deleted; 0 keeps them.
        now: Seconds of a steady clock.

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
    ) -> None:
        self._shift_id, self._now = shift_id, now
        self._recordings_apart = outputs.recordings_apart
        self._recordings: frozenset[str] = frozenset()  # those that are kept apart, by name
        self._counters: defaultdict[str, RunningCount] = defaultdict(RunningCount)  # by camera
        self._visits: dict[str, Visit] = {}  # the newest version of each visit of the shift
        self._logged: dict[str, Sighting] = {}  # committed sightings of the shift
        self._pending: dict[str, Sighting] = {}  # those that are not committed yet
        self._shown: tuple[Sighting, ...] = ()
        self._standing = 0
        self._notes: dict[str, str] = {}  # by sighting
        # replaced, never changed in place: updates hand it to other threads
        self._corrections: dict[str, Correction] = {}
        self._undo: list[tuple[str, Correction | None]] = []
        shift = Shift(shift_id, datetime.now(UTC))
        lane: StoreLane
        if store is None:
            lane = NoStore()
        elif outputs.spool is None:
            lane = StoreWriter(store, shift, self._recall)
        else:
            lane = StoreThread(store, shift, self._recall, outputs.spool)
        self._writer = Writer(lane, outputs, shift, now)
        self._claims = Claims(store)
        self._twice: dict[str, str] = {}  # camera -> what is told of another program
        self._retention = (
            Retention(store, retention_days, now) if retention_days and store is not None else None
        )
        self._purge()

    # From the pipeline

    def record(self, result: FrameResult) -> Update:
        """Take in a frame's result: count, store, write."""
        frame = result.frame
        if self._recordings_apart and not frame.live and frame.camera not in self._recordings:
            self._recordings |= {frame.camera}
        if frame.still and result.faces:
            self._counters[frame.camera].add_stills(result.faces)
            counters = self._counters.items()
            stored = [c.stills for camera, c in counters if camera not in self._recordings]
            if frame.camera not in self._recordings:
                self._writer.put_stills(total(stored), frame.wall_time)
        self.absorb(result.visits, result.sightings)
        faces = {face.visit_id: face for face in result.faces}
        for sighting in result.sightings:
            face = faces.get(sighting.visit_id)
            if face is not None and frame.camera not in self._recordings:
                self._writer.keep_snapshot(sighting.sighting_id, result.frame.image, face.xyxy)
        if frame.live and not frame.still:
            self._writer.look(result)
        self._writer.write_event(result, self.count())
        return self.update(result)

    def absorb(self, visits: Iterable[Visit], sightings: Iterable[Sighting]) -> None:
        """Take in what has begun, changed or ended. The receptionist's word on a visit goes before
        what the machine has found out later.
        """
        visits = list(visits)
        found_out = [v for v in visits if v.corrected is not None and not self._said_of(v)]
        booked = [self._book_visit(visit) for visit in visits]
        noted = [self._book_sighting(sighting) for sighting in sightings]
        stored = [sighting for sighting in noted if sighting.camera not in self._recordings]
        self._pending |= {sighting.sighting_id: sighting for sighting in stored}
        self._writer.put([v for v in booked if v.camera not in self._recordings], stored)
        apart = [sighting for sighting in noted if sighting.camera in self._recordings]
        self._writer.put_unstored(apart)
        self._log(apart)
        self._flush()
        for visit in found_out:
            self.correct(visit.visit_id, visit.corrected, undoable=False)

    def _said_of(self, visit: Visit) -> Correction | None:
        known = self._visits.get(visit.visit_id)
        return known.corrected if known is not None else None

    def _book_visit(self, visit: Visit) -> Visit:
        corrected = self._said_of(visit) or visit.corrected
        visit = dataclasses.replace(visit, corrected=corrected, shift_id=self._shift_id)
        self._visits[visit.visit_id] = visit
        self._counters[visit.camera].update(visit)
        return visit

    def _book_sighting(self, sighting: Sighting) -> Sighting:
        own = self._visits.get(sighting.visit_id)
        return dataclasses.replace(
            sighting,
            corrected=own.corrected if own is not None else None,
            note=self._notes.get(sighting.sighting_id, ""),
            shift_id=self._shift_id,
        )

    def update(self, result: FrameResult | None = None) -> Update:
        """The state of the books, for the window and the log."""
        by_camera = {camera: counter.count() for camera, counter in self._counters.items()}
        return Update(
            result,
            total(by_camera.values()),
            self._shown,
            self._standing,
            self._writer.problem or next(iter(self._twice.values()), ""),
            by_camera,
            self._corrections,
            bool(self._undo),
            self._recordings,
        )

    def count(self) -> Count:
        """The running count of all cameras together."""
        return total(counter.count() for counter in self._counters.values())

    def tidy(self) -> bool:
        """Housekeeping, several times a second: try again what failed, delete what is too old.
        True if there is something new to show.
        """
        before = self._writer.problem
        written = self._flush()
        if self._now() >= self._purge_at:
            self._purge()
        return written or bool(before) or self._writer.problem != before

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
        try:
            self._writer.close()
        finally:
            self._flush()

    def forget(self, names: Collection[str]) -> None:
        """Take the names of people out of the visits and sightings of this shift, wherever they are
        written, and delete the pictures of these sightings.
        """
        gone = {name_key(name) for name in names}

        def nameless(held: dict[str, R]) -> dict[str, R]:
            return {
                key: dataclasses.replace(record, identity=None)
                for key, record in held.items()
                if record.identity is not None and name_key(record.identity) in gone
            }

        self._flush()
        visits, logged = nameless(self._visits), nameless(self._logged)
        self._writer.forget_faces(set(visits))
        pending = nameless(self._pending)
        self._visits |= visits
        self._pending |= pending
        self._log(list(logged.values()))
        self._writer.forget(
            gone,
            [visit for visit in visits.values() if visit.camera not in self._recordings],
            [s for s in (logged | pending).values() if s.camera not in self._recordings],
        )
        self._flush()

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
        said = {visit_id: correction} if correction is not None else {}
        others = {key: word for key, word in self._corrections.items() if key != visit_id}
        self._corrections = others | said
        self._counters[visit.camera].update(visit)
        for sighting in [s for s in self._logged.values() if s.visit_id == visit_id]:
            changed = dataclasses.replace(sighting, corrected=correction)
            self._log([changed])
            if not stands(changed):
                self._writer.forget_snapshot(changed.sighting_id)
        if visit.camera not in self._recordings:
            self._writer.correct(visit_id, correction)
            self._writer.label(visit, correction)
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
        self._log([dataclasses.replace(self._logged[sighting_id], note=note)])
        if self._logged[sighting_id].camera not in self._recordings:
            self._writer.annotate(sighting_id, note)
        self._flush()

    def _flush(self) -> bool:
        """Returns whether something new is logged."""
        committed = self._writer.flush()
        for key, sighting in committed.items():
            if self._pending.get(key) == sighting or not sighting.open:
                self._pending.pop(key, None)
        # what the receptionist has said meanwhile is in no committed version yet
        self._log([self._book_sighting(sighting) for sighting in committed.values()])
        return bool(committed)

    def _log(self, sightings: list[Sighting]) -> None:
        """Committed versions of some sightings are shown."""
        if not sightings:
            return
        newest = {sighting.sighting_id: sighting for sighting in self._shown}
        for sighting in sightings:
            key = sighting.sighting_id
            before = self._logged.get(key)
            self._standing += stands(sighting) - (before is not None and stands(before))
            self._logged[key] = newest[key] = sighting
        latest = heapq.nlargest(SHOWN_MAX, newest.values(), key=lambda s: s.first_seen)
        self._shown = tuple(latest)
        self._let_go()

    def _let_go(self) -> None:
        """A shift of weeks does not grow in memory: the oldest that have ended and are not shown
        any more are in the store alone.
        """
        for key in _oldest_ended(self._logged):
            del self._logged[key]
            self._notes.pop(key, None)
        shown = {sighting.visit_id for sighting in self._shown}
        for key in _oldest_ended(self._visits):
            if key not in shown:
                self._counters[self._visits.pop(key).camera].let_go(key)

    def _recall(self) -> Books:
        """What is in the store if all went well."""
        return (
            {k: v for k, v in list(self._visits.items()) if v.camera not in self._recordings},
            {k: s for k, s in list(self._logged.items()) if s.camera not in self._recordings},
        )

    def _purge(self) -> None:
        """Delete what is older than the retention; `_purge_at` is when it is done next."""
        self._writer.purge_faces()
        more = self._retention is not None and self._writer.purge(self._retention)
        self._purge_at = self._now() + (0.0 if more else PURGE_EVERY_S)


def _oldest_ended(kept: dict[str, Visit] | dict[str, Sighting]) -> list[str]:
    """What is to be let go of too many; a fifth at once, so that it is seldom looked for."""
    if len(kept) <= KEPT_MAX:
        return []
    ended = (key for key, record in kept.items() if not record.open)
    return list(islice(ended, KEPT_MAX // 5))
