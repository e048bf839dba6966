"""The cameras that were set up are watched again; passwords are asked for, and never in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions
from monitor.camera.kept import KeptCameras
from monitor.config import load_config
from monitor.data_folder import data_folder
from monitor.gui.cameras.locks import PasswordDialog, with_password
from monitor.gui.remembered import first_sources
from monitor.gui.window import MainWindow
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow, press

LIMITS = {"open_timeout_s": 0.5, "read_timeout_s": 0.5}
YARD, HALL = "http://127.0.0.1:9/yard.mjpg", "http://127.0.0.1:9/hall.mjpg"


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The cameras that are plugged in."""
    cameras = [(0, "Webcam"), (3, "Door")]
    for module in ("monitor.gui.choose", "monitor.app"):
        monkeypatch.setattr(f"{module}.camera_list", lambda: cameras)
    return cameras


def set_up(*addresses: str) -> KeptCameras:
    kept = KeptCameras()
    for address in addresses:
        kept.put(address)
    return KeptCameras()  # as the next run reads it


def first(kept: str, **options: Any) -> list[str]:
    sources = first_sources(RunOptions(**options), set_up(*kept.split())).sources
    return [source.name for source in sources]


def on_file() -> str:
    return (data_folder() / "cameras.json").read_text()


def test_the_cameras_that_were_set_up_are_watched_again(there: list[tuple[int, str]]) -> None:
    # 7 is unplugged: that is said, and it is tried again
    assert first("7 rtsp://hall/a") == ["camera 7", "rtsp://hall/a"]


def test_no_more_than_the_window_can_show(there: list[tuple[int, str]]) -> None:
    many = set_up(*(f"rtsp://hall/{n}" for n in range(20)))
    begins = first_sources(RunOptions(), many)
    assert len(begins.sources) == 9
    assert begins.notice.startswith("Only 9 cameras are watched")


def test_what_is_named_wins_over_the_list(
    there: list[tuple[int, str]], masked_clip: Path, data: Path
) -> None:
    assert first("3", video=masked_clip) == ["masked.avi"]
    assert first("3", images=data) == [data.name]
    named = load_config(None, {"camera": {"source": "5"}})
    assert first("3", config=named) == ["camera 5"]


def test_the_bundled_clip_is_played_where_no_camera_was_ever_set_up(
    there: list[tuple[int, str]],
) -> None:
    assert first("") == ["camera 0"]
    there.clear()
    chosen = first_sources(RunOptions(), KeptCameras())
    assert not chosen.sources[0].live
    assert "No camera found" in chosen.notice
    kept = set_up("3")
    kept.remove(kept.cameras[0].camera_id)
    later = first_sources(RunOptions(), KeptCameras())
    assert later.sources == ()
    assert "No camera found" in later.notice


def test_all_switched_off_is_said_and_no_other_camera_is_taken(
    there: list[tuple[int, str]],
) -> None:
    kept = set_up("3")
    kept.switch((), (kept.cameras[0].camera_id,))
    begins = first_sources(RunOptions(), KeptCameras())
    assert begins.sources == ()
    assert begins.notice.startswith("All cameras are switched off")


def test_what_is_watched_is_kept_without_passwords(make_window: MakeWindow) -> None:
    window = make_window(Camera("camera 3"), start=False, camera=LIMITS)
    keeper = window.chooser.keeper
    keeper.open_camera("3")
    keeper.add_camera(YARD)
    keeper.add_camera(HALL.replace("//", "//anna:secret@"))
    assert window.session.names == ("camera 3", YARD, HALL)
    again = KeptCameras()
    assert [(c.shown, c.secret, c.on) for c in again.cameras] == [
        ("3", False, True),
        (YARD, False, True),
        (HALL, True, True),
    ]
    assert "secret" not in on_file().replace('"secret":', "")
    assert [s.name for s in first_sources(RunOptions(), again).sources] == ["camera 3", YARD]
    assert [c.shown for c in again.locked] == [HALL]
    window.chooser.remove(YARD)  # it stays in the list, switched off
    assert [(c.shown, c.on) for c in KeptCameras().cameras] == [
        ("3", True),
        (YARD, False),
        (HALL, True),
    ]
    keeper.open_camera(YARD)
    assert [c.shown for c in KeptCameras().cameras if c.on] == [YARD]
    assert window.session.names == (YARD,)


