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
from monitor.storage.totals import Grain

_BEGAN = (tables.shifts.c.started, tables.visits.c.first_seen, tables.sightings.c.first_seen)
HOUR_S, DAY_S = 3600, 86400
_DAY_ZERO = date(1970, 1, 1)  # also where days are not told apart
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
        self, grain: Grain, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[list[Counted], list[Counted]]:
        """How many visits, and how many sightings, began in [since, until)."""
        return (
            list(self._count("visits", since, until, grain)),
            list(self._count("sightings", since, until, grain)),
        )

    def _count(
        self, kind: str, since: datetime | None, until: datetime | None, grain: Grain
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
            yield from self._count_rows(kind, since, until, grain)
            return
        yield from self._count_rows(kind, since, begins(first), grain)
        for start, stop, offset in stretches(first, end):
            if offset % HALF_S:  # a zone that differs by quarters
                yield from self._count_rows(kind, begins(start), begins(stop), grain)
            elif (
                grain in (Grain(day=True), Grain(day=True, camera=True))
                and self._database.is_sqlite
            ):
                yield from self._count_days(kind, start, stop, offset)
            else:
                yield from self._count_halves(kind, start, stop, offset, grain)
        yield from self._count_rows(kind, begins(end), until, grain)

    def _count_halves(
        self, kind: str, start: int, stop: int, offset: int, grain: Grain
    ) -> Iterator[Counted]:
        """From the tallies of some halves that have one offset (s)."""
        kept = tables.tallies.c
        told: dict[str, sa.ColumnElement[Any]] = {"shown": kept.shown}
        if grain.shift:
            told["shift"] = kept.shift_id
        if grain.camera:
            told["camera"] = kept.camera
        if grain.day:
            told["place"] = (kept.half * HALF_S + offset) // (HOUR_S if grain.hour else DAY_S)
        query = sa.select(
            told.get("shift", sa.literal("")),
            told.get("camera", sa.literal("")),
            told.get("place", sa.literal(0)),
            kept.shown,
            sa.func.sum(kept.number),
        ).group_by(*told.values())
        query = query.where(kept.kind == kind, kept.half >= start, kept.half < stop)
        for shift_id, camera, place, shown, number in self._rows(query):
            day, hour = divmod(int(place), 24) if grain.hour else (int(place), 0)
            date_ = _DAY_ZERO + timedelta(days=day)
            yield Counted(shift_id, camera, date_, hour, _STATES.get(shown), int(number))

    def _count_days(self, kind: str, start: int, stop: int, offset: int) -> Iterator[Counted]:
        """As `_count_halves`, of a file: there the days of each camera and state lie in order in an
        index, which takes half the time of grouping all at once.
        """
        kept = tables.tallies.c
        day = ((kept.half * HALF_S + offset) // DAY_S).label("day")
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
        self, kind: str, since: datetime, until: datetime, grain: Grain
    ) -> Iterator[Counted]:
        """All that can be told apart, of some rows alone."""
        if since >= until:
            return
        table = KINDS[kind][0]
        names = (table.c.shift_id, table.c.camera, table.c.first_seen, shown_of(kind))
        query = between(sa.select(*names), table.c.first_seen, since, until)
        for shift_id, camera, began, shown in self._rows(query):
            here = began.astimezone()
            yield Counted(
                shift_id if grain.shift else "",
                camera if grain.camera else "",
                here.date() if grain.day else _DAY_ZERO,
                here.hour if grain.hour else 0,
                _STATES.get(shown),
                1,
            )
