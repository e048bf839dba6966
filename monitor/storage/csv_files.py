"""Sightings as CSV, and the totals beside it: UTF-8 with BOM, so that a spreadsheet opens them by
double click.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import os
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from monitor.errors import StoreError
from monitor.records import Count, MaskState, Sighting, Visit
from monitor.storage.compliance import as_count, compliance, counted_state, stands, total
from monitor.storage.store import Store

SIGHTING_COLUMNS = (
    *(
        "sighting_id",
        "camera",
        "visit_id",
        "first_seen",
        "last_seen",
        "seconds_unmasked",
        "worst_state",
        "final_state",
    ),
    *("confidence", "identity", "model", "corrected", "note"),
)
TOTAL_COLUMNS = (
    "period",
    "masked",
    "unmasked",
    "incorrect",
    "unsure",
    "compliance_percent",
    "sightings",
)
BOM = "\ufeff"


def cell(value: object) -> str:
    """A value as a cell's text; one that a spreadsheet would read as a formula gets a leading
    apostrophe.
    """
    text = "" if value is None else str(value)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text


def local(moment: datetime) -> str:
    """ISO 8601 with the offset that this machine's zone had at that moment."""
    return moment.astimezone().isoformat(timespec="milliseconds")


def sighting_cells(sighting: Sighting) -> list[str]:
    """A sighting in the order of `SIGHTING_COLUMNS`."""
    values = {
        **{name: getattr(sighting, name) for name in SIGHTING_COLUMNS},
        "first_seen": local(sighting.first_seen),
        "last_seen": local(sighting.last_seen),
        "seconds_unmasked": f"{sighting.seconds_unmasked:.2f}",
        "worst_state": sighting.worst_state.value,
        "final_state": sighting.final_state.value,
        "confidence": f"{sighting.confidence:.3f}",
        "corrected": sighting.corrected.value if sighting.corrected else "",
    }
    return [cell(values[name]) for name in SIGHTING_COLUMNS]


class CsvLog:
    """A CSV file that grows by a row per sighting as it ends. The inference thread alone calls it.

    The file is opened for every row: it may be deleted or moved meanwhile, and one held open by a
    spreadsheet is tried again.

    Raises:
        StoreError: If the file cannot be written, or is no CSV of sightings.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as file:
                start = file.read(64)
        except FileNotFoundError:
            start = b""
        except OSError as error:
            raise self._cannot(error) from None
        if start and not start.startswith((BOM + SIGHTING_COLUMNS[0]).encode()):
            raise StoreError(
                f"{path} is there already and is no list of sightings: choose another name after "
                f"--csv"
            )
        self.append([])

    def append(self, sightings: Iterable[Sighting]) -> None:
        """Add rows, with the header where the file is new; flushed to the disk before it returns.

        Raises:
            StoreError: If the file cannot be written; no row of the call is then in it.
        """
        rows = [sighting_cells(sighting) for sighting in sightings]
        try:
            with self._path.open("a+b", buffering=0) as file:
                end = file.seek(0, os.SEEK_END)
                try:
                    self._append(file, end, rows)
                except OSError:
                    file.truncate(end)  # a full disk leaves no half row behind
                    raise
        except OSError as error:
            raise self._cannot(error) from None

    @staticmethod
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

    def _cannot(self, error: OSError) -> StoreError:
        reason = f"{self._path} cannot be written ({error.strerror})"
        return StoreError(f"{reason}: close it elsewhere, free the disk or check its rights")


def _write_table(path: Path, columns: Iterable[str], rows: Iterable[list[str]]) -> None:
    """Write a whole CSV beside `path` and move it there, so that an older export is never left half
    overwritten.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(rows)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise StoreError(
            f"{path} cannot be written ({error.strerror}): close it elsewhere or choose another "
            f"place"
        ) from None


def _total_cells(period: str, count: Count, sightings: int) -> list[str]:
    share = compliance(count)
    percent = "" if share is None else f"{100 * share:.1f}"
    return [
        cell(v)
        for v in (
            period,
            count.masked,
            count.unmasked,
            count.incorrect,
            count.unsure,
            percent,
            sightings,
        )
    ]


def _periods(shift_id: str, moment: datetime) -> tuple[str, str, str]:
    """The shift, the day and the hour (local time) that something counts in."""
    here = moment.astimezone()
    return f"shift {shift_id}", f"day {here:%Y-%m-%d}", f"hour {here:%Y-%m-%d %H}:00"


def _shift_of(sighting: Sighting) -> str:
    """The shift is part of the visit's id: the visit itself may have begun before the time that is
    looked at.
    """
    return sighting.visit_id.rpartition("-v")[0]


def totals(
    shifts: list[tuple[str, datetime, Count]],
    visits: list[tuple[str, Visit]],
    sightings: list[Sighting],
) -> list[list[str]]:
    """Totals by shift, by day and by hour of the day (local time), in the order of
    `TOTAL_COLUMNS`.
    """
    states: defaultdict[str, list[MaskState | None]] = defaultdict(list)
    alarms: defaultdict[str, int] = defaultdict(int)
    stills: defaultdict[str, Count] = defaultdict(Count)
    for shift_id, visit in visits:
        for period in _periods(shift_id, visit.first_seen):
            states[period].append(counted_state(visit))
    for sighting in filter(stands, sightings):
        for period in _periods(_shift_of(sighting), sighting.first_seen):
            alarms[period] += 1
    for shift_id, started, count in shifts:
        for period in _periods(shift_id, started) if count != Count() else ():
            stills[period] = total([stills[period], count])
    periods = sorted(
        {*states, *stills, *alarms}, key=lambda p: (("shift", "day", "hour").index(p.split()[0]), p)
    )
    return [_total_cells(p, total([as_count(states[p]), stills[p]]), alarms[p]) for p in periods]


def export(
    store: Store, path: Path, since: datetime | None = None, until: datetime | None = None
) -> tuple[int, Path]:
    """Write the sightings of [since, until) to `path` and the totals beside it.

    Returns:
        How many sightings, and where the totals are.

    Raises:
        StoreError: If the store cannot be read or a file cannot be written.
    """
    sightings = store.read_sightings(since, until)
    visits = store.read_visits(since, until)
    totals_path = path.with_name(f"{path.stem}_totals.csv")
    _write_table(path, SIGHTING_COLUMNS, (sighting_cells(s) for s in sightings))
    _write_table(
        totals_path, TOTAL_COLUMNS, totals(store.read_shifts(since, until), visits, sightings)
    )
    return len(sightings), totals_path
