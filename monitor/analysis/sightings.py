"""When a visit becomes a sighting: unmasked or incorrect for longer than `alert_after_s`."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.config import SightingConfig
from monitor.records import MaskState, Sighting

ALARMING = (MaskState.INCORRECT, MaskState.UNMASKED)  # from bad to worst
# between two reports of an open sighting: a kill -9 costs a second of it at most
REPORT_EVERY_S = 1.0
# for so long it is known how many seconds there were when; longer than a picture stands still
# before it is called frozen
COURSE_S = 20.0


@dataclass(frozen=True, slots=True)
class Origin:
    """What the visits and sightings of one camera and shift are marked with."""

    camera: str  # the source's public name
    run_id: str  # part of every visit's id, so that ids are unique between runs and desks
    model: str  # the mask model's name


class SightingRule:
    """Follows the state of one visit and keeps its sighting. The inference thread alone calls it.

    A sighting is open until the mask is on, for `clear_after_s`, or the person leaves: a hand that
    passes the mouth neither ends one nor begins another. `last_seen` is when it ended,
    `seconds_unmasked` the time without a mask alone. A mask taken off again after that is a new
    sighting of the same visit. Being unsure neither opens nor closes one.
    """

    def __init__(
        self,
        config: SightingConfig,
        origin: Origin,
        visit_id: str,
        t: float,
        wall_time: datetime,
    ) -> None:
        """
        Args:
            config: When a sighting opens and closes.
            origin: Whose visit it is.
            visit_id: The visit.
            t: Seconds of the source's own time at which the visit began.
            wall_time: The same moment by the clock.
        """
        self._config, self._origin, self._visit_id = config, origin, visit_id
        self._zero_t, self._zero_wall = t, wall_time
        self._number = 0
        self._identity: str | None = None
        self._course: deque[tuple[float, float]] = deque()  # time, seconds up to then
        self.come(t)
        self._begin()

    def come(self, t: float) -> None:
        """The person has come, or come back, at time `t` (s): the time away counts as nothing."""
        self._came_t = self._updated_t = t
        self._first = True

    def _begin(self) -> None:
        self._model = self._origin.model  # that raises the next sighting
        self._bad_since: float | None = None
        self._seconds = 0.0
        self._course.clear()
        self._was_bad = False
        self._masked_since: float | None = None
        self._worst = MaskState.INCORRECT
        self._confidence = 0.0
        self._reported_t: float | None = None  # None: not open

    @property
    def is_open(self) -> bool:
        return self._reported_t is not None

    def update(
        self, t: float, state: MaskState, confidence: float, identity: str | None = None
    ) -> Sighting | None:
        """Take in the visit's smoothed state at time `t` (s).

        Returns:
            The sighting if it was opened, carried on for `REPORT_EVERY_S`, or closed.
        """
        since_s, self._updated_t = t - self._updated_t, t
        first, self._first = self._first, False
        self._identity = identity or self._identity
        if state is MaskState.MASKED:
            self._masked_since = t if self._masked_since is None else self._masked_since
            if not self.is_open or t - self._masked_since >= self._config.clear_after_s:
                return self.close(state)
        elif state in ALARMING:
            self._masked_since = None
            if self._bad_since is None:
                # A visit that is bad when it is first judged has been so since it came: its vote is
                # made of that time.
                self._bad_since = self._came_t if first else t
                self._seconds = t - self._bad_since
            elif self._was_bad:
                self._seconds += since_s
            self._worst = max(self._worst, state, key=ALARMING.index)
            self._confidence = max(self._confidence, confidence)
        self._was_bad = state in ALARMING
        self._course.append((t, self._seconds))
        while self._course[0][0] < t - COURSE_S:
            self._course.popleft()
        if self._bad_since is None:
            return None
        due = self.is_open and t - (self._reported_t or 0.0) >= REPORT_EVERY_S
        opens = not self.is_open and self._seconds > self._config.alert_after_s
        if not (due or opens):
            return None
        if opens:
            self._number += 1
        self._reported_t = t
        return self._sighting(state, is_open=True)

    def close(self, final_state: MaskState, until_t: float = math.inf) -> Sighting | None:
        """The mask is on, or the person has left: the closed sighting, if there was one.

        Args:
            final_state: Of the visit.
            until_t: Time (s) after which nothing is known: the picture was frozen.
        """
        if until_t < self._updated_t and self._bad_since is not None:
            self._seconds = next((s for t, s in reversed(self._course) if t <= until_t), 0.0)
            self._updated_t = max(until_t, self._bad_since)
        sighting = self._sighting(final_state, is_open=False) if self.is_open else None
        self._begin()
        return sighting

    def use_model(self, name: str) -> None:
        """Another mask model answers from now on; a sighting that is open keeps the name of the one
        that raised it.
        """
        self._origin = replace(self._origin, model=name)
        if not self.is_open:
            self._model = name

    def forget_name(self) -> None:
        """The person must not be named any more."""
        self._identity = None

    def _wall(self, t: float) -> datetime:
        # Differences of the source's own time: a clock that is set while the person stands there
        # changes nothing.
        return self._zero_wall + timedelta(seconds=t - self._zero_t)

    def _sighting(self, final_state: MaskState, *, is_open: bool) -> Sighting:
        assert self._bad_since is not None
        return Sighting(
            sighting_id=f"{self._visit_id}-s{self._number}",
            camera=self._origin.camera,
            visit_id=self._visit_id,
            first_seen=self._wall(self._bad_since),
            last_seen=self._wall(self._updated_t),
            seconds_unmasked=round(self._seconds, 3),
            worst_state=self._worst,
            final_state=final_state,
            confidence=round(self._confidence, 4),
            identity=self._identity,
            model=self._model,
            open=is_open,
        )
