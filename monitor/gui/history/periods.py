"""Days, weeks, months and other periods of local time: pure functions."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta

KINDS = ("day", "week", "month", "range")


@dataclass(frozen=True, slots=True)
class Period:
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


def of_kind(kind: str, day: date, last: date | None = None, week_begins: int = 0) -> Period:
    """The day, week or month that a day is in; a range from it to `last`.

    Args:
        week_begins: 0: on Monday; 6: on Sunday.
    """
    if kind == "week":
        first = day - timedelta(days=(day.weekday() - week_begins) % 7)
        return Period(kind, first, first + timedelta(days=6))
    if kind == "month":
        days = calendar.monthrange(day.year, day.month)[1]
        return Period(kind, day.replace(day=1), day.replace(day=days))
    if kind == "range":
        return Period(kind, min(day, last or day), max(day, last or day))
    return Period("day", day, day)


def moved(period: Period, by: int) -> Period:
    """The one before (-1) or after (1)."""
    if period.kind == "month":
        day = period.first - timedelta(days=1) if by < 0 else period.last + timedelta(days=1)
        return of_kind("month", day)
    days = timedelta(days=by * ((period.last - period.first).days + 1))
    kind = "day" if period.kind == "shift" else period.kind
    return Period(kind, period.first + days, period.last + days)


def title(period: Period, today: date) -> str:
    """How it is called."""
    first, last = period.first, period.last
    if period.kind == "shift":
        return f"This shift, since {period.since:%H:%M}"
    if period.kind == "month":
        return f"{first:%B %Y}"
    if first == last:
        near = {today: "Today, ", today - timedelta(days=1): "Yesterday, "}.get(first, "")
        return f"{near}{first:%A} {first.day} {first:%B %Y}"
    if period.kind == "week":
        return f"Week {first.isocalendar().week}: {_short(first)} to {_short(last)} {last.year}"
    return f"{_short(first)} {first.year} to {_short(last)} {last.year}"


def paper_title(period: Period) -> str:
    """The same where it is read on another day: always with the date."""
    first, last = period.first, period.last
    day = f"{first:%A}, {first.day} {first:%B %Y}"
    if period.kind == "shift":
        return f"Shift since {period.since:%H:%M}, {day}"
    if period.kind == "month":
        return f"{first:%B %Y}"
    if first == last:
        return day
    week = f"Week {first.isocalendar().week}, " if period.kind == "week" else ""
    year = f" {first.year}" if first.year != last.year else ""
    return f"{week}{first.day} {first:%B}{year} to {last.day} {last:%B %Y}"


def file_name(period: Period) -> str:
    """The same in a file's name."""
    if period.kind == "shift":
        return f"shift_{period.since:%Y-%m-%d_%H%M}"
    if period.kind == "month":
        return f"{period.first:%Y-%m}"
    if period.first == period.last:
        return f"{period.first}"
    return f"{period.first}_to_{period.last}"


def near_ones(today: date, shift_began: datetime, week_begins: int = 0) -> list[tuple[str, Period]]:
    """What is gone to most, by name: last Tuesday is one step away."""
    found = [
        ("This shift", Period("shift", shift_began.date(), today, shift_began)),
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
