"""The export: sightings and totals as two files of CSV, in UTF-8 with BOM, so that a spreadsheet
opens them by double click. The sightings are streamed: a year of them does not fit in memory.
"""

from __future__ import annotations

import contextlib
import csv
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from monitor.errors import PlaceTakenError, StoreError
from monitor.storage.csv_files import (
    BOM,
    SIGHTING_COLUMNS,
    TOTAL_COLUMNS,
    RowCells,
    total_cells,
)
from monitor.storage.places import check_regular
from monitor.storage.store import Store
from monitor.storage.totals import OfShift, totals_between


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    sightings: int  # rows of sightings that stand
    taken_back: int  # rows of those that a correction has taken back, which say so
    totals: Path


def export_files(path: Path) -> tuple[Path, Path]:
    """Where the sightings and the totals of an export go.

    Raises:
        StoreError: If the path names no file.
    """
    if path.name in ("", "..") or os.path.isdir(path):
        raise StoreError(
            f"{path} cannot be written (it is a folder): name a file, like {path / 'export.csv'}"
        )
    return path, path.with_name(f"{path.stem}_totals.csv")


def export(
    store: Store,
    path: Path,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    overwrite: bool = False,
) -> Exported:
    """Write the sightings of [since, until) to `path` and the totals beside it. Both are written
    under other names and then moved, so that nothing is left half written; their owner alone can
    read them.

    Args:
        overwrite: Replace files that are there.

    Raises:
        PlaceTakenError: If a file is there already, and `overwrite` is not given.
        StoreError: If the store cannot be read or a file cannot be written.
    """
    places = export_files(path)
    for place in places:
        _check_free(place, overwrite)
    try:
        with _part(path) as part, _part(places[1]) as totals_part:
            rows = _write(store, part, totals_part, since, until)
            for place, written in zip(places, (part, totals_part), strict=True):
                _move(written, place, overwrite)
    except OSError as error:
        raise _cannot(path, error) from None
    return Exported(*rows, places[1])


def _write(
    store: Store, path: Path, totals_path: Path, since: datetime | None, until: datetime | None
) -> tuple[int, int]:
    """Returns how many sightings stand, and how many do not."""
    number, cells = 0, RowCells()
    with store.one_state():  # the totals are those of the rows
        sums = totals_between(store, since, until)
        with _rewrite(path) as file:
            writer = csv.writer(file)
            writer.writerow(SIGHTING_COLUMNS)
            for row in store.sighting_rows(SIGHTING_COLUMNS, since, until):
                writer.writerow(cells(row))
                number += 1
    with _rewrite(totals_path) as file:
        writer = csv.writer(file)
        writer.writerow(TOTAL_COLUMNS)
        writer.writerows(map(total_cells, sums))
    standing = sum(total.sightings for total in sums if isinstance(total.period, OfShift))
    return standing, number - standing


@contextlib.contextmanager
def _rewrite(path: Path) -> Iterator[TextIO]:
    """A file for CSV, on the disk at the end."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(BOM)
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _part(place: Path) -> Iterator[Path]:
    """An empty file beside a place that nobody else has or can read; deleted if it is not moved."""
    descriptor, name = tempfile.mkstemp(prefix=".export-", suffix=".part", dir=place.parent)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)


def _check_free(place: Path, overwrite: bool) -> None:
    try:
        check_regular(place)
    except OSError as error:
        raise _cannot(place, error) from None
    if not overwrite and os.path.lexists(place):
        raise _taken(place)


def _move(part: Path, place: Path, overwrite: bool) -> None:
    """Give a file its name. Where another program took that meanwhile, it is not replaced."""
    if not overwrite:
        try:
            os.link(part, place)
            return
        except FileExistsError:
            raise _taken(place) from None
        except OSError:  # a file system without links
            if os.path.lexists(place):
                raise _taken(place) from None
    part.replace(place)


def _taken(place: Path) -> PlaceTakenError:
    return PlaceTakenError(f"{place} is there already: choose another name")


def _cannot(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path} cannot be written ({error.strerror}): close it elsewhere or choose another place"
    )
