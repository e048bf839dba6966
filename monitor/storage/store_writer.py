"""What waits for the store, in the newest version of each record; tried again when that fails."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Protocol

from monitor.errors import StoreError
from monitor.records import Correction, Shift, Sighting, Visit, Watch
from monitor.storage.retention import Retention
from monitor.storage.shift_books import Past
from monitor.storage.store import Store

log = logging.getLogger(__name__)

PURGE_S = 0.1  # a long purge lets others write this often

Books = tuple[Mapping[str, Visit], Mapping[str, Sighting], Mapping[str, Watch]]  # by their ids


@dataclass(frozen=True, slots=True)
class Closed:
    """How it ended."""

    unstored: int = 0  # things that could not be written
    kept: str = ""  # what becomes of them, unless they are lost
    committed: Mapping[str, Sighting] = field(default_factory=dict)  # since the last flush


class StoreLane(Protocol):
    """How the ledger's writer has the store written: at once, or by a thread."""

    @property
    def problems(self) -> Mapping[str, str]:
        """What could not be done, a line each: of "store", "clock", "snapshots"."""

    def put(self, visits: Iterable[Visit], sightings: Iterable[Sighting]) -> None: ...

    def put_watches(self, watches: Iterable[Watch]) -> None: ...

    def put_shift(self, shift: Shift, *, current: bool = True) -> None: ...

    def correct(
        self, visit_id: str, correction: Correction | None, *, found_out: bool = False
    ) -> None: ...

    def annotate(self, sighting_id: str, note: str) -> None: ...

    def heard(self) -> list[Past]: ...

    def forget(
        self, gone: Collection[str], visits: Iterable[Visit], sightings: Iterable[Sighting]
    ) -> None: ...

    def purge(self, retention: Retention, then: Callable[[datetime], object]) -> bool: ...

    def flush(self) -> dict[str, Sighting]: ...

    @property
    def forgotten(self) -> bool:
        """Whether nothing that waits holds a name that is to go."""

    def unstored(self) -> int: ...

    def close(self, limit_s: float) -> Closed: ...


class NoStore:
    """For a run on recordings alone, which are in no store."""

    problems: Mapping[str, str] = MappingProxyType({})
    forgotten = True

    def put(self, visits: Iterable[Visit], sightings: Iterable[Sighting]) -> None: ...

    def put_watches(self, watches: Iterable[Watch]) -> None: ...

    def put_shift(self, shift: Shift, *, current: bool = True) -> None: ...

    def correct(
        self, visit_id: str, correction: Correction | None, *, found_out: bool = False
    ) -> None: ...

    def annotate(self, sighting_id: str, note: str) -> None: ...

    def heard(self) -> list[Past]:
        return []

    def forget(
        self, gone: Collection[str], visits: Iterable[Visit], sightings: Iterable[Sighting]
    ) -> None: ...

    def purge(self, retention: Retention, then: Callable[[datetime], object]) -> bool:
        return False

    def flush(self) -> dict[str, Sighting]:
        return {}

    def unstored(self) -> int:
        return 0

    def close(self, limit_s: float) -> Closed:
        return Closed()


