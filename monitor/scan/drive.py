"""The scan itself: hands out work, keeps what comes back, books each clip once it is whole."""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from monitor.errors import StoreError
from monitor.scan.clip_work import ClipWork, shift_id
from monitor.scan.kept import Kept
from monitor.scan.progress import Progress
from monitor.scan.records import Clip, Looked, Piece, Recipe, Refused, Task
from monitor.scan.work import ForeignWorkerError, analyse, look
from monitor.scan.workers import Answer, Workers
from monitor.storage.store import Store

log = logging.getLogger(__name__)

WAIT_S = 0.25  # between two looks at whether the user has had enough
CRASHES_MAX = 8  # of workers, over one piece: then it is the clip that ends them
BOOK_AGAIN_S, BOOK_GIVE_UP_S = 2.0, 60.0  # a store that is busy


@dataclass(slots=True)
class Result:
    """How a scan has gone so far."""

    refused: list[Refused] = field(default_factory=list)
    twice: list[tuple[Clip, Clip]] = field(default_factory=list)  # a copy, and what it is one of
    looked: list[Looked] = field(default_factory=list)  # each content once
    booked: list[Looked] = field(default_factory=list)  # by this run
    before: list[Looked] = field(default_factory=list)  # in the store already
    damaged: dict[str, int] = field(default_factory=dict)  # pictures that could not be read
    stopped: bool = False

    @property
    def whole(self) -> bool:
        return not self.stopped and len(self.booked) + len(self.before) == len(self.looked)


class Scan:
    """One thread calls it.

    Args:
        workers: Where the work is done.
        store: Open; what is booked.
        kept: What was found before.
        progress: Is told.
        stopped: Whether the user has had enough.
    """

    def __init__(
        self,
        workers: Workers,
        store: Store,
        kept: Kept,
        progress: Progress,
        stopped: Callable[[], bool],
    ) -> None:
        self._workers, self._store, self._kept = workers, store, kept
        self._progress, self._stopped = progress, stopped
        self.result = Result()
        self._crashes: Counter[str] = Counter()  # by job

    def look(self, clips: Sequence[Clip], every_s: float, recorded_at: datetime | None) -> None:
        """Look at all clips, in any order, and take each content once: that of the first path.

        Raises:
            MonitorError: If what was seen cannot be kept.
        """
        now, seen = datetime.now(UTC), dict[str, Looked | Refused]()
        waiting = deque[Clip]()
        for clip in clips:
            known = self._kept.looked(clip, every_s) if recorded_at is None else None
            if known is not None:
                seen[clip.path] = known
            else:
                waiting.append(clip)

        def submit() -> None:
            while waiting and self._workers.busy < 2 * self._workers.number:
                clip = waiting.popleft()
                self._workers.submit(clip, look, clip, every_s, recorded_at, now)

        submit()
        while self._workers.busy and not self._stopped():
            for answer in self._workers.answers(WAIT_S):
                clip = answer.job
                if self._again(clip.path, answer):
                    waiting.append(clip)
                    continue
                found = self._found(clip.path, answer)
                assert not isinstance(found, Piece)
                seen[clip.path] = found
                if isinstance(found, Looked) and recorded_at is None:
                    self._kept.keep_look(found, every_s)
            submit()
            self._progress.looking(len(seen), len(clips))
        self.result.stopped = len(seen) < len(clips)
        self._take_looks([seen[clip.path] for clip in clips if clip.path in seen])

    def _take_looks(self, looks: Sequence[Looked | Refused]) -> None:
        first: dict[str, Looked] = {}
        for one in looks:
            if isinstance(one, Refused):
                self.result.refused.append(one)
            elif one.digest in first:
                self.result.twice.append((one.clip, first[one.digest].clip))
            else:
                first[one.digest] = one
        self.result.looked = list(first.values())

    def analyse(self, recipe: Recipe, desk: str = "") -> None:
        """Analyse what is not in the store yet, and book it as this desk's.

        Raises:
            MonitorError: If what was found cannot be kept or booked, or a worker cannot work.
        """
        _Analysis(self, recipe, desk).run()

    # For the parts of a scan

    def _again(self, key: str, answer: Answer) -> bool:
        """Whether a job whose worker died is to be done again."""
        if not answer.crashed:
            return False
        self._crashes[key] += 1
        log.debug("a worker died (%s) over %s", answer.crashed, key)
        return self._crashes[key] < CRASHES_MAX

    @staticmethod
    def _found(path: str, answer: Answer) -> Looked | Piece | Refused:
        """
        Raises:
            ForeignWorkerError: If the worker cannot work at all.
        """
        if answer.crashed:
            return Refused(path, f"ended {CRASHES_MAX} workers: it is damaged, or memory is short")
        if isinstance(answer.fault, ForeignWorkerError):
            raise answer.fault
        if answer.fault is not None:
            said = str(answer.fault).strip().rpartition("\n")[2][:200]
            return Refused(path, f"cannot be analysed ({type(answer.fault).__name__}: {said})")
        found: Looked | Piece | Refused = answer.result
        return found


