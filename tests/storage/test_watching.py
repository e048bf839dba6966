"""The intervals in which a camera was live, paused, lost and so on: to the second, in the store."""

from __future__ import annotations

import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes import NOON, FakeClock
from program import ROOT

from monitor.errors import StoreError
from monitor.records import Condition, Watch, WatchState
from monitor.storage.ledger import Ledger
from monitor.storage.outputs import Outputs
from monitor.storage.spool import Spool
from monitor.storage.store import Store
from monitor.storage.watching import BEAT_S, KEPT_MAX, Watching

LIVE, PAUSED, LOST, FROZEN = (
    *(WatchState.LIVE, WatchState.PAUSED, WatchState.LOST, WatchState.FROZEN),
)


class Desk:
    """Booked ten times a second; `written` is what the store would hold."""

    def __init__(self) -> None:
        self.clock, self.set_by = FakeClock(), timedelta()
        self.books = Watching("shift", self.clock, self.wall)
        self.written: dict[str, Watch] = {}
        self.writes = 0

    def wall(self) -> datetime:
        return NOON + timedelta(seconds=self.clock.t - 100) + self.set_by

    def put(self, watches: list[Watch]) -> None:
        self.writes += len(watches)
        self.written |= {watch.watch_id: watch for watch in watches}

    def show(self, state: WatchState, seconds: float, camera: str = "door", late_s: float = 0):
        """For some seconds; the state is known `late_s` after it began."""
        since = self.wall() - timedelta(seconds=late_s)
        for _ in range(round(10 * seconds)):
            self.put(self.books.take(camera, Condition(state, since)))
            self.clock.t += 0.1

    def spans(self) -> list[tuple[WatchState, float, float]]:
        """State, when it began and for how long, in seconds after noon."""
        return [
            (
                w.state,
                round((w.began - NOON).total_seconds(), 3),
                round((w.ended - w.began).total_seconds(), 1),
            )
            for w in self.written.values()
        ]


def test_a_day_in_intervals_that_meet() -> None:
    desk = Desk()
    desk.show(LIVE, 60)
    desk.show(PAUSED, 30)
    desk.show(LIVE, 20)
    desk.put(desk.books.end("door"))
    assert desk.spans() == [(LIVE, 0, 60), (PAUSED, 60, 30), (LIVE, 90, 19.9)]
    assert not any(watch.open for watch in desk.written.values())
    assert desk.books.kept == desk.written


def test_what_was_known_late_is_booked_from_when_it_began() -> None:
    desk = Desk()
    desk.show(LIVE, 60)
    desk.show(FROZEN, 10, late_s=9)
    assert desk.spans() == [(LIVE, 0, 51), (FROZEN, 51, 9)]
    desk.show(LIVE, 3)
    desk.show(LOST, 1, late_s=500)  # since before it was live again: not so
    assert [(state, began) for state, began, _ in desk.spans()][2:] == [(LIVE, 70), (LOST, 70)]
    assert desk.spans()[2] == (LIVE, 70, 0)


def test_a_camera_that_was_lent_is_live_again_from_now_on() -> None:
    """It has been live all the time, and nobody was counted."""
    desk = Desk()
    desk.show(LIVE, 60)
    desk.show(PAUSED, 30)
    desk.show(LIVE, 10, late_s=90)
    assert desk.spans()[:2] == [(LIVE, 0, 60), (PAUSED, 60, 30)]
    assert desk.spans()[2][:2] == (LIVE, 90)


def test_an_open_interval_is_written_now_and_then() -> None:
    desk = Desk()
    desk.show(LIVE, 60)
    assert 5 <= desk.writes <= 7
    (watch,) = desk.written.values()
    assert watch.open
    assert 60 - BEAT_S <= (watch.ended - watch.began).total_seconds() <= 60


def test_while_nobody_looked_nothing_was_watched() -> None:
    """The PC slept, or the analysis hung."""
    desk = Desk()
    desk.show(LIVE, 20)
    desk.clock.t += 3600
    desk.show(LIVE, 20)
    desk.put(desk.books.end_all())
    assert desk.spans() == [(LIVE, 0, 19.9), (LIVE, 3620, 19.9)]


@pytest.mark.parametrize("hours", [-2, 5])
def test_a_clock_that_is_set_makes_no_hours(hours: int) -> None:
    desk = Desk()
    desk.show(LIVE, 20)
    desk.set_by += timedelta(hours=hours)
    desk.show(LIVE, 20)
    desk.put(desk.books.end_all())
    assert desk.spans() == [(LIVE, 0, 19.9), (LIVE, 20 + 3600 * hours, 19.9)]


