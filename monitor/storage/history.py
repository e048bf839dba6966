"""What is looked up of the past: visits and sightings of any time, filtered and searched, and
shown by the page. A list of a million is as quick as one of ten: `tallies` says in which quarters
of an hour its rows lie, and only those of a page are read.
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
from monitor.storage.tallies import KINDS, begins, quarter_of

SEARCHED_MAX = 1000  # rows that a search lists, newest first
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
    number: int
    spans: tuple[Span, ...] = ()
    ids: tuple[str, ...] = ()  # of a search: the newest `SEARCHED_MAX`

    @property
    def listed(self) -> int:
        """How many of them a page can be read of."""
        return len(self.ids) if self.wanted.text else self.number


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
        if wanted.text:
            return self._search(wanted)
        spans = self._spans(wanted)
        return Found(wanted, sum(span.number for span in spans), spans)

    def page(self, found: Found, offset: int, limit: int) -> list[Row]:
        """Some of the rows, newest first."""
        table, key, as_row = _of(found.wanted.kind)
        if found.wanted.text:
            ids = found.ids[offset : offset + limit]
            rows = self._store._read(sa.select(table).where(key.in_(ids)))
            place = {row_id: place for place, row_id in enumerate(ids)}
            return [as_row(row) for row in sorted(rows, key=lambda row: place[row[key.name]])]
        passed, spans, skip = 0, [], 0
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
        first, end = quarter_of(wanted.since), quarter_of(wanted.until)
        first += begins(first) < wanted.since  # whole quarters alone
        if first >= end:
            edges = [self._edge(wanted, wanted.since, wanted.until)]
            return tuple(edge for edge in edges if edge.number)
        kept = tables.tallies.c
        query = (
            sa.select(kept.quarter, sa.func.sum(kept.number))
            .where(kept.kind == wanted.kind, kept.quarter >= first, kept.quarter < end)
            .where(*_conditions(wanted, tables.tallies))
            .group_by(kept.quarter)
            .order_by(kept.quarter.desc())
        )
        whole = (
            Span(begins(quarter), begins(quarter + 1), int(number))
            for quarter, number in self._store._rows(query)
        )
        newest = self._edge(wanted, begins(end), wanted.until)
        oldest = self._edge(wanted, wanted.since, begins(first))
        return tuple(span for span in (newest, *whole, oldest) if span.number)

    def _edge(self, wanted: Wanted, since: datetime, until: datetime) -> Span:
        """A part of a quarter, counted row by row."""
        if since >= until:
            return Span(since, until, 0)
        table, _, _ = _of(wanted.kind)
        query = sa.select(sa.func.count().label("number")).select_from(table)
        query = between(query, table.c.first_seen, since, until).where(*_conditions(wanted))
        return Span(since, until, self._store._read(query)[0]["number"])

    # A search

    def _search(self, wanted: Wanted) -> Found:
        table, key, _ = _of(wanted.kind)
        parts = sa.union(*self._matches(wanted)).subquery()
        matched = between(
            sa.select(key, table.c.first_seen).join(parts, parts.c[0] == key),
            table.c.first_seen,
            wanted.since,
            wanted.until,
        ).where(*_conditions(wanted))
        newest = matched.order_by(table.c.first_seen.desc(), key.desc())
        ids = [row[0] for row in self._store._rows(newest.limit(SEARCHED_MAX + 1))]
        number = len(ids)
        if number > SEARCHED_MAX:
            counted = sa.select(sa.func.count().label("number")).select_from(matched.subquery())
            number = self._store._read(counted)[0]["number"]
        return Found(wanted, number, ids=tuple(ids[:SEARCHED_MAX]))

    def _matches(self, wanted: Wanted) -> list[sa.Select[Any]]:
        """Ids whose note, name or id has the text: each looked up in an index of its own."""
        table, key, _ = _of(wanted.kind)
        text = wanted.text.strip()
        held = self._store._rows(
            sa.select(table.c.identity).where(table.c.identity.is_not(None)).distinct()
        )
        # compared here: databases disagree on which letters are the same
        names = [n for (n,) in held if text.casefold() in n.casefold() or same_name(n, text)]
        noted = self._store._rows(sa.select(key, table.c.note).where(table.c.note != ""))
        notes = [row_id for row_id, note in noted if text.casefold() in note.casefold()]
        found = [
            sa.select(key).where(key >= text, key < text + "\U0010ffff"),
            sa.select(key).where(table.c.identity.in_(names)),
        ]
        # as many as a statement takes
        found += [
            sa.select(key).where(key.in_(notes[start : start + 10_000]))
            for start in range(0, min(len(notes), 30_000), 10_000)
        ]
        return found


def _of(kind: str) -> tuple[sa.Table, sa.Column[str], Any]:
    """The table, its key, and what makes a record of a row."""
    if kind == "visits":
        return tables.visits, tables.visits.c.visit_id, as_visit
    return tables.sightings, tables.sightings.c.sighting_id, as_sighting


def _conditions(
    wanted: Wanted, counted: sa.Table | None = None
) -> Sequence[sa.ColumnElement[bool]]:
    """The filter, on the rows themselves or on the numbers of them."""
    table, state = KINDS[wanted.kind]
    if counted is not None:
        table, state = counted, counted.c.state
    said, found = table.c.corrected, []
    if wanted.camera is not None:
        found.append(table.c.camera == wanted.camera)
    if wanted.state is not None:
        value = wanted.state.value
        found.append(sa.or_(said == value, sa.and_(said.is_(None), state == value)))
    if wanted.corrected:
        found.append(said.is_not(None))
    if wanted.shift_ids is not None:
        found.append(table.c.shift_id.in_(wanted.shift_ids))
    return found
