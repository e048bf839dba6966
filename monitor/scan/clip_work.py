"""One clip of a scan: which pieces of it are to be analysed, and what they make together.

A clip is a chain of stretches (`Stretch`), each of which depends on nothing but where it begins.
Workers are given pieces that begin where a fresh scene is guessed to begin; a piece goes on to the
first fresh scene after its end. The chain is followed from the clip's beginning: where one stretch
ends, the next one is that which begins there, whoever has found it. Where the guess was wrong
(somebody stood there) what was found before the first common fresh scene is thrown away; where
nobody has begun there, somebody is sent. So the rows are those of the clip as a whole, whatever it
was cut into.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from datetime import timedelta

from monitor.records import Shift, Sighting, Visit
from monitor.scan.records import Looked, Mark, Piece, Stretch, Task
from monitor.scan.work import EPOCH

RUN_ON_S = 120.0  # a piece that was guessed goes on for so long at most


class ClipWork:
    """One thread calls it."""

    def __init__(self, looked: Looked) -> None:
        self.looked = looked
        self.failed = 0  # pictures that could not be read
        self.analysed_s = 0.0  # footage, with what was analysed twice
        self._known: dict[tuple[int, int], Stretch] = {}  # by stamp and picture of their beginning
        self._chain: list[Stretch] = []
        self._head: Mark | None = None  # where the chain stands; None: it has not begun
        self._running: list[Task] = []
        self._done = False
        self._guessing = True
        self._todo: deque[Task] = deque()
        self._ends = [cut.t for cut in looked.cuts] + [math.inf]
        for begin, until_t in zip([None, *looked.cuts], self._ends, strict=True):
            last = until_t == math.inf
            self._todo.append(Task(looked, begin, until_t, math.inf if last else RUN_ON_S))

    @property
    def done(self) -> bool:
        return self._done

    @property
    def done_s(self) -> float:
        """How much of the clip needs no more work, roughly."""
        if self._done:
            return self.looked.length_s
        return min(self.analysed_s, 0.99 * self.looked.length_s)

    def next_task(self) -> Task | None:
        """What is to be done now, if anything; `take` is then called with what came of it."""
        if self._done:
            return None
        if self._todo and (self._guessing or (self._head is None and not self._running)):
            task = self._todo.popleft()
        elif self._running or self._head is None:
            return None
        else:
            until_t = next(t for t in self._ends if t > self._head.t + 1e-3)
            task = Task(self.looked, self._head.cut, until_t)
        self._running.append(task)
        return task

    def take(self, task: Task, piece: Piece) -> None:
        """Take in what a worker has found."""
        if task not in self._running:
            return  # of a cut that was given up
        self._running.remove(task)
        if not (piece.sought and piece.even) and len(self._ends) > 1:
            self._give_up_cutting()
            return
        self.failed += piece.failed
        if piece.stretches:
            until = piece.stretches[-1].next
            end_t = until.t if until is not None else self.looked.length_s
            self.analysed_s += end_t - piece.stretches[0].start.t
        for stretch in piece.stretches:
            self._known.setdefault((stretch.start.stamp, stretch.start.crc), stretch)
        if task.begin is None and piece.stretches:
            self._head = piece.stretches[0].start
        elif task.begin is None:
            self._todo.clear()  # nobody ever left
            self._todo.append(Task(self.looked, None))
        # while somebody stays for so long, whoever begins later begins in vain
        self._guessing = not piece.open_ended
        self._follow()

    def _give_up_cutting(self) -> None:
        """Time stamps are wrong, or the file cannot be sought in: it is analysed as a whole."""
        self._known.clear()
        self._chain.clear()
        self._running.clear()
        self._todo.clear()
        self._head, self._ends, self.analysed_s, self.failed = None, [math.inf], 0.0, 0
        self._todo.append(Task(self.looked, None))

    def _follow(self) -> None:
        """Follow the chain as far as it is known."""
        while self._head is not None and not self._done:
            stretch = self._known.get((self._head.stamp, self._head.crc))
            if stretch is None:
                break
            self._chain.append(stretch)
            self._head, self._done = stretch.next, stretch.next is None
        here = self._head.t if self._head is not None else 0.0
        while self._todo and self._todo[0].until_t <= here:
            self._todo.popleft()

    # What it makes

    @property
    def shift_id(self) -> str:
        return shift_id(self.looked)

    def rows(self, desk: str = "") -> tuple[Shift, list[Visit], list[Sighting]]:
        """The books of the clip, which is done: as it was recorded, written by this desk."""
        own, since = shift_id(self.looked), self.looked.began - EPOCH
        visits, sightings = list[Visit](), list[Sighting]()
        for stretch in self._chain:
            for visit in stretch.visits:
                visit_id = f"{own}-v{len(visits) + 1}"
                of_visit = [s for s in stretch.sightings if s.visit_id == visit.visit_id]
                moved = [_moved(s, visit_id, own, since) for s in of_visit]
                sightings += [replace(sighting, desk=desk) for sighting in moved]
                visits.append(
                    replace(
                        visit,
                        visit_id=visit_id,
                        shift_id=own,
                        first_seen=visit.first_seen + since,
                        last_seen=visit.last_seen + since,
                        desk=desk,
                    )
                )
        began = self.looked.began + timedelta(seconds=self._chain[0].start.t)
        return Shift(own, began, desk_name=desk), visits, sightings


def shift_id(looked: Looked) -> str:
    """By the clip's content alone: the same clip is in a store once."""
    return f"scan-{looked.digest[:20]}"


def _moved(sighting: Sighting, visit_id: str, own: str, since: timedelta) -> Sighting:
    number = sighting.sighting_id.rpartition("-s")[2]
    return replace(
        sighting,
        sighting_id=f"{visit_id}-s{number}",
        visit_id=visit_id,
        shift_id=own,
        first_seen=sighting.first_seen + since,
        last_seen=sighting.last_seen + since,
    )
