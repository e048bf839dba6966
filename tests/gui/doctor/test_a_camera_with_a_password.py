"""A camera with a password, from the first steps to the main window: what is refused can be entered
again, and nothing that never worked is kept unasked.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from memory_keyring import MemoryKeyring, keyring_in_use
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from monitor.camera import passwords
from monitor.camera.address import Address
from monitor.camera.kept import KeptCameras
from monitor.camera.zones import Zones
from monitor.camera.zones_file import load_zones, save_zones, zones_path
from monitor.config import CameraConfig
from monitor.errors import CameraRefusedError
from monitor.gui.cameras.locks import PasswordDialog
from monitor.gui.cameras.words import NO_ADDRESS
from monitor.gui.doctor.guide import GuideDialog
from monitor.gui.window import MainWindow
from monitor.records import WatchState
from monitor.storage.store import Store
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow, press

DOOR = "rtsp://door.test/live"
RIGHT = DOOR.replace("//", "//anna:right@")


class Guarded(Camera):
    """Shows pictures to whoever knows the password."""

    def open(self) -> None:
        assert self.address is not None
        if self.address.url != RIGHT:
            raise CameraRefusedError(
                f"stream {self.name} refuses this user or password: check both in the address"
            )


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    """Of a first run."""
    return QSettings(str(tmp_path / "first.ini"), QSettings.Format.IniFormat)


@pytest.fixture(autouse=True)
def cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    """No USB camera, and one at the door."""

    def make(kind: str, address: Address, config: CameraConfig) -> Camera:
        made = Guarded(address.name)
        made.address = address
        return made

    monkeypatch.setattr("monitor.camera.source._make", make)
    for module in (
        *("monitor.gui.choose", "monitor.app"),
        *("monitor.gui.cameras.page", "monitor.gui.doctor.guide"),
    ):
        monkeypatch.setattr(f"{module}.camera_list", list)


def guide_of(qtbot: QtBot, window: MainWindow) -> GuideDialog:
    qtbot.waitUntil(lambda: window.doctor.guide is not None, timeout=LONG_MS)
    guide = window.doctor.guide
    assert guide is not None
    qtbot.waitUntil(lambda: guide.form.kind.count() > 0, timeout=LONG_MS)
    return guide


def enter(guide: GuideDialog, password: str) -> None:
    form = guide.form
    form.kind.setCurrentIndex(form.kind.findData(""))
    for field, text in (
        *((form.address, DOOR), (form.user, "anna")),
        *((form.password, password), (form.name, "Front door")),
    ):
        field.setText(text)


def refused(guide: GuideDialog) -> Callable[[], bool]:
    said = "Front door refuses this user or password: enter them again. Save it all the same?"
    return lambda: guide.banners.text("fault") == said


def states(store_url: str) -> list[WatchState]:
    """What the front door was booked as."""
    store = Store(store_url)
    try:
        return [watch.state for watch in store.read_watches() if watch.camera == "Front door"]
    finally:
        store.close()


def keep(text: str = RIGHT) -> None:
    KeptCameras().put(text, name="Front door")


def test_a_refused_password_is_entered_again_before_anything_is_kept(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window()
    guide = guide_of(qtbot, window)
    enter(guide, "wrong")
    guide.next_button.click()
    qtbot.waitUntil(refused(guide), timeout=LONG_MS)
    assert guide.step == 0
    assert not KeptCameras().set_up
    guide.form.password.setText("right")
    guide.next_button.click()
    qtbot.waitUntil(lambda: guide.step == 1, timeout=LONG_MS)
    assert window.session.names == ("Front door",)
    assert [(c.name, c.shown, c.user) for c in KeptCameras().cameras] == [
        ("Front door", DOOR, "anna")
    ]


def test_what_was_said_of_a_password_goes_when_another_is_typed(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    guide = guide_of(qtbot, make_window())
    enter(guide, "wrong")
    qtbot.keyClick(guide.form.password, Qt.Key.Key_Return)
    qtbot.waitUntil(refused(guide), timeout=LONG_MS)
    qtbot.keyClicks(guide.form.password, "right")  # what was there is selected
    assert guide.banners.text("fault") == ""
    qtbot.keyClick(guide.form.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: guide.form.has_picture, timeout=LONG_MS)
    assert guide.step == 0


def test_a_line_that_comes_moves_nothing(qtbot: QtBot, make_window: MakeWindow) -> None:
    guide = guide_of(qtbot, make_window())
    enter(guide, "")
    guide.form.address.setText("the door")
    places = [w.geometry() for w in (guide.form.address, guide.form.password)]
    buttons = guide.next_button.geometry()
    guide.next_button.click()
    assert guide.step == 0
    assert guide.banners.text("fault") == NO_ADDRESS
    qtbot.wait(50)  # for the layout
    assert [w.geometry() for w in (guide.form.address, guide.form.password)] == places
    assert guide.next_button.geometry() == buttons
    assert not KeptCameras().set_up


def test_what_is_saved_all_the_same_is_mended_in_the_window(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window()
    guide = guide_of(qtbot, window)
    enter(guide, "wrong")
    guide.next_button.click()
    qtbot.waitUntil(refused(guide), timeout=LONG_MS)
    buttons = guide.banners.findChildren(QPushButton)
    (save,) = (button for button in buttons if button.text() == "Save it all the same")
    qtbot.mouseClick(save, Qt.MouseButton.LeftButton)
    assert guide.step == 1
    assert [c.name for c in KeptCameras().cameras] == ["Front door"]
    guide.close()
    said = "Front door refuses this user or password: enter them again"
    key = "source Front door"
    qtbot.waitUntil(lambda: window.banners.text(key) == said, timeout=LONG_MS)
    changed: list[str] = []
    window.watch.change = lambda camera: changed.append(camera.title)
    press(qtbot, window, "Change…")
    assert changed == ["Front door"]
    press(qtbot, window, "Enter it…")
    dialog = window.chooser.keeper.locks.asking
    assert isinstance(dialog, PasswordDialog)
    qtbot.keyClicks(dialog.password, "right")
    qtbot.mouseClick(dialog.agree, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.status.source.text() == "Front door: live", timeout=LONG_MS)
    assert window.banners.text(key) == ""


def test_without_its_password_a_camera_is_said_not_to_be_watched_and_booked_so(
    qtbot: QtBot, make_window: MakeWindow, store_url: str
) -> None:
    keep()
    window = make_window()
    title = "Front door is not watched: its password is needed"
    qtbot.waitUntil(lambda: window.view.placeholder == title, timeout=LONG_MS)
    assert window.status.source.text() == "Front door: password needed"
    assert window.view.button.isVisible()
    qtbot.waitUntil(lambda: states(store_url) == [WatchState.LOCKED], timeout=LONG_MS)
    qtbot.mouseClick(window.view.button, Qt.MouseButton.LeftButton)
    dialog = window.chooser.keeper.locks.asking
    assert dialog is not None
    qtbot.keyClicks(dialog.password, "right")
    qtbot.mouseClick(dialog.agree, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.status.source.text() == "Front door: live", timeout=LONG_MS)
    assert not window.view.button.isVisible()
    locked_then_live = [WatchState.LOCKED, WatchState.LIVE]
    qtbot.waitUntil(lambda: states(store_url) == locked_then_live, timeout=LONG_MS)


def test_the_first_steps_offer_the_camera_that_is_set_up_and_keep_its_zones(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    keep()
    poster = Zones(ignored=(((0, 0), (0.1, 0), (0.1, 0.1)),))
    save_zones(zones_path(), "Front door", poster)
    with keyring_in_use(MemoryKeyring()):
        passwords.keep(KeptCameras().cameras[0].camera_id, RIGHT)
        window = make_window()
        qtbot.waitUntil(lambda: window.status.source.text() == "Front door: live", timeout=LONG_MS)
    window.menus.first_steps.trigger()
    guide = guide_of(qtbot, window)
    assert guide.form.kind.currentText() == "Front door"
    assert not guide.form.address.isVisible()
    qtbot.waitUntil(lambda: guide.view.has_picture, timeout=LONG_MS)
    assert "plugged" not in guide.view.placeholder
    for _ in range(2):
        guide.next_button.click()
    assert guide.message.text().startswith("Everything counts, but 1 place is ignored")
    assert guide.view.zones.ignored == poster.ignored
    assert guide.next_button.text() == "&Keep it so"
    guide.next_button.click()
    assert load_zones(zones_path()) == {"Front door": poster}
    assert window.session.names == ("Front door",)


def test_the_steps_ask_for_the_password_of_a_camera_that_is_set_up(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    keep()
    window = make_window()
    qtbot.waitUntil(lambda: window.status.source.text().endswith("needed"), timeout=LONG_MS)
    window.menus.first_steps.trigger()
    guide = guide_of(qtbot, window)
    guide.next_button.click()
    dialog = window.chooser.keeper.locks.asking
    assert dialog is not None
    assert dialog.parent() is guide
    qtbot.keyClicks(dialog.password, "right")
    qtbot.mouseClick(dialog.agree, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: guide.view.has_picture, timeout=LONG_MS)
    guide.next_button.click()
    assert guide.step == 1
    assert window.session.names == ("Front door",)
