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
    store = Store(store_url)

    def states() -> list[WatchState]:
        return [w.state for w in sorted(store.read_watches(), key=lambda watch: watch.began)]

    # what a camera shows is booked some times a second: only what was booked can be paused
    qtbot.waitUntil(lambda: states() == [WatchState.LIVE], timeout=LONG_MS)
    window.chooser.open_path(bare_clip)
    assert "The cameras are not watched meanwhile" in window.banners.text("notice")
    qtbot.waitUntil(lambda: "ended" in window.status.source.text(), timeout=LONG_MS)
    window.chooser.back()
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    assert window.banners.text("notice") == ""
    # an interval that goes on is written every ten seconds
    qtbot.waitUntil(lambda: states()[-1:] == [WatchState.LIVE], timeout=LONG_MS)
    window.close()
    assert states() == [WatchState.LIVE, WatchState.PAUSED, WatchState.LIVE]
    assert {watch.camera for watch in store.read_watches()} == {"door"}
    store.close()


def test_the_first_camera_takes_the_demonstrations_place(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path
) -> None:
    window = make_window(bare_clip, notice="This is a demonstration", into_store=False)
    qtbot.waitUntil(lambda: "ended" in window.status.source.text(), timeout=LONG_MS)
    assert window.chooser.add(Camera("door"))
    assert window.session.names == ("door",)
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
