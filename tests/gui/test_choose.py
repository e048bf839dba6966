"""Choosing what is watched: cameras added, chosen, shown alone, removed, kept for the next run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QSettings, Qt, QUrl
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QPushButton
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions
from monitor.config import load_config
from monitor.errors import CameraError
from monitor.gui.application import open_window
from monitor.gui.choose import dropped_paths
from monitor.gui.preferences import Preferences
from monitor.gui.remembered import (
    First,
    PasswordDialog,
    Remembered,
    first_sources,
    with_password,
)
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
    yard, hall = "http://127.0.0.1:9/yard.mjpg", "http://127.0.0.1:9/hall.mjpg"
    kept = window.preferences.remembered
    assert kept == Remembered(("3", yard, hall), frozenset({hall}), True)
    again = first_sources(RunOptions(), kept)
    assert [source.name for source in again.sources] == ["camera 3", yard]
    assert again.locked == (hall,)
    window.chooser.remove(yard)
    window.chooser.remove(hall)
    assert window.preferences.remembered == Remembered(("3",), frozenset(), True)
    settings.sync()
    assert "secret" not in Path(settings.fileName()).read_text()


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
    address = "http://127.0.0.1:9/stream.mjpg"
    assert window.preferences.remembered.cameras == (address,)
    assert window.preferences.remembered.locked == {address}


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


def first(last: str, **options: Any) -> list[str]:
    kept = Remembered(tuple(last.split()), set_up=bool(last))
    return [source.name for source in first_sources(RunOptions(**options), kept).sources]


def test_the_cameras_of_the_last_run_are_watched_again(there: list[tuple[int, str]]) -> None:
    assert first("3 rtsp://hall/a") == ["camera 3", "rtsp://hall/a"]
    # 7 is unplugged: that is said, and it is tried again
    assert first("7 rtsp://hall/a") == ["camera 7", "rtsp://hall/a"]
    assert first("") == ["camera 0"]
    assert len(first(" ".join(f"rtsp://hall/{n}" for n in range(20)))) == 9


def test_what_is_named_wins_over_the_last_run(
    there: list[tuple[int, str]], masked_clip: Path, data: Path
) -> None:
    assert first("3", video=masked_clip) == ["masked.avi"]
    assert first("3", images=data) == [data.name]
    named = load_config(None, {"camera": {"source": "5"}})
    assert first("3", config=named) == ["camera 5"]


def test_the_bundled_clip_is_played_where_no_camera_was_ever_set_up(
    there: list[tuple[int, str]],
) -> None:
    there.clear()
    chosen = first_sources(RunOptions(), Remembered())
    assert not chosen.sources[0].live
    assert "No camera found" in chosen.notice
    later = first_sources(RunOptions(), Remembered(set_up=True))
    assert later.sources == ()
    assert "No camera found" in later.notice
    locked = first_sources(RunOptions(), Remembered(("rtsp://a/b",), frozenset({"rtsp://a/b"})))
    assert locked == First((), "", ("rtsp://a/b",))


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
    assert window.preferences.remembered.cameras == (stream,)


def test_the_menus_open_and_add_cameras(
    qtbot: QtBot,
    make_window: MakeWindow,
    monkeypatch: pytest.MonkeyPatch,
    there: list[tuple[int, str]],
) -> None:
    window = make_window(Camera("door"))
    opened = lambda source, config: Camera(f"camera {source}")  # noqa: E731
    monkeypatch.setattr("monitor.gui.choose.camera_source", opened)
    menus = window.menus
    qtbot.waitUntil(lambda: len(menus.add_group.actions()) == 2, timeout=LONG_MS)
    menus.add_group.actions()[1].trigger()
    assert window.session.names == ("door", "camera 3")
    menus.camera_group.actions()[0].trigger()
    assert window.session.names == ("camera 0",)
    assert window.preferences.remembered.cameras == ("0",)
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 0: live", timeout=LONG_MS)


def test_what_was_said_of_the_last_choice_goes_with_the_next(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    window = make_window(masked_clip, notice="This is the bundled clip.")
    qtbot.waitUntil(lambda: window.banners.text("notice") != "", timeout=LONG_MS)
    window.chooser.add_camera("nonsense")
    assert "nonsense" in window.banners.text("choice")
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
    qtbot.waitUntil(lambda: caption(window, "masked.avi").count.masked == 2, timeout=LONG_MS)


def test_a_run_that_cannot_begin_says_so_and_waits(
    qtbot: QtBot, make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch, masked_clip: Path
) -> None:
    def refuse(options: RunOptions, kept: Remembered) -> None:
        raise CameraError("the cameras cannot be listed: mend it")

    monkeypatch.setattr("monitor.gui.window.first_sources", refuse)
    window = make_window()
    qtbot.waitUntil(lambda: "mend it" in window.banners.text("choice"), timeout=LONG_MS)
    assert window.status.source.text() == "no camera"
    drop(window, masked_clip)
    qtbot.waitUntil(lambda: window.status.source.text() == "masked.avi: ended", timeout=LONG_MS)
    assert window.banners.text("choice") == ""


def test_a_camera_of_the_command_line_is_watched_by_the_next_run_and_its_password_asked_for(
    qtbot: QtBot, make_window: MakeWindow, settings: QSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"open_timeout_s": 0.5, "read_timeout_s": 0.5}
    whole, name = "http://anna:s3cret@127.0.0.1:9/hall.mjpg", "http://127.0.0.1:9/hall.mjpg"
    window = make_window(camera={"source": f"http://127.0.0.1:9/yard.mjpg {whole}"} | limits)
    qtbot.waitUntil(lambda: len(window.session.names) == 2, timeout=LONG_MS)
    window.close()
    settings.sync()
    assert "s3cret" not in Path(settings.fileName()).read_text()

    again = make_window(camera=limits)
    qtbot.waitUntil(
        lambda: again.session.names == ("http://127.0.0.1:9/yard.mjpg",), timeout=LONG_MS
    )
    assert again.banners.text("locked").startswith(f"{name} needs its password again")
    assert Preferences(settings).remembered.locked == {name}  # it stays until it is answered

    def answer(dialog: PasswordDialog) -> int:
        dialog.user.setText("anna")
        dialog.password.setText("p@ss/word")
        return dialog.DialogCode.Accepted

    monkeypatch.setattr(PasswordDialog, "exec", answer)
    again.chooser.ask_for_password()
    assert again.session.names == ("http://127.0.0.1:9/yard.mjpg", name)
    assert again.banners.text("locked") == ""
    assert Preferences(settings).remembered.locked == {name}
    again.close()
    settings.sync()
    assert "ss/word" not in Path(settings.fileName()).read_text()


def test_user_and_password_stand_in_an_address() -> None:
    address = with_password("rtsp://hall:554/a/b?channel=1", "anna", "p@ss/w:rd#?")
    assert address == "rtsp://anna:p%40ss%2Fw%3Ard%23%3F@hall:554/a/b?channel=1"
    assert with_password("rtsp://hall/a", "", "") == "rtsp://hall/a"


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


def test_a_run_that_began_with_a_clip_goes_back_to_the_cameras_of_the_last_one(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path, settings: QSettings
) -> None:
    Preferences(settings).remembered = Remembered(("http://127.0.0.1:9/yard.mjpg",), set_up=True)
    window = make_window(masked_clip, camera={"open_timeout_s": 0.5, "read_timeout_s": 0.5})
    qtbot.waitUntil(lambda: window.session.names == ("masked.avi",), timeout=LONG_MS)
    window.menus.back.trigger()
    qtbot.waitUntil(
        lambda: window.session.names == ("http://127.0.0.1:9/yard.mjpg",), timeout=LONG_MS
    )
