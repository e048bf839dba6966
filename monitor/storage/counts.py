"""What the database counts for us: how many rows there are, and when the first and last began."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.records import Correction, MaskState
from monitor.storage import schema as tables

_BEGAN = (tables.shifts.c.started, tables.visits.c.first_seen, tables.sightings.c.first_seen)


@dataclass(frozen=True, slots=True)
class Counted:
    """Visits, or sightings, that are alike."""

    shift_id: str
    began: datetime  # of their quarter of an hour
    state: MaskState | None  # None: sightings
    corrected: Correction | None
    number: int


class Counts(ABC):
    """The part of a `Store` that counts; any thread may call it.

    Raises:
        StoreError: From every method, if the database cannot be read.
    """

    @abstractmethod
    def _read(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        """The rows that a query finds, by their columns' names."""

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
        self, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[list[Counted], list[Counted]]:
        """How many visits, and how many sightings, began in [since, until): by shift, quarter of an
        hour, state and correction.
        """
        return (
            self._count(tables.visits, since, until),
            self._count(tables.sightings, since, until),
        )

    def _count(
        self, table: sa.Table, since: datetime | None, until: datetime | None
    ) -> list[Counted]:
        # the text of a time, which is UTC, begins with day, hour and minute in every database
        began = sa.cast(table.c.first_seen, sa.Text)
        minute = sa.cast(sa.func.substr(began, 15, 2), sa.Integer)
        groups: list[Any] = [
            table.c.shift_id,
            sa.func.substr(began, 1, 13).label("hour"),
            (minute // 15).label("quarter"),
            table.c.corrected,
        ]
        groups += [table.c.state] if table is tables.visits else []
        query = sa.select(*groups, sa.func.count().label("number"))
        return [
            Counted(
                row["shift_id"],
                datetime.fromisoformat(f"{row['hour']}:{15 * row['quarter']:02}+00:00"),
                MaskState(row["state"]) if "state" in row else None,
                Correction(row["corrected"]) if row["corrected"] else None,
                row["number"],
            )
            for row in self._read(
                between(query, table.c.first_seen, since, until).group_by(*groups)
            )
        ]


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
