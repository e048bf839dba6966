"""What is to be exported: data only, for the window and the command line alike. Imports nothing
heavy.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitor.errors import StoreError
from monitor.storage.csv_files import (
    DAY_COLUMNS,
    DIALECTS,
    HOUR_COLUMNS,
    SHIFT_COLUMNS,
    SIGHTING_COLUMNS,
    VISIT_COLUMNS,
    Dialect,
)

# what a file can have a row of, and its columns
COLUMNS = {
    "sightings": SIGHTING_COLUMNS,
    "visits": VISIT_COLUMNS,
    "shifts": SHIFT_COLUMNS,
    "days": DAY_COLUMNS,
    "hours": HOUR_COLUMNS,
}
KINDS = tuple(COLUMNS)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is exported, and how."""

    since: datetime | None = None  # first seen in [since, until)
    until: datetime | None = None
    kinds: tuple[str, ...] = KINDS
    dialect: Dialect = DIALECTS["comma"]
    overwrite: bool = False  # replace files that are there


def export_files(path: Path, kinds: Sequence[str] = KINDS) -> dict[str, Path]:
    """Where an export goes, by kind: the first to the path, the others beside it.

    Raises:
        StoreError: If the path names no file.
    """
    if path.name in ("", "..") or os.path.isdir(path):
        raise StoreError(
            f"{path} cannot be written (it is a folder): name a file, like {path / 'export.csv'}"
        )
    beside = path.suffix if path.suffix.lower() in (".csv", ".tsv", ".txt") else ".csv"
    return {
        kind: path if place == 0 else path.with_name(f"{path.stem}_{kind}{beside}")
        for place, kind in enumerate(kind for kind in KINDS if kind in kinds)
    }
