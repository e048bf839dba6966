"""Sightings and totals as the text of CSV cells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from monitor.records import Sighting
from monitor.storage.compliance import compliance
from monitor.storage.totals import OfDay, OfHour, OfShift, Period, Total

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
QUARTER = timedelta(minutes=15)
BOM = "\ufeff"
_FORMULA = "=+-@\t\r\n"


def cell(value: object) -> str:
    """A value as a cell's text; one that a spreadsheet would read as a formula gets a leading
    apostrophe.
    """
    text = "" if value is None else str(value)
    return "'" + text if text and text[0] in _FORMULA else text


def local(moment: datetime) -> str:
    """ISO 8601 with the offset that this machine's zone had at that moment."""
    return moment.astimezone().isoformat(timespec="milliseconds")


def sighting_cells(sighting: Sighting) -> list[str]:
    """A sighting in the order of `SIGHTING_COLUMNS`."""
    values = (getattr(sighting, name) for name in SIGHTING_COLUMNS)
    row = [value.value if isinstance(value, Enum) else value for value in values]
    return _cells(row, local(sighting.first_seen), local(sighting.last_seen))


class RowCells:
    """Makes the same of a row of the store as `sighting_cells` of a record, a million times
    quickly: the zone's offset is asked for once a quarter of an hour.
    """

    def __init__(self) -> None:
        self._since = self._until = datetime.min
        self._offset, self._offset_text = timedelta(), ""

    def __call__(self, row: Sequence[Any]) -> list[str]:
        """
        Args:
            row: Plain values in the order of `SIGHTING_COLUMNS`; times are UTC without saying so.
        """
        return _cells(row, self._local(row[3]), self._local(row[4]))

    def _local(self, moment: datetime) -> str:
        if not self._since <= moment < self._until:
            self._since = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
            self._until = self._since + QUARTER
            here = self._since.replace(tzinfo=UTC).astimezone()
            self._offset = here.utcoffset() or timedelta()
            self._offset_text = here.isoformat()[19:]
        return (moment + self._offset).isoformat(timespec="milliseconds") + self._offset_text


def _cells(row: Sequence[Any], first_seen: str, last_seen: str) -> list[str]:
    sighting_id, camera, visit_id, _, _, seconds, worst, final, confidence, *texts = row
    return [
        *map(cell, (sighting_id, camera, visit_id)),
        first_seen,
        last_seen,
        f"{seconds:.2f}",
        worst,
        final,
        f"{confidence:.3f}",
        *map(cell, texts),
    ]


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
