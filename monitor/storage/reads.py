"""What is read of the store: shifts, visits and sightings as records, or by the million as rows."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from monitor.errors import StoreError
from monitor.records import (
    Change,
    Correction,
    Count,
    MaskState,
    Shift,
    Sighting,
    Visit,
    Watch,
    WatchState,
)
from monitor.storage import schema as tables
from monitor.storage.database import Database
from monitor.storage.mends import damaged, mend_damaged, reason
from monitor.storage.schema import Utc
from monitor.storage.spans import Spell, naive

ROWS_AT_ONCE = 1000  # that are in memory while many are read
_STATES = {state.value: state for state in MaskState}


class Reads:
    """The part of a `Store` that reads; any thread may call it.

    Raises:
        StoreError: From every method, if the database cannot be read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.label, self.file = database.label, database.file
        self._held = threading.local()  # a thread's connection within `one_state`

    def read_sightings(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[Sighting]:
        """Sightings first seen in [since, until), oldest first."""
        query = between(
            sa.select(tables.sightings), tables.sightings.c.first_seen, since, until
        ).order_by(tables.sightings.c.first_seen, tables.sightings.c.sighting_id)
        return [as_sighting(row) for row in self._read(query)]

    def sighting_rows(
        self,
        columns: Sequence[str],
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        """The same as plain values, a few at a time: for more than memory holds. States and
        corrections are text, times are UTC without saying so; in SQLite they are text, too.
        """
        table = tables.sightings.c
        wanted = (table[name] for name in columns)
        # aware datetimes would be made one by one, in Python
        plain = sa.String() if self._database.is_sqlite else sa.DateTime()
        quick = (sa.type_coerce(c, plain) if isinstance(c.type, Utc) else c for c in wanted)
        query = between(sa.select(*quick), table.first_seen, since, until)
        return self._rows(query.order_by(table.first_seen, table.sighting_id))

    def read_visits(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[Visit]:
        """Visits first seen in [since, until), oldest first."""
        query = between(sa.select(tables.visits), tables.visits.c.first_seen, since, until)
        rows = self._read(query.order_by(tables.visits.c.first_seen, tables.visits.c.visit_id))
        return [as_visit(row) for row in rows]

    def of_shift(self, shift_id: str) -> tuple[list[Visit], list[Sighting]]:
        """All that is in the books of a shift, oldest first."""
        visits, sightings = (
            self._read(
                sa.select(table).where(table.c.shift_id == shift_id).order_by(table.c.first_seen)
            )
            for table in (tables.visits, tables.sightings)
        )
        return [as_visit(row) for row in visits], [as_sighting(row) for row in sightings]

    def names(self) -> list[str]:
        """All names that visits and sightings hold, as they are spelled there."""
        columns = (tables.visits.c.identity, tables.sightings.c.identity)
        query = sa.union(*(sa.select(held).where(held.is_not(None)) for held in columns))
        with self._faults_told(), self._reading() as connection:
            return sorted(connection.scalars(query))

    def desk_names(self) -> list[str]:
        """What the desks whose shifts are in the store are called, in order."""
        query = sa.select(tables.shifts.c.desk_name).distinct()
        return sorted(row["desk_name"] for row in self._read(query))

    def read_changes(self, of_ids: Collection[str]) -> list[Change]:
        """What people have said of some visits and sightings, oldest first."""
        columns = (tables.changes.c[field.name] for field in fields(Change))
        query = sa.select(*columns).where(tables.changes.c.of_id.in_(of_ids))
        # of two desks the one goes before whose word came first into the store
        order = sa.func.coalesce(tables.changes.c.written, tables.changes.c.at)
        return [Change(**row) for row in self._read(query.order_by(order, tables.changes.c.at))]

    def each_visit(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[Visit]:
        """The same, a few at a time: for more than memory holds."""
        table = tables.visits.c
        query = between(sa.select(tables.visits), table.first_seen, since, until)
        names = table.keys()
        for row in self._rows(query.order_by(table.first_seen, table.visit_id)):
            yield as_visit(dict(zip(names, row, strict=True)))

    def newest_watch(self, desk: str) -> Watch | None:
        """The interval of a desk that ended last; an open one was left so by a killed run."""
        shifts, watches = tables.shifts.c, tables.watches.c
        query = (
            sa.select(tables.watches)
            .where(watches.shift_id.in_(sa.select(shifts.shift_id).where(shifts.desk == desk)))
            .order_by(watches.ended.desc(), watches.watch_id)
            .limit(1)
        )
        rows = [Watch(**row | {"state": WatchState(row["state"])}) for row in self._read(query)]
        return rows[0] if rows else None

    def has_shift(self, shift_id: str) -> bool:
        """Whether there are books of this id."""
        query = sa.select(tables.shifts.c.shift_id).where(tables.shifts.c.shift_id == shift_id)
        return bool(self._read(query))

    def read_shifts(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[Shift]:
        """Shifts begun in [since, until), oldest first."""
        query = between(sa.select(tables.shifts), tables.shifts.c.started, since, until)
        return [
            Shift(
                row["shift_id"],
                row["started"],
                Count(**{s.value: row[f"still_{s.value}"] for s in MaskState}),
                row["name"],
                row["desk"],
                row["until"],
                row["desk_name"],
            )
            for row in self._read(query.order_by(tables.shifts.c.started))
        ]

    def read_watches(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[Watch]:
        """The parts of intervals that lie in [since, until), in order; none of them is empty."""
        table = tables.watches.c
        query = _some_of(sa.select(tables.watches), since, until)
        found = []
        for row in self._read(query.order_by(table.began, table.watch_id)):
            began = row["began"] if since is None else max(row["began"], since)
            ended = row["ended"] if until is None else min(row["ended"], until)
            state = WatchState(row["state"])
            found.append(Watch(**row | {"state": state, "began": began, "ended": ended}))
        return found

    def each_spell(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[Spell]:
        """The same in any order, of a year as well: nothing but what is added up."""
        table = tables.watches.c
        times = (sa.type_coerce(column, sa.DateTime) for column in (table.began, table.ended))
        query = _some_of(sa.select(table.shift_id, table.camera, table.state, *times), since, until)
        low = naive(since) if since is not None else datetime.min
        high = naive(until) if until is not None else datetime.max
        for shift_id, camera, state, began, ended in self._rows(query):
            yield shift_id, camera, state, max(began, low), min(ended, high)

    @contextlib.contextmanager
    def one_state(self) -> Iterator[None]:
        """What this thread reads within is all of one moment, whatever others write meanwhile: that
        of the outermost block.
        """
        if getattr(self._held, "connection", None) is not None:
            yield
            return
        with self._faults_told(), self._database.one_state() as connection:
            self._held.connection = connection
            try:
                yield
            finally:
                del self._held.connection

    def _read(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self._faults_told(), self._reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _rows(self, query: sa.Select[Any]) -> Iterator[tuple[Any, ...]]:
        with self._faults_told(), self._reading() as connection:
            for some in connection.execute(
                query, execution_options={"yield_per": ROWS_AT_ONCE}
            ).partitions():
                yield from some

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        held: sa.Connection | None = getattr(self._held, "connection", None)
        if held is not None:
            yield held
            return
        with self._database.connected() as connection:
            yield connection

    @contextlib.contextmanager
    def _faults_told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            mend = "check the path and its rights"
            mend = mend_damaged(self.file) if damaged(reason(error)) else mend
            raise StoreError(
                f"the store {self.label} cannot be read ({reason(error)}): {mend}"
            ) from None


def _some_of(
    query: sa.Select[Any], since: datetime | None, until: datetime | None
) -> sa.Select[Any]:
    """Intervals that are not empty and partly in [since, until)."""
    table = tables.watches.c
    query = query.where(table.ended > table.began)
    query = query.where(table.ended > since) if since is not None else query
    return query.where(table.began < until) if until is not None else query


def between(
    query: sa.Select[Any],
    column: sa.Column[datetime],
    since: datetime | None,
    until: datetime | None,
) -> sa.Select[Any]:
    """The rows of a query whose time lies in [since, until)."""
    if since is not None:
        query = query.where(column >= since)
    return query.where(column < until) if until is not None else query


def as_visit(row: Mapping[str, Any]) -> Visit:
    """A row of the table as a record."""
    return Visit(**dict(row) | {"state": _STATES[row["state"]]} | _correction(row))


def as_sighting(row: Mapping[str, Any]) -> Sighting:
    """A row of the table as a record."""
    states = {name: _STATES[row[name]] for name in ("worst_state", "final_state")}
    return Sighting(**dict(row) | states | _correction(row))


def _correction(row: Mapping[str, Any]) -> dict[str, Correction | None]:
    said = row["corrected"]
    return {"corrected": Correction(said) if said else None}
