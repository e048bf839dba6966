"""What the window says while things go wrong behind it: a real stream, the real networks, a real
store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest
from faulty_camera import FaultyCamera
from locker import locked
from program import ROOT
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions
from monitor.config import load_config
from monitor.gui.application import open_window
from monitor.gui.window import MainWindow
from monitor.storage.store import Store

LONG_MS = 60_000


def show(camera: FaultyCamera, name: str) -> None:
    image = cv2.imread(str(ROOT / "tests" / "data" / f"{name}.jpg"))
    assert image is not None
    camera.show(cv2.resize(image, (512, 350)))


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, camera: FaultyCamera) -> Iterator[MainWindow]:
    """A window on the camera, which shows nobody."""
    show(camera, "no_face")
    changes = {
        "camera": {
            "source": camera.url,
            "open_timeout_s": 1.0,
            "read_timeout_s": 1.0,
            "stall_after_s": 0.4,
        },
        "track": {"lost_after_s": 0.3},
        "store": {"url": f"sqlite:///{tmp_path / 'm.db'}"},
    }
    settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    one = open_window(RunOptions(config=load_config(None, changes)), settings)
    qtbot.addWidget(one)
    yield one
    one.close()


def until(qtbot: QtBot, condition: Callable[[], object]) -> None:
    qtbot.waitUntil(lambda: bool(condition()), timeout=LONG_MS)


def test_the_window_says_what_is_wrong_and_goes_on(
    qtbot: QtBot,
    window: MainWindow,
    camera: FaultyCamera,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    banners, shown = window.banners, window.sightings.model
    source = f"source {camera.url}"
    until(qtbot, lambda: window.session.analysed > 0)
    show(camera, "bare")
    until(qtbot, lambda: shown.rowCount() == 1)

    with locked(tmp_path / "m.db") as locker:
        show(camera, "no_face")
        until(qtbot, lambda: "locked" in banners.text("store"))
        assert "m.db" in banners.text("store")
        locker.free()
        until(qtbot, lambda: banners.text("store") == "")

    camera.freeze()
    until(qtbot, lambda: "stalled" in window.status.source.text())
    assert "sends no pictures" in banners.text(source)
    until(qtbot, lambda: "gives no more pictures" in banners.text(source))
    camera.thaw()
    until(
        qtbot, lambda: window.status.source.text().endswith(": live") and banners.text(source) == ""
    )

    show(camera, "bare")
    until(qtbot, lambda: shown.rowCount() == 2)
    camera.die()
    until(qtbot, lambda: "lost" in window.status.source.text())
    window.close()
    assert window.error is None
    caplog.clear()  # the lock was logged
    store = Store(f"sqlite:///{tmp_path / 'm.db'}")
    try:
        assert [sighting.open for sighting in store.read_sightings()] == [False, False]
    finally:
        store.close()
