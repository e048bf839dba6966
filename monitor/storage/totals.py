"""Totals by shift, by day and by hour of the day: records, which the chart shows and `csv_files`
writes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from monitor.records import Count, MaskState, Shift, Sighting, Visit
from monitor.storage.compliance import (
    as_count,
    as_counted,
    counted_state,
    is_standing,
    stands,
    total,
)

if TYPE_CHECKING:
    from monitor.storage.store import Store

QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, order=True)
class OfShift:
    """All that is in the books of a shift."""

    shift_id: str


@dataclass(frozen=True, slots=True, order=True)
class OfDay:
    """What began on a day of local time."""

    day: date


@dataclass(frozen=True, slots=True, order=True)
class OfHour:
    """What began in an hour of local wall time: that which comes twice when summer time ends is
    one.
    """

    day: date
    hour: int  # 0 to 23


Period = OfShift | OfDay | OfHour


@dataclass(frozen=True, slots=True)
class Total:
    """What was counted in a period."""

    period: Period
    count: Count  # visits and faces of single pictures, corrections included
    sightings: int  # those that stand


def totals(
    shifts: Iterable[Shift], visits: Iterable[Visit], sightings: Iterable[Sighting]
) -> list[Total]:
    """Totals of the periods in which something was counted: shifts, then days, then hours, each
    in order. A shift counts its single pictures when it began.
    """
    return _add_up(
        shifts,
        ((v.shift_id, v.first_seen, counted_state(v), 1) for v in visits),
        ((s.shift_id, s.first_seen, 1) for s in sightings if stands(s)),
    )


def totals_between(
    store: Store, since: datetime | None = None, until: datetime | None = None
) -> list[Total]:
    """`totals` of what began in [since, until), added up by the database.

    Raises:
        StoreError: If the store cannot be read.
    """
    visits, sightings = store.count(since, until)
    return _add_up(
        store.read_shifts(since, until),
        (
            (g.shift_id, g.began, as_counted(g.state, g.corrected), g.number)
            for g in visits
            if g.state is not None
        ),
        ((g.shift_id, g.began, g.number) for g in sightings if is_standing(g.corrected)),
    )


def _add_up(
    shifts: Iterable[Shift],
    visits: Iterable[tuple[str, datetime, MaskState | None, int]],
    sightings: Iterable[tuple[str, datetime, int]],
) -> list[Total]:
    # by shift and quarter of an hour at first: that is quick for a million
    seen: Counter[tuple[str, datetime, MaskState | None]] = Counter()
    for shift_id, began, state, number in visits:
        seen[shift_id, quarter(began), state] += number
    alarmed: Counter[tuple[str, datetime]] = Counter()
    for shift_id, began, number in sightings:
        alarmed[shift_id, quarter(began)] += number
    states: defaultdict[Period, Counter[MaskState | None]] = defaultdict(Counter)
    alarms: Counter[Period] = Counter()
    stills: defaultdict[Period, Count] = defaultdict(Count)
    for (shift_id, moment, state), number in seen.items():
        for period in _periods(shift_id, moment):
            states[period][state] += number
    for (shift_id, moment), number in alarmed.items():
        for period in _periods(shift_id, moment):
            alarms[period] += number
    for shift in shifts:
        if shift.stills != Count():
            for period in _periods(shift.shift_id, shift.started):
                stills[period] = total([stills[period], shift.stills])
    counted = {*states, *stills, *alarms}
    in_order: list[Period] = [
        *sorted(period for period in counted if isinstance(period, OfShift)),
        *sorted(period for period in counted if isinstance(period, OfDay)),
        *sorted(period for period in counted if isinstance(period, OfHour)),
    ]
    return [
        Total(period, total([as_count(states[period]), stills[period]]), alarms[period])
        for period in in_order
    ]


def quarter(moment: datetime) -> datetime:
    """When the quarter of an hour began. Zones differ by quarters: all of one lies in one local
    hour.
    """
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def _periods(shift_id: str, moment: datetime) -> tuple[Period, ...]:
    here = moment.astimezone()
    return OfShift(shift_id), OfDay(here.date()), OfHour(here.date(), here.hour)
