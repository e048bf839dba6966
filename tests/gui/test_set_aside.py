"""Cameras that a recording took the place of: nobody watches them, and the books say so."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from monitor.records import WatchState
from monitor.storage.store import Store
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow


def booked(store: Store, camera: str = "door") -> list[WatchState]:
    """The states of a camera, one after the other; a slow machine may lose it for a moment."""
    watches = sorted(store.read_watches(), key=lambda watch: watch.began)
    states = (watch.state for watch in watches if watch.camera == camera)
    return [state for state, _ in groupby(s for s in states if s is not WatchState.LOST)]


def test_a_clip_takes_a_cameras_place_and_that_time_is_a_pause(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path, store_url: str
) -> None:
    window = make_window(Camera("door"), into_store=False)
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    store = Store(store_url)
    # what a camera shows is booked some times a second: only what was booked can be paused
    qtbot.waitUntil(lambda: booked(store) == [WatchState.LIVE], timeout=LONG_MS)
    window.chooser.open_path(bare_clip)
    assert "The cameras are not watched meanwhile" in window.banners.text("notice")
    qtbot.waitUntil(lambda: "ended" in window.status.source.text(), timeout=LONG_MS)
    window.chooser.back()
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    assert window.banners.text("notice") == ""
    # an interval that goes on is written every ten seconds
    qtbot.waitUntil(lambda: booked(store)[-1:] == [WatchState.LIVE], timeout=LONG_MS)
    window.close()
    assert booked(store) == [WatchState.LIVE, WatchState.PAUSED, WatchState.LIVE]
    assert {watch.camera for watch in store.read_watches()} == {"door"}
    store.close()


def test_a_second_clip_after_the_first_leaves_the_pause_one(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path, masked_clip: Path, store_url: str
) -> None:
    window = make_window(Camera("door"), into_store=False)
    store = Store(store_url)
    qtbot.waitUntil(lambda: booked(store) == [WatchState.LIVE], timeout=LONG_MS)
    for clip in (bare_clip, masked_clip):
        window.chooser.open_path(clip)
        ended = f"{clip.name}: ended"
        qtbot.waitUntil(lambda ended=ended: window.status.source.text() == ended, timeout=LONG_MS)  # type: ignore[misc]
    window.chooser.back()
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    qtbot.waitUntil(lambda: booked(store)[-1:] == [WatchState.LIVE], timeout=LONG_MS)
    window.close()
    assert booked(store) == [WatchState.LIVE, WatchState.PAUSED, WatchState.LIVE]
    store.close()


@pytest.mark.parametrize("removed", [False, True])
def test_a_camera_that_is_switched_off_or_removed_during_a_clip_is_paused_no_more(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path, store_url: str, removed: bool
) -> None:
    window = make_window(Camera("camera 3"), Camera("camera 7"), into_store=False)
    store, keeper = Store(store_url), window.chooser.keeper
    for name in ("camera 3", "camera 7"):
        # the pictures are flat: the camera may be called covered before it was booked
        qtbot.waitUntil(lambda n=name: booked(store, n) != [], timeout=LONG_MS)  # type: ignore[misc]
    window.chooser.open_path(bare_clip)
    for name in ("camera 3", "camera 7"):
        qtbot.waitUntil(
            lambda n=name: booked(store, n)[-1:] == [WatchState.PAUSED],  # type: ignore[misc]
            timeout=LONG_MS,
        )
    (camera,) = (c for c in keeper.kept.cameras if c.title == "camera 3")
    if removed:
        keeper.remove(camera)
    else:
        keeper.switch(camera, False)

    def is_open(name: str) -> bool:
        return any(w.open for w in store.read_watches() if w.camera == name)

    qtbot.waitUntil(lambda: not is_open("camera 3"), timeout=LONG_MS)
    assert is_open("camera 7")
    window.chooser.back()
    assert window.session.names == ("camera 7",)
    window.close()
    assert booked(store, "camera 3")[-1] is WatchState.PAUSED
    assert booked(store, "camera 3").count(WatchState.PAUSED) == 1
    store.close()


def test_the_first_camera_takes_the_demonstrations_place(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path
) -> None:
    window = make_window(bare_clip, notice="This is a demonstration", into_store=False)
    qtbot.waitUntil(lambda: "ended" in window.status.source.text(), timeout=LONG_MS)
    assert window.chooser.add(Camera("door"))
    assert window.session.names == ("door",)
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
