"""The doctor's page and the acceptance run in a real window."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from monitor.camera.kept import KeptCameras
from monitor.doctor.accept_records import Truth
from monitor.gui.doctor import page as doctor_page
from monitor.gui.doctor.accept_page import MINUTES
from monitor.gui.doctor.page import DoctorDialog
from monitor.gui.window import MainWindow
from monitor.records import MaskState, WatchState
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow


@pytest.fixture
def window(
    qtbot: QtBot, make_window: MakeWindow, data: Path, monkeypatch: pytest.MonkeyPatch
) -> MainWindow:
    """One that watches a bare face before a camera of the list."""
    monkeypatch.setattr(doctor_page, "SECONDS", 2.0)
    image = cv2.imread(str(data / "bare.jpg"))
    KeptCameras().put("7", name="Front door")
    camera = Camera(image=image)  # type: ignore[arg-type]
    camera.name = "Front door"
    made = make_window(camera)
    qtbot.waitUntil(lambda: made.session.analysed > 10, timeout=LONG_MS)
    return made


def open_doctor(window: MainWindow) -> DoctorDialog:
    window.menus.set_up.trigger()
    cameras = window.commands.cameras
    assert cameras is not None
    assert cameras.check_button.isEnabled()  # the first camera is chosen
    cameras.check_button.click()
    assert window.doctor.doctor is not None
    return window.doctor.doctor


def test_the_doctor_looks_while_the_window_watches(qtbot: QtBot, window: MainWindow) -> None:
    page = open_doctor(window)
    assert page.windowTitle() == "Check Front door"
    qtbot.mouseClick(page.look_button, Qt.MouseButton.LeftButton)
    assert not page.look_button.isEnabled()
    (watched,) = window.session.watched
    assert watched.lent
    qtbot.waitUntil(lambda: page.sentences != [] and not page.busy, timeout=LONG_MS)
    said = page.sentences
    texts = [text for _, text in page.sentences]
    assert any("pictures came in" in text for text in texts)
    assert any(text.startswith("1 person was seen, the face") for text in texts), said
    assert any(text.startswith("A frame is answered") for text in texts)
    assert page.summary.text().startswith("Front door: ")
    assert not watched.lent  # and the window watches again
    before = window.session.analysed
    qtbot.waitUntil(lambda: window.session.analysed > before + 5, timeout=LONG_MS)
    condition = watched.condition()
    assert condition is not None
    assert condition.state is WatchState.LIVE


def test_a_camera_that_gives_nothing_is_to_be_mended(qtbot: QtBot, window: MainWindow) -> None:
    page = open_doctor(window)
    window.session.remove("Front door")
    page.enable()
    assert not page.accept_button.isEnabled()  # nobody is seen there
    qtbot.mouseClick(page.look_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not page.busy, timeout=LONG_MS)
    assert "Front door is not there: plug it in" in page.banners.text("fault") + str(page.sentences)


def test_a_paused_camera_is_not_looked_at(qtbot: QtBot, window: MainWindow) -> None:
    page = open_doctor(window)
    window.session.pause(True)
    page.look()
    assert not page.busy
    assert "let them go on first" in page.banners.text("fault")


def test_visits_are_judged_by_key_and_the_result_is_saved_once(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_doctor(window)
    qtbot.mouseClick(page.accept_button, Qt.MouseButton.LeftButton)
    run = window.doctor.accept
    assert run is not None
    qtbot.waitUntil(lambda: bool(run.book.waiting) and run.view.has_picture, timeout=LONG_MS)
    assert "px large" in run.question.text()
    assert "nmasked" not in run.question.text()  # the monitor's word sways nobody
    qtbot.keyClick(run, Qt.Key.Key_M)
    qtbot.keyClick(run, Qt.Key.Key_Z)
    assert run.book.waiting
    qtbot.keyClick(run, Qt.Key.Key_U)
    assert not run.book.waiting
    assert not run.buttons["m"].isEnabled()
    qtbot.keyClick(run, Qt.Key.Key_X)
    qtbot.keyClick(run, Qt.Key.Key_Escape)
    assert run.isVisible()  # a slip loses nothing: the result is shown first
    assert run.found is not None
    assert run.found.cells == {(Truth.UNMASKED, MaskState.UNMASKED): 1}
    assert run.found.missed == 1
    assert "cannot be told yet: 1 person was judged" in run.sentence.text()
    assert "People who came and were seen: 1 of 2, 50 % (9 to 91 %)" in run.shares.text()
    place = tmp_path / "door.md"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(place), ""))
    qtbot.mouseClick(run.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: run.banners.text("saved") == f"Saved: {place}", timeout=LONG_MS)
    written = place.read_text(encoding="utf-8")
    assert "| unmasked | 0 | 1 | 0 | 0 | 0 |" in written
    qtbot.mouseClick(run.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "is there already" in run.banners.text("fault"), timeout=LONG_MS)
    assert place.read_text(encoding="utf-8") == written


def test_the_time_of_a_run_ends(qtbot: QtBot, window: MainWindow) -> None:
    run = window.doctor.show_accept("Front door")
    clock = [0.0]
    run._now = lambda: clock[0]
    qtbot.waitUntil(lambda: bool(run.book.waiting), timeout=LONG_MS)
    clock[0] = 601.0
    run.tick()
    assert "The time is over" in run.clock.text()
    run.press("u")
    run.end()
    assert run.found is not None
    assert run.found.left == 0


@pytest.mark.parametrize("minutes", MINUTES)
def test_the_length_of_a_run_is_chosen_and_the_keys_still_judge(
    qtbot: QtBot, window: MainWindow, minutes: int
) -> None:
    run = window.doctor.show_accept("Front door")
    assert run.length.currentData() == 10
    clock = [0.0]
    run._now = lambda: clock[0]
    qtbot.waitUntil(lambda: bool(run.book.waiting), timeout=LONG_MS)
    run.length.setFocus()
    run.length.setCurrentIndex(run.length.findData(minutes))
    run.length.activated.emit(run.length.currentIndex())
    assert run.clock.text().startswith(f"{minutes}:00 left")
    clock[0] = 60.0 * minutes - 1
    run.tick()
    assert run.clock.text() == "0:01 left"
    clock[0] += 1.5
    run.tick()
    assert "The time is over" in run.clock.text()
    qtbot.keyClick(run, Qt.Key.Key_U)
    assert not run.book.waiting


def test_a_run_that_is_stopped_early_says_so_with_its_own_interval(
    qtbot: QtBot, window: MainWindow
) -> None:
    run = window.doctor.show_accept("Front door")
    clock = [0.0]
    run._now = lambda: clock[0]
    qtbot.waitUntil(lambda: bool(run.book.waiting), timeout=LONG_MS)
    clock[0] = 192.0
    # until the last frame that the window drew
    qtbot.waitUntil(lambda: run._looked_s == 192.0, timeout=LONG_MS)
    qtbot.keyClick(run, Qt.Key.Key_U)
    qtbot.mouseClick(run.end_button, Qt.MouseButton.LeftButton)
    assert "Ended after 3.2 of 10 minutes" in run.shares.text()
    # Wilson's interval of one of one
    assert "People told as they were: 1 of 1, 100 % (21 to 100 %)" in run.shares.text()
    assert "cannot be told yet: 1 person was judged, too few" in run.sentence.text()
