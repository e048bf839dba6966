"""The intervals in which each live camera was live, paused, lost and so on, in a shift."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from monitor.records import Condition, Watch

BEAT_S = 10.0  # an open interval is written as often: a kill costs as much of it at most
# Nobody has looked for longer, or the clock was set by more: the PC slept, the analysis hung, or
# the time of day has jumped. What lies between was not watched.
GAP_S = 5.0
KEPT_MAX = 5000  # intervals that are kept in memory, to be written again


@dataclass(slots=True)
class _Open:
    watch: Watch
    looked_at: float  # s
    looked_wall: datetime
    written_at: float  # s


class Watching:
    """Takes in what each camera shows several times a second, and says what is to be written. The
    inference thread alone calls it.

    Args:
        shift_id: Whose books these are.
        now: Seconds of a steady clock.
        wall: The clock, aware.
    """

    def __init__(
        self,
        shift_id: str,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._shift_id, self._now, self._wall = shift_id, now, wall
        self._open: dict[str, _Open] = {}  # by camera
        self._kept: dict[str, Watch] = {}  # all of this shift, by id
        self._number, self._run = 0, secrets.token_hex(3)  # a shift may outlast a program

    @property
    def kept(self) -> dict[str, Watch]:
        """The newest version of each interval, by its id."""
        return dict(self._kept)

    def take(self, camera: str, condition: Condition) -> list[Watch]:
        """What a camera shows now. Returns the intervals that are to be written."""
        now, wall = self._now(), self._wall()
        before = self._open.get(camera)
        if before is None:
            return self._keep([self._begin(camera, condition, wall)])
        looked_s = now - before.looked_at
        jumped_s = (wall - before.looked_wall).total_seconds() - looked_s
        if looked_s > GAP_S or abs(jumped_s) > GAP_S:
            return self._keep([*self.end(camera), self._begin(camera, condition, wall)])
        before.looked_at, before.looked_wall = now, wall
        if condition.state is before.watch.state:
            before.watch = replace(before.watch, ended=wall)
            if now - before.written_at < BEAT_S:
                return []
            before.written_at = now
            return self._keep([before.watch])
        return self._keep(self._change(camera, condition, wall))

    def begin(self, shift_id: str) -> list[Watch]:
        """Another shift begins: what goes on is of both, each up to now and from now on."""
        wall, watches = self._wall(), list[Watch]()
        going_on = [one for one in self._open.values() if self._now() - one.looked_at <= GAP_S]
        for one in going_on:
            one.watch = replace(one.watch, ended=max(wall, one.watch.began))
        watches += self.end_all()
        self._shift_id, self._kept = shift_id, {}
        for one in going_on:
            condition = Condition(one.watch.state, one.watch.began)
            watches += self._keep([self._begin(one.watch.camera, condition, wall)])
        return watches

    def end(self, camera: str) -> list[Watch]:
        """A camera is not watched any more. As `take`."""
        before = self._open.pop(camera, None)
        return self._keep([replace(before.watch, open=False)]) if before is not None else []

    def end_all(self) -> list[Watch]:
        """The shift is over. As `take`."""
        return [watch for camera in list(self._open) for watch in self.end(camera)]

    def _begin(self, camera: str, condition: Condition, began: datetime) -> Watch:
        self._number += 1
        watch = Watch(
            f"{self._shift_id}-w{self._run}-{self._number}",
            camera,
            condition.state,
            began,
            max(began, self._wall()),
            shift_id=self._shift_id,
        )
        self._open[camera] = _Open(watch, self._now(), self._wall(), self._now())
        return watch

    def _change(self, camera: str, condition: Condition, wall: datetime) -> list[Watch]:
        """Another state, which began some seconds ago: it took as long to be known. A camera that
        has been live for longer than it was not (as when it was lent for an enrolment) is live
        again from now on.
        """
        before = self._open[camera].watch
        began = min(max(condition.since, before.began), wall)
        if condition.since < before.began and condition.state.watches:
            began = wall
        after = self._begin(camera, condition, began)
        return [replace(before, ended=began, open=False), after]

    def _keep(self, watches: list[Watch]) -> list[Watch]:
        for watch in watches:
            self._kept[watch.watch_id] = watch
        while len(self._kept) > KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        return watches
