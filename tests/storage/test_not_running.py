"""Hours in which the program was off are part of what was to be watched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes import watch

from monitor.records import Shift, Watch, WatchState
from monitor.storage.not_running import not_running
from monitor.storage.overview import overview
from monitor.storage.spans import NOT_RUNNING, Spell, naive
from monitor.storage.store import Store
from monitor.storage.totals import (
    OfDay,
    OfHour,
    OfShift,
    totals_between,
    unwatched_between,
    watched_between,
)

DAY = datetime(2026, 11, 18, tzinfo=UTC)
LATER = DAY + timedelta(days=5)


def at(hour: float, day: int = 0) -> datetime:
    return DAY + timedelta(days=day, hours=hour)


def spell(began: float, ended: float, camera: str = "door", shift: str = "s") -> Spell:
    return shift, camera, "live", naive(at(began)), naive(at(ended))


def found(
    shifts: list[Shift], spells: list[Spell], now: datetime = LATER
) -> list[tuple[str, str, float, float]]:
    """Shift, camera, from and to in hours of the day."""
    hours = [not_running(shifts, spells, now)]
    return sorted(
        (shift_id, camera, *((t - naive(DAY)) / timedelta(hours=1) for t in (began, ended)))
        for shift_id, camera, state, began, ended in hours[0]
        if state == NOT_RUNNING
    )


SET = Shift("s", at(8), desk="desk", until=at(16))


def test_a_late_start_a_break_and_an_early_end_of_a_shift_that_is_set() -> None:
    spells = [spell(9, 12), spell(13, 15)]
    assert found([SET], spells) == [
        ("s", "door", 8, 9),
        ("s", "door", 12, 13),
        ("s", "door", 15, 16),
    ]


def test_without_set_times_a_day_is_from_its_first_start_to_its_last_end() -> None:
    shift = Shift("s", at(0), desk="desk")
    assert found([shift], [spell(9, 12), spell(13, 15)]) == [("s", "door", 12, 13)]


def test_a_camera_that_is_off_while_another_watches_is_not_missed() -> None:
    spells = [spell(8, 16), spell(8, 12, "back")]
    assert found([SET], spells) == []


def test_a_gap_is_of_the_cameras_that_were_watched_before_it() -> None:
    spells = [spell(8, 12), spell(8, 10, "back"), spell(13, 16), spell(13, 16, "new")]
    assert found([SET], spells) == [("s", "door", 12, 13)]


def test_while_the_program_runs_nothing_is_missing_and_once_it_was_killed_all_is() -> None:
    spells = [spell(8, 12)]
    assert found([SET], spells, at(12) + timedelta(seconds=25)) == []
    assert found([SET], spells, at(13)) == [("s", "door", 12, 13)]
    assert found([SET], spells, at(20)) == [("s", "door", 12, 16)]


def test_a_shift_that_begins_by_hand_ends_the_one_before() -> None:
    second = Shift("t", at(12), desk="desk", until=at(16))
    spells = [spell(8, 11), spell(13, 16, shift="t")]
    assert found([SET, second], spells) == [("s", "door", 11, 12), ("t", "door", 12, 13)]


def test_intervals_of_the_next_shift_and_of_another_desk() -> None:
    """One that goes on for a moment into the next shift leaves no gap; another PC fills none."""
    late = Shift("t", at(16), desk="desk", until=at(24))
    other = Shift("o", at(8), desk="other", until=at(16))
    spells = [spell(8, 16.001), spell(16.001, 20, shift="t"), spell(8, 24, "yard", "o")]
    assert found([SET, late, other], spells) == [("t", "door", 20, 24)]


def test_a_shift_in_which_nothing_was_ever_watched_is_not_in_the_books() -> None:
    assert found([SET], []) == []


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A night shift that was off from 23:00 to 02:00, and the day before it from noon on."""
    made = Store(f"sqlite:///{tmp_path / 'm.db'}")
    for shift in (
        Shift("day", at(6), name="Day", desk="d", until=at(22)),
        Shift("night", at(22), name="Night", desk="d", until=at(6, 1)),
    ):
        made.begin_shift(shift.shift_id, shift.started, shift.name, shift.desk, shift.until)
    made.save([], [], watches=[*both("day", 6, 12), *both("night", 22, 23), *both("night", 26, 30)])
    return made


def both(shift_id: str, began: float, ended: float) -> list[Watch]:
    more = {"shift_id": shift_id, "began": at(began), "ended": at(ended), "open": False}
    return [
        watch(0, WatchState.LIVE, camera=camera, watch_id=f"{shift_id} {began} {camera}", **more)
        for camera in ("back", "door")
    ]


def test_totals_are_the_same_whatever_time_is_asked_for(store: Store, berlin: None) -> None:
    def day(since: datetime, until: datetime) -> dict[object, tuple[float, float, float]]:
        some = totals_between(store, since, until)
        return {t.period: (t.watched_s / 3600, t.on_s / 3600, t.off_s / 3600) for t in some}

    # local days begin at 23:00 UTC
    first, second, third = at(-1), at(23), at(23, 1)
    whole = day(first, third)
    assert whole[OfShift("day")] == (12, 32, 20)
    assert whole[OfShift("night")] == (10, 16, 6)
    assert whole[OfDay(DAY.date())] == (14, 34, 20)
    assert whole[OfDay(second.date() + timedelta(days=1))] == (8, 14, 6)
    assert whole[OfHour(DAY.date(), 13)] == (0, 2, 2)  # 12:00 to 13:00 UTC
    alone = {**day(first, second), **day(second, third)}
    assert {k: v for k, v in alone.items() if not isinstance(k, OfShift)} == {
        k: v for k, v in whole.items() if not isinstance(k, OfShift)
    }
    seen = overview(store, first, third)
    assert (seen.whole.watched_s, seen.whole.on_s, seen.whole.off_s) == (
        *(22 * 3600, 48 * 3600, 26 * 3600),
    )
    for groups in (seen.hours, seen.days, seen.cameras, seen.shifts):
        assert sum(group.off_s for group in groups) == 26 * 3600
    store.close()


def test_what_is_listed_adds_up_to_the_totals(store: Store) -> None:
    """An early end is listed as not running, what lies between two shifts is not wanted."""
    for since, until in ((at(-1), at(47)), (at(7), at(23.5)), (at(12), at(13))):
        found = watched_between(store, since, until)
        whole = overview(store, since, until).whole
        wanted = [span for span in found if span.wanted]
        assert sum(s.seconds for s in wanted) == whole.on_s
        assert sum(s.seconds for s in wanted if s.state is None) == whole.off_s
        assert sum(s.seconds for s in wanted if s.state and s.state.watches) == whole.watched_s
        some = unwatched_between(store, since, until)
        assert sum(s.seconds for s in some) == whole.on_s - whole.watched_s
    of_door = [(s.state, s.began, s.ended) for s in watched_between(store) if s.camera == "door"]
    assert of_door == [
        (WatchState.LIVE, at(6), at(12)),
        (None, at(12), at(22)),
        (WatchState.LIVE, at(22), at(23)),
        (None, at(23), at(26)),
        (WatchState.LIVE, at(26), at(30)),
    ]
    store.close()
