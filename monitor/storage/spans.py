"""What a camera showed, one stretch after the other, with the times when nobody looked between
them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from monitor.records import WatchState

GAP = timedelta(seconds=1)  # two intervals that lie closer meet
NOT_RUNNING = "not running"  # the state of a spell in which nobody looked, and was to
# an interval of one state: shift, camera, value of the state, began, ended; these in UTC without
# saying so, which is quicker for a year of them
Spell = tuple[str, str, str, datetime, datetime]


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a camera was in one state."""

    camera: str
    state: WatchState | None  # None: nobody looked; the program was off, or the camera was
    began: datetime
    ended: datetime
    wanted: bool = True  # it was to be watched: this time is in the totals

    @property
    def seconds(self) -> float:
        return (self.ended - self.began).total_seconds()


def spans(spells: Iterable[Spell]) -> list[Span]:
    """By camera and time. Intervals of the same state that meet are one, whichever shifts they are
    in; what lies between two others is a stretch without a state that was not wanted.
    """
    by_camera: defaultdict[str, list[Spell]] = defaultdict(list)
    for spell in spells:
        by_camera[spell[1]].append(spell)
    found: list[Span] = []
    for camera in sorted(by_camera):
        own: list[Span] = []
        last = datetime.min.replace(tzinfo=UTC)  # the end so far: two desks may share a name
        for _, _, word, *times in sorted(by_camera[camera], key=lambda spell: spell[3:]):
            state = WatchState(word) if word != NOT_RUNNING else None
            began, ended = (moment.replace(tzinfo=UTC) for moment in times)
            if own and began - last >= GAP:
                own.append(Span(camera, None, last, began, wanted=False))
            if own and own[-1].wanted and own[-1].state is state:
                own[-1] = replace(own[-1], ended=max(own[-1].ended, ended))
            else:
                own.append(Span(camera, state, began, ended))
            last = max(last, ended)
        found += own
    return found


def naive(moment: datetime) -> datetime:
    """An aware moment in UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)
