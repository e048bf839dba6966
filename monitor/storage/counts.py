"""What the database counts for us: how many rows there are, and when the first and last began."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from monitor.records import Correction, MaskState
from monitor.storage import schema as tables
from monitor.storage.local_time import stretches
from monitor.storage.reads import Reads, between
from monitor.storage.tallies import KINDS, QUARTER_S, begins, quarter_of

_BEGAN = (tables.shifts.c.started, tables.visits.c.first_seen, tables.sightings.c.first_seen)
HOUR_S = 3600
_DAY_ZERO = date(1970, 1, 1)
_STATES = {state.value: state for state in MaskState}
_SAID = {None: None} | {said.value: said for said in Correction}


@dataclass(frozen=True, slots=True)
class Counted:
    """Visits, or sightings, that are alike."""

    shift_id: str
    camera: str
    day: date  # on which they began, local time; as the hour
    hour: int
    state: MaskState  # of a sighting: its worst
    corrected: Correction | None
    number: int


class Counts(Reads):
    """The part of a `Store` that counts; as `Reads`."""

    def newest_before(self, moment: datetime) -> datetime | None:
        """When the last shift, visit or sighting began before a moment; None if none did."""
        return self._first(sa.func.max, lambda began: began < moment, max)

    def oldest_between(self, since: datetime, until: datetime) -> datetime | None:
        """When the first shift, visit or sighting began in [since, until); None if none did."""
        return self._first(sa.func.min, lambda began: sa.and_(began >= since, began < until), min)

    def _first(
        self,
        function: Callable[[sa.Column[datetime]], sa.Function[Any]],
        where: Callable[[sa.Column[datetime]], sa.ColumnElement[bool]],
        best: Callable[[list[datetime]], datetime],
    ) -> datetime | None:
        found = [
            row["began"]
            for began in _BEGAN
            for row in self._read(sa.select(function(began).label("began")).where(where(began)))
        ]
        moments = [moment for moment in found if moment is not None]
        return best(moments) if moments else None

    def count_before(self, moment: datetime) -> int:
        """How many visits and sightings were last seen before a moment."""
        return sum(
            row["number"]
            for table in (tables.visits, tables.sightings)
            for row in self._read(
                sa.select(sa.func.count().label("number")).where(table.c.last_seen < moment)
            )
        )

    def count(
        self, since: datetime | None = None, until: datetime | None = None, *, hourly: bool = True
    ) -> tuple[list[Counted], list[Counted]]:
        """How many visits, and how many sightings, began in [since, until): by shift, camera, hour
        of local time, state and correction.

        Args:
            hourly: False: by day; the hour is then 0. Quicker for a year.
        """
        return (
            list(self._count("visits", since, until, hourly)),
            list(self._count("sightings", since, until, hourly)),
        )

    def _count(
        self, kind: str, since: datetime | None, until: datetime | None, hourly: bool
    ) -> Iterator[Counted]:
        quarter = tables.tallies.c.quarter
        known = sa.select(sa.func.min(quarter).label("first"), sa.func.max(quarter).label("last"))
        (row,) = self._read(known.where(tables.tallies.c.kind == kind))
        if row["first"] is None:
            return
        low, high = begins(row["first"]), begins(row["last"] + 1)
        since = low if since is None else max(since, low)
        until = high if until is None else min(until, high)
        first, end = quarter_of(since), quarter_of(until)
        first += begins(first) < since  # whole ones alone
        if first >= end:  # less than two quarters
            yield from self._count_rows(kind, since, until, hourly)
            return
        yield from self._count_rows(kind, since, begins(first), hourly)
        for stretch in stretches(first, end):
            yield from self._count_tallies(kind, stretch, hourly)
        yield from self._count_rows(kind, begins(end), until, hourly)

    def _count_tallies(
        self, kind: str, stretch: tuple[int, int, int], hourly: bool
    ) -> Iterator[Counted]:
        start, stop, offset = stretch
        width, kept = HOUR_S if hourly else 24 * HOUR_S, tables.tallies.c
        began = ((kept.quarter * QUARTER_S + offset) // width).label("began")
        groups = (kept.shift_id, kept.camera, began, kept.state, kept.corrected)
        query = sa.select(*groups, sa.func.sum(kept.number)).group_by(*groups)
        query = query.where(kept.kind == kind, kept.quarter >= start, kept.quarter < stop)
        for shift_id, camera, place, state, said, number in self._rows(query):
            days, hour = divmod(int(place), 24) if hourly else (int(place), 0)
            day = _DAY_ZERO + timedelta(days=days)
            yield Counted(shift_id, camera, day, hour, _STATES[state], _SAID[said], int(number))

    def _count_rows(
        self, kind: str, since: datetime, until: datetime, hourly: bool
    ) -> Iterator[Counted]:
        if since >= until:
            return
        table, state = KINDS[kind]
        names = (table.c.shift_id, table.c.camera, table.c.first_seen, state, table.c.corrected)
        query = between(sa.select(*names), table.c.first_seen, since, until)
        for shift_id, camera, began, said_state, said in self._rows(query):
            here = began.astimezone()
            hour = here.hour if hourly else 0
            yield Counted(shift_id, camera, here.date(), hour, _STATES[said_state], _SAID[said], 1)
