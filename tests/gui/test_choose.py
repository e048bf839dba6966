"""Choosing what is watched: cameras added, chosen, shown alone, removed, kept for the next run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QSettings, QStandardPaths, Qt, QUrl
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QPushButton
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions
from monitor.camera.kept import KeptCameras
from monitor.config import load_config
from monitor.data_folder import data_folder
from monitor.errors import CameraError
from monitor.gui.application import open_window
from monitor.gui.cameras.words import NO_ADDRESS
from monitor.gui.choose import dropped_paths
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow, caption, drop


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
    window.chooser.keeper.open_camera("ftp://nowhere")
    assert window.banners.text("choice") == NO_ADDRESS
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 7: live")


def test_a_password_is_neither_shown_nor_kept(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(Camera(), camera={"open_timeout_s": 0.5, "read_timeout_s": 0.5})
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 7: live", timeout=LONG_MS)
    window.chooser.keeper.open_camera("http://anna:secret@127.0.0.1:9/stream.mjpg")
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
    address = "http://127.0.0.1:9/stream.mjpg"
    kept = [(c.shown, c.secret, c.on) for c in KeptCameras().cameras]
    assert kept == [("7", False, False), (address, True, True)]
    on_file = (data_folder() / "cameras.json").read_text()
    assert "secret" not in on_file.replace('"secret":', "")


def test_the_notice_of_the_bundled_clip_is_shown(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    window = make_window(masked_clip, notice="No camera found: this is the bundled clip.")
    qtbot.waitUntil(
        lambda: window.banners.text("notice") == "No camera found: this is the bundled clip.",
        timeout=LONG_MS,
    )


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The cameras that are plugged in."""
    cameras = [(0, "Webcam"), (3, "Door")]
    for module in ("monitor.gui.choose", "monitor.app"):
        monkeypatch.setattr(f"{module}.camera_list", lambda: cameras)
    return cameras


@pytest.mark.parametrize("number", [0, 1, 2])
def test_only_a_file_or_folder_can_be_dropped(tmp_path: Path, number: int) -> None:
    url = QUrl("https://example.org/clip.mp4")
    file = QUrl.fromLocalFile(str(tmp_path / "a clip.mp4"))
    urls, paths = [([], []), ([url], []), ([url, file], [tmp_path / "a clip.mp4"])][number]
    data = QMimeData()
    data.setText("a clip.mp4")
    if urls:
        data.setUrls(urls)
    assert dropped_paths(data) == paths


def test_a_clip_a_folder_and_a_stream_are_asked_for(
    qtbot: QtBot,
    make_window: MakeWindow,
    monkeypatch: pytest.MonkeyPatch,
    masked_clip: Path,
    data: Path,
) -> None:
    limits = {"open_timeout_s": 0.5, "read_timeout_s": 0.5}
    window = make_window(Camera("door"), camera=limits)
    qtbot.waitUntil(lambda: window.session.names == ("door",), timeout=LONG_MS)
    answers: list[Any] = []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (answers.pop(0), ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: answers.pop(0))
    monkeypatch.setattr(QInputDialog, "getText", lambda *args: answers.pop(0))
    menus = window.menus

    # Who cancels goes on watching.
    answers[:] = ["", "", ("rtsp://hall/a", False), ("  ", True), ("", True)]
    for action in (
        menus.open_clip,
        menus.open_folder,
        menus.open_stream,
        menus.open_stream,
        menus.add_stream,
    ):
        action.trigger()
    assert answers == []
    assert window.session.names == ("door",)

    stream = "http://127.0.0.1:9/hall.mjpg"
    answers[:] = [(f" {stream} ", True), str(masked_clip), str(data), (stream, True)]
    menus.add_stream.trigger()
    assert window.session.names == ("door", stream)
    menus.open_clip.trigger()
    assert window.session.names == ("masked.avi",)
    menus.open_folder.trigger()
    assert window.session.names == (data.name,)
    menus.open_stream.trigger()
    assert window.session.names == (stream,)
    assert [c.shown for c in KeptCameras().cameras if c.on] == [stream]


