"""Totals by shift, by day and by hour of the day, of all cameras together or of each: records,
which charts show and `csv_files` writes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from monitor.records import Count, MaskState, Shift, Sighting, Visit, Watch, WatchState
from monitor.storage.compliance import (
    as_count,
    counted_state,
    stands,
    total,
)
from monitor.storage.not_running import SHIFT_MAX, not_running
from monitor.storage.spans import NOT_RUNNING, Span, Spell, naive, spans

if TYPE_CHECKING:
    from monitor.storage.store import Store

WATCHED = (WatchState.LIVE, WatchState.MOVED)  # whoever comes is seen and judged
_EPOCH = datetime(1970, 1, 1)  # UTC, as all times of intervals here
_QUARTER, _MICROSECOND = timedelta(minutes=15), timedelta(microseconds=1)
# what a sighting counts as that stands
STANDING = (MaskState.UNMASKED, MaskState.INCORRECT, MaskState.UNSURE)


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
Of = tuple[type[Period], bool]  # totals of these periods, and whether of each camera
TOGETHER: tuple[Of, ...] = ((OfShift, False), (OfDay, False), (OfHour, False))
BY_CAMERA: tuple[Of, ...] = ((OfShift, True), (OfDay, True), (OfHour, True))


@dataclass(frozen=True, slots=True)
class Total:
    """What was counted in a period."""

    period: Period
    count: Count  # visits and faces of single pictures, corrections included
    sightings: int  # those that stand
    camera: str | None = None  # None: all together; "": single pictures, of which it is not kept
    watched_s: float = 0.0  # for how long somebody would have been seen, all cameras added up
    # for how long they were to be watched: paused, lost, covered or not running as well
    on_s: float = 0.0
    # what that was spent in, seconds
    spent_s: Mapping[WatchState, float] = field(default_factory=dict)
    off_s: float = 0.0  # the program was not running, or the PC slept


_Key = tuple[Period, str | None]  # a period, and a camera; None: all together


class Grain(NamedTuple):
    """What the database tells apart beside the state; the rest is blank."""

    shift: bool = False
    camera: bool = False
    day: bool = False
    hour: bool = False  # of a day


class _Part(NamedTuple):
    """A part of what is added up; blank where it is not needed."""

    shift_id: str
    camera: str
    day: date
    hour: int


def totals(
    shifts: Iterable[Shift],
    visits: Iterable[Visit],
    sightings: Iterable[Sighting],
    watches: Iterable[Watch] = (),
    *,
    by_camera: bool = False,
) -> list[Total]:
    """Totals of the periods in which something was counted or watched: shifts, then days, then
    hours, each in order. A shift counts its single pictures when it began.
    """
    shifts, spells = tuple(shifts), [_spell(watch) for watch in watches]
    spells += not_running(shifts, spells, datetime.now(UTC))
    cut = _cut(spells, days=False)
    came = [(_part(v.shift_id, v.camera, v.first_seen), counted_state(v), 1) for v in visits]
    alarms = [(_part(s.shift_id, s.camera, s.first_seen), 1) for s in sightings if stands(s)]
    return [
        found
        for one in (BY_CAMERA if by_camera else TOGETHER)
        for found in _Sums(*one).of(shifts, came, alarms, cut)
    ]


def totals_between(
    store: Store,
    since: datetime | None = None,
    until: datetime | None = None,
    of: Sequence[Of] = TOGETHER,
) -> list[Total]:
    """`totals` of what began in [since, until), added up by the database, and of the time that was
    watched within, or was to be; all of one moment.

    Args:
        of: Which, in this order: days alone are quicker than all for a year.

    Raises:
        StoreError: If the store cannot be read.
    """
    found: list[Total] = []
    with store.one_state():
        shifts = store.read_shifts(since, until)
        days = all(period is OfDay for period, _ in of)
        cut = _cut(_spells(store, since, until), days)
        for period, by_camera in of:
            day, hour = period is not OfShift, period is OfHour
            grain = Grain(shift=not day, camera=by_camera, day=day, hour=hour)
            visits, sightings = store.count(grain, since, until)
            found += _Sums(period, by_camera).of(
                shifts,
                ((_Part(g.shift_id, g.camera, g.day, g.hour), g.state, g.number) for g in visits),
                (
                    (_Part(g.shift_id, g.camera, g.day, g.hour), g.number)
                    for g in sightings
                    if g.state in STANDING
                ),
                cut,
            )
    return found


def watched_between(
    store: Store, since: datetime | None = None, until: datetime | None = None
) -> list[Span]:
    """What each camera did in [since, until), by camera and time: with what was to be watched and
    was not, all that `totals_between` adds up.

    Raises:
        StoreError: If the store cannot be read.
    """
    return spans(_spells(store, since, until))


def unwatched_between(
    store: Store, since: datetime | None = None, until: datetime | None = None
) -> list[Span]:
    """When a camera was to be watched in [since, until) and was not, by time and camera: what
    `totals_between` has beside the time that was watched.

    Raises:
        StoreError: If the store cannot be read.
    """
    found = [s for s in watched_between(store, since, until) if s.wanted and s.state not in WATCHED]
    return sorted(found, key=lambda span: (span.began, span.camera))


class _Sums:
    """Adds up by one kind of period, and by camera if wanted."""

    def __init__(self, period: type[Period], by_camera: bool) -> None:
        self._period, self._by_camera = period, by_camera
        self._states: defaultdict[_Key, Counter[MaskState | None]] = defaultdict(Counter)
        self._alarms: Counter[_Key] = Counter()
        self._stills: defaultdict[_Key, Count] = defaultdict(Count)
        # microseconds, as the next
        self._spent: defaultdict[_Key, Counter[WatchState | None]] = defaultdict(Counter)
        self._on: Counter[_Key] = Counter()

    def of(
        self,
        shifts: Iterable[Shift],
        visits: Iterable[tuple[_Part, MaskState | None, int]],
        sightings: Iterable[tuple[_Part, int]],
        cut: Mapping[tuple[_Part, WatchState | None], int],
    ) -> list[Total]:
        """In order. `cut` is what `_cut` gives."""
        for part, state, number in visits:
            self._states[self._key(part)][state] += number
        for part, number in sightings:
            self._alarms[self._key(part)] += number
        for shift in shifts:
            if shift.stills != Count():
                key = self._key(_part(shift.shift_id, "", shift.started))
                self._stills[key] = total([self._stills[key], shift.stills])
        for (part, shown), spent in cut.items():
            key = self._key(part)
            self._on[key] += spent
            self._spent[key][shown] += spent
        found = {*self._states, *self._alarms, *self._stills, *self._on}
        return [self._total(key) for key in sorted(found, key=lambda key: (key[0], key[1] or ""))]

    def _key(self, part: _Part) -> _Key:
        camera = part.camera if self._by_camera else None
        if self._period is OfShift:
            return OfShift(part.shift_id), camera
        if self._period is OfDay:
            return OfDay(part.day), camera
        return OfHour(part.day, part.hour), camera

    def _total(self, key: _Key) -> Total:
        count = total([as_count(self._states.get(key, {})), self._stills.get(key, Count())])
        spent = self._spent[key] if key in self._spent else Counter[WatchState | None]()
        return Total(
            *(key[0], count, self._alarms[key], key[1]),
            watched_s=sum(spent.get(state, 0) for state in WATCHED) / 10**6,
            on_s=self._on[key] / 10**6,
            spent_s={state: spent[state] / 10**6 for state in WatchState if state in spent},
            off_s=spent.get(None, 0) / 10**6,
        )


def _spells(store: Store, since: datetime | None, until: datetime | None) -> list[Spell]:
    """What was watched in [since, until), and when nobody looked. Shifts that are partly within are
    read whole: what was to be watched is the same whatever time is asked for.
    """
    early, late = _moved(since, -SHIFT_MAX), _moved(until, SHIFT_MAX)
    spells = list(store.each_spell(early, late))
    spells += not_running(store.read_shifts(early, late), spells, datetime.now(UTC))
    low = naive(since) if since is not None else datetime.min
    high = naive(until) if until is not None else datetime.max
    return [
        (shift_id, camera, state, max(began, low), min(ended, high))
        for shift_id, camera, state, began, ended in spells
        if began < high and ended > low
    ]


def _moved(moment: datetime | None, by: timedelta) -> datetime | None:
    """Earlier or later; None, which has no end, where the calendar does not go so far."""
    try:
        return moment.astimezone(UTC) + by if moment is not None else None
    except OverflowError:
        return None


def _part(shift_id: str, camera: str, moment: datetime) -> _Part:
    here = moment.astimezone()
    return _Part(shift_id, camera, here.date(), here.hour)


def _spell(watch: Watch) -> Spell:
    """As the store gives them."""
    began, ended = (
        moment.astimezone(UTC).replace(tzinfo=None) for moment in (watch.began, watch.ended)
    )
    return watch.shift_id, watch.camera, watch.state.value, began, ended


def _cut(spells: Iterable[Spell], days: bool) -> Counter[tuple[_Part, WatchState | None]]:
    """Intervals, cut where an hour, or a day, of local time ends: for how many microseconds each
    state lasted, None for not running: whole numbers add up to the same in any order.
    """
    found: Counter[tuple[_Part, str]] = Counter()
    known: dict[int, tuple[date, int, datetime]] = {}  # by quarter of an hour
    for shift_id, camera, state, began, ended in spells:
        while began < ended:
            quarter = (began - _EPOCH) // _QUARTER
            place = known.get(quarter)
            if place is None:
                here = began.replace(tzinfo=UTC).astimezone()
                end = _end_of(here, days).astimezone(UTC).replace(tzinfo=None)
                place = here.date(), here.hour, end
                if not (here.utcoffset() or timedelta()) % _QUARTER:  # as all zones have it
                    known[quarter] = place
            day, hour, end = place
            end = min(end, ended)
            part = _Part("", camera, day, 0) if days else _Part(shift_id, camera, day, hour)
            found[part, state] += (end - began) // _MICROSECOND
            began = end
    return Counter(
        {
            (part, WatchState(state) if state != NOT_RUNNING else None): spent
            for (part, state), spent in found.items()
        }
    )


def _end_of(here: datetime, days: bool) -> datetime:
    """When the hour, or the day, of a local time ends."""
    if not days:
        past = timedelta(minutes=here.minute, seconds=here.second, microseconds=here.microsecond)
        return here + timedelta(hours=1) - past
    next_day = here.date() + timedelta(days=1)
    return datetime(next_day.year, next_day.month, next_day.day).astimezone()
