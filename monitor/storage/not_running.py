"""The hours in which nobody looked at all: the program was off, or the PC slept. They belong to
what was to be watched, or "watched 4 h of 4 h" would hide that it was off for the rest.

A shift that begins by times of the settings is to be watched from its time to the next one's, or to
now. Where no times are set, a day is to be watched from its first start to its last end. A gap is
each camera's that was watched before it; of a late start, each one's that was watched after it. A
camera that is switched off while others are watched is not to be watched.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor.records import Shift
from monitor.storage.spans import GAP, NOT_RUNNING, Spell, naive

SHIFT_MAX = timedelta(hours=26)  # no shift that begins by the clock is longer
STILL = timedelta(seconds=30)  # an open interval is written every ten: the program goes on
_BESIDE = timedelta(seconds=60)  # cameras open and close one after the other


class _Gap(NamedTuple):
    began: datetime
    ended: datetime
    before: frozenset[str]  # cameras
    after: frozenset[str]


def not_running(shifts: Iterable[Shift], spells: Iterable[Spell], now: datetime) -> list[Spell]:
    """The spells in which nobody looked, by shift and camera, none of them empty.

    Args:
        shifts: With all that lie before and after a moment of interest by `SHIFT_MAX`.
        spells: Of these shifts, whole.
        now: Aware.
    """
    by_desk: defaultdict[str, list[Shift]] = defaultdict(list)
    for shift in sorted(shifts, key=lambda shift: shift.started):
        by_desk[shift.desk or shift.shift_id].append(shift)
    desks = {s.shift_id: desk for desk, some in by_desk.items() for s in some}
    watched: defaultdict[str, list[Spell]] = defaultdict(list)
    for spell in spells:
        if spell[0] in desks:
            watched[desks[spell[0]]].append(spell)
    found: list[Spell] = []
    for desk, some in watched.items():
        found += _of_desk(by_desk[desk], some, naive(now))
    return found


def _of_desk(shifts: Sequence[Shift], spells: list[Spell], now: datetime) -> list[Spell]:
    gaps = _gaps(sorted(spells, key=lambda spell: spell[3]), now)
    ends = [gap.ended for gap in gaps]
    found: list[Spell] = []
    for shift_id, since, until in _ranges(shifts, spells, now):
        for gap in gaps[bisect_left(ends, since) :]:
            if gap.began >= until:
                break
            began, ended = max(gap.began, since), min(gap.ended, until)
            if ended - began < GAP:
                continue
            first, other = gap.before, gap.after
            if gap.began < since:  # it was started late
                first, other = other, first
            found += [(shift_id, c, NOT_RUNNING, began, ended) for c in sorted(first or other)]
    return found


def _ranges(
    shifts: Sequence[Shift], spells: Iterable[Spell], now: datetime
) -> list[tuple[str, datetime, datetime]]:
    """From when to when each shift was to be watched; of those in which anything was."""
    begins: dict[str, datetime] = {}
    ends: dict[str, datetime] = {}
    for shift_id, _, _, began, ended in spells:
        begins[shift_id] = min(began, begins.get(shift_id, began))
        ends[shift_id] = max(ended, ends.get(shift_id, ended))
    found = []
    for place, shift in enumerate(shifts):
        if shift.shift_id not in begins:
            continue
        since, until = begins[shift.shift_id], ends[shift.shift_id]
        if shift.until is not None:
            following = [naive(s.started) for s in shifts[place + 1 : place + 2]]
            since, until = naive(shift.started), min(naive(shift.until), now, *following)
        found.append((shift.shift_id, since, until))
    return found


def _gaps(spells: Sequence[Spell], now: datetime) -> list[_Gap]:
    """The times in which no camera of a desk was watched; the first and the last have no end."""
    begins = [spell[3] for spell in spells]

    def after(moment: datetime) -> frozenset[str]:
        some = spells[bisect_left(begins, moment) : bisect_left(begins, moment + _BESIDE)]
        return frozenset(spell[1] for spell in some)

    found = [_Gap(datetime.min, begins[0], frozenset(), after(begins[0]))]
    last: dict[str, datetime] = {}  # by camera, when it was watched last
    end = begins[0]

    def before() -> frozenset[str]:
        return frozenset(camera for camera, ended in last.items() if ended >= end - _BESIDE)

    for _, camera, _, began, ended in spells:
        if began - end >= GAP:
            found.append(_Gap(end, began, before(), after(began)))
        last[camera] = max(ended, last.get(camera, ended))
        end = max(end, ended)
    if now - end > STILL:
        found.append(_Gap(end, now, before(), frozenset()))
    return found
