"""The Cameras page in a real window: what is set up there is watched, named, turned and kept."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from memory_keyring import MemoryKeyring, keyring_in_use
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QMessageBox
from pytestqt.qtbot import QtBot

from monitor.camera.kept import KeptCameras
from monitor.camera.turn import Turn
from monitor.camera.zones import Zones
from monitor.camera.zones_file import load_zones, save_zones, zones_path
from monitor.data_folder import data_folder
from monitor.gui.cameras.edit import CameraDialog
from monitor.gui.cameras.page import PLUGGED, CamerasDialog
from monitor.gui.cameras.words import NO_ADDRESS
from monitor.gui.window import MainWindow
from monitor.records import WatchState
from monitor.storage.store import Store
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow

LIMITS = {"open_timeout_s": 0.5, "read_timeout_s": 0.5}
YARD = "http://127.0.0.1:9/yard.mjpg"


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The USB cameras that are there; each can be opened."""
    cameras = [(0, "Webcam")]
    for module in ("monitor.gui.choose", "monitor.app", "monitor.gui.cameras.page"):
        monkeypatch.setattr(f"{module}.camera_list", lambda: list(cameras))
    made: dict[str, Camera] = {}

    def make(kind: str, address: object, config: object) -> Camera:
        name = getattr(address, "name", "")
        if name not in made:
            image = np.full((240, 320, 3), 90, np.uint8)
            image[:, :160] = 200  # the left half is light
            made[name] = Camera(name, image=image)
            made[name].address = address  # type: ignore[assignment]
        return made[name]

    monkeypatch.setattr("monitor.camera.source._make", make)
    return cameras


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    with keyring_in_use(MemoryKeyring()) as one:
        yield one


def open_page(qtbot: QtBot, window: MainWindow) -> CamerasDialog:
    window.menus.set_up.trigger()
    page = window.commands.cameras
    assert page is not None
    qtbot.waitUntil(lambda: page.isVisible() and page.plugged != [], timeout=LONG_MS)
    return page


def rows(page: CamerasDialog) -> list[list[str]]:
    table = page.table
    return [
        [item.text() if (item := table.item(r, c)) else "" for c in range(table.columnCount())]
        for r in range(table.rowCount())
    ]


def fill(monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, **texts: str) -> list[CameraDialog]:
    """Have the next dialog filled in and saved; a field that is none stays as it is."""
    seen: list[CameraDialog] = []

    def answer(dialog: CameraDialog) -> int:
        seen.append(dialog)
        dialog.show()
        for field, text in texts.items():
            if field == "turn":
                dialog.form.rotate.setCurrentIndex(dialog.form.rotate.findData(int(text)))
            elif field == "kind":
                dialog.form.kind.setCurrentIndex(dialog.form.kind.findData(text))
            else:
                getattr(dialog.form, field).setText(text)
        dialog.accept()
        accepted = dialog.result() == QDialog.DialogCode.Accepted
        if not accepted:
            dialog.reject()
        return dialog.result()

    monkeypatch.setattr(CameraDialog, "exec", answer)
    return seen


