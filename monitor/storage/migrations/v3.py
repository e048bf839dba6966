"""Version 3: what each camera was doing and when, who changed what, and notes to visits."""

from __future__ import annotations

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
