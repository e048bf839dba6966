"""Version 4: when a shift ends by the clock; and an index from which a year by the day is added up,
for stores that became version 3 before that step made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations


def upgrade(operations: Operations) -> None:
    """Nothing is known of the shifts before: they have no set end."""
    operations.add_column("shifts", sa.Column("until", sa.DateTime))
    shown = ["kind", "camera", "shown", "half", "number"]
    operations.create_index("ix_tallies_shown", "tallies", shown, if_not_exists=True)