def test_the_first_camera_is_in_the_list_and_gets_a_name_and_a_turn(
    qtbot: QtBot,
    make_window: MakeWindow,
    plugged: list[tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = make_window()
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 0: live", timeout=LONG_MS)
    page = open_page(qtbot, window)
    assert rows(page) == [["camera 0", "live", "as it comes", "USB camera 0: Webcam"]]
    page.table.selectRow(0)
    poster = Zones(ignored=(((0, 0), (0.1, 0), (0.1, 0.1)),))
    save_zones(zones_path(), "camera 0", poster)
    fill(monkeypatch, qtbot, name="Front door", turn="90")
    qtbot.mouseClick(page.edit_button, Qt.MouseButton.LeftButton)
    assert window.session.names == ("Front door",)
    qtbot.waitUntil(lambda: window.status.source.text() == "Front door: live", timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.view.size_wh == (240, 320), timeout=LONG_MS)  # it stands now
    qtbot.waitUntil(
        lambda: rows(page)[0][:3] == ["Front door", "live", "turned by 90°"], timeout=LONG_MS
    )
    assert load_zones(zones_path()) == {"Front door": poster}  # they come along
    kept = KeptCameras().cameras
    assert [(c.name, c.shown, c.turn) for c in kept] == [("Front door", "0", Turn(90))]
    window.close()
    again = make_window()
    qtbot.waitUntil(lambda: again.status.source.text() == "Front door: live", timeout=LONG_MS)
    qtbot.waitUntil(lambda: again.view.size_wh == (240, 320), timeout=LONG_MS)


def test_a_camera_that_is_plugged_in_appears_by_itself_and_can_be_added(
    qtbot: QtBot,
    make_window: MakeWindow,
    plugged: list[tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = make_window()
    qtbot.waitUntil(lambda: window.session.names == ("camera 0",), timeout=LONG_MS)
    page = open_page(qtbot, window)
    plugged.append((2, "Desk camera"))
    qtbot.waitUntil(lambda: len(rows(page)) == 2, timeout=LONG_MS)
    assert rows(page)[1] == ["Desk camera", PLUGGED, "", "USB camera 2"]
    page.table.selectRow(1)
    fill(monkeypatch, qtbot, name="Desk")
    page.add_button.click()
    assert window.session.names == ("camera 0", "Desk")
    assert [row[0] for row in rows(page)] == ["camera 0", "Desk"]


def test_a_window_without_a_camera_watches_the_first_that_is_plugged_in(
    qtbot: QtBot, make_window: MakeWindow, plugged: list[tuple[int, str]]
) -> None:
    kept = KeptCameras()
    kept.remove(kept.put("7").camera_id)  # there was a camera once
    plugged.clear()
    window = make_window()
    qtbot.waitUntil(
        lambda: window.banners.text("notice").startswith("No camera found"), timeout=LONG_MS
    )
    assert window.session.names == ()
    plugged.append((1, "New camera"))
    qtbot.waitUntil(lambda: window.session.names == ("camera 1",), timeout=LONG_MS)
    assert window.banners.text("notice") == ""
    assert [c.shown for c in KeptCameras().cameras] == ["1"]


def test_switch_order_and_remove(
    qtbot: QtBot,
    make_window: MakeWindow,
    plugged: list[tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = KeptCameras()
    for number, name in (("0", "Door"), ("1", "Yard"), ("2", "Hall")):
        kept.put(number, name=name)
    window = make_window()
    qtbot.waitUntil(lambda: window.session.names == ("Door", "Yard", "Hall"), timeout=LONG_MS)
    page = open_page(qtbot, window)
    page.table.selectRow(2)
    page.up_button.click()
    page.up_button.click()
    assert not page.up_button.isEnabled()
    assert window.session.names == window.grid.names == ("Hall", "Door", "Yard")
    page.switch_button.click()
    assert window.session.names == ("Door", "Yard")
    assert rows(page)[0][:2] == ["Hall", "switched off"]
    page.switch_button.click()
    assert set(window.session.names) == {"Door", "Yard", "Hall"}
    answers = [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]
    monkeypatch.setattr(QMessageBox, "question", lambda *args: answers.pop(0))
    page.remove_button.click()
    assert len(KeptCameras().cameras) == 3
    page.remove_button.click()
    assert [c.name for c in KeptCameras().cameras] == ["Door", "Yard"]
    assert window.session.names == ("Door", "Yard")


def test_the_last_camera_switched_off_leaves_an_empty_window_that_says_so(
    qtbot: QtBot, make_window: MakeWindow, plugged: list[tuple[int, str]]
) -> None:
    window = make_window()
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 0: live", timeout=LONG_MS)
    page = open_page(qtbot, window)
    page.table.selectRow(0)
    page.switch_button.click()
    assert window.session.names == ()
    assert window.status.source.text() == "no camera"
    assert not window.view.has_picture
    qtbot.wait(600)  # another look of the window at its sources
    assert window.status.source.text() == "no camera"


def test_a_stream_with_a_password_goes_into_the_keyring_and_comes_back(
    qtbot: QtBot,
    make_window: MakeWindow,
    plugged: list[tuple[int, str]],
    ring: MemoryKeyring,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = make_window()
    qtbot.waitUntil(lambda: window.session.names == ("camera 0",), timeout=LONG_MS)
    page = open_page(qtbot, window)
    fill(monkeypatch, qtbot, kind="", address=YARD, user="anna", password="p@ss", name="Yard")
    page.add_button.click()
    assert window.session.names == ("camera 0", "Yard")
    whole = YARD.replace("//", "//anna:p%40ss@")
    qtbot.waitUntil(lambda: list(ring.kept.values()) == [whole], timeout=LONG_MS)
    assert window.banners.text("keyring") == ""
    assert "p%40ss" not in (data_folder() / "cameras.json").read_text()
    page.table.selectRow(1)
    fill(monkeypatch, qtbot, name="Back yard")  # the password is not touched
    page.edit_button.click()
    assert window.session.names == ("camera 0", "Back yard")
    assert list(ring.kept.values()) == [whole]
    window.close()
    again = make_window()
    qtbot.waitUntil(lambda: again.session.names == ("camera 0", "Back yard"), timeout=LONG_MS)
    assert again.banners.text("locked") == ""
    page = open_page(qtbot, again)
    page.table.selectRow(1)
    monkeypatch.setattr(QMessageBox, "question", lambda *args: QMessageBox.StandardButton.Yes)
    page.remove_button.click()
    qtbot.waitUntil(lambda: ring.kept == {}, timeout=LONG_MS)


def test_without_a_keyring_the_list_says_that_a_password_is_needed(
    qtbot: QtBot,
    make_window: MakeWindow,
    plugged: list[tuple[int, str]],
    store_url: str,
) -> None:
    kept = KeptCameras()
    kept.put("0")
    kept.put(YARD.replace("//", "//anna:secret@"), name="Yard")
    window = make_window()
    qtbot.waitUntil(lambda: window.session.names == ("camera 0",), timeout=LONG_MS)
    asked = "Yard needs its password"
    qtbot.waitUntil(lambda: window.banners.text("locked").startswith(asked), timeout=LONG_MS)
    page = open_page(qtbot, window)
    assert rows(page)[1][:2] == ["Yard", "password needed"]
    page.table.selectRow(1)
    page.password_button.click()
    dialog = window.chooser.keeper.locks.asking
    assert dialog is not None
    assert "asked for again at the next start" in dialog.hint.text()  # said once, here
    # booked meanwhile, once the models are there
    qtbot.waitUntil(lambda: window.session.analysed > 5, timeout=LONG_MS)
    dialog.password.setText("secret")
    dialog.agree.click()
    assert window.session.names == ("camera 0", "Yard")
    assert window.banners.text("locked") == ""
    qtbot.wait(300)
    assert window.banners.text("keyring") == ""
    window.close()
    store = Store(store_url)
    booked = [w.state for w in store.read_watches() if w.camera == "Yard"]
    store.close()
    assert booked[0] is WatchState.LOCKED  # not lost: nobody tried
    assert WatchState.LOCKED not in booked[1:]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"kind": "", "address": ""}, "The address is empty"),
        ({"kind": "", "address": "ftp://yard"}, NO_ADDRESS),
        ({"kind": "", "address": YARD, "name": "camera 0"}, "Another camera is called camera 0"),
        ({"kind": "", "address": YARD, "name": "x" * 61}, "at most 60 letters"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    qtbot: QtBot,
    make_window: MakeWindow,
    plugged: list[tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
    texts: dict[str, str],
    said: str,
) -> None:
    window = make_window()
    qtbot.waitUntil(lambda: window.session.names == ("camera 0",), timeout=LONG_MS)
    page = open_page(qtbot, window)
    seen = fill(monkeypatch, qtbot, **texts)
    page.add_button.click()
    assert said in seen[0].banners.text("fault")
    assert len(KeptCameras().cameras) == 1


def test_the_dialog_shows_the_live_picture_as_it_will_be_turned(
    qtbot: QtBot, make_window: MakeWindow, plugged: list[tuple[int, str]]
) -> None:
    plugged.append((1, "Other"))
    window = make_window()
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 0: live", timeout=LONG_MS)
    keeper = window.chooser.keeper
    for camera, number in ((keeper.kept.cameras[0], None), (None, 1)):  # watched, and not watched
        dialog = CameraDialog(keeper, plugged, window, camera, number)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(lambda d=dialog: d.view.size_wh == (320, 240), timeout=LONG_MS)  # type: ignore[misc]
        dialog.form.rotate.setCurrentIndex(1)
        assert dialog.view.size_wh == (240, 320)
        dialog.reject()
        assert not dialog.view.has_picture
    assert window.session.names == ("camera 0",)
    assert window.session.watched[0].onlooker is None
    assert KeptCameras().cameras[0].turn is None
