"""What is said at other desks of what lies in the same store."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime, timedelta

import sqlalchemy as sa

from monitor.records import Sighting, Visit
from monitor.storage import schema as tables
from monitor.storage.reads import as_sighting, as_visit
from monitor.storage.shift_books import Past
from monitor.storage.store import Store

# A change is seen when it is committed, after its time: no transaction takes longer (ANSWER_S).
LATE = timedelta(seconds=90)


class Heard:
    """One thread calls it.

    Args:
        store: Open, and of several desks.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._until: datetime | None = None  # the newest change, by the database's clock
        self._known: dict[
            str, datetime
        ] = {}  # changes that were heard, as long as they may be late

    def look(self, again: Set[str] = frozenset()) -> list[Past]:
        """The visits, with their sightings, of which something was said since the last call, as
        they are now: by whom, this program or another, is not told.

        Args:
            again: Visits that are to be read, whatever was said of them.

        Raises:
            StoreError: If the store cannot be read.
        """
        changes, written = tables.changes.c, tables.changes.c.written
        if self._until is None:
            (newest,) = self._store._read(sa.select(sa.func.max(written).label("at")))
            self._until = newest["at"]
        query = sa.select(changes.change_id, changes.what, changes.of_id, written)
        if self._until is not None:
            query = query.where(written > self._until - LATE)
        new = [row for row in self._store._read(query) if row["change_id"] not in self._known]
        if not new and not again:
            return []
        found = self._read({row["of_id"] for row in new} | again)
        if not new:
            return found
        self._known |= {row["change_id"]: row["written"] for row in new}
        self._until = max(self._known.values())
        self._known = {k: at for k, at in self._known.items() if at > self._until - LATE}
        return found

    def _read(self, of_ids: set[str]) -> list[Past]:
        """The visits of some visits or sightings. All of one moment."""
        visits, sightings = tables.visits, tables.sightings
        of_noted = sa.select(sightings.c.visit_id).where(sightings.c.sighting_id.in_(of_ids))
        with self._store.one_state():
            ids = {row["visit_id"] for row in self._store._read(of_noted)} | of_ids
            rows = self._store._read(sa.select(visits).where(visits.c.visit_id.in_(ids)))
            own: dict[str, list[Sighting]] = {row["visit_id"]: [] for row in rows}
            query = sa.select(sightings).where(sightings.c.visit_id.in_(own))
            for row in self._store._read(query):
                own[row["visit_id"]].append(as_sighting(row))
        seen: list[Visit] = [as_visit(row) for row in rows]
        return [Past(visit, tuple(own[visit.visit_id])) for visit in seen]
