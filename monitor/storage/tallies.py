"""How many visits and sightings began in each quarter of an hour: kept beside them, in the same
transaction, so that a year is counted without reading it.

Whoever writes visits or sightings has their quarters counted anew; nothing is added or taken away,
so that a count cannot drift.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from monitor.storage import schema as tables

QUARTER_S = 900
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCK = 0x74616C6C  # any number of our own
# what is counted under which state
KINDS = {
    "visits": (tables.visits, tables.visits.c.state),
    "sightings": (tables.sightings, tables.sightings.c.worst_state),
}


def quarter_of(moment: datetime) -> int:
    """The quarter of an hour that an aware moment lies in, counted from 1970 (UTC). Zones differ
    by quarters: all of one lies in one local hour.
    """
    return (moment - _EPOCH) // timedelta(seconds=QUARTER_S)


def begins(quarter: int) -> datetime:
    """When a quarter began, UTC."""
    return _EPOCH + timedelta(seconds=quarter * QUARTER_S)


def recount(connection: sa.Connection, kind: str, quarters: Iterable[int]) -> None:
    """Count some quarters anew, within the transaction that has written to them."""
    wanted = sorted(set(quarters))
    if not wanted:
        return
    if connection.dialect.name == "postgresql":
        # two desks that write to one quarter would each miss the other's rows
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    table, state = KINDS[kind]
    kept = tables.tallies
    for quarter in wanted:
        connection.execute(sa.delete(kept).where(kept.c.kind == kind, kept.c.quarter == quarter))
        groups = (table.c.shift_id, table.c.camera, state, table.c.corrected)
        counted = (
            sa.select(sa.literal(kind), sa.literal(quarter), *groups, sa.func.count())
            .where(table.c.first_seen >= begins(quarter), table.c.first_seen < begins(quarter + 1))
            .group_by(*groups)
        )
        names = ("kind", "quarter", "shift_id", "camera", "state", "corrected", "number")
        connection.execute(sa.insert(kept).from_select(names, counted))


def quarters_of(connection: sa.Connection, kind: str, where: sa.ColumnElement[bool]) -> set[int]:
    """In which quarters some rows began; none of what is not counted."""
    if kind not in KINDS:
        return set()
    first_seen = KINDS[kind][0].c.first_seen
    return set(map(quarter_of, connection.scalars(sa.select(first_seen).where(where))))


def recount_all(connection: sa.Connection) -> None:
    """Count everything anew: after rows were written by others than `Store`."""
    connection.execute(sa.delete(tables.tallies))
    for kind, (table, _) in KINDS.items():
        first, last = connection.execute(
            sa.select(sa.func.min(table.c.first_seen), sa.func.max(table.c.first_seen))
        ).one()
        if first is not None:
            recount(connection, kind, range(quarter_of(first), quarter_of(last) + 1))
