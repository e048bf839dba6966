"""The chart follows the store, read seldom and in the background."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace

import pytest
from pytestqt.qtbot import QtBot

from monitor.errors import StoreError
from monitor.gui.side.chart import HourPanel
from monitor.gui.side.hour_feed import CHANGED_EVERY_S, EVERY_S, HourFeed
from monitor.gui.threads.bridge import Bridge
from monitor.records import Count
from monitor.storage.totals import OfHour, Total
from tests.fakes import FakeClock
from tests.gui.conftest import LONG_MS


class Totals:
    """A session's reader that gives one more visit each time, fails or waits as it is told."""

    def __init__(self) -> None:
        self.reads = 0
        self.error: StoreError | None = None
        self.go = threading.Event()
        self.go.set()

    def read_totals(self) -> list[Total]:
        self.go.wait(20)
        self.reads += 1
        if self.error is not None:
            raise self.error
        return [Total(OfHour(date(2026, 11, 21), 8), Count(masked=self.reads), 0)]


class Desk:
    def __init__(self, qtbot: QtBot, clock: FakeClock) -> None:
        self.totals, self.bridge, self.panel = Totals(), Bridge(), HourPanel()
        self.clock, self._qtbot = clock, qtbot
        qtbot.addWidget(self.panel)
        self.feed = HourFeed(self.totals, self.bridge, self.panel)  # type: ignore[arg-type]

    def look(self, count: Count, later_s: float = 0.0) -> None:
        self.clock.t += later_s
        self.feed.look(count)

    def wait_for(self, masked: int) -> None:
        self._qtbot.waitUntil(lambda: self.panel.bars.hours == {8: Count(masked)}, timeout=LONG_MS)


@pytest.fixture
def desk(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    clock = FakeClock(1000.0)
    monkeypatch.setattr("monitor.gui.side.hour_feed.time", SimpleNamespace(monotonic=clock))
    desk = Desk(qtbot, clock)
    yield desk
    desk.totals.go.set()
    desk.bridge.close(5)


def test_the_store_is_read_after_a_change_and_seldom_without_one(desk: Desk) -> None:
    desk.look(Count())
    desk.wait_for(1)
    desk.look(Count(masked=1))  # too soon
    desk.look(Count(), CHANGED_EVERY_S)  # nothing new
    assert desk.totals.reads == 1
    desk.look(Count(masked=1))
    desk.wait_for(2)
    desk.look(Count(masked=1), EVERY_S)  # another program may have written
    desk.wait_for(3)


def test_a_slow_store_is_not_asked_twice_at_once(desk: Desk) -> None:
    desk.totals.go.clear()
    for number in range(4):
        desk.look(Count(masked=number), EVERY_S)
    desk.totals.go.set()
    desk.wait_for(1)
    assert desk.totals.reads == 1
    desk.look(Count(masked=9), EVERY_S)
    desk.wait_for(2)


def test_a_store_that_fails_leaves_the_chart_and_is_tried_again(
    qtbot: QtBot, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.look(Count())
    desk.wait_for(1)
    desk.totals.error = StoreError("the store cannot be read: mend it")
    desk.look(Count(masked=1), EVERY_S)
    with caplog.at_level(logging.WARNING):
        qtbot.waitUntil(lambda: "mend it" in caplog.text, timeout=LONG_MS)
    caplog.clear()
    assert desk.panel.bars.hours == {8: Count(1)}
    desk.totals.error = None
    desk.look(Count(masked=2), EVERY_S)
    desk.wait_for(3)
