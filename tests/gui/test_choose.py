"""Choosing what is watched: cameras added, chosen, shown alone, removed, kept for the next run."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions
from monitor.config import load_config
from monitor.errors import CameraError
from monitor.gui.application import open_window
from monitor.gui.choose import first_source
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow, drop


def test_cameras_are_added_chosen_shown_alone_and_removed(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window(Camera("door"))
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    assert window.view.caption is None
    assert not window.menus.remove.isEnabled()
    first = window.view
    window.chooser.add(Camera("yard"))
    window.chooser.add(Camera("hall", (640, 360)))
    assert window.grid.view_of("door") is first
    qtbot.waitUntil(lambda: window.status.source.text() == "3 cameras: 3 live", timeout=LONG_MS)
    window.chooser.add(Camera("yard"))
    assert window.banners.text("choice") == "yard is watched already: choose another camera"

    qtbot.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    assert window.grid.chosen == "hall"
    qtbot.waitUntil(lambda: window.status.size_wh.text() == "640 × 360", timeout=LONG_MS)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert window.grid.alone == "hall"
    assert [window.grid.view_of(n).isVisible() for n in window.grid.names] == [False, False, True]  # type: ignore[union-attr]
    assert window.view.size() == window.grid.size()
    assert window.status.source.text() == "hall: live"
    qtbot.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.grid.alone == "door"
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.grid.alone == ""
    qtbot.mouseDClick(window.grid.view_of("yard"), Qt.MouseButton.LeftButton)
    assert window.grid.alone == "yard"
    menu = window.chooser.tile_menu("yard")
    texts = [a.text().replace("&", "") for a in menu.actions() if a.text()]
    assert texts == ["Show all cameras", "Connect again", "Remove yard"]
    menu.actions()[-1].trigger()
    menu.close()
    assert window.session.names == window.grid.names == ("door", "hall")
    window.chooser.remove("hall")
    assert window.view.caption is None
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    window.chooser.remove("door")  # the last one stays
    assert window.session.names == ("door",)


def test_nine_cameras_and_no_more(
    qtbot: QtBot, make_window: MakeWindow, settings: QSettings
) -> None:
    window = make_window(*(Camera(f"door {n}", (64, 48)) for n in range(1, 10)))
    qtbot.waitUntil(lambda: window.status.source.text() == "9 cameras: 9 live", timeout=LONG_MS)
    qtbot.waitUntil(
        lambda: all(
            (view := window.grid.view_of(name)) and view.has_picture for name in window.grid.names
        ),
        timeout=LONG_MS,
    )
    window.chooser.add(Camera("door 10"))
    assert window.banners.text("choice").startswith("9 cameras are watched already")
    assert len(window.grid.names) == 9
    options = RunOptions(
        config=load_config(None, {"camera": {"source": " ".join(map(str, range(10)))}})
    )
    with pytest.raises(CameraError, match="at most 9"):
        open_window(options, settings)


def test_what_is_watched_is_kept_without_passwords(
    make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch, settings: QSettings
) -> None:
    limits = {"open_timeout_s": 0.5, "read_timeout_s": 0.5}
    window = make_window(Camera("camera 3"), start=False, camera=limits)
    monkeypatch.setattr(
        "monitor.gui.threads.watched.Watched.status", lambda self: self.capture._status
    )
    window.chooser.open(Camera("camera 3"))
    window.chooser.add_camera("http://127.0.0.1:9/yard.mjpg")
    window.chooser.add_camera("http://anna:secret@127.0.0.1:9/hall.mjpg")
    assert len(window.session.names) == 3
    assert window.preferences.camera == "3 http://127.0.0.1:9/yard.mjpg"
    monkeypatch.setattr("monitor.gui.choose.camera_list", lambda: [(3, "Webcam")])
    again = first_source(RunOptions(), window.preferences.camera)
    assert [source.name for source in again.sources] == ["camera 3", "http://127.0.0.1:9/yard.mjpg"]
    window.chooser.remove("http://127.0.0.1:9/yard.mjpg")
    assert window.preferences.camera == "3"


@pytest.mark.parametrize("content", [b"", b"no video at all\n" * 50, bytes(range(256)) * 40])
def test_a_file_that_is_no_clip_is_said(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "holiday.mp4"
    path.write_bytes(content)
    window = make_window(Camera())
    drop(window, path)
    qtbot.waitUntil(
        lambda: "holiday.mp4" in window.banners.text("source holiday.mp4"), timeout=LONG_MS
    )
    assert window.status.source.text() == "holiday.mp4: failed"
    assert "Traceback" not in window.banners.text("source holiday.mp4")


def test_a_wrong_address_is_said_and_the_camera_stays(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window(Camera())
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 7: live", timeout=LONG_MS)
    window.chooser.open_camera("ftp://nowhere")
    assert "ftp://nowhere" in window.banners.text("choice")
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 7: live")


def test_a_password_is_neither_shown_nor_kept(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(Camera(), camera={"open_timeout_s": 0.5, "read_timeout_s": 0.5})
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 7: live", timeout=LONG_MS)
    window.chooser.open_camera("http://anna:secret@127.0.0.1:9/stream.mjpg")
    qtbot.waitUntil(
        lambda: "127.0.0.1:9" in window.banners.text(f"source {window.grid.chosen}"),
        timeout=LONG_MS,
    )
    assert (
        "secret"
        not in window.status.source.text()
        + window.banners.text(f"source {window.grid.chosen}")
        + window.view.plate
    )
    assert window.preferences.camera == ""


def test_the_notice_of_the_bundled_clip_is_shown(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    window = make_window(masked_clip, notice="No camera found: this is the bundled clip.")
    qtbot.waitUntil(
        lambda: window.banners.text("notice") == "No camera found: this is the bundled clip.",
        timeout=LONG_MS,
    )
