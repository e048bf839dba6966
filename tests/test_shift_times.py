"""Shifts by the clock on the wall, whatever summer time and midnight do."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from monitor.shift_times import ShiftTime, begun, parse_shifts

TWO = parse_shifts("Late 14:00, Morning 06:00")


def test_shifts_are_read_in_the_order_of_the_day() -> None:
    assert (ShiftTime("Morning", time(6)), ShiftTime("Late", time(14))) == TWO
    assert parse_shifts("0:00") == (ShiftTime("", time(0)),)
    assert parse_shifts("Early and bird 05:30")[0].name == "Early and bird"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no shift"),
        ("Morning", "'Morning' is no shift: write a name and a time of day"),
        ("Morning 24:00", "is no shift"),
        ("Morning 06:60", "is no shift"),
        ("Morning 06:00,", "'' is no shift"),
        ("A 06:00, B 6:00", "begin at the same time"),
        (f"{'x' * 41} 06:00", "too long"),
        (", ".join(f"0:{n:02}" for n in range(25)), "at most 24"),
    ],
)
def test_what_is_no_shift_is_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_shifts(text)


@pytest.mark.parametrize(
    ("moment", "name", "since", "until"),
    [
        ("2026-11-30T05:59:59+01:00", "Late", "2026-11-29T14:00+01:00", "2026-11-30T06:00+01:00"),
        (
            "2026-11-30T06:00:00+01:00",
            "Morning",
            "2026-11-30T06:00+01:00",
            "2026-11-30T14:00+01:00",
        ),
        ("2026-11-30T23:59:59+01:00", "Late", "2026-11-30T14:00+01:00", "2026-12-01T06:00+01:00"),
        ("2026-12-01T00:00:00+01:00", "Late", "2026-11-30T14:00+01:00", "2026-12-01T06:00+01:00"),
        # the night in which summer time ends: an hour more
        ("2026-10-25T02:30:00+01:00", "Late", "2026-10-24T14:00+02:00", "2026-10-25T06:00+01:00"),
        # and in which it begins: an hour less
        ("2026-03-29T03:30:00+02:00", "Late", "2026-03-28T14:00+01:00", "2026-03-29T06:00+02:00"),
    ],
)
def test_which_shift_it_is(berlin: None, moment: str, name: str, since: str, until: str) -> None:
    found = begun(datetime.fromisoformat(moment), TWO)
    assert (found.name, found.since, found.until) == (
        name,
        datetime.fromisoformat(since),
        datetime.fromisoformat(until),
    )


def test_one_shift_a_day_begins_at_midnight(berlin: None) -> None:
    found = begun(datetime(2026, 11, 30, 22, 59, tzinfo=UTC), parse_shifts("00:00"))
    assert found.since == datetime.fromisoformat("2026-11-30T00:00+01:00")
    assert found.until - found.since == timedelta(days=1)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_shifts_follow_each_other_without_a_gap_over_a_change(berlin: None, day: str) -> None:
    shifts = parse_shifts("A 01:45, B 02:30, C 03:15")
    moment = datetime.fromisoformat(f"{day}T00:00").astimezone()
    begins = set()
    for _ in range(0, 24 * 60, 5):
        found = begun(moment, shifts)
        assert found.since <= moment < found.until
        assert begun(found.until, shifts).since == found.until
        begins.add(found.since)
        moment += timedelta(minutes=5)
    assert len(begins) == 4  # that of the day before, and each of the day once
