"""The store written by a thread of its own: a database that stands still stops nobody.

What it has not taken after a moment is kept in a spool on the disk meanwhile; where that disk
stands still, too, in memory: the newest version of each record, however long it lasts.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from functools import partial

from monitor.errand import Errand
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
RETRY_S = 2.0
HEAR_S = 2.0  # what other desks say is looked for as often
LAST_S = 0.5  # the spool gets as long at the end, whatever the store has taken


Job = Callable[[], object]
Key = object  # of a job: a newer one takes its place


class StoreThread:
    """As `StoreWriter`, but nothing waits for the database, nor for the disk of the spool. The
    inference thread calls it.

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
        self._jobs: dict[Key, Job] = {}
        self._closing = False
        self._lock = threading.Lock()
        self._asked = threading.Condition(self._lock)
        self._answered = threading.Condition(self._lock)
        self._committed: dict[str, Sighting] = {}
        self._put, self._done = 0, 0  # numbers of the last job that was put, and that is saved
        self._waiting: dict[tuple[type[Item], str], tuple[int, Item]] = {}
        self._since: float | None = None  # when the oldest of these was put
        self._disk = Errand()  # writes the spool
        self._spooled = 0  # number of the last job that is in the spool
        self._anew = False  # the spool holds a name that is to go
        self._spool_fault = ""  # why it could not be written
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
        if "store" in problems:
            problems["store"] += self._kept_where()
        return problems

    def _kept_where(self) -> str:
        if self._disk.stuck:
            return f", and nothing can be written to {self._spool.folder} at present"
        if self._spool_fault:
            return f"; {self._spool_fault}"
        return "; what is to be saved waits on this computer" if self._spooled else ""

    def put(self, visits: Iterable[Visit], sightings: Iterable[Sighting]) -> None:
        put = self._writer.put
        self._submit(
            *((partial(put, [visit], []), visit) for visit in visits),
            *((partial(put, [], [sighting]), sighting) for sighting in sightings),
        )

    def put_watches(self, watches: Iterable[Watch]) -> None:
        self._submit(*((partial(self._writer.put_watches, [watch]), watch) for watch in watches))

    def put_shift(self, shift: Shift, *, current: bool = True) -> None:
        self._submit((partial(self._writer.put_shift, shift, current=current), shift))

    def correct(
        self, visit_id: str, correction: Correction | None, *, found_out: bool = False
    ) -> None:
        said = Corrected(visit_id, correction, datetime.now(UTC), found_out)
        job = partial(self._writer.correct, visit_id, correction, found_out=found_out)
        self._submit((job, said))
        self._said[visit_id] = self._put
        self._wait_for_answer()

    def annotate(self, sighting_id: str, note: str) -> None:
        said = Noted(sighting_id, note, datetime.now(UTC))
        self._submit((partial(self._writer.annotate, sighting_id, note), said))
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
        answers = threading.Event()

        def ask() -> None:
            if self._writer.answers():
                answers.set()

        self.put(visits, sightings)
        self._put_job("ask", ask)  # the shift may hold nothing of them, and the store all the same
        if not (self._wait_for_answer() and answers.wait(ANSWER_S)):
            everywhere = self._writer.forget_everywhere
            self._submit(*((partial(everywhere, [name]), Gone(name_digest(name))) for name in gone))
        self._forget_done()
        if self._spooled or self._disk.busy:
            self._anew = True
            self._keep()

    @property
    def forgotten(self) -> bool:
        """Whether no name that is to go is in the spool any more."""
        return not self._anew

    def purge(self, retention: Retention, then: Callable[[datetime], object]) -> bool:
        """The thread goes on with it by itself."""

        def some() -> None:
            if self._writer.purge(retention, then):
                self._put_job("purge", some)

        self._put_job("purge", some)
        return False

    def flush(self) -> dict[str, Sighting]:
        """What was committed since the last call; what waits too long goes to the spool."""
        with self._lock:
            committed, self._committed = self._committed, {}
        self._forget_done()
        late = self._since is not None and time.monotonic() - self._since > SPOOL_AFTER_S
        if late or self._anew:
            self._keep()
        return committed

    def unstored(self) -> int:
        self._forget_done()
        return len(self._waiting)

    def close(self, limit_s: float) -> Closed:
        """Have all written, or kept in the spool, within a time limit."""
        ends = time.monotonic() + limit_s
        with self._asked:
            self._closing = True
            self._asked.notify()
        self._thread.join(limit_s)
        left = self.unstored()
        with self._lock:
            committed, self._committed = self._committed, {}
        kept = ""
        if self._disk.settle(max(ends - time.monotonic(), LAST_S)) and left:
            self._keep()
            self._disk.settle(max(ends - time.monotonic(), LAST_S))
            if all(number <= self._spooled for number, _ in self._waiting.values()):
                kept = f"kept in {self._spool.path} and saved at the next start"
        return Closed(left, kept, committed)

    def _submit(self, *jobs: tuple[Job, Item]) -> None:
        """Have something done for each item, in the place of what waits for the same one."""
        if not jobs:
            return
        with self._asked:
            self._put += 1
            for job, item in jobs:
                key = key_of(item)
                self._waiting[key] = self._put, item
                self._jobs.pop(key, None)
                self._jobs[key] = job
            self._asked.notify()
        if self._since is None:
            self._since = time.monotonic()

    def _put_job(self, key: Key, job: Job) -> None:
        with self._asked:
            self._jobs[key] = job
            self._asked.notify()

    def _wait_for_answer(self) -> bool:
        """What the receptionist says is on the disk before it is shown, unless that stands still.
        Returns whether it is in the store.
        """
        with self._answered:
            done = self._answered.wait_for(lambda: self._done >= self._put, ANSWER_S)
        if not done:
            self._keep()
        return done

    def _forget_done(self) -> None:
        def cleared(error: Exception | None) -> None:
            self._anew = False

        done = self._done
        if self._waiting and done:
            left = {k: entry for k, entry in self._waiting.items() if entry[0] > done}
            if len(left) < len(self._waiting):
                self._since = time.monotonic() if left else None
            self._waiting = left
        if self._disk.settle() and 0 < self._spooled <= done:
            self._spooled = 0
            self._disk.run(self._spool.clear, cleared)

    def _keep(self) -> None:
        """Bring to the disk what is not there yet, as soon as it answers."""
        if not self._disk.settle():
            return
        anew, put = self._anew, self._put
        every = [item for _, item in self._waiting.values()]
        new = [item for number, item in self._waiting.values() if number > self._spooled]
        if not (new or anew):
            return

        def write() -> None:
            if anew or self._spool.add(new):
                self._spool.replace(every)

        def written(error: Exception | None) -> None:
            fault = str(error or "")
            if fault and fault != self._spool_fault:
                log.error("%s", fault)
            self._spool_fault = fault
            if error is None:
                self._spooled, self._anew = put, self._anew and not anew
            elif not isinstance(error, StoreError):
                raise error

        self._disk.run(write, written)

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
        closing, retry_at = False, 0.0
        while not closing:
            to_try_again = self._writer.unstored() or "store" in self._writer.problems
            jobs, number, closing = self._take(self._rests_s(bool(to_try_again)))
            self._busy_since = time.monotonic()
            for job in jobs:
                job()
            retry_at = 0.0 if closing else retry_at
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

    def _take(self, wait_s: float | None) -> tuple[list[Job], int, bool]:
        """All jobs that are there; waits for the first. With the number of the last one, and
        whether there will be no more.
        """
        with self._asked:
            self._asked.wait_for(lambda: self._jobs or self._closing, wait_s)
            jobs, self._jobs = list(self._jobs.values()), {}
            return jobs, self._put, self._closing

    def _damage(self) -> str:
        try:
            return self._store.damage()
        except StoreError:
            return ""