def test_another_shift_begins_where_the_one_before_ended() -> None:
    desk = Desk()
    desk.show(LIVE, 20)
    desk.put(desk.books.begin("late shift"))
    desk.show(LIVE, 20)
    desk.put(desk.books.end_all())
    assert desk.spans() == [(LIVE, 0, 20), (LIVE, 20, 19.9)]
    assert [watch.shift_id for watch in desk.written.values()] == ["shift", "late shift"]


def test_two_runs_of_one_shift_have_their_own() -> None:
    first, second = Desk(), Desk()
    first.show(LIVE, 1)
    second.show(LIVE, 1)
    assert len(first.written | second.written) == 2


def test_each_camera_has_its_own_and_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    for _ in range(5):
        desk.show(LIVE, 0.2, "door")
        desk.show(PAUSED, 0.2, "yard")
    assert len(desk.written) == 2
    for i in range(KEPT_MAX + 10):
        desk.books.take("door", Condition((PAUSED, LIVE)[i % 2], desk.wall()))
    assert len(desk.books.kept) == KEPT_MAX


# In the store


def booked(path: Path) -> list[Watch]:
    store = Store(f"sqlite:///{path}")
    try:
        return store.read_watches()
    finally:
        store.close()


def test_a_shift_in_the_store(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    ledger = Ledger(Store(f"sqlite:///{path}"), "shift")
    for state in (LIVE, PAUSED, LIVE):
        for _ in range(3):
            ledger.show("door", Condition(state, datetime.now(UTC)))
            ledger.tidy()
            time.sleep(0.02)
    ledger.show("yard", None)
    ledger.close()
    found = booked(path)
    assert [watch.state for watch in found] == [LIVE, PAUSED, LIVE]
    assert [watch.open for watch in found] == [False] * 3
    assert found[0].ended == found[1].began
    assert {watch.shift_id for watch in found} == {"shift"}


def test_a_store_that_was_deleted_gets_the_shift_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "m.db"
    ledger = Ledger(Store(f"sqlite:///{path}"), "shift")
    for state in (LIVE, PAUSED, LIVE):
        for _ in range(2):
            ledger.show("door", Condition(state, datetime.now(UTC)))
            ledger.tidy()
            time.sleep(0.02)
    for file in tmp_path.glob("m.db*"):
        file.unlink()
    ledger.close()
    assert [watch.state for watch in booked(path)] == [LIVE, PAUSED, LIVE]
    caplog.clear()


def test_a_store_that_stands_still_loses_no_interval(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.storage.writer.CLOSE_S", 0.5)
    path, waiting = tmp_path / "m.db", tmp_path / "waiting"
    store = Store(f"sqlite:///{path}")
    ledger = Ledger(store, "shift", Outputs(spool=Spool(store.label, "shift", waiting)))
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    for state in (LIVE, PAUSED):
        for _ in range(3):
            ledger.show("door", Condition(state, datetime.now(UTC)))
            ledger.tidy()
            time.sleep(0.02)
    with pytest.raises(StoreError, match="could not be saved yet"):
        ledger.close()
    lock.close()
    store = Store(f"sqlite:///{path}")
    Ledger(store, "next", Outputs(spool=Spool(store.label, "next", waiting))).close()
    assert [(w.state, w.open) for w in booked(path)] == [(LIVE, False), (PAUSED, False)]
    caplog.clear()


KILLED = """
import sys, time
from datetime import UTC, datetime
from monitor.records import Condition, WatchState
from monitor.storage import watching
from monitor.storage.ledger import Ledger
from monitor.storage.outputs import Outputs
from monitor.storage.spool import Spool
from monitor.storage.store import Store
watching.BEAT_S = 0.2
store = Store(sys.argv[1])
ledger = Ledger(store, "shift", Outputs(spool=Spool(store.label, "shift")))
for i in range(10**6):
    ledger.show("door", Condition(WatchState.LIVE, datetime.now(UTC)))
    ledger.tidy()
    time.sleep(0.05)
    if i == 20:
        print("booked", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_program_that_was_killed_has_watched_to_its_last_heartbeat(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, f"sqlite:///{path}"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "booked\n"
        killed_at = datetime.now(UTC)
        program.send_signal(signal.SIGKILL)
    (watch,) = booked(path)
    assert watch.open  # another desk may be running: for five minutes nobody closes it
    assert timedelta(seconds=0.5) < watch.ended - watch.began
    assert killed_at - watch.ended < timedelta(seconds=2)
    store = Store(f"sqlite:///{path}")
    old = dataclasses.replace(
        watch, began=watch.began - timedelta(hours=1), ended=watch.ended - timedelta(hours=1)
    )
    store.save([], [], watches=[old])
    store.begin_shift("next", datetime.now(UTC))
    assert store.read_watches() == [dataclasses.replace(old, open=False)]
    store.close()
