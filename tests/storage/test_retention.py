"""What is too old is deleted in time; a clock that jumps ahead deletes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes import FakeClock, sighting, visit

from monitor.storage.retention import Retention
from monitor.storage.store import Store

TODAY = datetime(2026, 11, 20, 8, tzinfo=UTC)
DAY_S = 86400.0


class Wall:
    """The clock on the wall, which goes with the steady one until it is set."""

    def __init__(self, steady: FakeClock) -> None:
        self._steady, self._zero = steady, TODAY + timedelta(hours=1)

    def set_ahead(self, **by: float) -> None:
        self._zero += timedelta(**by)

    def __call__(self) -> datetime:
        return self._zero + timedelta(seconds=self._steady())


class Reception:
    """A store that was written on each working day of some weeks."""

    def __init__(self, path: Path, days: int = 60) -> None:
        self.store = Store(f"sqlite:///{path}")
        self.steady = FakeClock(0.0)
        self.wall = Wall(self.steady)
        for age in range(days, -1, -1):
            if (TODAY - timedelta(days=age)).weekday() < 5:
                self.work(TODAY - timedelta(days=age))

    def work(self, day: datetime) -> None:
        name = f"{day:%Y%m%d-%H%M}"
        self.store.begin_shift(name, day)
        times = {"first_seen": day, "last_seen": day, "open": False, "shift_id": name}
        self.store.save(
            [visit(1, visit_id=f"{name}-v1", **times)],
            [sighting(1, sighting_id=f"{name}-v1-s1", visit_id=f"{name}-v1", **times)],
        )

    def start(self, days: int = 30) -> Retention:
        return Retention(self.store, days, self.steady, self.wall)

    def days(self) -> int:
        return len(self.store.read_visits())

    def purge(self, retention: Retention) -> str:
        due = retention.due()
        self.store.purge(due.before)
        return due.doubt


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Reception]:
    one = Reception(tmp_path / "m.db")
    yield one
    one.store.close()


def test_what_is_old_goes_on_time(desk: Reception) -> None:
    assert desk.purge(desk.start()) == ""
    assert min(v.last_seen for v in desk.store.read_visits()) >= TODAY - timedelta(days=30)


@pytest.mark.parametrize("ahead", [6, 29, 31, 60, 365, 4015])
@pytest.mark.parametrize("kept", [1, 30, 365])
def test_a_start_with_a_clock_that_is_ahead(desk: Reception, ahead: int, kept: int) -> None:
    desk.purge(desk.start(kept))
    before = desk.days()
    desk.wall.set_ahead(days=ahead)
    for _ in range(5):  # and again: what was written under the wrong clock does not vouch for it
        run = desk.start(kept)
        desk.work(desk.wall())
        doubt = desk.purge(run)
        desk.steady.t += 3600
    ours = [v for v in desk.store.read_visits() if v.first_seen <= TODAY]
    assert len(ours) == before
    if ahead >= kept:
        assert f"{2 * before} visits and sightings" in doubt
        assert "set it if it is wrong" in doubt
        assert "\n" not in doubt


def test_a_clock_that_jumps_while_the_program_runs(desk: Reception) -> None:
    run = desk.start()
    desk.purge(run)
    before = desk.days()
    desk.steady.t += 3600
    desk.wall.set_ahead(days=4015)
    assert "visits and sightings" in desk.purge(run)
    assert desk.days() == before
    desk.wall.set_ahead(days=-4015)
    assert desk.purge(run) == ""
    assert desk.days() == before


def test_what_is_old_for_certain_goes_also_under_a_wrong_clock(desk: Reception) -> None:
    desk.wall.set_ahead(days=4015)
    assert desk.purge(desk.start())
    seen = [v.last_seen for v in desk.store.read_visits()]
    assert min(seen) >= TODAY - timedelta(days=30)
    assert max(seen) == TODAY


def test_a_desk_that_was_closed_for_weeks_is_believed_after_a_week(desk: Reception) -> None:
    desk.wall.set_ahead(days=60)
    run = desk.start()
    assert desk.purge(run)
    desk.steady.t += 6 * DAY_S
    assert desk.purge(run)
    desk.steady.t += 1.1 * DAY_S
    assert desk.purge(run) == ""
    assert desk.days() == 0


def test_a_program_that_runs_through_quiet_weeks_is_believed(desk: Reception) -> None:
    run = desk.start()
    desk.steady.t += 40 * DAY_S  # nobody came
    assert desk.purge(run) == ""
    assert desk.days() == 0


@pytest.mark.parametrize("pause", [1, 3.5, 4.7])
def test_a_long_weekend_raises_no_doubt(desk: Reception, pause: float) -> None:
    desk.wall.set_ahead(days=pause)
    assert desk.purge(desk.start()) == ""


def test_a_new_store_raises_no_doubt(tmp_path: Path) -> None:
    desk = Reception(tmp_path / "new.db", days=-1)
    assert desk.purge(desk.start()) == ""
    desk.store.close()


def test_a_clock_that_is_behind_deletes_nothing(desk: Reception) -> None:
    before = desk.days()
    desk.wall.set_ahead(days=-4015)
    assert desk.purge(desk.start()) == ""
    assert desk.days() == before
