"""How a record becomes a row, and how a row is written: once, whoever wrote it before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from monitor.records import Correction, MaskState, Shift, Sighting, Visit, Watch, WatchState
from monitor.storage import schema as tables


def row_of(record: Visit | Sighting | Watch) -> dict[str, Any]:
    row = {name: getattr(record, name) for name in record.__dataclass_fields__}
    return {
        k: v.value if isinstance(v, MaskState | Correction | WatchState) else v
        for k, v in row.items()
    }


def shift_row(shift: Shift, counted: bool = True) -> dict[str, Any]:
    """
    Args:
        counted: Whether the faces of single pictures are known; else those in the store stay.
    """
    stills = {f"still_{s.value}": getattr(shift.stills, s.value) for s in MaskState if counted}
    named = {"shift_id": shift.shift_id, "started": shift.started}
    called = {"name": shift.name, "desk": shift.desk, "desk_name": shift.desk_name}
    return named | called | {"until": shift.until} | stills


def upsert(
    connection: sa.Connection,
    key: sa.Column[str],
    row: Mapping[str, Any],
    said: Callable[[sa.Connection, str, str | None], str | None] | None = None,
) -> None:
    """Update a row or insert it, in plain SQL that every database knows. What a receptionist wrote
    is never overwritten: it may be another desk's, and newer.

    Args:
        said: Gives what a new row is corrected to.
    """
    machine = {name: value for name, value in row.items() if name not in ("corrected", "note")}
    updated = connection.execute(sa.update(key.table).where(key == row[key.name]).values(machine))
    if updated.rowcount == 0:
        new = dict(row)
        if said is not None:
            new["corrected"] = said(connection, new["visit_id"], new["corrected"])
        connection.execute(sa.insert(key.table).values(new))


def said_of(connection: sa.Connection, visit_id: str, otherwise: str | None = None) -> str | None:
    """What is said of a visit, which nobody changes until the transaction ends."""
    said = sa.select(tables.visits.c.corrected).where(tables.visits.c.visit_id == visit_id)
    found = connection.execute(said.with_for_update()).first()
    return found[0] if found is not None else otherwise