def test_a_camera_of_the_command_line_is_kept_on_request_and_its_password_asked_for(
    qtbot: QtBot, make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = HALL.replace("//", "//anna:s3cret@")
    named = {"source": f"{YARD} {whole}"} | LIMITS
    window = make_window(camera=named)
    qtbot.waitUntil(lambda: len(window.session.names) == 2, timeout=LONG_MS)
    assert window.banners.text("keep").startswith(f"{YARD}, {HALL}: watched in this run alone")
    window.close()
    assert not KeptCameras().set_up  # nobody asked for it

    window = make_window(camera=named)
    qtbot.waitUntil(lambda: window.banners.text("keep") != "", timeout=LONG_MS)
    press(qtbot, window, "Keep them")
    assert window.banners.text("keep") == ""
    qtbot.waitUntil(lambda: "asked for again" in window.banners.text("keyring"), timeout=LONG_MS)
    window.close()
    assert "s3cret" not in on_file()

    again = make_window(camera=LIMITS)
    qtbot.waitUntil(lambda: again.session.names == (YARD,), timeout=LONG_MS)
    asked = f"{HALL} needs its password again"
    qtbot.waitUntil(lambda: again.banners.text("locked").startswith(asked), timeout=LONG_MS)
    assert again.banners.text("keep") == ""

    press(qtbot, again, "Enter it…")
    dialog = asked_by(again)
    # the password alone is missing, and the window goes on meanwhile
    assert HALL in dialog.question.text()
    assert "the user anna" in dialog.question.text()
    assert not dialog.user.isVisible()
    assert not dialog.address.isVisible()
    assert not dialog.isModal()
    assert not dialog.agree.isEnabled()
    qtbot.keyClicks(dialog.password, "p@ss/word")
    qtbot.mouseClick(dialog.agree, Qt.MouseButton.LeftButton)
    assert again.session.names == (YARD, HALL)
    (watched,) = (w for w in again.session.watched if w.name == HALL)
    assert watched.source.address is not None
    assert watched.source.address.url == HALL.replace("//", "//anna:p%40ss%2Fword@")
    assert again.banners.text("locked") == ""
    again.close()
    assert "ss/word" not in on_file()
    assert [c.shown for c in KeptCameras().locked] == [HALL]


def asked_by(window: MainWindow) -> PasswordDialog:
    """What asks for a password now."""
    dialog = window.chooser.keeper.locks.asking
    assert dialog is not None
    assert dialog.isVisible()
    return dialog


def test_another_user_can_be_entered_and_the_camera_removed_instead(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    kept = set_up(YARD)
    kept.put(HALL.replace("//", "//anna:secret@"), name="Hall")
    window = make_window(camera=LIMITS)
    qtbot.waitUntil(lambda: window.banners.text("locked").startswith("Hall"), timeout=LONG_MS)
    press(qtbot, window, "Enter it…")
    dialog = asked_by(window)
    dialog.more.click()
    assert dialog.user.isVisible()
    assert dialog.user.text() == "anna"
    dialog.user.setText("berta")
    dialog.password.setText("other")
    dialog.agree.click()
    (watched,) = (w for w in window.session.watched if w.name == "Hall")
    assert watched.source.address is not None
    assert watched.source.address.url == HALL.replace("//", "//berta:other@")
    hall = next(c for c in window.chooser.keeper.kept.cameras if c.title == "Hall")
    window.chooser.keeper.unlock(hall)
    asked_by(window).forget.click()
    assert [c.shown for c in KeptCameras().cameras] == [YARD]
    assert window.session.names == (YARD,)


def test_user_and_password_stand_in_an_address() -> None:
    address = with_password("rtsp://hall:554/a/b?channel=1", "anna", "p@ss/w:rd#?")
    assert address == "rtsp://anna:p%40ss%2Fw%3Ard%23%3F@hall:554/a/b?channel=1"
    assert with_password("rtsp://hall/a", "", "") == "rtsp://hall/a"


def test_a_run_that_began_with_a_clip_goes_back_to_the_cameras_that_were_set_up(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    set_up(YARD)
    window = make_window(masked_clip, camera=LIMITS)
    qtbot.waitUntil(lambda: window.session.names == ("masked.avi",), timeout=LONG_MS)
    window.menus.back.trigger()
    qtbot.waitUntil(lambda: window.session.names == (YARD,), timeout=LONG_MS)


def test_back_from_a_clip_where_there_is_no_camera_is_said(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path, there: list[tuple[int, str]]
) -> None:
    there.clear()
    window = make_window(masked_clip)
    qtbot.waitUntil(lambda: window.status.source.text() == "masked.avi: ended", timeout=LONG_MS)
    window.menus.back.trigger()
    qtbot.waitUntil(
        lambda: window.banners.text("notice").startswith("No camera found"), timeout=LONG_MS
    )
    assert window.session.names == ("masked.avi",)


def test_two_cameras_that_differ_in_what_is_secret_are_two(
    qtbot: QtBot, make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, tokens = "http://127.0.0.1:9/live?token=", ("aaa1", "bbb2")
    window = make_window(Camera("door"), camera=LIMITS)
    qtbot.waitUntil(lambda: window.session.names == ("door",), timeout=LONG_MS)
    for token in tokens:
        window.chooser.keeper.add_camera(shown + token)
    name = window.session.names[1]
    assert not any(token in " ".join(window.session.names) for token in tokens)
    assert window.session.names == ("door", name, f"{name} (2)")
    assert window.banners.text("choice") == ""
    window.chooser.keeper.add_camera(shown + tokens[1])  # the same once more
    said = window.banners.text("choice")
    assert said == f"{name} (2) is watched already: choose another camera"
    window.close()
    # Both are in the list, and both are asked for.
    again = make_window(camera=LIMITS)
    qtbot.waitUntil(lambda: again.banners.text("locked") != "", timeout=LONG_MS)
    assert again.banners.text("locked").count(name) == 2
    press(qtbot, again, "Enter it…")
    for token, left in zip(tokens, (1, 0), strict=True):  # one after the other
        dialog = asked_by(again)
        assert dialog.address.isVisible()  # more than a password is missing
        dialog.address.setText(shown + token)
        qtbot.mouseClick(dialog.agree, Qt.MouseButton.LeftButton)
        assert again.banners.text("locked").count(name) == left
    assert again.chooser.keeper.locks.asking is None
    assert again.session.names == (name, f"{name} (2)")
