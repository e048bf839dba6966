"""What a camera showed, one stretch after the other, with the times when nobody looked between
them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from monitor.records import Watch, WatchState

GAP = timedelta(seconds=1)  # two intervals that lie closer meet
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


def spans(watches: Iterable[Watch]) -> list[Span]:
    """By camera and time. Intervals of the same state that meet are one, whichever shifts they are
    in; what lies between two others is a stretch without a state.
    """
    by_camera: defaultdict[str, list[Watch]] = defaultdict(list)
    for watch in watches:
        by_camera[watch.camera].append(watch)
    found: list[Span] = []
    for camera in sorted(by_camera):
        own: list[Span] = []
        for watch in sorted(by_camera[camera], key=lambda w: (w.began, w.ended)):
            if own and watch.began - own[-1].ended >= GAP:
                own.append(Span(camera, None, own[-1].ended, watch.began))
            if own and own[-1].state is watch.state:
                own[-1] = replace(own[-1], ended=max(own[-1].ended, watch.ended))
            else:
                own.append(Span(camera, watch.state, watch.began, watch.ended))
        found += own
    return found


def naive(moment: datetime) -> datetime:
    """An aware moment in UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)