class StoreWriter:
    """Writes at once, in the thread that calls it.

    Args:
        store: Open; `close` closes it.
        shift: The one that is begun.
        recall: Gives all visits, all committed sightings and all intervals of the shift, to be
            written again into a store that was deleted.

    Raises:
        StoreError: If the shift cannot be written to the store.
    """

    def __init__(self, store: Store, shift: Shift, recall: Callable[[], Books]) -> None:
        self._store, self._shift, self._recall = store, shift, recall
        self._visits: dict[str, Visit] = {}
        self._sightings: dict[str, Sighting] = {}
        self._watches: dict[str, Watch] = {}
        self._shifts: dict[str, Shift] = {}
        # by visit, and by visit or sighting: what was said, and when; whether the machine found out
        self._corrections: dict[str, tuple[Correction | None, datetime, bool]] = {}
        self._notes: dict[str, tuple[str, datetime]] = {}
        self._gone: set[str] = set()  # names that no row may hold any more
        self._purged = False  # and not scrubbed yet
        self._problems: dict[str, str] = {}
        self.forgotten = True  # it keeps no file of its own
        self._begin(shift)

    @property
    def problems(self) -> dict[str, str]:
        return self._problems

    def put(self, visits: Iterable[Visit], sightings: Iterable[Sighting]) -> None:
        """Newest versions of visits and sightings."""
        self._visits |= {visit.visit_id: visit for visit in visits}
        self._sightings |= {sighting.sighting_id: sighting for sighting in sightings}

    def put_watches(self, watches: Iterable[Watch]) -> None:
        """Newest versions of intervals."""
        self._watches |= {watch.watch_id: watch for watch in watches}

    def put_shift(self, shift: Shift, *, current: bool = True) -> None:
        """The newest version of a shift: one that has begun, or with more single pictures.

        Args:
            current: False: of a recording, beside the one that goes on.
        """
        if current:
            self._shift = shift
        self._shifts[shift.shift_id] = shift

    def correct(
        self, visit_id: str, correction: Correction | None, *, found_out: bool = False
    ) -> None:
        """What the receptionist says of a visit; None takes it back.

        Args:
            found_out: By the machine; whatever somebody has said of it in the store stays.
        """
        self._corrections[visit_id] = correction, datetime.now(UTC), found_out
        for key, waiting in self._sightings.items():
            if waiting.visit_id == visit_id:
                self._sightings[key] = dataclasses.replace(waiting, corrected=correction)

    def annotate(self, sighting_id: str, note: str) -> None:
        """The receptionist's note to a sighting."""
        self._notes[sighting_id] = note, datetime.now(UTC)

    def heard(self) -> list[Past]:
        """What is said at other desks: a store that is written at once has none."""
        return []

    def forget(
        self, gone: Collection[str], visits: Iterable[Visit], sightings: Iterable[Sighting]
    ) -> None:
        """Versions that have lost a name take the place of those that hold it."""
        self.put(visits, sightings)

    def forget_everywhere(self, gone: Collection[str]) -> None:
        """Take names out of all that the store holds, as soon as it can be written."""
        self._gone |= set(gone)

    def answers(self) -> bool:
        """Whether the store can be written now."""
        return self._attempt("store", self._store.touch)

    def purge(self, retention: Retention, then: Callable[[datetime], object]) -> bool:
        """Delete some of what is too old. Returns whether there is more; else `then` was told
        before when all is deleted.
        """
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
            self._attempt("snapshots", partial(then, due.before))

        return self._attempt("store", delete) and more

    def _doubt(self, line: str) -> None:
        """The clock is not believed, or is again."""
        if not line:
            self.problems.pop("clock", None)
        elif "clock" not in self.problems:
            log.warning("%s", line)
            self.problems["clock"] = line

    def flush(self) -> dict[str, Sighting]:
        """Write all that waits.

        Returns:
            The sightings that were committed now.
        """
        committed: dict[str, Sighting] = {}
        if self.unstored() and self._attempt("store", self._save):
            committed = self._sightings
            self._visits, self._sightings, self._watches, self._shifts = {}, {}, {}, {}
        if self._visits or self._sightings:
            return committed  # a word on what is not in the store yet would be lost
        for visit_id, (said, at, found_out) in list(self._corrections.items()):
            correct = partial(self._store.correct, visit_id, said, at, found_out=found_out)
            if self._attempt("store", correct):
                del self._corrections[visit_id]
        for sighting_id, noted in list(self._notes.items()):
            if self._attempt("store", partial(self._store.annotate, sighting_id, *noted)):
                del self._notes[sighting_id]
        for name in sorted(self._gone):
            if self._attempt("store", partial(self._store.forget_identity, name)):
                self._gone.discard(name)
        if not self.unstored():
            self.problems.pop("store", None)
        return committed

    def unstored(self) -> int:
        """How many things wait."""
        waiting = (self._visits, self._sightings, self._watches, self._corrections, self._notes)
        return sum(len(w) for w in waiting) + len(self._gone) + len(self._shifts)

    def close(self, limit_s: float) -> Closed:
        """Let the store go; it is waited for, however long that takes."""
        self._store.close()
        return Closed(self.unstored())

    def _save(self) -> None:
        if self._store.renew():
            log.error(
                "the store was deleted or replaced while in use: this shift is written again, what "
                "was older is gone"
            )
            self._begin(self._shift)
            visits, sightings, watches = self._recall()
            self._visits = dict(visits) | self._visits
            self._watches = dict(watches) | self._watches
            self._sightings = {**sightings, **self._sightings}
            self._shifts[self._shift.shift_id] = self._shift
        self._store.save(
            self._visits.values(),
            self._sightings.values(),
            self._shifts.values(),
            self._watches.values(),
        )

    def _begin(self, shift: Shift) -> None:
        names = shift.name, shift.desk, shift.until, shift.desk_name
        self._store.begin_shift(shift.shift_id, shift.started, *names)

    def _attempt(self, what: str, action: Callable[[], object]) -> bool:
        try:
            action()
        except StoreError as error:
            if what not in self.problems:
                log.error("%s", error)
            self.problems[what] = str(error)
            return False
        self.problems.pop(what, None)
        return True
