"""Days, weeks, months and other stretches of local time: pure functions."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta

KINDS = ("day", "week", "month", "range")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some whole days, or a shift."""

    kind: str  # one of `KINDS`, or "shift"
    first: date
    last: date  # is in it
    began: datetime | None = None  # of a shift, aware

    @property
    def since(self) -> datetime:
        """When it begins, aware."""
        return self.began or _midnight(self.first)

    @property
    def until(self) -> datetime:
        """When it ends; that moment is not in it."""
        return _midnight(self.last + timedelta(days=1))


def of_kind(kind: str, day: date, last: date | None = None, week_begins: int = 0) -> Stretch:
    """The day, week or month that a day is in; a range from it to `last`.

    Args:
        week_begins: 0: on Monday; 6: on Sunday.
    """
    if kind == "week":
        first = day - timedelta(days=(day.weekday() - week_begins) % 7)
        return Stretch(kind, first, first + timedelta(days=6))
    if kind == "month":
        days = calendar.monthrange(day.year, day.month)[1]
        return Stretch(kind, day.replace(day=1), day.replace(day=days))
    if kind == "range":
        return Stretch(kind, min(day, last or day), max(day, last or day))
    return Stretch("day", day, day)


def moved(stretch: Stretch, by: int) -> Stretch:
    """The one before (-1) or after (1)."""
    if stretch.kind == "month":
        day = stretch.first - timedelta(days=1) if by < 0 else stretch.last + timedelta(days=1)
        return of_kind("month", day)
    days = timedelta(days=by * ((stretch.last - stretch.first).days + 1))
    kind = "day" if stretch.kind == "shift" else stretch.kind
    return Stretch(kind, stretch.first + days, stretch.last + days)


def title(stretch: Stretch, today: date) -> str:
    """How it is called."""
    first, last = stretch.first, stretch.last
    if stretch.kind == "shift":
        return f"This shift, since {stretch.since:%H:%M}"
    if stretch.kind == "month":
        return f"{first:%B %Y}"
    if first == last:
        near = {today: "Today, ", today - timedelta(days=1): "Yesterday, "}.get(first, "")
        return f"{near}{first:%A} {first.day} {first:%B %Y}"
    if stretch.kind == "week":
        return f"Week {first.isocalendar().week}: {_short(first)} to {_short(last)} {last.year}"
    return f"{_short(first)} {first.year} to {_short(last)} {last.year}"


def paper_title(stretch: Stretch) -> str:
    """The same where it is read on another day: always with the date."""
    first, last = stretch.first, stretch.last
    day = f"{first:%A}, {first.day} {first:%B %Y}"
    if stretch.kind == "shift":
        return f"Shift since {stretch.since:%H:%M}, {day}"
    if stretch.kind == "month":
        return f"{first:%B %Y}"
    if first == last:
        return day
    week = f"Week {first.isocalendar().week}, " if stretch.kind == "week" else ""
    year = f" {first.year}" if first.year != last.year else ""
    return f"{week}{first.day} {first:%B}{year} to {last.day} {last:%B %Y}"


def file_name(stretch: Stretch) -> str:
    """The same in a file's name."""
    if stretch.kind == "shift":
        return f"shift_{stretch.since:%Y-%m-%d_%H%M}"
    if stretch.kind == "month":
        return f"{stretch.first:%Y-%m}"
    if stretch.first == stretch.last:
        return f"{stretch.first}"
    return f"{stretch.first}_to_{stretch.last}"


def near_ones(
    today: date, shift_began: datetime, week_begins: int = 0
) -> list[tuple[str, Stretch]]:
    """What is gone to most, by name: last Tuesday is one step away."""
    found = [
        ("This shift", Stretch("shift", shift_began.date(), today, shift_began)),
        ("Today", of_kind("day", today)),
        ("Yesterday", of_kind("day", today - timedelta(days=1))),
    ]
    for days in range(2, 8):
        day = today - timedelta(days=days)
        found.append((f"Last {day:%A}, {_short(day)}", of_kind("day", day)))
    week = of_kind("week", today, week_begins=week_begins)
    month = of_kind("month", today)
    year = today - timedelta(days=364)
    return [
        *found,
        ("This week", week),
        ("Last week", moved(week, -1)),
        ("This month", month),
        ("Last month", moved(month, -1)),
        ("The last 52 weeks", of_kind("range", year, today)),
    ]


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day).astimezone()
