"""Version 5: which desk saw somebody, when a change came into the store by the database's clock,
and indexes by which what is old or was left open is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations


def upgrade(operations: Operations) -> None:
    """Of the time before it is not known which desk it was."""
    for table, column in (("shifts", "desk_name"), ("visits", "desk"), ("sightings", "desk")):
        operations.add_column(table, sa.Column(column, sa.Text, nullable=False, server_default=""))
    operations.add_column("changes", sa.Column("written", sa.DateTime))
    operations.execute("UPDATE changes SET written = at")
    operations.create_index("ix_changes_written", "changes", ["written"])
    for table in ("visits", "sightings"):
        operations.create_index(f"ix_{table}_last_seen", table, ["last_seen"])
        operations.create_index(
            f"ix_{table}_open",
            table,
            ["last_seen"],
            sqlite_where=sa.text("open IS 1"),
            postgresql_where=sa.text("open IS true"),
        )
