"""The export of one recording: the same files as of the store, of what it has shown in this run."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from monitor.records import Count, Shift, Sighting, Visit
from monitor.storage.export import Exported, export
from monitor.storage.export_wish import Wish
from monitor.storage.store import Store
from monitor.storage.url import file_url


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a recording."""

    name: str
    began: datetime  # aware
    visits: Sequence[Visit]
    sightings: Sequence[Sighting]
    stills: Count  # faces of pictures that stand alone


def export_recording(found: Found, path: Path, wish: Wish) -> Exported:
    """Write what is wished for; see `monitor.storage.export`. Its totals by shift are those of the
    recording, under its name.

    Raises:
        PlaceTakenError: If a file is there already, and is not to be replaced.
        StoreError: If a file cannot be written.
    """
    shift = Shift(found.name, found.began, found.stills, found.name)
    visits = [replace(visit, shift_id=shift.shift_id) for visit in found.visits]
    sightings = [replace(sighting, shift_id=shift.shift_id) for sighting in found.sightings]
    with tempfile.TemporaryDirectory(prefix="mask-monitor-") as folder:
        store = Store(file_url(Path(folder) / "recording.db"))
        try:
            store.begin_shift(shift.shift_id, shift.started, shift.name)
            store.save(visits, sightings, [shift])
            return export(store, path, wish)
        finally:
            store.close()