def test_the_menus_open_and_add_cameras(
    qtbot: QtBot,
    make_window: MakeWindow,
    monkeypatch: pytest.MonkeyPatch,
    there: list[tuple[int, str]],
) -> None:
    window = make_window(Camera("door"))
    opened = lambda source, config: Camera(f"camera {source}")  # noqa: E731
    monkeypatch.setattr("monitor.camera.kept.camera_source", opened)
    menus = window.menus
    qtbot.waitUntil(lambda: len(menus.add_group.actions()) == 2, timeout=LONG_MS)
    menus.add_group.actions()[1].trigger()
    assert window.session.names == ("door", "camera 3")
    menus.camera_group.actions()[0].trigger()
    assert window.session.names == ("camera 0",)
    assert [(c.shown, c.on) for c in KeptCameras().cameras] == [("3", False), ("0", True)]
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 0: live", timeout=LONG_MS)


def test_what_was_said_of_the_last_choice_goes_with_the_next(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    window = make_window(masked_clip, notice="This is the bundled clip.")
    qtbot.waitUntil(lambda: window.banners.text("notice") != "", timeout=LONG_MS)
    window.chooser.keeper.add_camera("nonsense")
    assert window.banners.text("choice") == NO_ADDRESS
    assert window.session.names == ("masked.avi",)
    window.chooser.add(Camera("yard"))
    assert (window.banners.text("choice"), window.banners.text("notice")) == ("", "")


def test_a_clip_in_a_tile_can_be_played_again(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    window = make_window(masked_clip, Camera("yard"))
    qtbot.waitUntil(lambda: caption(window, "masked.avi").state == "ended", timeout=LONG_MS)
    menu = window.chooser.tile_menu("masked.avi")
    texts = [a.text().replace("&", "") for a in menu.actions() if a.text()]
    assert texts == ["Show alone", "Play again", "Remove masked.avi"]
    menu.actions()[1].trigger()
    menu.close()
    qtbot.waitUntil(lambda: caption(window, "masked.avi").state == "playing", timeout=LONG_MS)
    qtbot.waitUntil(lambda: caption(window, "masked.avi").state == "ended", timeout=LONG_MS)
    assert caption(window, "masked.avi").count.masked == 1  # it is not counted again


def test_a_run_that_cannot_begin_says_so_and_waits(
    qtbot: QtBot, make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch, masked_clip: Path
) -> None:
    def refuse(options: RunOptions, kept: KeptCameras) -> None:
        raise CameraError("the cameras cannot be listed: mend it")

    monkeypatch.setattr("monitor.gui.window.first_sources", refuse)
    window = make_window()
    qtbot.waitUntil(lambda: "mend it" in window.banners.text("choice"), timeout=LONG_MS)
    assert window.status.source.text() == "no camera"
    drop(window, masked_clip)
    qtbot.waitUntil(lambda: window.status.source.text() == "masked.avi: ended", timeout=LONG_MS)
    assert window.banners.text("choice") == ""


@pytest.mark.parametrize("by", ["menu", "button"])
def test_after_a_clip_there_is_a_way_back_to_the_cameras(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path, by: str
) -> None:
    window = make_window(Camera("door"), Camera("yard"))
    qtbot.waitUntil(lambda: window.session.names == ("door", "yard"), timeout=LONG_MS)
    assert not window.menus.back.isEnabled()
    drop(window, masked_clip)
    qtbot.waitUntil(lambda: window.status.source.text() == "masked.avi: ended", timeout=LONG_MS)
    assert "is a recording" in window.banners.text("notice")
    assert "Recording" in window.windowTitle()
    if by == "menu":
        window.menus.back.trigger()
    else:
        (button,) = (
            b for b in window.banners.findChildren(QPushButton) if b.text() == "Back to the cameras"
        )
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.session.names == ("door", "yard")
    qtbot.waitUntil(lambda: window.status.source.text() == "2 cameras: 2 live", timeout=LONG_MS)
    assert window.banners.text("notice") == ""
    assert not window.menus.back.isEnabled()
    assert window.windowTitle() == "Mask Monitor"


def test_a_clip_is_looked_for_where_the_last_one_was(
    make_window: MakeWindow, masked_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(parent: object, title: str, folder: str, *rest: object) -> tuple[str, str]:
        asked.append(folder)
        return str(masked_clip), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer)
    window = make_window(Camera("door"), start=False)
    for _ in range(2):
        window.menus.open_clip.trigger()
    videos = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)
    assert asked == [videos, str(masked_clip.parent)]


def test_a_folder_that_cannot_be_shown_is_named(
    make_window: MakeWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.gui.commands.QDesktopServices.openUrl", lambda url: False)
    window = make_window(Camera("door"), start=False)
    window.commands._show_folder(tmp_path)
    assert str(tmp_path) in window.banners.text("export")
