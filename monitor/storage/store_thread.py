"""The store written by a thread of its own: a database that stands still stops nobody.

What it has not taken after a moment is kept in a spool on the disk meanwhile.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime

from monitor.errors import StoreError
from monitor.names import name_digest
from monitor.records import Correction, Shift, Sighting, Visit, Watch
from monitor.storage.heard import Heard
from monitor.storage.retention import Retention
from monitor.storage.shift_books import Past
from monitor.storage.spool import Corrected, Gone, Item, Noted, Spool, key_of, write_left
from monitor.storage.store import Store
from monitor.storage.store_writer import Books, Closed, StoreWriter

log = logging.getLogger(__name__)

SPOOL_AFTER_S = 1.0  # what waits for longer goes to the spool
STUCK_AFTER_S = 3.0  # a call that takes longer is told
ANSWER_S = 0.3  # the receptionist's own word is waited for so long
CLOSE_S = 5.0
RETRY_S = 2.0
HEAR_S = 2.0  # what other desks say is looked for as often


class StoreThread:
    """As `StoreWriter`, but nothing waits for the database. The inference thread calls it.

    Args:
        store: Open; the thread closes it.
        shift: The one that is begun.
        recall: As for `StoreWriter`; called in the thread.
        spool: Where what waits is kept.

    Raises:
        StoreError: If the shift cannot be written to the store.
    """

    def __init__(
        self, store: Store, shift: Shift, recall: Callable[[], Books], spool: Spool
    ) -> None:
        self._label, self._spool = store.label, spool
        self._store = store
        self._writer = store.answered(lambda: self._begin(shift, recall))
        self._jobs: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._answered = threading.Condition(self._lock)
        self._committed: dict[str, Sighting] = {}
        self._put, self._done = 0, 0  # numbers of the last job that was put, and that is saved
        self._waiting: dict[tuple[type[Item], str], tuple[int, Item]] = {}
        self._since: float | None = None  # when the oldest of these was put
        self._spooled = 0  # number of the last job that is in the spool
        self._busy_since: float | None = None
        self._damaged = ""  # what is wrong with the store's file
        # of what somebody said here last: the number of the job, by visit or sighting
        self._said: dict[str, int] = {}
        # what was said anywhere, with the number of the last job that was saved by then
        self._heard: list[tuple[int, Past]] = []
        self._to_hear: set[str] = set()  # visits that are to be looked at once more
        # a file is this computer's alone
        self._others = Heard(store) if store.file is None else None
        self._hear_at = 0.0  # s
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    def _begin(self, shift: Shift, recall: Callable[[], Books]) -> StoreWriter:
        try:
            write_left(self._store, self._spool.folder)
        except StoreError as error:
            log.error("%s", error)
        return StoreWriter(self._store, shift, recall)

    # Called by the inference thread

    @property
    def problems(self) -> dict[str, str]:
        """What could not be done, a line each."""
        problems, busy = dict(self._writer.problems), self._busy_since
        if self._damaged:
            problems["store"] = self._damaged
            return problems
        if busy is not None and time.monotonic() - busy > STUCK_AFTER_S and self._waiting:
            problems["store"] = f"the store {self._label} does not answer"
        if "store" in problems and self._spooled:
            problems["store"] += "; what is to be saved waits on this computer"
        return problems

    def put(self, visits: Iterable[Visit], sightings: Iterable[Sighting]) -> None:
        visits, sightings = list(visits), list(sightings)
        if visits or sightings:
            self._submit(lambda: self._writer.put(visits, sightings), *visits, *sightings)

    def put_watches(self, watches: Iterable[Watch]) -> None:
        watches = list(watches)
        if watches:
            self._submit(lambda: self._writer.put_watches(watches), *watches)

    def put_shift(self, shift: Shift, *, current: bool = True) -> None:
        self._submit(lambda: self._writer.put_shift(shift, current=current), shift)

    def correct(
        self, visit_id: str, correction: Correction | None, *, found_out: bool = False
    ) -> None:
        self._submit(
            lambda: self._writer.correct(visit_id, correction, found_out=found_out),
            Corrected(visit_id, correction, datetime.now(UTC), found_out),
        )
        self._said[visit_id] = self._put
        self._wait_for_answer()

    def annotate(self, sighting_id: str, note: str) -> None:
        self._submit(
            lambda: self._writer.annotate(sighting_id, note),
            Noted(sighting_id, note, datetime.now(UTC)),
        )
        self._said[sighting_id] = self._put
        self._wait_for_answer()

    def heard(self) -> list[Past]:
        """What others have said, or this desk itself, since the last call: as it is in the store.
        What was said here meanwhile is newer.
        """
        with self._lock:
            heard, self._heard = self._heard, []
            early = [past for done, past in heard if self._newest_word(past) > done]
            self._to_hear |= {past.visit.visit_id for past in early}
        return [past for _, past in heard if past not in early]

    def _newest_word(self, past: Past) -> int:
        ids = (past.visit.visit_id, *(sighting.sighting_id for sighting in past.sightings))
        return max(self._said.get(of_id, 0) for of_id in ids)

    def forget(
        self, gone: Collection[str], visits: Iterable[Visit], sightings: Iterable[Sighting]
    ) -> None:
        """Versions that have lost a name take the place of those that hold it, in the spool too.

        Whoever forgets somebody cleans the store himself. Where it does not answer now, he may not
        have been able to: this program does it then, as soon as the store answers, or the next one
        does.
        """
        self.put(visits, sightings)
        if not self._wait_for_answer():
            names = (Gone(name_digest(name)) for name in gone)
            self._submit(lambda: self._writer.forget_everywhere(gone), *names)
        self._forget_done()
        if self._spooled:
            self._spool.replace(item for _, item in self._waiting.values())
            self._spooled = self._put

    def purge(self, retention: Retention, then: Callable[[datetime], object]) -> bool:
        """The thread goes on with it by itself."""

        def some() -> None:
            if self._writer.purge(retention, then):
                self._jobs.put(some)

        self._jobs.put(some)
        return False

    def flush(self) -> dict[str, Sighting]:
        """What was committed since the last call; what waits too long goes to the spool."""
        with self._lock:
            committed, self._committed = self._committed, {}
        self._forget_done()
        if self._since is not None and time.monotonic() - self._since > SPOOL_AFTER_S:
            self._keep()
        return committed

    def unstored(self) -> int:
        self._forget_done()
        return len(self._waiting)

    def close(self) -> Closed:
        """Have all written, or kept in the spool, within a time limit."""
        self._jobs.put(None)
        self._thread.join(CLOSE_S)
        left = self.unstored()
        with self._lock:
            committed, self._committed = self._committed, {}
        return Closed(left, self._keep() if left else "", committed)

    def _submit(self, job: Callable[[], object], *items: Item) -> None:
        self._put += 1
        number = self._put

        def numbered() -> int:
            job()
            return number

        for item in items:
            self._waiting[key_of(item)] = number, item
        if self._since is None:
            self._since = time.monotonic()
        self._jobs.put(numbered)

    def _wait_for_answer(self) -> bool:
        """What the receptionist says is on the disk before it is shown. Returns whether it is in
        the store.
        """
        with self._answered:
            done = self._answered.wait_for(lambda: self._done >= self._put, ANSWER_S)
        if not done:
            self._keep()
        return done

    def _forget_done(self) -> None:
        done = self._done
        if not self._waiting or done == 0:
            return
        left = {k: entry for k, entry in self._waiting.items() if entry[0] > done}
        if len(left) < len(self._waiting):
            self._since = time.monotonic() if left else None
        self._waiting = left
        if self._spooled and done >= self._spooled:
            self._spool.clear()
            self._spooled = 0

    def _keep(self) -> str:
        """Bring to the disk what is not there yet. Returns what becomes of what waits."""
        new = [item for number, item in self._waiting.values() if number > self._spooled]
        try:
            if new and self._spool.add(new):
                self._spool.replace(item for _, item in self._waiting.values())
        except StoreError as error:
            log.error("%s", error)
            return ""
        self._spooled = self._put
        return f"kept in {self._spool.path} and saved at the next start"

    # The thread itself

    def _run(self) -> None:
        try:
            self._work()
        except Exception:  # the top of a thread; what waits goes to the spool
            log.exception("writing to the store has ended")
            self._busy_since = 0.0

    def _work(self) -> None:
        self._damaged = self._damage()
        if self._damaged:
            log.error("%s", self._damaged)
        open_jobs, number, retry_at = True, 0, 0.0
        while open_jobs:
            to_try_again = self._writer.unstored() or "store" in self._writer.problems
            jobs = self._take(self._rests_s(bool(to_try_again)))
            self._busy_since = time.monotonic()
            for job in jobs:
                if job is None:
                    open_jobs, retry_at = False, 0.0
                    continue
                answer = job()
                number = answer if isinstance(answer, int) else number
            if self._writer.problems.get("store") and time.monotonic() < retry_at:
                self._busy_since = None
                continue
            retry_at = time.monotonic() + RETRY_S
            committed = self._writer.flush()
            with self._answered:
                self._committed |= committed
                if not self._writer.unstored():
                    self._done = number
                self._answered.notify_all()
            self._hear()
            self._busy_since = None
        self._store.close()

    def _rests_s(self, to_try_again: bool) -> float | None:
        """For how long nothing need be done."""
        hears_in = None if self._others is None else max(self._hear_at - time.monotonic(), 0.0)
        return min(
            (s for s in (RETRY_S if to_try_again else None, hears_in) if s is not None),
            default=None,
        )

    def _hear(self) -> None:
        if self._others is None or time.monotonic() < self._hear_at:
            return
        self._hear_at = time.monotonic() + HEAR_S
        with self._lock:
            again, self._to_hear = self._to_hear, set()
        try:
            found = self._others.look(again)
        except StoreError as error:  # as long as it is down; whoever writes tells it
            log.debug("%s", error)
            found = []
            with self._lock:
                self._to_hear |= again
        with self._lock:
            self._heard += [(self._done, past) for past in found]

    def _take(self, wait_s: float | None) -> list[Callable[[], object] | None]:
        """All jobs that are there; waits for the first."""
        jobs: list[Callable[[], object] | None] = []
        try:
            jobs.append(self._jobs.get(timeout=wait_s))
            while True:
                jobs.append(self._jobs.get_nowait())
        except queue.Empty:
            return jobs

    def _damage(self) -> str:
        try:
            return self._store.damage()
        except StoreError:
            return ""
