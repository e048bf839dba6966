"""When the receptionist is told of somebody. No Qt, no clock: `now` is what the caller says, with
the offset that the local clock has at that moment.

Moments are compared as such, so that an hour that comes twice or not at all changes nothing; days
and times of the day are those of the local clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from monitor.config import AlertsConfig
from monitor.records import MaskState

GONE_S = 3.0  # somebody who is not seen for so long needs no telling any more
SNOOZE_S = 600.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """Somebody without a mask, or with one worn wrong, for longer than `alert_after_s`."""

    visit_id: str
    camera: str
    state: MaskState  # UNMASKED or INCORRECT


@dataclass(frozen=True, slots=True)
class Snooze:
    """No alert for a while: until a moment, or until another day begins here."""

    since: datetime  # aware
    until: datetime | None = None  # aware
    until_day: date | None = None

    def holds(self, now: datetime) -> bool:
        """A clock that was set back to before it began ends it: it never lasts for longer than
        was asked for.
        """
        if now.astimezone(UTC) < self.since.astimezone(UTC):
            return False
        if self.until_day is not None:
            return now.date() < self.until_day
        return self.until is not None and now.astimezone(UTC) < self.until.astimezone(UTC)


def snooze_for(now: datetime, seconds: float = SNOOZE_S) -> Snooze:
    return Snooze(now, until=now.astimezone(UTC) + timedelta(seconds=seconds))


def snooze_until_tomorrow(now: datetime) -> Snooze:
    return Snooze(now, until_day=now.date() + timedelta(days=1))


def is_quiet(now: datetime, begin: time | None, end: time | None) -> bool:
    """Whether the local clock is in the quiet hours, over midnight where they end before they
    begin. None, or twice the same time: there are none.
    """
    if begin is None or end is None or begin == end:
        return False
    clock = now.time()
    return begin <= clock < end if begin < end else clock >= begin or clock < end


@dataclass(slots=True)
class _Watched:
    """One visit that has been alarming."""

    alarm: Alarm
    since: datetime  # UTC, when this stretch began
    seen: datetime  # UTC
    told: datetime | None = None  # UTC, the last time
    told_this_time: bool = False
    there: bool = True
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody whom the receptionist was told of, and who still stands there."""

    alarm: Alarm
    since: datetime  # UTC


@dataclass(slots=True)
class AlertRule:
    """Each visit is told of once for each time that it goes without a mask, and not again within
    the cooldown; never once it was acknowledged. While alerts are snoozed and in the quiet hours
    nobody is told of; who still stands there afterwards is.
    """

    config: AlertsConfig
    snooze: Snooze | None = None
    _watched: dict[str, _Watched] = field(default_factory=dict)

    def saw(self, now: datetime, alarms: Iterable[Alarm]) -> tuple[Alarm, ...]:
        """Take in who is alarming in one camera's newest picture.

        Returns:
            Those to be told of now.
        """
        moment = now.astimezone(UTC)
        self._forget(moment)
        silent = self.silent(now)
        told = []
        for alarm in alarms:
            watched = self._watched.get(alarm.visit_id)
            if watched is None:
                watched = self._watched[alarm.visit_id] = _Watched(alarm, moment, moment)
            elif not watched.there or _passed(moment, watched.seen, GONE_S):
                watched.since, watched.told_this_time = moment, False
            watched.alarm, watched.seen, watched.there = alarm, moment, True
            cooled = watched.told is None or _passed(moment, watched.told, self.config.cooldown_s)
            if silent or watched.acknowledged or watched.told_this_time or not cooled:
                continue
            watched.told, watched.told_this_time = moment, True
            told.append(alarm)
        return tuple(told)

    def standing(self, now: datetime) -> tuple[Standing, ...]:
        """Those who were told of, still stand there and are not acknowledged; nobody while alerts
        are silent. The one who came first is first.
        """
        if self.silent(now):
            return ()
        moment = now.astimezone(UTC)
        there = (
            w
            for w in self._watched.values()
            if w.told_this_time
            and w.there
            and not w.acknowledged
            and not _passed(moment, w.seen, GONE_S)
        )
        return tuple(Standing(w.alarm, w.since) for w in sorted(there, key=lambda w: w.since))

    def acknowledge(self, now: datetime) -> None:
        """The receptionist knows of all who stand there."""
        for standing in self.standing(now):
            self._watched[standing.alarm.visit_id].acknowledged = True

    def looks_away(self, now: datetime, visit_id: str) -> None:
        """Somebody's sighting is open, and the face cannot be judged now: nothing has changed."""
        watched, moment = self._watched.get(visit_id), now.astimezone(UTC)
        if watched is not None and watched.there and not _passed(moment, watched.seen, GONE_S):
            watched.seen = moment

    def settle(self, now: datetime, visit_id: str) -> bool:
        """The mask is on, or the receptionist has said so. Returns whether somebody was told of
        this visit a moment ago, and may hear of its end.
        """
        watched = self._watched.get(visit_id)
        if watched is None or not watched.there:
            return False
        watched.there = False
        gone = _passed(now.astimezone(UTC), watched.seen, GONE_S)
        return watched.told_this_time and not gone and not self.silent(now)

    def quiet(self, now: datetime) -> bool:
        """Whether it is in the quiet hours."""
        begin, end = (_clock(text) for text in (self.config.quiet_from, self.config.quiet_to))
        return is_quiet(now, begin, end)

    def snoozed(self, now: datetime) -> bool:
        return self.snooze is not None and self.snooze.holds(now)

    def silent(self, now: datetime) -> bool:
        """Whether nobody is told of now."""
        return self.snoozed(now) or self.quiet(now)

    def _forget(self, moment: datetime) -> None:
        """Visits end, and their ids never come again: those of long ago are let go."""
        keep_s = max(600.0, self.config.cooldown_s) + GONE_S
        gone = [key for key, w in self._watched.items() if _passed(moment, w.seen, keep_s)]
        for key in gone:
            del self._watched[key]


def _clock(text: str) -> time | None:
    return time.fromisoformat(text) if text else None


def _passed(moment: datetime, since: datetime, seconds: float) -> bool:
    """Whether so much time has gone by; a clock that was set back says yes."""
    return moment < since or moment - since >= timedelta(seconds=seconds)
