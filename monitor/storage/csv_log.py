"""A CSV list that grows by a row for each sighting as it ends."""

from __future__ import annotations

import csv
import errno
import io
import logging
import os
import stat
from collections.abc import Iterable, Set
from itertools import chain, count
from pathlib import Path

from monitor.errors import StoreError
from monitor.names import name_key
from monitor.records import Sighting
from monitor.storage.csv_files import BOM, SIGHTING_COLUMNS, sighting_cells
from monitor.storage.places import check_regular, open_to_append

log = logging.getLogger(__name__)

HEADER_MAX = 4096  # bytes of a file that are searched for its header


def list_at(path: Path) -> Path:
    """Where the rows of the list of this name go: there, or to NAME-2.csv (-3 ...) beside it where
    the file has other columns (another version's) or another separator (a spreadsheet's).

    Raises:
        StoreError: If the file cannot be read, or is no list of sightings.
    """
    beside = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return next(place for place in chain([path], beside) if _carries_on(place, named=path))


class CsvLog:
    """One thread at a time.

    The file is looked at and opened for every row: it may be deleted, moved or saved anew by a
    spreadsheet meanwhile, and one that a spreadsheet holds open is tried again.

    Args:
        path: Of the list; begun if it is not there. See `list_at`.

    Raises:
        StoreError: If the file cannot be written, or is no list of sightings.
    """

    def __init__(self, path: Path) -> None:
        self._path = self._place = path
        self.label = str(path)
        self.append([])

    def append(self, sightings: Iterable[Sighting]) -> None:
        """Add rows, with the header where the file is new; flushed to the disk before it returns.

        Raises:
            StoreError: As for the class; no row of the call is then in the file.
        """
        rows = [sighting_cells(sighting) for sighting in sightings]
        place = list_at(self._path)
        if place not in (self._path, self._place):
            log.warning(
                "%s has other columns or another separator: sightings go to %s",
                *(self._path, place),
            )
        self._place = place
        try:
            with os.fdopen(open_to_append(place), "a+b", buffering=0) as file:
                end = file.seek(0, os.SEEK_END)
                try:
                    _append(file, end, rows)
                except OSError:
                    file.truncate(end)  # a full disk leaves no half row behind
                    raise
        except OSError as error:
            raise _cannot(place, error) from None

    def forget(self, names: Set[str]) -> None:
        """Take the names of people out of the list, rows of earlier runs included.

        Args:
            names: As `name_key` gives them.

        Raises:
            StoreError: If the file cannot be read or written; it is then as it was.
        """
        place = list_at(self._path)
        try:
            rows = list(csv.reader(io.StringIO(place.read_text(encoding="utf-8-sig"), newline="")))
        except FileNotFoundError:
            return
        except (OSError, ValueError, csv.Error) as error:
            raise _cannot(place, error) from None
        column, changed = SIGHTING_COLUMNS.index("identity"), False
        for row in rows[1:]:
            # a name that looks like a formula has an apostrophe before it
            if len(row) > column and names & {
                name_key(row[column]),
                name_key(row[column].removeprefix("'")),
            }:
                row[column], changed = "", True
        if not changed:
            return
        text = io.StringIO(newline="")
        text.write(BOM)
        csv.writer(text).writerows(rows)
        beside = place.with_name(f".{place.name}.{os.getpid()}.tmp")
        try:
            mode = stat.S_IMODE(place.stat().st_mode)
            beside.touch(mode=0o600)
            beside.write_bytes(text.getvalue().encode())
            beside.chmod(mode)
            os.replace(beside, place)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise _cannot(place, error) from None


def _cannot(path: Path, error: Exception) -> StoreError:
    why = error.strerror if isinstance(error, OSError) else error
    return StoreError(
        f"{path} cannot be written ({why}): close it elsewhere, free the disk or check its rights"
    )


def _carries_on(path: Path, *, named: Path) -> bool:
    """Whether the file is a list like ours, or is still to be begun. A spreadsheet may have dropped
    the BOM.
    """
    try:
        check_regular(path)
        with path.open("rb") as file:
            start = file.read(HEADER_MAX)
    except FileNotFoundError:
        return True
    except OSError as error:
        raise _cannot(path, error) from None
    line = start.decode(errors="replace").removeprefix(BOM).splitlines()[:1]
    for separator in (",", ";", "\t"):
        columns = next(csv.reader(line, delimiter=separator), [])
        if SIGHTING_COLUMNS[0] in columns:
            return separator == "," and tuple(columns) == SIGHTING_COLUMNS
    if start and path == named:
        raise StoreError(
            f"{path} is there already and is no list of sightings: choose another name after --csv"
        )
    return not start


def _append(file: io.FileIO, end: int, rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    if end == 0:
        text.write(BOM)
    else:
        file.seek(end - 1)
        if file.read(1) != b"\n":  # edited by hand: the last line has no end
            text.write("\r\n")
    csv.writer(text).writerows([SIGHTING_COLUMNS, *rows] if end == 0 else rows)
    data = text.getvalue().encode()
    if file.write(data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(file.fileno())
