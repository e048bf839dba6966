"""A pause that was forgotten ends by itself, after a reminder."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from monitor.config import load_config
from monitor.errors import ConfigError
from monitor.gui.pause import PauseWatch
from monitor.gui.window import MainWindow
from monitor.records import WatchState
from monitor.storage.store import Store
from tests.fakes import FakeClock
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow, press, timeless


def paused(qtbot: QtBot, window: MainWindow, clock: FakeClock) -> PauseWatch:
    """The window, paused by its key, with a clock that is moved by hand."""
    window.pauses = PauseWatch(window.parts, window._went_on, clock)
    qtbot.waitUntil(lambda: "live" in window.status.source.text(), timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.session.analysed > 0, timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.view.has_picture, timeout=LONG_MS)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert window.session.paused
    window.pauses.look()
    return window.pauses


def test_a_paused_camera_goes_on_by_itself_after_a_reminder(
    qtbot: QtBot, make_window: MakeWindow, store_url: str
) -> None:
    window, clock = make_window(Camera("door")), FakeClock()
    pause = paused(qtbot, window, clock)
    assert timeless(window.view.plate) == "Paused since …: nobody is counted. Space goes on"
    assert window.view.is_old
    qtbot.wait(500)  # by the clock on the wall it is a short one
    clock.t += 13 * 60
    pause.look()
    assert window.banners.text("pause") == ""
    clock.t += 70
    pause.look()
    assert window.banners.text("pause") == (
        "Nobody is watching. The cameras go on by themselves in 50 s"
    )
    clock.t += 51
    pause.look()
    assert not window.session.paused
    assert not window.menus.pause.isChecked()
    assert window.banners.text("pause") == ""
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    qtbot.waitUntil(lambda: not window.view.is_old, timeout=LONG_MS)
    qtbot.wait(500)
    window.close()
    store = Store(store_url)
    states = [watch.state for watch in store.read_watches()]
    store.close()
    assert WatchState.PAUSED in states
    assert states[-1] in (WatchState.LIVE, WatchState.COVERED)


def test_who_wants_to_stay_paused_says_so(qtbot: QtBot, make_window: MakeWindow) -> None:
    window, clock = make_window(Camera("door")), FakeClock()
    pause = paused(qtbot, window, clock)
    clock.t += 14.5 * 60
    pause.look()
    press(qtbot, window, "Stay paused")
    assert window.banners.text("pause") == ""
    clock.t += 13.9 * 60
    pause.look()
    assert window.session.paused
    clock.t += 70
    pause.look()
    assert not window.session.paused


def test_it_can_be_switched_off(qtbot: QtBot, make_window: MakeWindow) -> None:
    window, clock = make_window(Camera("door"), camera={"resume_after_min": 0}), FakeClock()
    pause = paused(qtbot, window, clock)
    clock.t += 24 * 3600
    pause.look()
    assert window.session.paused
    assert window.banners.text("pause") == ""


def test_a_recording_waits_for_ever(qtbot: QtBot, make_window: MakeWindow, bare_clip: Path) -> None:
    window, clock = make_window(bare_clip), FakeClock()
    window.pauses = PauseWatch(window.parts, window._went_on, clock)
    qtbot.waitUntil(lambda: window.view.has_picture, timeout=LONG_MS)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    clock.t += dt.timedelta(days=1).total_seconds()
    window.pauses.look()
    assert window.session.paused


def test_the_pause_before_another_one_does_not_count(qtbot: QtBot, make_window: MakeWindow) -> None:
    window, clock = make_window(Camera("door")), FakeClock()
    pause = paused(qtbot, window, clock)
    clock.t += 14 * 60
    qtbot.keyClick(window, Qt.Key.Key_Space)
    pause.look()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    clock.t += 2 * 60
    pause.look()
    assert window.session.paused
    assert window.banners.text("pause") == ""


@pytest.mark.parametrize("minutes", [-1, 1441])
def test_what_can_be_set(minutes: int) -> None:
    with pytest.raises(ConfigError, match="from 0 to 1440"):
        load_config(None, {"camera": {"resume_after_min": minutes}})
