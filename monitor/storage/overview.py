"""What a stretch of time comes to: its totals put together for a chart, a page, a print. Only adds
up what `totals` has counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitor.records import Count, Shift
from monitor.storage.compliance import total
from monitor.storage.totals import Of, OfDay, OfHour, OfShift, Period, Total, totals_between

if TYPE_CHECKING:
    from monitor.storage.store import Store

HOURLY_MAX = timedelta(days=8)  # longer stretches have no hours, unless they are asked for


@dataclass(frozen=True, slots=True, order=True)
class OfDesk:
    """What a desk has seen; "": it is not known which."""

    name: str


Key = Period | OfDesk | str | int | None


@dataclass(frozen=True, slots=True)
class Group:
    """What belongs together."""

    key: Key  # a period, a desk, a camera, an hour of the day, or all
    count: Count
    sightings: int
    watched_s: float
    on_s: float
    off_s: float = 0.0  # of that: not running


@dataclass(frozen=True, slots=True)
class Overview:
    """A stretch of time."""

    since: datetime
    until: datetime
    whole: Group
    hours: tuple[Group, ...]  # by the hour of the day, of all days together
    days: tuple[Group, ...]
    cameras: tuple[Group, ...]
    shifts: tuple[Group, ...]
    desks: tuple[Group, ...]  # where the shifts are there, too
    known: dict[str, Shift]  # the shifts, by their ids


def overview(store: Store, since: datetime, until: datetime, *, hourly: bool = False) -> Overview:
    """Totals of what began in [since, until).

    Args:
        hourly: With hours, shifts and desks however long it is.

    Raises:
        StoreError: If the store cannot be read.
    """
    of: list[Of] = [(OfDay, True)]
    if hourly or until - since <= HOURLY_MAX:
        of += [(OfShift, False), (OfHour, False)]
    found = totals_between(store, since, until, of)
    by_day = [t for t in found if isinstance(t.period, OfDay)]
    by_hour = [t for t in found if isinstance(t.period, OfHour)]
    by_shift = [t for t in found if isinstance(t.period, OfShift)]
    (whole,) = _grouped(by_day, lambda t: None) or [Group(None, Count(), 0, 0.0, 0.0)]
    ids = {t.period.shift_id for t in by_shift if isinstance(t.period, OfShift)}
    known = {s.shift_id: s for s in store.read_shifts() if s.shift_id in ids} if ids else {}
    return Overview(
        since,
        until,
        whole,
        tuple(_grouped(by_hour, lambda t: t.period.hour)),  # type: ignore[union-attr]
        tuple(_grouped(by_day, lambda t: t.period)),
        tuple(_grouped(by_day, lambda t: t.camera)),
        tuple(_grouped(by_shift, lambda t: t.period)),
        tuple(_grouped(by_shift, lambda t: _desk(t, known))),
        known,
    )


def _desk(total: Total, known: dict[str, Shift]) -> OfDesk:
    shift = known.get(total.period.shift_id) if isinstance(total.period, OfShift) else None
    return OfDesk(shift.desk_name if shift is not None else "")


def _grouped(totals: Iterable[Total], key: Callable[[Total], Key]) -> list[Group]:
    """Sums of what has the same key, in order."""
    parts: defaultdict[Key, list[Total]] = defaultdict(list)
    for one in totals:
        parts[key(one)].append(one)
    return [
        Group(
            name,
            total(t.count for t in some),
            sum(t.sightings for t in some),
            sum(t.watched_s for t in some),
            sum(t.on_s for t in some),
            sum(t.off_s for t in some),
        )
        for name, some in sorted(parts.items(), key=lambda pair: (pair[0] is not None, pair[0]))
    ]
