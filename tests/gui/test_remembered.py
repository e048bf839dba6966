"""The cameras of the last run are watched again; passwords are asked for, and never written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions
from monitor.config import load_config
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
from tests.gui.looks import MakeWindow


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


def test_two_cameras_that_differ_in_what_is_secret_are_two(
    qtbot: QtBot, make_window: MakeWindow, settings: QSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, tokens = "http://127.0.0.1:9/live?token=", ("aaa1", "bbb2")
    window = make_window(Camera("door"))
    qtbot.waitUntil(lambda: window.session.names == ("door",), timeout=LONG_MS)
    for token in tokens:
        window.chooser.add_camera(shown + token)
    name = window.session.names[1]
    assert not any(token in " ".join(window.session.names) for token in tokens)
    assert window.session.names == ("door", name, f"{name} (2)")
    assert window.banners.text("choice") == ""
    window.chooser.add_camera(shown + tokens[1])  # the same once more
    said = window.banners.text("choice")
    assert said == f"{name} (2) is watched already: choose another camera"
    window.close()
    # Both are remembered, and both are asked for.
    again = make_window()
    qtbot.waitUntil(lambda: again.banners.text("locked") != "", timeout=LONG_MS)
    assert again.banners.text("locked").count(name) == 2
    answers = iter(tokens)

    def answer(dialog: PasswordDialog) -> QDialog.DialogCode:
        dialog.address.setText(shown + next(answers))
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(PasswordDialog, "exec", answer)
    for left in (1, 0):
        again.chooser.ask_for_password()
        assert again.banners.text("locked").count(name) == left
    assert again.session.names == (name, f"{name} (2)")
