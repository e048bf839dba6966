"""Version 3: what each camera was doing and when, who changed what, notes to visits, names of
shifts, and how many rows began in each half of an hour.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

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
        for name, column, there in (
            ("note", "note", "note <> ''"),
            ("identity", "identity", "identity IS NOT NULL"),
            ("corrected", "first_seen", "corrected IS NOT NULL"),
        ):
            where = sa.text(there)
            operations.create_index(
                f"ix_{table}_{name}", table, [column], sqlite_where=where, postgresql_where=where
            )
    _count(operations)


def _count(operations: Operations) -> None:
    """Make the table of numbers and fill it."""
    tallies = operations.create_table(
        "tallies",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("half", sa.Integer, nullable=False),
        sa.Column("shift_id", _name, nullable=False),
        sa.Column("camera", sa.Text, nullable=False),
        sa.Column("shown", _name, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
    )
    connection = operations.get_bind()
    for kind, state in (("visits", "state"), ("sightings", "worst_state")):
        names = ("first_seen", "shift_id", "camera", "corrected", state)
        rows = sa.table(kind, *map(sa.column, names)).c
        # the text of a time, which is UTC, begins with day, hour and minute in every database
        began = sa.cast(rows.first_seen, sa.Text)
        half = sa.cast(sa.func.substr(began, 15, 2), sa.Integer) // 30
        groups = (
            *(sa.func.substr(began, 1, 13), half, rows.shift_id, rows.camera),
            sa.func.coalesce(rows.corrected, rows[state]),
        )
        found = [
            {"kind": kind, "half": _half(row[0], row[1]), "number": row[5]}
            | dict(zip(("shift_id", "camera", "shown"), row[2:5], strict=True))
            for row in connection.execute(sa.select(*groups, sa.func.count()).group_by(*groups))
        ]
        if found:
            connection.execute(sa.insert(tallies), found)
    operations.create_index("ix_tallies_half", "tallies", ["kind", "half"])
    shown = ["kind", "camera", "shown", "half", "number"]
    operations.create_index("ix_tallies_shown", "tallies", shown)


def _half(hour: str, half: int) -> int:
    began = datetime.fromisoformat(f"{hour}:00").replace(tzinfo=UTC)
    return int(began.timestamp()) // 1800 + half
