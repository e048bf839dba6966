"""The sentence over a picture that is not of this moment, or shows nobody: what is wrong, since
when.
"""

from __future__ import annotations

from datetime import datetime

from monitor.records import Condition, SourceState, WatchState

# what is said on a tile, and what is added where there is room; {} is the time
_CONDITIONS = {
    WatchState.PAUSED: ("Paused since {}", ": nobody is counted. Space goes on"),
    WatchState.LOST: ("Lost since {}", ": this is the last picture"),
    WatchState.FROZEN: ("Frozen since {}", ": this is an old picture"),
    WatchState.BLACK: ("Black since {}", ": nobody can be seen"),
    WatchState.DARK: ("Too dark since {}", ": nobody can be judged well"),
    WatchState.COVERED: ("Covered since {}", ": nobody can be seen"),
    WatchState.BLURRED: ("Out of focus since {}", ": nobody can be judged well"),
    WatchState.SIDEWAYS: ("Sideways since {}", ": nobody is judged"),
    WatchState.UPSIDE_DOWN: ("Upside down since {}", ": nobody is judged"),
    WatchState.MOVED: ("Moved since {}", ": this is another scene than the day before"),
}
_SOURCES = {
    SourceState.STALLED: ("No new picture since {}", ": this is the last one"),
    SourceState.DAMAGED: ("Damaged pictures since {}", ": this is the last whole one"),
    SourceState.FAILED: ("Failed since {}", ": this is the last picture"),
}


def clock(moment: datetime, now: datetime) -> str:
    """A time of day, with its day where that is another one."""
    here = moment.astimezone()
    return f"{here:%H:%M}" if here.date() == now.astimezone().date() else f"{here:%d %b %H:%M}"


def condition_text(condition: Condition, source: SourceState, now: datetime, short: bool) -> str:
    """What a live camera shows, in a sentence; "" where it is live.

    Args:
        condition: What it shows.
        source: Says more of a camera that gives no picture.
        now: Aware.
        short: For a small picture.
    """
    parts = _CONDITIONS.get(condition.state)
    if condition.state is WatchState.LOST:
        parts = _SOURCES.get(source, parts)
    if parts is None:
        return ""
    return (parts[0] if short else "".join(parts)).format(clock(condition.since, now))
