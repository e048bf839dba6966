"""What is looked up of the past: visits and sightings of any time, filtered and searched, and
shown by the page. A list of a million is as quick as one of ten: `tallies` says in which halves
of hours its rows lie, and only those of a page are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.names import same_name
from monitor.records import Correction, MaskState, Shift, Sighting, Visit
from monitor.storage import schema as tables
from monitor.storage.counts import Counts
from monitor.storage.reads import as_sighting, as_visit, between
from monitor.storage.tallies import begins, half_of, shown_of

LISTED_MAX = 1000  # rows that a search lists, newest first
DENSE = 20_000  # rows that have a name: the newest of them are not far back
Row = Visit | Sighting
Shown = MaskState | Correction  # a state, or "no person"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows: all that is given must be met."""

    kind: str  # "visits" or "sightings"
    since: datetime  # first seen from then on, aware
    until: datetime  # and before then
    camera: str | None = None
    state: Shown | None = None  # as it counts, the receptionist's word before the machine's
    corrected: bool = False  # only what the receptionist has said something of
    shift_ids: frozenset[str] | None = None
    desk: str | None = None  # what it is called
    text: str = ""  # a part of a note, of a name, or the beginning of an id


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time with some of the rows."""

    since: datetime
    until: datetime
    number: int


@dataclass(frozen=True, slots=True)
class Found:
    """Where rows are, newest first."""

    wanted: Wanted
    number: int  # that are listed
    spans: tuple[Span, ...] = ()
    ids: tuple[str, ...] = ()  # where they are listed one by one: the newest `LISTED_MAX`
    more: bool = False  # there are older ones, which are not listed


class History:
    """Main class of the lookup; any thread may call it.

    Args:
        store: Open.

    Raises:
        StoreError: From every method, if the database cannot be read.
    """

    def __init__(self, store: Counts) -> None:
        self._store = store

    def find(self, wanted: Wanted) -> Found:
        """How many rows there are, and where."""
        if wanted.since >= wanted.until:
            return Found(wanted, 0)
        if wanted.text or wanted.corrected:
            return self._listed(wanted)
        spans = self._spans(wanted)
        return Found(wanted, sum(span.number for span in spans), spans)

    def page(self, found: Found, offset: int, limit: int) -> list[Row]:
        """Some of the rows, newest first."""
        table, key, as_row = _of(found.wanted.kind)
        if found.ids:
            ids = found.ids[offset : offset + limit]
            rows = self._store._read(sa.select(table).where(key.in_(ids)))
            place = {row_id: place for place, row_id in enumerate(ids)}
            return [as_row(row) for row in sorted(rows, key=lambda row: place[row[key.name]])]
        passed, skip = 0, 0
        spans: list[Span] = []
        for span in found.spans:
            if passed + span.number > offset and passed < offset + limit:
                skip = skip if spans else offset - passed
                spans.append(span)
            passed += span.number
        if not spans:
            return []
        query = sa.select(table).where(
            table.c.first_seen >= spans[-1].since,
            table.c.first_seen < spans[0].until,
            *_conditions(found.wanted),
        )
        order = (table.c.first_seen.desc(), key.desc())
        return [
            as_row(row)
            for row in self._store._read(query.order_by(*order).offset(skip).limit(limit))
        ]

    def visit(self, visit_id: str) -> tuple[Visit | None, list[Sighting]]:
        """A visit, if it is still there, and its sightings."""
        visits, sightings = (
            self._store._read(sa.select(table).where(table.c.visit_id == visit_id))
            for table in (tables.visits, tables.sightings)
        )
        return (
            next(map(as_visit, visits), None),
            [as_sighting(row) for row in sightings],
        )

    def shifts(self) -> list[Shift]:
        """All shifts, oldest first."""
        return self._store.read_shifts()

    # Without a search

    def _spans(self, wanted: Wanted) -> tuple[Span, ...]:
        first, end = half_of(wanted.since), half_of(wanted.until)
        first += begins(first) < wanted.since  # whole ones alone
        if first >= end:
            edges = [self._edge(wanted, wanted.since, wanted.until)]
            return tuple(edge for edge in edges if edge.number)
        kept = tables.tallies.c
        query = (
            sa.select(kept.half, sa.func.sum(kept.number))
            .where(kept.kind == wanted.kind, kept.half >= first, kept.half < end)
            .where(*_conditions(wanted, tables.tallies))
            .group_by(kept.half)
            .order_by(kept.half.desc())
        )
        whole = (
            Span(begins(half), begins(half + 1), int(number))
            for half, number in self._store._rows(query)
        )
        newest = self._edge(wanted, begins(end), wanted.until)
        oldest = self._edge(wanted, wanted.since, begins(first))
        return tuple(span for span in (newest, *whole, oldest) if span.number)

    def _edge(self, wanted: Wanted, since: datetime, until: datetime) -> Span:
        """A part of a half of an hour, counted row by row."""
        if since >= until:
            return Span(since, until, 0)
        table, _, _ = _of(wanted.kind)
        query = sa.select(sa.func.count().label("number")).select_from(table)
        query = between(query, table.c.first_seen, since, until).where(*_conditions(wanted))
        return Span(since, until, self._store._read(query)[0]["number"])

    # Those that are found one by one

    def _listed(self, wanted: Wanted) -> Found:
        table, key, _ = _of(wanted.kind)
        query = between(sa.select(key), table.c.first_seen, wanted.since, wanted.until)
        query = query.where(*_conditions(wanted))
        if wanted.text:
            query = query.where(self._matches(wanted))
        newest = query.order_by(table.c.first_seen.desc(), key.desc()).limit(LISTED_MAX + 1)
        ids = tuple(row_id for (row_id,) in self._store._rows(newest))
        more = len(ids) > LISTED_MAX
        return Found(wanted, min(len(ids), LISTED_MAX), ids=ids[:LISTED_MAX], more=more)

    def _matches(self, wanted: Wanted) -> sa.ColumnElement[bool]:
        """Whose note, name or id has the text, of those in the stretch."""
        table, key, _ = _of(wanted.kind)
        text, identity = wanted.text.strip(), table.c.identity

        def some(*columns: sa.Column[Any]) -> sa.Select[Any]:
            return between(sa.select(*columns), table.c.first_seen, wanted.since, wanted.until)

        # compared here: databases disagree on which letters are the same
        names = [
            name
            for (name,) in self._store._rows(_distinct(identity))
            if text.casefold() in name.casefold() or same_name(name, text)
        ]
        noted = self._store._rows(some(key, table.c.note).where(table.c.note != ""))
        notes = [row_id for row_id, note in noted if text.casefold() in note.casefold()]
        notes = sorted(notes, reverse=True)[:DENSE]  # ids sort by time
        id_part = sa.and_(key >= text, key < text + "\U0010ffff")
        named = some(key).where(identity.in_(names)).limit(DENSE + 1).subquery()
        number = sa.select(sa.func.count().label("number")).select_from(named)
        if self._store._read(number)[0]["number"] > DENSE:
            # gone through by time, until there are enough
            return sa.or_(sa.func.coalesce(identity, "").in_(names), key.in_(notes), id_part)
        found = (identity.in_(names), key.in_(notes), id_part)
        return key.in_(sa.union(*(some(key).where(one) for one in found)))


def _distinct(column: sa.Column[Any]) -> sa.Select[Any]:
    """The different values of a column that has an index: each is looked up as the one after the
    former, where a database would go through all rows.
    """
    least = sa.func.min(column)
    walk = sa.select(least.label("value")).where(column.is_not(None)).cte(recursive=True)
    following = sa.select(least).where(column > walk.c.value).scalar_subquery()
    walk = walk.union_all(sa.select(following).where(walk.c.value.is_not(None)))
    return sa.select(walk.c.value).where(walk.c.value.is_not(None))


def _of(kind: str) -> tuple[sa.Table, sa.Column[str], Any]:
    """The table, its key, and what makes a record of a row."""
    if kind == "visits":
        return tables.visits, tables.visits.c.visit_id, as_visit
    return tables.sightings, tables.sightings.c.sighting_id, as_sighting


def _conditions(
    wanted: Wanted, counted: sa.Table | None = None
) -> Sequence[sa.ColumnElement[bool]]:
    """The filter, on the rows themselves or on the numbers of them."""
    table, shown = _of(wanted.kind)[0], shown_of(wanted.kind)
    if counted is not None:
        table, shown = counted, counted.c.shown
    found: list[sa.ColumnElement[bool]] = []
    if wanted.camera is not None:
        found.append(table.c.camera == wanted.camera)
    if wanted.state is not None:
        found.append(shown == wanted.state.value)
    if wanted.corrected:
        found.append(table.c.corrected.is_not(None))
    if wanted.shift_ids is not None:
        found.append(table.c.shift_id.in_(wanted.shift_ids))
    if wanted.desk is not None:
        shifts = tables.shifts.c
        own = sa.select(shifts.shift_id).where(shifts.desk_name == wanted.desk)
        found.append(table.c.shift_id.in_(own))
    return found
