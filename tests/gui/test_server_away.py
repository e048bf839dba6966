"""A desk that is started while the store's server is down begins by itself once that is back."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from pytestqt.qtbot import QtBot

from monitor.gui import reports
from monitor.records import WorkerState
from monitor.storage.store import Store
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow
from tests.mjpeg import MjpegCamera
from tests.postgres import Server
from tests.program import started

pytest_plugins = ["postgres"]


def test_a_window_begins_once_the_server_is_back(
    qtbot: QtBot,
    make_window: MakeWindow,
    start_postgres: Callable[..., Server],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reports, "STORE_AGAIN_S", 0.5)
    server = start_postgres()
    url = server.new_database()
    server.stop()
    window = make_window(Camera("door"), store={"url": url})
    said = "does not answer"
    qtbot.waitUntil(lambda: said in window.banners.text("worker"), timeout=LONG_MS)
    assert window.banners.text("worker").endswith("It is tried again by itself")
    assert window.view.plate == "Picture only: nobody is counted"
    server.start()
    qtbot.waitUntil(lambda: window.reports.worker is WorkerState.READY, timeout=LONG_MS)
    assert window.banners.text("worker") == ""
    qtbot.waitUntil(lambda: window.session.analysed > 3, timeout=LONG_MS)


def test_a_run_without_a_window_begins_once_the_server_is_back(
    tmp_path: Path, data: Path, start_postgres: Callable[..., Server]
) -> None:
    picture = cv2.imread(str(data / "bare.jpg"))
    assert picture is not None
    server = start_postgres()
    url = server.new_database()
    server.stop()
    door = MjpegCamera()
    door.show(picture)
    door.live()
    try:
        arguments = ("--headless", "--camera", door.url, "--store", url)
        with started(tmp_path, *arguments) as monitor:
            monitor.wait_for("Nobody is counted until it answers")
            server.start()
            ends = time.monotonic() + 90
            while "began" not in monitor.told().values():
                assert time.monotonic() < ends, monitor.lines
                time.sleep(0.1)
            done = monitor.end(signal.SIGINT)
        assert done.code == 0, done.err
    finally:
        door.die()
    store = Store(url)
    assert len(store.read_sightings()) == 1
    store.close()