class _Analysis:
    """From clips that were looked at to books in the store."""

    def __init__(self, scan: Scan, recipe: Recipe, desk: str) -> None:
        self._desk = desk
        self._scan, self._recipe, self._digest = scan, recipe, recipe.digest
        self._result, self._kept, self._progress = scan.result, scan._kept, scan._progress
        self._workers, self._store = scan._workers, scan._store
        self._waiting: deque[ClipWork] = deque()  # nobody has begun with them
        self._open: list[ClipWork] = []  # some pieces are being analysed
        self._whole: deque[ClipWork] = deque()  # to be booked
        self._keys: dict[str, list[str]] = {}  # of what is kept of a clip, by its digest
        self._again: deque[tuple[ClipWork, Task]] = deque()
        self._book_at, self._busy_since = 0.0, 0.0

    def run(self) -> None:
        for looked in self._result.looked:
            if self._store.has_shift(shift_id(looked)):
                self._result.before.append(looked)
            else:
                self._waiting.append(ClipWork(looked))
        self._progress.begin([work.looked.length_s for work in self._waiting])
        while not self._scan._stopped():
            self._submit()
            for answer in self._workers.answers(WAIT_S):
                self._take(answer)
            self._book()
            self._progress.at(sum(work.done_s for work in self._open))
            if not (self._workers.busy or self._open or self._whole or self._waiting):
                return
        self._result.stopped = True

    # Handing out

    def _submit(self) -> None:
        """Keep every worker busy, with one job more for each to go on with at once."""
        while self._workers.busy < 2 * self._workers.number:
            if self._again:
                work, task = self._again.popleft()
            else:
                found = self._next()
                if found is None:
                    return
                work, task = found
            self._workers.submit((work, task), analyse, task, self._recipe)

    def _next(self) -> tuple[ClipWork, Task] | None:
        """The next piece that nobody has analysed; what is kept from before is taken at once."""
        k = 0
        while k < len(self._open) or self._waiting:
            if k == len(self._open):
                self._open.append(self._waiting.popleft())
            work = self._open[k]
            task = work.next_task()
            if task is None:
                k += 1
                continue
            key = self._key(task)
            piece = self._kept.piece(key)
            if piece is None:
                return work, task
            self._took(work, task, piece)
            k = 0
        return None

    def _key(self, task: Task) -> str:
        key = task.key(self._digest)
        self._keys.setdefault(task.looked.digest, []).append(key)
        return key

    # Taking in

    def _take(self, answer: Answer) -> None:
        work, task = answer.job
        if work not in self._open:
            return  # it was refused meanwhile
        path, key = task.looked.clip.path, task.key(self._digest)
        if self._scan._again(key, answer):
            self._again.append((work, task))
            return
        found = self._scan._found(path, answer)
        if isinstance(found, Refused):
            self._open.remove(work)
            self._again = deque(one for one in self._again if one[0] is not work)
            self._result.refused.append(found)
            self._result.looked.remove(work.looked)
            self._progress.done(work.looked.length_s)
            return
        assert isinstance(found, Piece)
        self._kept.keep(key, found)
        self._took(work, task, found)

    def _took(self, work: ClipWork, task: Task, piece: Piece) -> None:
        work.take(task, piece)
        if work.done:
            self._open.remove(work)
            self._whole.append(work)
            self._progress.done(work.looked.length_s)

    def _book(self) -> None:
        """Write whole clips to the store, each in one step with the mark that it is there: its
        shift. A store that is busy is tried again for a while.

        Raises:
            StoreError: If it stays so.
        """
        while self._whole and time.monotonic() >= self._book_at:
            work = self._whole[0]
            shift, visits, sightings = work.rows(self._desk)
            try:
                self._store.save(visits, sightings, [shift])
            except StoreError as error:
                now = time.monotonic()
                self._busy_since = self._busy_since or now
                if now - self._busy_since > BOOK_GIVE_UP_S:
                    raise StoreError(
                        f"{error}, then run the same command again: what was found is kept"
                    ) from None
                self._progress.say(f"{error}; trying again")
                self._book_at = now + BOOK_AGAIN_S
                return
            self._busy_since = 0.0
            self._whole.popleft()
            self._result.booked.append(work.looked)
            if work.failed:
                self._result.damaged[work.looked.clip.path] = work.failed
            self._kept.drop(*self._keys.pop(work.looked.digest, []))
