"""What alerts say to the receptionist."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.gui.alerts.rule import Alarm, AlertRule, Standing
from monitor.marks import MARKS
from monitor.records import MaskState


def alarm_text(alarm: Alarm) -> str:
    """Of one who is told of; nobody's name is in a notice that others may read."""
    return f"{MARKS[alarm.state].word}: {alarm.camera}"


def standing_text(standing: Sequence[Standing], now: datetime, after_s: float) -> str:
    """One line for all who stand there; empty for nobody.

    Args:
        standing: The one who came first is first.
        now: With the offset of the local clock.
        after_s: How long they had been without a mask when they were told of.
    """
    if not standing:
        return ""
    began = standing[0].since - timedelta(seconds=after_s)
    since = f"{began.astimezone(now.tzinfo):%H:%M}"
    cameras = list(dict.fromkeys(s.alarm.camera for s in standing))
    where = cameras[0] if len(cameras) == 1 else f"{len(cameras)} cameras"
    numbers = {
        state: sum(s.alarm.state is state for s in standing)
        for state in (MaskState.UNMASKED, MaskState.INCORRECT)
    }
    parts = [
        MARKS[state].word if len(standing) == 1 else f"{MARKS[state].word}: {number}"
        for state, number in numbers.items()
        if number
    ]
    return f"{', '.join(parts)} at {where}, since {since}"


def silent_text(rule: AlertRule, now: datetime) -> str:
    """Why nobody is told of, for the status bar; empty where alerts come."""
    if rule.snoozed(now):
        return f"alerts off {until_text(rule, now)}"
    return f"quiet until {rule.config.quiet_to}" if rule.quiet(now) else ""


def until_text(rule: AlertRule, now: datetime) -> str:
    """Until when alerts are snoozed."""
    snooze = rule.snooze
    if snooze is None:
        return ""
    if snooze.until is not None:
        return f"until {snooze.until.astimezone(now.tzinfo):%H:%M}"
    return "until tomorrow"
