"""Version 6: notes and names are found by the time when somebody was seen; a note may be longer
than what fits into a server's index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations


def upgrade(operations: Operations) -> None:
    """Only indexes change."""
    for table in ("visits", "sightings"):
        for name, columns, there in (
            ("note", ["first_seen"], "note != ''"),
            ("identity", ["identity", "first_seen"], "identity IS NOT NULL"),
        ):
            index = f"ix_{table}_{name}"
            operations.drop_index(index, table)
            where = sa.text(there)
            operations.create_index(
                index, table, columns, sqlite_where=where, postgresql_where=where
            )
