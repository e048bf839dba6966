"""Kept faces that must go: a consent withdrawn, a correction taken back, too old. They leave the
folder and every data set.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta

from monitor.learning.kept import Kept, KeptFaces
from monitor.learning.manifest import withdraw
from monitor.learning.places import Places, default_places
from monitor.storage.store import Store


def withdraw_faces(places: Places, which: Callable[[Kept], bool]) -> int:
    """Returns how many faces are gone.

    Raises:
        StoreError: If one cannot be deleted; call it again then.
    """
    gone = KeptFaces(places).remove(which)
    withdraw(places, gone)
    return len(gone)


def withdraw_visits(visit_ids: Collection[str], places: Places | None = None) -> int:
    """Of some visits. Returns how many faces are gone.

    Raises:
        StoreError: See `withdraw_faces`.
    """
    wanted = set(visit_ids)
    if not wanted:
        return 0
    return withdraw_faces(places or default_places(), lambda kept: kept.about.visit_id in wanted)


def withdraw_person(store: Store, name: str) -> int:
    """Of all visits that a store has under a person's name, in any spelling: call it while the name
    is still there. Returns how many faces are gone.

    Raises:
        StoreError: If the store cannot be read, or see `withdraw_faces`.
    """
    places = default_places()
    if not places.faces.is_dir():
        return 0
    return withdraw_visits(store.visits_of(name), places)


def purge(places: Places, days: int, now: datetime | None = None) -> int:
    """Delete faces that were taken more than so many days ago. Returns how many.

    Raises:
        StoreError: See `withdraw_faces`.
    """
    before = (now or datetime.now(UTC)) - timedelta(days=days)
    gone = KeptFaces(places).remove_older(before)
    withdraw(places, gone)
    return len(gone)
