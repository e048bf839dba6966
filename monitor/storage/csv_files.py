"""Sightings and totals as the text of CSV cells."""

from __future__ import annotations

from datetime import datetime

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
    return [
        *map(cell, (sighting.sighting_id, sighting.camera, sighting.visit_id)),
        local(sighting.first_seen),
        local(sighting.last_seen),
        f"{sighting.seconds_unmasked:.2f}",
        sighting.worst_state.value,
        sighting.final_state.value,
        f"{sighting.confidence:.3f}",
        *map(cell, (sighting.identity, sighting.model)),
        sighting.corrected.value if sighting.corrected else "",
        cell(sighting.note),
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
