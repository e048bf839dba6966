"""Version 4: the index from which a year by the day is added up, for stores that became version 3
before it was among what that step makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.operations import Operations


def upgrade(operations: Operations) -> None:
    """Nothing is done where the index is there."""
    shown = ["kind", "camera", "shown", "half", "number"]
    operations.create_index("ix_tallies_shown", "tallies", shown, if_not_exists=True)
