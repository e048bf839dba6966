"""Cameras that a recording took the place of: nobody watches them, and the books say so."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from monitor.records import WatchState
from monitor.storage.store import Store
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow


def test_a_clip_takes_a_cameras_place_and_that_time_is_a_pause(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path, store_url: str
) -> None:
    window = make_window(Camera("door"), into_store=False)
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.session.analysed > 2, timeout=LONG_MS)
    window.chooser.open_path(bare_clip)
    assert "The cameras are not watched meanwhile" in window.banners.text("notice")
    qtbot.waitUntil(lambda: "ended" in window.status.source.text(), timeout=LONG_MS)
    window.chooser.back()
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    assert window.banners.text("notice") == ""
    analysed = window.session.analysed
    qtbot.waitUntil(lambda: window.session.analysed > analysed + 10, timeout=LONG_MS)
    window.close()
    store = Store(store_url)
    watches = sorted(store.read_watches(), key=lambda watch: watch.began)
    store.close()
    states = [watch.state for watch in watches if watch.ended > watch.began]
    assert WatchState.PAUSED in states
    assert states[0] is WatchState.LIVE
    assert states[-1] is WatchState.LIVE
    assert {watch.camera for watch in watches} == {"door"}


def test_the_first_camera_takes_the_demonstrations_place(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path
) -> None:
    window = make_window(bare_clip, notice="This is a demonstration", into_store=False)
    qtbot.waitUntil(lambda: "ended" in window.status.source.text(), timeout=LONG_MS)
    assert window.chooser.add(Camera("door"))
    assert window.session.names == ("door",)
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
