"""Totals: shifts, days and hours add up, over midnight and summer time."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes import NOON, sighting, visit, watch

from monitor.records import Correction, Count, MaskState, Shift, WatchState
from monitor.storage.compliance import total
from monitor.storage.store import Store
from monitor.storage.totals import OfDay, OfHour, OfShift, Period, Total, totals, totals_between

DAY = date(2026, 11, 20)


def by_period(found: list[Total]) -> dict[Period, Total]:
    return {total.period: total for total in found}


def test_totals_of_a_shift(berlin: None) -> None:
    visits = [
        visit(1, MaskState.MASKED),
        visit(2, MaskState.UNMASKED),
        visit(3, MaskState.UNMASKED, corrected=Correction.MASKED),
        visit(4, MaskState.UNSURE),
        visit(5, MaskState.UNMASKED, corrected=Correction.NO_PERSON),
        visit(6, MaskState.INCORRECT),
    ]
    alarms = [sighting(2), sighting(3, corrected=Correction.MASKED), sighting(6)]
    expected = Count(masked=2, unmasked=1, incorrect=1, unsure=1)
    assert totals([Shift("shift", NOON)], visits, alarms) == [
        Total(OfShift("shift"), expected, 2),
        Total(OfDay(DAY), expected, 2),
        Total(OfHour(DAY, 13), expected, 2),
    ]


def test_nothing_has_no_totals() -> None:
    assert totals([], [], []) == []
    assert totals([Shift("shift", NOON)], [], []) == []


def test_single_pictures_are_in_the_totals() -> None:
    shift = Shift("shift", NOON, Count(3, 1, 0, 2))
    found = by_period(totals([shift], [visit(1, MaskState.MASKED)], []))
    assert found[OfShift("shift")].count == Count(4, 1, 0, 2)


def test_shifts_then_days_then_hours_in_order(berlin: None) -> None:
    later = NOON + timedelta(days=1)
    visits = [
        visit(2, first_seen=later, shift_id="b"),
        visit(1, first_seen=NOON + timedelta(hours=1), shift_id="a"),
        visit(3, shift_id="a"),
    ]
    after = DAY + timedelta(days=1)
    assert [total.period for total in totals([], visits, [])] == [
        *(OfShift("a"), OfShift("b"), OfDay(DAY), OfDay(after)),
        *(OfHour(DAY, 13), OfHour(DAY, 14), OfHour(after, 13)),
    ]


def test_over_midnight(berlin: None) -> None:
    late = datetime(2026, 11, 20, 22, 59, 58, tzinfo=UTC)  # 23:59:58 in Berlin
    visits = [
        visit(1, first_seen=late),
        visit(2, MaskState.MASKED, first_seen=late + timedelta(seconds=5)),
    ]
    alarms = [
        sighting(1, first_seen=late),
        sighting(1, sighting_id="shift-v1-s2", first_seen=late + timedelta(hours=1)),
    ]
    found = totals([Shift("shift", late)], visits, alarms)
    assert by_period(found)[OfShift("shift")].sightings == 2
    assert by_period(found)[OfDay(DAY)].count == Count(unmasked=1)
    assert by_period(found)[OfDay(DAY + timedelta(days=1))].count == Count(masked=1)
    add_up(found)


def test_a_sighting_in_an_hour_without_visits_is_counted(berlin: None) -> None:
    begun = datetime(2026, 11, 20, 9, 59, 59, tzinfo=UTC)
    alarms = [sighting(1, first_seen=begun + timedelta(seconds=3))]
    found = totals([], [visit(1, first_seen=begun)], alarms)
    assert by_period(found)[OfHour(DAY, 11)] == Total(OfHour(DAY, 11), Count(), 1)
    add_up(found)


def test_a_sighting_whose_visit_began_before_the_range() -> None:
    found = totals([], [], [sighting(1, visit_id="any", shift_id="night")])
    assert by_period(found)[OfShift("night")].sightings == 1


@pytest.mark.parametrize("month_day", [(3, 29), (10, 25)])  # summer time begins and ends
def test_days_of_23_and_25_hours(berlin: None, month_day: tuple[int, int]) -> None:
    start = datetime(2026, *month_day, tzinfo=UTC) - timedelta(hours=3)
    visits = [visit(i, first_seen=start + timedelta(minutes=30 * i)) for i in range(60)]
    alarms = [
        sighting(i, first_seen=start + timedelta(minutes=30 * i + 1)) for i in range(0, 60, 3)
    ]
    add_up(totals([Shift("shift", start)], visits, alarms))


def test_the_hour_that_comes_twice_is_one(berlin: None) -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 in summer time
    visits = [visit(i, first_seen=first + timedelta(hours=i)) for i in range(3)]
    hours = [t for t in totals([], visits, []) if isinstance(t.period, OfHour)]
    assert [(t.period.hour, t.count.unmasked) for t in hours] == [(2, 2), (3, 1)]


def add_up(found: list[Total]) -> None:
    """Shifts, days and hours have the same sums."""
    sums = []
    for kind in (OfShift, OfDay, OfHour):
        chosen = [t for t in found if isinstance(t.period, kind)]
        sums.append((total(t.count for t in chosen), sum(t.sightings for t in chosen)))
    assert sums[0] == sums[1] == sums[2]
    assert sums[0] != (Count(), 0)


def mixed(start: datetime) -> tuple[list[Shift], list[Any], list[Any]]:
    """Of all states and corrections, every seven minutes for two days."""
    states, words = list(MaskState), [None, *Correction]
    moments = [start + timedelta(minutes=7 * i) for i in range(400)]
    shifts = [Shift("a", moments[0]), Shift("b", moments[200], Count(1, 2, 3, 4))]
    visits = [
        visit(
            i,
            states[i % 4],
            first_seen=moment,
            corrected=words[i % 5],
            shift_id="a" if i < 200 else "b",
        )
        for i, moment in enumerate(moments)
    ]
    alarms = [
        sighting(
            i,
            first_seen=moment,
            corrected=words[i % 5],
            shift_id="a" if i < 200 else "b",
        )
        for i, moment in enumerate(moments)
        if i % 3 == 0
    ]
    return shifts, visits, alarms


def the_database_adds_up_alike(url: str) -> None:
    midnight = datetime.combine(date.today(), datetime.min.time()).astimezone()
    shifts, visits, alarms = mixed(midnight - timedelta(days=1))
    store = Store(url)
    for shift in shifts:
        store.begin_shift(shift.shift_id, shift.started)
        store.save([], [], [shift])
    store.save(visits, alarms)
    found = totals_between(store, midnight)
    by_hand = totals(
        store.read_shifts(midnight), store.read_visits(midnight), store.read_sightings(midnight)
    )
    store.close()
    assert len(found) > 24
    assert found == by_hand


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kathmandu", "UTC", "America/St_Johns"])
def test_the_database_adds_up_as_we_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """Also where the hour begins at another minute than that of UTC."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change the zone of a process")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        the_database_adds_up_alike(f"sqlite:///{tmp_path / 'm.db'}")
    time.tzset()


def test_watched_time_is_cut_at_the_hour_and_told_by_state(berlin: None) -> None:
    began = NOON - timedelta(minutes=30)  # 12:30
    watches = [
        watch(1, began=began, ended=NOON + timedelta(minutes=45)),
        watch(
            2,
            WatchState.PAUSED,
            began=NOON + timedelta(minutes=45),
            ended=NOON + timedelta(hours=1),
        ),
        watch(
            3, WatchState.MOVED, began=NOON + timedelta(hours=1), ended=NOON + timedelta(minutes=70)
        ),
    ]
    found = by_period(totals([], [], [], watches))
    times = {period: (t.watched_s / 60, t.on_s / 60) for period, t in found.items()}
    assert times == {
        OfShift("shift"): (85, 100),
        OfDay(DAY): (85, 100),
        OfHour(DAY, 12): (30, 30),
        OfHour(DAY, 13): (45, 60),
        OfHour(DAY, 14): (10, 10),
    }
    assert found[OfDay(DAY)].spent_s == {
        WatchState.LIVE: 4500,
        WatchState.PAUSED: 900,
        WatchState.MOVED: 600,
    }
    assert found[OfDay(DAY)].count == Count()  # it is never compliance
