"""Version 2: a sighting knows its shift."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations

_visits = sa.table("visits", sa.column("visit_id"), sa.column("shift_id"))
_sightings = sa.table(
    "sightings", sa.column("sighting_id"), sa.column("visit_id"), sa.column("shift_id")
)


def upgrade(operations: Operations) -> None:
    """From the visit; one that was purged before its sighting is known by its id alone, of which
    version 1 made the shift the first part.
    """
    operations.add_column("sightings", sa.Column("shift_id", sa.String(200)))
    connection = operations.get_bind()
    of_visit = sa.select(_visits.c.shift_id).where(_visits.c.visit_id == _sightings.c.visit_id)
    connection.execute(sa.update(_sightings).values(shift_id=of_visit.scalar_subquery()))
    lone = sa.select(_sightings.c.sighting_id, _sightings.c.visit_id).where(
        _sightings.c.shift_id.is_(None)
    )
    for sighting_id, visit_id in connection.execute(lone).all():
        connection.execute(
            sa.update(_sightings)
            .where(_sightings.c.sighting_id == sighting_id)
            .values(shift_id=visit_id.rpartition("-v")[0])
        )
    with operations.batch_alter_table("sightings") as batch:
        batch.alter_column("shift_id", existing_type=sa.String(200), nullable=False)
