"""When shifts begin, by the clock on the wall: pure functions of settings and local time.

A shift begins at the same time of day every day, whatever summer time does: a day with a change
has a shift of an hour more or less. Where a time of day is left out, its shift begins an hour
before; where it comes twice, with the first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

NAME_MAX, SHIFTS_MAX = 40, 24
_ENTRY = re.compile(r"(?P<name>.*?)\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})")


@dataclass(frozen=True, slots=True)
class ShiftTime:
    """A shift of every day."""

    name: str  # "" where the user gave none
    begins: time  # of the day, local


@dataclass(frozen=True, slots=True)
class Begun:
    """A shift of one day."""

    name: str
    since: datetime  # aware, local
    until: datetime


def parse_shifts(text: str) -> tuple[ShiftTime, ...]:
    """`Morning 06:00, Late 14:00` as times in order of the day.

    Raises:
        ValueError: With what is wrong and how it is written.
    """
    found = []
    for entry in text.split(","):
        match = _ENTRY.fullmatch(entry.strip())
        if match is None or int(match["hour"]) > 23 or int(match["minute"]) > 59:
            raise ValueError(
                f"{entry.strip()[:NAME_MAX]!r} is no shift: write a name and a time of day, with "
                f"commas between several, like Morning 06:00, Late 14:00"
            )
        if len(match["name"]) > NAME_MAX:
            raise ValueError(f"a shift's name is too long: give at most {NAME_MAX} letters")
        found.append(ShiftTime(match["name"], time(int(match["hour"]), int(match["minute"]))))
    if len(found) > SHIFTS_MAX:
        raise ValueError(f"there are {len(found)} shifts a day: give at most {SHIFTS_MAX}")
    if len({shift.begins for shift in found}) < len(found):
        raise ValueError("two shifts begin at the same time: give each its own")
    return tuple(sorted(found, key=lambda shift: shift.begins))


def begun(moment: datetime, shifts: tuple[ShiftTime, ...]) -> Begun:
    """Which shift it is at an aware moment."""
    today = moment.astimezone().date()
    starts = sorted(
        (datetime.combine(today + timedelta(days=days), shift.begins).astimezone(), shift.name)
        for days in (-1, 0, 1, 2)
        for shift in shifts
    )
    past = [start for start in starts if start[0] <= moment]
    since, name = past[-1]
    return Begun(name, since, starts[len(past)][0])
