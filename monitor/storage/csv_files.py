"""Sightings and totals as the text of CSV cells, and the export: UTF-8 with BOM, so that a
spreadsheet opens it by double click.
"""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from monitor.errors import StoreError
from monitor.records import Sighting
from monitor.storage.compliance import compliance
from monitor.storage.store import Store
from monitor.storage.totals import OfDay, OfHour, OfShift, Period, Total, totals

SIGHTING_COLUMNS = (
    "sighting_id",
    "camera",
    "visit_id",
    "first_seen",
    "last_seen",
    "seconds_unmasked",
    "worst_state",
    "final_state",
    "confidence",
    "identity",
    "model",
    "corrected",
    "note",
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


def total_cells(total: Total) -> list[str]:
    """A total in the order of `TOTAL_COLUMNS`."""
    count, share = total.count, compliance(total.count)
    values = {
        "period": _period_text(total.period),
        **{name: getattr(count, name) for name in ("masked", "unmasked", "incorrect", "unsure")},
        "compliance_percent": "" if share is None else f"{100 * share:.1f}",
        "sightings": total.sightings,
    }
    return [cell(values[name]) for name in TOTAL_COLUMNS]


def _period_text(period: Period) -> str:
    match period:
        case OfShift(shift_id):
            return f"shift {shift_id}"
        case OfDay(day):
            return f"day {day:%Y-%m-%d}"
        case OfHour(day, hour):
            return f"hour {day:%Y-%m-%d} {hour:02}:00"


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
    _write_table(path, SIGHTING_COLUMNS, map(sighting_cells, sightings))
    sums = totals(store.read_shifts(since, until), visits, sightings)
    _write_table(totals_path, TOTAL_COLUMNS, map(total_cells, sums))
    return len(sightings), totals_path
