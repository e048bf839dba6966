"""Stretches of time in which the local zone keeps one offset: within one, days and hours are plain
arithmetic, which a database can do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from monitor.storage.tallies import begins

_DAY = 48  # halves of hours


def offset_s(half: int) -> int:
    """What local time is ahead of UTC in a half of an hour, in seconds."""
    offset = begins(half).astimezone().utcoffset() or timedelta()
    return round(offset.total_seconds())


def stretches(first: int, end: int) -> Iterator[tuple[int, int, int]]:
    """[first, end) in halves as stretches: where each begins and ends, and its offset (s)."""
    while first < end:
        offset, last = offset_s(first), first
        while last < end and offset_s(last) == offset:
            last += _DAY
        if last >= end and offset_s(end - 1) == offset:
            last = end
        else:  # it changes within the day before
            last = min(last, end - 1)
            low = max(last - _DAY, first)
            while last - low > 1:
                middle = (low + last) // 2
                low, last = (middle, last) if offset_s(middle) == offset else (low, middle)
        yield first, last, offset
        first = last


def day_begins(moment: datetime) -> datetime:
    """The local midnight before an aware moment, aware."""
    local = moment.astimezone()
    return datetime(local.year, local.month, local.day).astimezone()
