"""Sightings, visits and totals as the text of CSV cells, and how cells are parted."""

from __future__ import annotations

import locale
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from monitor.records import Shift, Sighting, Visit, WatchState
from monitor.storage.compliance import compliance, counted_state
from monitor.storage.totals import OfDay, OfHour, OfShift, Total

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
    "desk",
)
VISIT_COLUMNS = (
    "visit_id",
    "camera",
    "first_seen",
    "last_seen",
    "seconds",
    "state",
    "corrected",
    "counts_as",
    "identity",
    "note",
    "shift_id",
    "desk",
)
# what that time was spent in, in columns of their own; while a camera is moved it watches
SPENT = {
    "paused_seconds": (WatchState.PAUSED,),
    "lost_seconds": (WatchState.LOST, WatchState.LOCKED),
    "frozen_seconds": (WatchState.FROZEN,),
    "dark_seconds": (WatchState.DARK, WatchState.BLACK),
    "covered_seconds": (WatchState.COVERED,),
    "out_of_focus_seconds": (WatchState.BLURRED,),
    "turned_seconds": (WatchState.SIDEWAYS, WatchState.UPSIDE_DOWN),
    "moved_seconds": (WatchState.MOVED,),
}
_SUMS = (
    "camera",
    "masked",
    "unmasked",
    "incorrect",
    "unsure",
    "compliance_percent",
    "sightings",
    "watched_seconds",
    "on_seconds",
    *SPENT,
    "not_running_seconds",
)
SHIFT_COLUMNS = ("shift_id", "shift", "began", *_SUMS, "desk")
DAY_COLUMNS = ("day", *_SUMS)
HOUR_COLUMNS = ("day", "hour", *_SUMS)
KNOWN_MAX = 10_000
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


class _Known(dict[Any, str]):
    """Cells of values that come again and again."""

    def __missing__(self, value: object) -> str:
        text = cell(value)
        if len(self) < KNOWN_MAX:
            self[value] = text
        return text


class _LocalTimes(dict[str, tuple[str, str]]):
    """Ten minutes of UTC, as SQLite writes them but for their last digit: the same in local time,
    and its offset; the latter "" where a zone differs by less than ten minutes' steps.
    """

    def __missing__(self, ten: str) -> tuple[str, str]:
        here = datetime.fromisoformat(f"{ten}0:00").replace(tzinfo=UTC).astimezone()
        offset = here.utcoffset() or timedelta()
        even = offset % timedelta(minutes=10) == timedelta()
        if len(self) >= KNOWN_MAX:
            self.clear()
        told = here.isoformat()[:15], here.isoformat()[19:] if even else ""
        self[ten] = told
        return told


class RowCells:
    """Makes the same of a row of the store as `sighting_cells` of a record, a million times
    quickly: what comes again is not made again.
    """

    def __init__(self) -> None:
        self._known, self._times = _Known(), _LocalTimes()

    def __call__(self, row: Sequence[Any]) -> list[str]:
        """
        Args:
            row: Plain values in the order of `SIGHTING_COLUMNS`; times are UTC without saying so,
                as datetimes or as SQLite writes them.
        """
        sighting_id, camera, visit_id, first_seen, last_seen, seconds, worst, final, *rest = row
        confidence, identity, model, corrected, note, desk = rest
        known = self._known
        return [
            cell(sighting_id),
            known[camera],
            cell(visit_id),
            self._local(first_seen),
            self._local(last_seen),
            f"{seconds:.2f}",
            worst,
            final,
            f"{confidence:.3f}",
            known[identity],
            known[model],
            known[corrected],
            cell(note) if note else "",
            known[desk],
        ]

    def _local(self, moment: datetime | str) -> str:
        text = moment if isinstance(moment, str) else moment.isoformat(" ", "microseconds")
        began, offset = self._times[text[:15]]
        if offset:
            return f"{began}{text[15:23]}{offset}"
        return local(datetime.fromisoformat(text).replace(tzinfo=UTC))


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


def visit_cells(visit: Visit) -> list[str]:
    """A visit in the order of `VISIT_COLUMNS`."""
    counts_as = counted_state(visit)
    return [
        *map(cell, (visit.visit_id, visit.camera)),
        local(visit.first_seen),
        local(visit.last_seen),
        f"{(visit.last_seen - visit.first_seen).total_seconds():.2f}",
        visit.state.value,
        visit.corrected.value if visit.corrected is not None else "",
        counts_as.value if counts_as is not None else "",
        *map(cell, (visit.identity, visit.note, visit.shift_id, visit.desk)),
    ]


def total_cells(total: Total, shifts: Mapping[str, Shift]) -> list[str]:
    """A total in the order of the columns of its kind of period.

    Args:
        shifts: By their ids; what was deleted is not among them.
    """
    desk: tuple[str, ...] = ()
    match total.period:
        case OfShift(shift_id):
            shift = shifts.get(shift_id)
            began = local(shift.started) if shift is not None else ""
            period: tuple[object, ...] = (shift_id, shift.name if shift is not None else "", began)
            desk = (shift.desk_name if shift is not None else "",)
        case OfDay(day):
            period = (f"{day:%Y-%m-%d}",)
        case OfHour(day, hour):
            period = (f"{day:%Y-%m-%d}", hour)
    count, share = total.count, compliance(total.count)
    counts = (count.masked, count.unmasked, count.incorrect, count.unsure)
    percent = "" if share is None else f"{100 * share:.1f}"
    spent = [sum(total.spent_s.get(state, 0.0) for state in states) for states in SPENT.values()]
    watched = [f"{seconds:.1f}" for seconds in (total.watched_s, total.on_s, *spent, total.off_s)]
    return [
        cell(v) for v in (*period, total.camera, *counts, percent, total.sightings, *watched, *desk)
    ]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are parted, and decimals."""

    separator: str = ","
    decimal: str = "."

    def numbers(self, columns: Sequence[str]) -> tuple[int, ...]:
        """Which columns hold decimals that are to be written otherwise."""
        return tuple(i for i, c in enumerate(columns) if c in _DECIMALS and self.decimal != ".")


_DECIMALS = (
    *("seconds_unmasked", "confidence", "seconds", "compliance_percent"),
    *("watched_seconds", "on_seconds", *SPENT, "not_running_seconds"),
)
DIALECTS = {"comma": Dialect(), "semicolon": Dialect(";", ","), "tab": Dialect("\t")}


def dialect(separator: str, decimal: str = "") -> Dialect:
    """By its name in the settings.

    Args:
        decimal: What is between whole and parts on this computer, for "auto"; empty: it is asked.
    """
    if separator != "auto":
        return DIALECTS[separator]
    comma = (decimal or _decimal_here()) == ","
    return DIALECTS["semicolon" if comma else "comma"]


def _decimal_here() -> str:
    """As the region of this computer has it; the program's own numbers stay as they are."""
    former = locale.setlocale(locale.LC_NUMERIC)
    try:
        locale.setlocale(locale.LC_NUMERIC, "")
        return str(locale.localeconv()["decimal_point"])
    except locale.Error:
        return "."
    finally:
        locale.setlocale(locale.LC_NUMERIC, former)
