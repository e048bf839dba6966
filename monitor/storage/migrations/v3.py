"""Version 3: what each camera was doing and when, who changed what, notes to visits, names of
shifts, and how many rows began in each quarter of an hour.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations

_name = sa.String(200)


def upgrade(operations: Operations) -> None:
    """Nothing is known of the time before: it has no intervals, and is in no total as watched."""
    operations.add_column("visits", sa.Column("note", sa.Text, nullable=False, server_default=""))
    operations.create_table(
        "watches",
        sa.Column("watch_id", _name, primary_key=True),
        sa.Column("shift_id", _name, nullable=False),
        sa.Column("camera", sa.Text, nullable=False),
        sa.Column("state", _name, nullable=False),
        sa.Column("began", sa.DateTime, nullable=False),
        sa.Column("ended", sa.DateTime, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
    )
    operations.create_table(
        "changes",
        sa.Column("change_id", _name, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("what", _name, nullable=False),
        sa.Column("of_id", _name, nullable=False),
        sa.Column("field", _name, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("by", sa.Text, nullable=False),
    )
    for table, columns in (
        ("watches", ("shift_id", "began", "ended")),
        ("changes", ("at", "of_id")),
    ):
        for column in columns:
            operations.create_index(f"ix_{table}_{column}", table, [column])
    for name, kind in (("name", sa.Text()), ("desk", _name)):
        operations.add_column("shifts", sa.Column(name, kind, nullable=False, server_default=""))
    for table in ("visits", "sightings"):
        for name, there in (("note", "note <> ''"), ("identity", "identity IS NOT NULL")):
            where = sa.text(there)
            operations.create_index(
                f"ix_{table}_{name}", table, [name], sqlite_where=where, postgresql_where=where
            )
    _count(operations)


def _count(operations: Operations) -> None:
    """Make the table of numbers and fill it."""
    names = ("shift_id", "camera", "state", "corrected")
    tallies = operations.create_table(
        "tallies",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("quarter", sa.Integer, nullable=False),
        sa.Column("shift_id", _name, nullable=False),
        sa.Column("camera", sa.Text, nullable=False),
        sa.Column("state", _name, nullable=False),
        sa.Column("corrected", _name),
        sa.Column("number", sa.Integer, nullable=False),
    )
    connection = operations.get_bind()
    for kind, state in (("visits", "state"), ("sightings", "worst_state")):
        rows = sa.table(kind, sa.column("first_seen"), *map(sa.column, (*names[:2], state)))
        # the text of a time, which is UTC, begins with day, hour and minute in every database
        began = sa.cast(rows.c.first_seen, sa.Text)
        minute = sa.cast(sa.func.substr(began, 15, 2), sa.Integer)
        hour, quarter = sa.func.substr(began, 1, 13), minute // 15
        groups: list[Any] = [hour, quarter, rows.c.shift_id, rows.c.camera, rows.c[state]]
        groups.append(sa.column("corrected"))
        query = sa.select(*groups, sa.func.count()).select_from(rows).group_by(*groups)
        found = [
            {"kind": kind, "quarter": _quarter(row[0], row[1]), "number": row[6]}
            | dict(zip(names, row[2:6], strict=True))
            for row in connection.execute(query)
        ]
        if found:
            connection.execute(sa.insert(tallies), found)
    operations.create_index("ix_tallies_quarter", "tallies", ["kind", "quarter"])


def _quarter(hour: str, quarter: int) -> int:
    began = datetime.fromisoformat(f"{hour}:00").replace(tzinfo=UTC)
    return int(began.timestamp()) // 900 + quarter
