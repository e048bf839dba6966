"""How many visits and sightings began in each half of an hour: kept beside them, in the same
transaction, so that a year is counted without reading it.

Whoever writes visits or sightings has their halves counted anew; nothing is added or taken away,
so that a count cannot drift.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from monitor.storage import schema as tables

HALF_S = 1800
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCK = 0x74616C6C  # any number of our own
# what is counted under which state
KINDS = {
    "visits": (tables.visits, tables.visits.c.state),
    "sightings": (tables.sightings, tables.sightings.c.worst_state),
}


def shown_of(kind: str) -> sa.ColumnElement[str]:
    """What a row counts as: the receptionist's word before the machine's."""
    table, state = KINDS[kind]
    return sa.func.coalesce(table.c.corrected, state)


def half_of(moment: datetime) -> int:
    """The half of an hour that an aware moment lies in, counted from 1970 (UTC). Nearly all
    zones differ by halves: all of one lies in one local hour.
    """
    return (moment - _EPOCH) // timedelta(seconds=HALF_S)


def begins(half: int) -> datetime:
    """When a half began, UTC."""
    return _EPOCH + timedelta(seconds=half * HALF_S)


def recount(connection: sa.Connection, kind: str, halves: Iterable[int]) -> None:
    """Count some halves anew, within the transaction that has written to them."""
    wanted = sorted(set(halves))
    if not wanted:
        return
    if connection.dialect.name == "postgresql":
        # two desks that write to one half would each miss the other's rows
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    table, shown = KINDS[kind][0], shown_of(kind)
    kept = tables.tallies
    for half in wanted:
        connection.execute(sa.delete(kept).where(kept.c.kind == kind, kept.c.half == half))
        groups = (table.c.shift_id, table.c.camera, shown)
        counted = (
            sa.select(sa.literal(kind), sa.literal(half), *groups, sa.func.count())
            .where(table.c.first_seen >= begins(half), table.c.first_seen < begins(half + 1))
            .group_by(*groups)
        )
        names = ("kind", "half", "shift_id", "camera", "shown", "number")
        connection.execute(sa.insert(kept).from_select(names, counted))


def halves_of(connection: sa.Connection, kind: str, where: sa.ColumnElement[bool]) -> set[int]:
    """In which halves some rows began; none of what is not counted."""
    if kind not in KINDS:
        return set()
    first_seen = KINDS[kind][0].c.first_seen
    return set(map(half_of, connection.scalars(sa.select(first_seen).where(where))))


def recount_all(connection: sa.Connection) -> None:
    """Count everything anew: after rows were written by others than `Store`."""
    connection.execute(sa.delete(tables.tallies))
    for kind, (table, _) in KINDS.items():
        # the text of a time, which is UTC, begins with day, hour and minute in every database
        began = sa.cast(table.c.first_seen, sa.Text)
        minute = sa.cast(sa.func.substr(began, 15, 2), sa.Integer)
        hour, half = sa.func.substr(began, 1, 13), minute // 30
        groups = (hour, half, table.c.shift_id, table.c.camera, shown_of(kind))
        names = ("shift_id", "camera", "shown", "number")
        found = [
            {
                "kind": kind,
                "half": half_of(datetime.fromisoformat(f"{row[0]}:00+00:00")) + row[1],
            }
            | dict(zip(names, row[2:], strict=True))
            for row in connection.execute(sa.select(*groups, sa.func.count()).group_by(*groups))
        ]
        if found:
            connection.execute(sa.insert(tables.tallies), found)
