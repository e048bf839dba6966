"""The audit line: who has changed what, and when, in the transaction that changes it."""

from __future__ import annotations

import getpass
import secrets
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from monitor.storage import schema as tables

_WHAT = {"visits": "visit", "sightings": "sighting"}


def who() -> str:
    """The name of the user's account on this computer; "" where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def change(
    connection: sa.Connection,
    column: sa.Column[Any],
    of_id: str,
    after: str | None,
    at: datetime | None,
) -> None:
    """Note that a cell is about to change, if it is another than before and is there.

    Args:
        of_id: Of the visit or the sighting, by the table of the column.
        at: When it was said; None: now.
    """
    (key,) = column.table.primary_key
    held = sa.select(column).where(key == of_id).with_for_update()  # two desks may say something
    before = connection.execute(held).first()
    if before is None or before[0] == after:
        return
    connection.execute(
        sa.insert(tables.changes).values(
            change_id=secrets.token_hex(16),
            at=at or datetime.now(UTC),
            what=_WHAT[column.table.name],
            of_id=of_id,
            field=column.name,
            before=before[0],
            after=after,
            by=who(),
            written=clock(connection),
        )
    )


def clock(connection: sa.Connection) -> sa.ColumnElement[datetime] | datetime:
    """The time by the database's own clock, which is one for all desks; a file has none."""
    if connection.dialect.name == "postgresql":
        return sa.func.timezone("utc", sa.func.clock_timestamp())
    return datetime.now(UTC)
