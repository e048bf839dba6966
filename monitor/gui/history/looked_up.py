"""What the page reads of the store, and what it has the inference thread write; all of it behind
the window.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.errors import StoreError
from monitor.gui.history.periods import Period
from monitor.gui.history.rows import PAGE, row_id
from monitor.gui.history.words import Row
from monitor.gui.threads.bridge import Bridge
from monitor.gui.threads.session import Session
from monitor.records import Change, Correction, WorkerState

if TYPE_CHECKING:
    from monitor.analysis.worker import Parts
    from monitor.storage.history import Found, Wanted
    from monitor.storage.overview import Overview
    from monitor.storage.spans import Span
    from monitor.storage.store import Store

WATCHED_MAX = timedelta(days=32)  # whose intervals are listed
WRITTEN_S = 5.0  # a correction is waited for so long


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be shown."""

    period: Period
    hourly: bool
    kind: str
    camera: str | None = None
    state: object = None
    corrected: bool = False
    shift: str | None = None  # by name
    text: str = ""
    desk: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """All of one moment."""

    overview: Overview
    found: Found
    first: list[Row]
    desks: list[str]  # all that the store knows


class LookedUp:
    """Main thread; each call comes back with an answer later, or with a line why not.

    Args:
        failed: Called with that line.
    """

    def __init__(self, session: Session, bridge: Bridge, failed: Callable[[str], None]) -> None:
        self._session, self._bridge, self._failed = session, bridge, failed
        self._newest = 0

    def ask(self, asked: Asked, done: Callable[[Answer], None]) -> None:
        """Read a period of time; an answer that is overtaken by a later question is left out."""
        self._newest += 1
        number = self._newest

        def take(answer: Answer) -> None:
            if number == self._newest:
                done(answer)

        self._bridge.run(
            "the history",
            lambda: self._session.with_store(lambda store: _read(store, asked)),
            take,
            self._failed,
        )

    def page(self, found: Found, page: int, done: Callable[[list[Row]], None]) -> None:
        """Read more rows of a list."""

        def read(store: Store) -> list[Row]:
            from monitor.storage.history import History

            return History(store).page(found, page * PAGE, PAGE)

        self._bridge.run("the history", lambda: self._session.with_store(read), done, self._failed)

    def changes(self, row: Row, done: Callable[[list[Change]], None]) -> None:
        """Who has said what of a row and its visit."""
        ids = {row_id(row), row.visit_id}
        self._bridge.run(
            "the history",
            lambda: self._session.with_store(lambda store: store.read_changes(ids)),
            done,
            self._failed,
        )

    def watched(self, period: Period, done: Callable[[Sequence[Span]], None]) -> None:
        """What each camera did, one interval after the other, and when nobody looked."""

        def read(store: Store) -> Sequence[Span]:
            from monitor.storage.totals import watched_between

            if period.until - period.since > WATCHED_MAX:
                raise StoreError("that is more than a month: choose a day or a week")
            with store.one_state():
                return watched_between(store, period.since, period.until)

        self._bridge.run("the history", lambda: self._session.with_store(read), done, self._failed)

    # What the receptionist says: the inference thread writes it, like a correction of today

    def correct(
        self, row: Row, correction: Correction | None, done: Callable[[None], None]
    ) -> None:
        """Count the visit of a row as something else."""

        def work() -> None:
            from monitor.storage.history import History
            from monitor.storage.shift_books import Past

            visit, sightings = self._session.with_store(
                lambda store: History(store).visit(row.visit_id)
            )
            if visit is None:
                raise StoreError(
                    "the visit of this sighting was deleted with its time: it cannot be corrected"
                )
            past = Past(visit, tuple(sightings))
            self._written(lambda p: p.ledger.correct(row.visit_id, correction, past=past))

        self._bridge.run("a correction", work, done, self._failed)

    def annotate(self, row: Row, note: str, done: Callable[[None], None]) -> None:
        """Keep a note with a row."""

        def work() -> None:
            self._written(lambda p: p.ledger.annotate(row_id(row), note, before=row.note))

        self._bridge.run("a note", work, done, self._failed)

    def undo(self, done: Callable[[None], None]) -> None:
        """Take the last correction or note back."""

        def work() -> None:
            self._written(lambda p: p.ledger.undo())

        self._bridge.run("undoing", work, done, self._failed)

    def _written(self, command: Callable[[Parts], object]) -> None:
        """
        Raises:
            StoreError: If it cannot be done now.
        """
        if self._session.worker_state()[0] is WorkerState.FAILED:
            raise StoreError(
                "nothing can be corrected while the analysis has stopped: see the main window"
            )
        written = threading.Event()

        def act(parts: Parts) -> None:
            command(parts)
            written.set()

        self._session.submit(act)
        if not written.wait(WRITTEN_S):
            raise StoreError("it is not saved yet: it will be as soon as the monitor answers")


def _read(store: Store, asked: Asked) -> Answer:
    from monitor.storage.history import History, Wanted
    from monitor.storage.overview import overview

    since, until, history = asked.period.since, asked.period.until, History(store)
    with store.one_state():
        seen = overview(store, since, until, hourly=asked.hourly)
        ids = None
        if asked.shift is not None:
            ids = frozenset(s.shift_id for s in history.shifts() if s.name == asked.shift)
        wanted: Wanted = Wanted(
            asked.kind,
            since,
            until,
            asked.camera,
            asked.state,  # type: ignore[arg-type]
            asked.corrected,
            ids,
            asked.desk,
            asked.text,
        )
        found = history.find(wanted)
        return Answer(seen, found, history.page(found, 0, PAGE), store.desk_names())
