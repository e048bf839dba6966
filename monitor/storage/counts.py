"""What the database counts for us: how many rows there are, and when the first and last began."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from monitor.records import MaskState
from monitor.storage import schema as tables
from monitor.storage.local_time import stretches
from monitor.storage.reads import Reads, between
from monitor.storage.tallies import HALF_S, KINDS, begins, half_of, shown_of

_BEGAN = (tables.shifts.c.started, tables.visits.c.first_seen, tables.sightings.c.first_seen)
HOUR_S = 3600
_DAY_ZERO = date(1970, 1, 1)
_STATES = {state.value: state for state in MaskState}


class Counted(NamedTuple):
    """Visits, or sightings, that are alike. A year has some thousands: a tuple is made quickly."""

    shift_id: str
    camera: str
    day: date  # on which they began, local time; as the hour
    hour: int
    state: MaskState | None  # what they count as; None: nobody
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
        self, since: datetime | None = None, until: datetime | None = None, *, days: bool = False
    ) -> tuple[list[Counted], list[Counted]]:
        """How many visits, and how many sightings, began in [since, until): by shift, camera, hour
        of local time, and what they count as.

        Args:
            days: By day alone, whatever the hour and the shift: these are then 0 and "".
        """
        return (
            list(self._count("visits", since, until, days)),
            list(self._count("sightings", since, until, days)),
        )

    def _count(
        self, kind: str, since: datetime | None, until: datetime | None, days: bool
    ) -> Iterator[Counted]:
        half = tables.tallies.c.half
        known = sa.select(sa.func.min(half).label("first"), sa.func.max(half).label("last"))
        (row,) = self._read(known.where(tables.tallies.c.kind == kind))
        if row["first"] is None:
            return
        low, high = begins(row["first"]), begins(row["last"] + 1)
        since = low if since is None else max(since, low)
        until = high if until is None else min(until, high)
        first, end = half_of(since), half_of(until)
        first += begins(first) < since  # whole ones alone
        if first >= end:  # less than an hour
            yield from self._count_rows(kind, since, until, days)
            return
        yield from self._count_rows(kind, since, begins(first), days)
        for start, stop, offset in stretches(first, end):
            if offset % HALF_S:  # a zone that differs by quarters
                yield from self._count_rows(kind, begins(start), begins(stop), days)
            elif days:
                yield from self._count_days(kind, start, stop, offset)
            else:
                yield from self._count_hours(kind, start, stop, offset)
        yield from self._count_rows(kind, begins(end), until, days)

    def _count_hours(self, kind: str, start: int, stop: int, offset: int) -> Iterator[Counted]:
        """From the tallies of some halves that have one offset (s)."""
        kept = tables.tallies.c
        began = ((kept.half * HALF_S + offset) // HOUR_S).label("began")
        groups = (kept.camera, began, kept.shown, kept.shift_id)
        query = sa.select(*groups, sa.func.sum(kept.number)).group_by(*groups)
        query = query.where(kept.kind == kind, kept.half >= start, kept.half < stop)
        for camera, place, shown, shift_id, number in self._rows(query):
            day, hour = divmod(int(place), 24)
            date_ = _DAY_ZERO + timedelta(days=day)
            yield Counted(shift_id, camera, date_, hour, _STATES.get(shown), int(number))

    def _count_days(self, kind: str, start: int, stop: int, offset: int) -> Iterator[Counted]:
        """As `_count_hours`. In a file the days of each camera and state lie in order in an index:
        that is half the time of grouping all at once. To a server each question is a way to go.
        """
        kept = tables.tallies.c
        day = ((kept.half * HALF_S + offset) // (24 * HOUR_S)).label("day")
        if not self._database.is_sqlite:
            groups = (kept.camera, kept.shown, day)
            whole = sa.select(*groups, sa.func.sum(kept.number)).group_by(*groups)
            whole = whole.where(kept.kind == kind, kept.half >= start, kept.half < stop)
            for camera, shown, place, number in self._rows(whole):
                date_ = _DAY_ZERO + timedelta(days=int(place))
                yield Counted("", camera, date_, 0, _STATES.get(shown), int(number))
            return
        there = sa.select(kept.camera, kept.shown).where(kept.kind == kind).distinct()
        query = sa.select(day, sa.func.sum(kept.number)).group_by(day)
        query = query.where(kept.kind == kind, kept.half >= start, kept.half < stop)
        with self._faults_told(), self._reading() as connection:
            for camera, shown in connection.execute(there).all():
                state, of = _STATES.get(shown), (kept.camera == camera, kept.shown == shown)
                for place, number in connection.execute(query.where(*of)).all():
                    date_ = _DAY_ZERO + timedelta(days=int(place))
                    yield Counted("", camera, date_, 0, state, int(number))

    def _count_rows(
        self, kind: str, since: datetime, until: datetime, days: bool
    ) -> Iterator[Counted]:
        if since >= until:
            return
        table = KINDS[kind][0]
        names = (table.c.shift_id, table.c.camera, table.c.first_seen, shown_of(kind))
        query = between(sa.select(*names), table.c.first_seen, since, until)
        for shift_id, camera, began, shown in self._rows(query):
            here = began.astimezone()
            place = ("", here.date(), 0) if days else (shift_id, here.date(), here.hour)
            yield Counted(place[0], camera, place[1], place[2], _STATES.get(shown), 1)
