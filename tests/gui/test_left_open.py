"""After a run that was killed, the next one says until when it was seen and that nobody watched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pytestqt.qtbot import QtBot

from monitor.gui.plates import clock
from monitor.records import Watch, WatchState, WorkerState
from monitor.storage.shifts import desk_token
from monitor.storage.store import Store
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow


def leave(store_url: str, *, is_open: bool, desk: str) -> datetime:
    """A former run's books, with an interval that was closed or left open."""
    began = datetime.now(UTC) - timedelta(minutes=30)
    ended = began + timedelta(minutes=20)
    store = Store(store_url)
    store.begin_shift("former", began, desk=desk)
    watch = Watch("former-w1", "door", WatchState.LIVE, began, ended, is_open, "former")
    store.save((), (), (), (watch,))
    store.close()
    return ended


def test_a_run_that_was_killed_is_said_once(
    qtbot: QtBot, make_window: MakeWindow, store_url: str
) -> None:
    ended = leave(store_url, is_open=True, desk=desk_token())
    window = make_window(Camera("door"))
    qtbot.waitUntil(lambda: window.banners.text("left open") != "", timeout=LONG_MS)
    at = clock(ended, datetime.now(UTC))
    assert window.banners.text("left open").startswith(
        f"Mask Monitor ended without being closed at {at}; nobody watched until "
    )
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    window.close()
    again = make_window(Camera("door"))
    qtbot.waitUntil(lambda: again.status.source.text() == "door: live", timeout=LONG_MS)
    again.left_open.look()
    assert again.session.left_open is None
    assert again.banners.text("left open") == ""


@pytest.mark.parametrize(("is_open", "ours"), [(False, True), (True, False)])
def test_one_that_was_closed_and_another_desk_are_no_matter(
    qtbot: QtBot, make_window: MakeWindow, store_url: str, is_open: bool, ours: bool
) -> None:
    leave(store_url, is_open=is_open, desk=desk_token() if ours else "another desk")
    window = make_window(Camera("door"))
    ready = WorkerState.READY
    qtbot.waitUntil(lambda: window.session.worker_state()[0] is ready, timeout=LONG_MS)
    window.left_open.look()
    assert window.banners.text("left open") == ""
