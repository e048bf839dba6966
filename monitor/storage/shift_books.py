"""The books of a shift in memory: visits, committed sightings, the count, what the receptionist
has said. Nothing is written here.
"""

from __future__ import annotations

import dataclasses
import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from monitor.names import name_key
from monitor.records import Correction, Count, Shift, Sighting, Visit
from monitor.storage.compliance import RunningCount, stands, total

SHOWN_MAX = 200  # sightings that are handed to the window
KEPT_MAX = 5000  # visits, and sightings, of the shift that are kept in memory
R = TypeVar("R", Visit, Sighting)


@dataclass(frozen=True, slots=True)
class Past:
    """A visit as it was read from the store, with its sightings: the books may not know it."""

    visit: Visit
    sightings: tuple[Sighting, ...] = ()


class ShiftBooks:
    """The inference thread alone calls it."""

    def __init__(self, shift: Shift) -> None:
        self.shift = shift
        self.desk_name = shift.desk_name  # of this desk, whatever the shift
        self._former: Shift | None = None  # whose visits may still be open
        self.recordings: frozenset[str] = frozenset()  # those that are kept apart, by name
        # the shifts of recordings that are stored, by name: what they show is of their own day
        self.recorded: dict[str, Shift] = {}
        self.counters: defaultdict[str, RunningCount] = defaultdict(RunningCount)  # by camera
        self.visits: dict[str, Visit] = {}  # the newest version of each visit
        self.logged: dict[str, Sighting] = {}  # committed sightings
        self.shown: tuple[Sighting, ...] = ()
        self.standing = 0
        self._notes: dict[str, str] = {}  # by sighting
        # replaced, never changed in place: updates hand it to other threads
        self.corrections: dict[str, Correction] = {}

    def take_over(self, visits: Sequence[Visit], sightings: Sequence[Sighting]) -> None:
        """Go on with books that another run has begun: nobody of then is still there."""
        for visit in visits:
            self.visits[visit.visit_id] = dataclasses.replace(visit, open=False)
            self.counters[visit.camera].update(visit)
        self.corrections = {v.visit_id: v.corrected for v in visits if v.corrected is not None}
        self._notes = {s.sighting_id: s.note for s in sightings if s.note}
        if self.shift.stills != Count():
            self.counters[""].take_stills(self.shift.stills)
        self.log([dataclasses.replace(sighting, open=False) for sighting in sightings])

    def begin(self, shift: Shift, kept: frozenset[str]) -> None:
        """Count from zero.

        Args:
            kept: Recordings, by name, which go on.
        """
        self._former = self.shift
        self.shift = dataclasses.replace(shift, desk_name=self.desk_name)
        counters = {c: counter for c, counter in self.counters.items() if c in kept}
        self.counters = defaultdict(RunningCount, counters)
        self.shown = tuple(s for s in self.shown if s.camera in kept)
        self.standing = sum(stands(s) for s in self.logged.values() if s.camera in kept)

    def count(self) -> Count:
        """The running count of all cameras together."""
        return total(counter.count() for counter in self.counters.values())

    def let_recording_go(self, camera: str) -> None:
        """Forget what was found in a recording that is kept apart."""
        if camera not in self.recordings:
            return
        gone = {key for key, visit in self.visits.items() if visit.camera == camera}
        self.counters.pop(camera, None)
        self.visits = {k: v for k, v in self.visits.items() if k not in gone}
        self.corrections = {k: c for k, c in self.corrections.items() if k not in gone}
        former = [s for s in self.logged.values() if s.camera == camera]
        self.standing -= sum(map(stands, former))
        for sighting in former:
            del self.logged[sighting.sighting_id]
            self._notes.pop(sighting.sighting_id, None)
        self.shown = tuple(s for s in self.shown if s.camera != camera)

    def of_camera(self, camera: str) -> tuple[list[Visit], list[Sighting], Count]:
        """Its visits and sightings that are remembered, and the faces of its single pictures."""
        stills = self.counters[camera].stills if camera in self.counters else Count()
        return (
            [v for v in self.visits.values() if v.camera == camera],
            [s for s in self.logged.values() if s.camera == camera],
            stills,
        )

    def book_recording(self, camera: str, shift: Shift, taken: datetime) -> Shift:
        """The shift of a recording that is stored, with the faces of its single pictures.

        Args:
            shift: Where it has none yet.
            taken: When the picture at hand was taken; its shift began no later.
        """
        known = self.recorded.get(camera, shift)
        stills = total(
            counter.stills
            for name, counter in self.counters.items()
            if name == camera or self.recorded.get(name) == known
        )
        began = min(known.started, taken)
        self.recorded[camera] = dataclasses.replace(known, started=began, stills=stills)
        return self.recorded[camera]

    def is_stored(self, record: Visit | Sighting) -> bool:
        """What is not of a recording that is kept apart."""
        return record.camera not in self.recordings

    def said_of(self, visit_id: str) -> Correction | None:
        known = self.visits.get(visit_id)
        return known.corrected if known is not None else None

    def book_visit(self, visit: Visit) -> Visit:
        corrected = self.said_of(visit.visit_id) or visit.corrected
        shift_id, desk = self._shift_of(visit), self.desk_name
        visit = dataclasses.replace(visit, corrected=corrected, shift_id=shift_id, desk=desk)
        self.visits[visit.visit_id] = visit
        if self._of_now(visit):
            self.counters[visit.camera].update(visit)
        return visit

    def book_sighting(self, sighting: Sighting) -> Sighting:
        own = self.visits.get(sighting.visit_id)
        return dataclasses.replace(
            sighting,
            corrected=own.corrected if own is not None else None,
            note=self._notes.get(sighting.sighting_id, ""),
            shift_id=own.shift_id if own is not None else self.shift.shift_id,
            desk=self.desk_name,
        )

    def _shift_of(self, visit: Visit) -> str:
        """A visit stays in the books in which it began."""
        known, former = self.visits.get(visit.visit_id), self._former
        if known is not None:
            return known.shift_id
        if visit.camera in self.recorded:
            return self.recorded[visit.camera].shift_id
        if former is not None and former.started <= visit.first_seen < self.shift.started:
            return former.shift_id
        return self.shift.shift_id

    def _of_now(self, record: Visit | Sighting) -> bool:
        """Whether it is in the count and in the list that are shown."""
        return (
            record.shift_id == self.shift.shift_id
            or record.camera in self.recordings
            or record.camera in self.recorded
        )

    def log(self, sightings: Iterable[Sighting]) -> None:
        """Committed versions of some sightings are shown."""
        newest = {sighting.sighting_id: sighting for sighting in self.shown}
        for sighting in sightings:
            key = sighting.sighting_id
            before = self.logged.get(key)
            self.logged[key] = sighting
            if self._of_now(sighting):
                self.standing += stands(sighting) - (before is not None and stands(before))
                newest[key] = sighting
        latest = heapq.nlargest(SHOWN_MAX, newest.values(), key=lambda s: s.first_seen)
        self.shown = tuple(latest)
        self._let_go()

    # The receptionist's word

    def correct(self, visit_id: str, correction: Correction | None, past: Past | None) -> None:
        """Count a visit, and its sightings, as what was said."""
        known = self.visits.get(visit_id)
        before = known or (past.visit if past is not None else None)
        if before is None:
            return
        visit = dataclasses.replace(before, corrected=correction)
        if known is not None:
            self.visits[visit_id] = visit
        if self._of_now(visit):
            said = {visit_id: correction} if correction is not None else {}
            others = {key: word for key, word in self.corrections.items() if key != visit_id}
            self.corrections = others | said
            counter = self.counters[visit.camera]
            if known is not None:
                counter.update(visit)
            else:
                counter.recount(before, visit)
        own = [s for s in self.logged.values() if s.visit_id == visit_id]
        self.log([dataclasses.replace(sighting, corrected=correction) for sighting in own])

    def annotate(self, sighting_id: str, note: str) -> None:
        """Keep a note with a sighting that is known here."""
        self._notes[sighting_id] = note
        self.log([dataclasses.replace(self.logged[sighting_id], note=note)])

    def hear(self, past: Past) -> bool:
        """Take over what was said at another desk of a visit and its sightings. Returns whether the
        visit counts otherwise now.

        Args:
            past: As it is in the store now.
        """
        visit_id, said = past.visit.visit_id, past.visit.corrected
        for sighting in past.sightings:
            own = self.logged.get(sighting.sighting_id)
            if own is not None and own.note != sighting.note:
                self.annotate(sighting.sighting_id, sighting.note)
        known = self.visits.get(visit_id)
        if known is None and not self._of_now(past.visit):
            return False
        former = known.corrected if known is not None else self.corrections.get(visit_id)
        if former is said:
            return False
        before = dataclasses.replace(past.visit, corrected=former)
        self.correct(visit_id, said, Past(before, past.sightings))
        return True

    # Growing and shrinking

    def nameless(self, held: dict[str, R], gone: set[str]) -> dict[str, R]:
        """Those of some records that have lost a name, without it."""
        return {
            key: dataclasses.replace(record, identity=None)
            for key, record in held.items()
            if record.identity is not None and name_key(record.identity) in gone
        }

    def _let_go(self) -> None:
        """A shift of weeks does not grow in memory: the oldest that have ended and are not shown
        any more are in the store alone. What is in no store stays.
        """
        for key in _oldest_ended(self.logged, self.recordings):
            del self.logged[key]
            self._notes.pop(key, None)
        shown = {sighting.visit_id for sighting in self.shown}
        for key in _oldest_ended(self.visits, self.recordings):
            if key not in shown:
                self.counters[self.visits.pop(key).camera].let_go(key)


def _oldest_ended(
    kept: dict[str, Visit] | dict[str, Sighting], recordings: frozenset[str]
) -> list[str]:
    """What is to be let go of too many; a fifth at once, so that it is seldom looked for."""
    if len(kept) <= KEPT_MAX:
        return []
    ended = (k for k, r in kept.items() if not r.open and r.camera not in recordings)
    return list(islice(ended, KEPT_MAX // 5))
