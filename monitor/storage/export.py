"""The export: sightings, visits and totals as files of CSV, one kind of row each, in UTF-8 with BOM
so that a spreadsheet opens them by double click. Rows are streamed: a year of them does not fit in
memory.
"""

from __future__ import annotations

import contextlib
import csv
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO, TypeVar

from monitor.errors import PlaceTakenError, StoreError
from monitor.storage.csv_files import (
    BOM,
    SIGHTING_COLUMNS,
    RowCells,
    total_cells,
    visit_cells,
)
from monitor.storage.export_wish import COLUMNS, Wish, export_files
from monitor.storage.places import check_regular
from monitor.storage.reads import ROWS_AT_ONCE
from monitor.storage.store import Store
from monitor.storage.totals import BY_CAMERA, OfDay, OfHour, OfShift, Total, totals_between

R = TypeVar("R")
_PERIODS = {"shifts": OfShift, "days": OfDay, "hours": OfHour}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    sightings: int  # that stand, of the period
    taken_back: int  # rows of those that a correction has taken back, which say so
    files: dict[str, Path]  # by kind
    rows: dict[str, int]


def export(store: Store, path: Path, wish: Wish = Wish()) -> Exported:
    """Write what is wished for. All files are written under other names and then moved, so that
    nothing is left half written; their owner alone can read them.

    Raises:
        PlaceTakenError: If a file is there already, and is not to be replaced.
        StoreError: If the store cannot be read or a file cannot be written.
    """
    places = export_files(path, wish.kinds)
    for place in places.values():
        _check_free(place, wish.overwrite)
    try:
        with contextlib.ExitStack() as stack:
            parts = {kind: stack.enter_context(_part(at)) for kind, at in places.items()}
            with store.one_state():  # the totals are those of the rows
                tables = _Tables(store, wish)
                rows = {kind: tables.write(kind, part) for kind, part in parts.items()}
            for kind, part in parts.items():
                _move(part, places[kind], wish.overwrite)
    except OSError as error:
        raise _cannot(path, error) from None
    standing = sum(t.sightings for t in tables.totals if isinstance(t.period, OfDay))
    taken_back = rows["sightings"] - standing if "sightings" in rows else 0
    return Exported(standing, taken_back, places, rows)


class _Tables:
    """The rows of each kind, of one moment."""

    def __init__(self, store: Store, wish: Wish) -> None:
        self._store, self._wish = store, wish
        self._shifts = {shift.shift_id: shift for shift in store.read_shifts()}
        periods = any(kind in _PERIODS for kind in wish.kinds)
        # for the sightings that stand days are enough, and quicker
        of = BY_CAMERA if periods else ((OfDay, False),)
        self.totals = totals_between(store, wish.since, wish.until, of)

    def write(self, kind: str, path: Path) -> int:
        """Returns how many rows there are."""
        number, columns, dialect = 0, COLUMNS[kind], self._wish.dialect
        decimals = dialect.numbers(columns)
        with _rewrite(path) as file:
            writer = csv.writer(file, delimiter=dialect.separator)
            writer.writerow(columns)
            for some in self._cells(kind):
                for row in some if decimals else ():
                    for place in decimals:
                        row[place] = row[place].replace(".", dialect.decimal)
                writer.writerows(some)
                number += len(some)
        return number

    def _cells(self, kind: str) -> Iterator[list[list[str]]]:
        span = self._wish.since, self._wish.until
        if kind == "sightings":
            return _by_thousands(self._store.sighting_rows(SIGHTING_COLUMNS, *span), RowCells())
        if kind == "visits":
            return _by_thousands(self._store.each_visit(*span), visit_cells)
        own = (t for t in self.totals if isinstance(t.period, _PERIODS[kind]))
        return _by_thousands(own, self._total_cells)

    def _total_cells(self, total: Total) -> list[str]:
        return total_cells(total, self._shifts)


def _by_thousands(rows: Iterable[R], cells: Callable[[R], list[str]]) -> Iterator[list[list[str]]]:
    each = iter(rows)
    while some := [cells(row) for row in islice(each, ROWS_AT_ONCE)]:
        yield some


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
