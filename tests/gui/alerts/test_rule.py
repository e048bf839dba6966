"""When the receptionist is told of somebody: a week in fast time, the night, the clock's change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.config import AlertsConfig
from monitor.gui.alerts.rule import (
    Alarm,
    AlertRule,
    Snooze,
    is_quiet,
    snooze_for,
    snooze_until_tomorrow,
)
from monitor.records import MaskState

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=BERLIN)
DOOR = Alarm("v1", "Front door", MaskState.UNMASKED)
OTHER = Alarm("v2", "Front door", MaskState.INCORRECT)


def after(seconds: float, begin: datetime = NOON) -> datetime:
    """Later by so much that really goes by, as the local clock has it."""
    return (begin.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(begin.tzinfo)


def told(rule: AlertRule, *alarms: Alarm, at: range, begin: datetime = NOON) -> list[int]:
    """The seconds at which somebody was told of."""
    return [s for s in at for _ in rule.saw(after(s, begin), alarms)]


def test_a_visit_is_told_of_once_however_long_it_stays() -> None:
    rule = AlertRule(AlertsConfig())
    assert told(rule, DOOR, at=range(1800)) == [0]
    assert [s.alarm for s in rule.standing(after(1799))] == [DOOR]
    assert rule.standing(after(1799))[0].since == NOON.astimezone(UTC)


def test_a_mask_off_again_within_the_cooldown_is_told_of_when_that_is_over() -> None:
    rule = AlertRule(AlertsConfig(cooldown_s=60))
    assert told(rule, DOOR, at=range(5)) == [0]
    assert rule.settle(after(5), "v1")
    assert not rule.settle(after(5), "v1")  # once
    assert told(rule, at=range(5, 20)) == []
    assert told(rule, DOOR, at=range(20, 100)) == [60]
    other = AlertRule(AlertsConfig(cooldown_s=60))
    assert told(other, DOOR, at=range(5)) == [0]
    assert told(other, at=range(5, 90)) == []
    assert told(other, DOOR, at=range(90, 100)) == [90]


def test_each_visit_has_a_cooldown_of_its_own() -> None:
    rule = AlertRule(AlertsConfig(cooldown_s=600))
    assert rule.saw(NOON, [DOOR]) == (DOOR,)
    assert rule.saw(after(1), [DOOR, OTHER]) == (OTHER,)
    assert [s.alarm for s in rule.standing(after(1))] == [DOOR, OTHER]


def test_a_short_gap_in_the_pictures_is_no_new_alert_and_a_long_one_ends_the_standing() -> None:
    rule = AlertRule(AlertsConfig(cooldown_s=0))
    assert rule.saw(NOON, [DOOR]) == (DOOR,)
    assert rule.saw(after(2.5), [DOOR]) == ()
    assert rule.standing(after(5)) != ()
    assert rule.standing(after(6)) == ()


def test_the_end_is_heard_of_where_the_beginning_was_and_alerts_come() -> None:
    rule = AlertRule(AlertsConfig())
    assert not rule.settle(NOON, "v1")
    rule.saw(NOON, [DOOR])
    assert not rule.settle(after(60), "v1")  # was gone for long
    rule.saw(after(100), [DOOR, OTHER])
    rule.snooze = snooze_for(after(101))
    assert not rule.settle(after(101), "v1")
    rule.snooze = None
    assert rule.settle(after(102), "v2")


def test_who_looks_away_for_a_while_is_not_told_of_again() -> None:
    rule = AlertRule(AlertsConfig(cooldown_s=10))
    rule.saw(NOON, [DOOR])
    for second in range(1, 60):
        rule.looks_away(after(second), "v1")
    assert [s.alarm for s in rule.standing(after(60))] == [DOOR]
    assert rule.saw(after(60), [DOOR]) == ()
    rule.looks_away(after(90), "v1")  # was away for too long
    assert rule.standing(after(90)) == ()
    assert rule.saw(after(91), [DOOR]) == (DOOR,)


def test_who_is_acknowledged_is_never_told_of_again_and_the_next_one_is() -> None:
    rule = AlertRule(AlertsConfig(cooldown_s=0))
    rule.saw(NOON, [DOOR])
    rule.acknowledge(after(1))
    assert rule.standing(after(1)) == ()
    rule.settle(after(2), "v1")
    assert told(rule, DOOR, at=range(10, 300)) == []
    assert rule.saw(after(301), [DOOR, OTHER]) == (OTHER,)


def test_a_snooze_of_ten_minutes_ends_after_ten_minutes_and_tells_of_who_still_stands_there() -> (
    None
):
    rule = AlertRule(AlertsConfig(), snooze_for(NOON))
    assert told(rule, DOOR, at=range(700)) == [600]


@pytest.mark.parametrize(
    ("begin", "seconds"),
    [
        (datetime(2026, 11, 20, 23, 55, tzinfo=BERLIN), 300),
        (datetime(2026, 11, 20, 0, 0, 1, tzinfo=BERLIN), 86399),
        (datetime(2026, 3, 29, 1, 0, tzinfo=BERLIN), 22 * 3600),  # a day of 23 hours
        (datetime(2026, 10, 25, 1, 0, tzinfo=BERLIN), 24 * 3600),  # a day of 25 hours
        (datetime(2026, 12, 31, 18, 0, tzinfo=BERLIN), 6 * 3600),
    ],
)
def test_until_tomorrow_ends_as_the_next_day_begins_here(begin: datetime, seconds: int) -> None:
    snooze = snooze_until_tomorrow(begin)
    assert snooze.holds(after(seconds - 1, begin))
    assert not snooze.holds(after(seconds, begin))
    assert after(seconds, begin).time() == time(0, 0)


def test_ten_minutes_are_ten_minutes_where_the_clock_changes() -> None:
    before = datetime(2026, 10, 25, 2, 55, tzinfo=BERLIN)  # five minutes later it is 02:00 again
    snooze = snooze_for(before)
    assert snooze.holds(after(599, before))
    assert after(599, before) < before  # by the hands of the clock
    assert not snooze.holds(after(600, before))


def test_a_clock_that_is_set_back_never_makes_a_snooze_longer() -> None:
    assert not snooze_for(NOON).holds(NOON - timedelta(days=1))
    assert not snooze_until_tomorrow(NOON).holds(NOON - timedelta(days=1))
    assert not Snooze(NOON).holds(after(1))
    rule = AlertRule(AlertsConfig(cooldown_s=3600))
    rule.saw(NOON, [DOOR])
    assert rule.saw(NOON - timedelta(days=1), [DOOR]) == (DOOR,)


@pytest.mark.parametrize(
    ("begin", "end", "clock", "quiet"),
    [
        (time(12), time(13), time(12), True),
        (time(12), time(13), time(13), False),
        (time(22), time(6), time(23, 59), True),
        (time(22), time(6), time(0), True),
        (time(22), time(6), time(6), False),
        (time(22), time(6), time(21, 59), False),
        (time(8), time(8), time(8), False),
        (None, time(8), time(7), False),
        (time(8), None, time(9), False),
    ],
)
def test_quiet_hours_also_over_midnight(
    begin: time | None, end: time | None, clock: time, quiet: bool
) -> None:
    assert is_quiet(datetime.combine(date(2026, 11, 20), clock, BERLIN), begin, end) is quiet


def visits(begin: datetime, days: int) -> Iterator[tuple[int, Alarm]]:
    """Every 20 minutes, day and night, somebody without a mask for 40 s."""
    for number in range(days * 24 * 3 + 3):  # one day has 25 hours
        for second in range(0, 40, 2):
            yield number * 1200 + second, Alarm(f"v{number}", "door", MaskState.UNMASKED)


def test_a_week_with_nights_a_lunch_and_the_end_of_summer_time() -> None:
    """Quiet from 20:00 to 07:00, and a snooze until tomorrow on Thursday at 16:30."""
    begin = datetime(2026, 10, 19, 0, 0, tzinfo=BERLIN)  # Monday; Sunday has 25 hours
    snoozed = datetime(2026, 10, 22, 16, 30, tzinfo=BERLIN)
    rule = AlertRule(AlertsConfig(quiet_from="20:00", quiet_to="07:00"))
    heard: list[datetime] = []
    for second, alarm in visits(begin, 7):
        now = after(second, begin)
        if rule.snooze is None and now >= snoozed:
            rule.snooze = snooze_until_tomorrow(now)
        heard += [now] * len(rule.saw(now, [alarm]))
    by_day = [sum(t.date() == date(2026, 10, 19 + d) for t in heard) for d in range(7)]
    # three an hour for thirteen hours; on Thursday those up to 16:20 alone: 9 hours and 20 minutes
    assert by_day == [39, 39, 39, 29, 39, 39, 39]
    assert {t.hour for t in heard} == set(range(7, 20))
    assert all(t.second == 0 for t in heard)
    assert len(rule._watched) < 3  # a week leaves nothing behind
