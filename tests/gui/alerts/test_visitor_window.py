"""The window that faces the visitor."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from monitor.config import LANGUAGES
from monitor.gui.alerts.sentences import SENTENCES
from monitor.gui.alerts.visitor import Saying
from monitor.gui.alerts.visitor_view import VisitorView
from monitor.gui.window import MainWindow
from monitor.marks import MARKS
from monitor.records import Image, MaskState
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow, mask_of, pixels_of

ROOT = Path(__file__).resolve().parents[3]
DOOR = "camera 7"


def picture(data: Path, name: str) -> Image:
    image = cv2.imread(str(data / name))
    assert image is not None
    return image


def view_of(window: MainWindow) -> VisitorView:
    visitor = window.alerts.visitor.window
    assert visitor is not None
    return visitor.view


def says(window: MainWindow, sentence: str) -> bool:
    return view_of(window).sentence == sentence


def test_it_says_what_the_camera_sees_and_nothing_once_it_is_paused(
    qtbot: QtBot, make_window: MakeWindow, data: Path
) -> None:
    camera = Camera(DOOR)
    window = make_window(camera)
    window.menus.visitor.trigger()
    english = SENTENCES["en"]
    qtbot.waitUntil(lambda: says(window, english.nobody), timeout=LONG_MS)
    camera.switch.image = picture(data, "bare.jpg")
    qtbot.waitUntil(lambda: says(window, english.unmasked), timeout=LONG_MS)
    camera.switch.image = picture(data, "masked.jpg")
    qtbot.waitUntil(lambda: says(window, english.masked), timeout=LONG_MS)
    assert not view_of(window).shows_picture
    window.pause_or_play()
    qtbot.waitUntil(lambda: says(window, ""), timeout=LONG_MS)
    assert view_of(window).saying is Saying.NOTHING
    assert view_of(window).window().windowTitle() == f"Visitor window, {DOOR}: nothing is said now"


def test_a_lost_camera_and_a_recording_say_nothing(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    camera = Camera(DOOR)
    window = make_window(camera)
    window.menus.visitor.trigger()
    qtbot.waitUntil(lambda: says(window, SENTENCES["en"].nobody), timeout=LONG_MS)
    camera.switch.error = "camera 7 is gone"
    qtbot.waitUntil(lambda: says(window, ""), timeout=LONG_MS)
    window.chooser.open_dropped([masked_clip])
    qtbot.waitUntil(lambda: bool(window.view.faces), timeout=LONG_MS)
    assert says(window, "")


def test_it_takes_no_focus_and_is_there_again_in_the_next_run(
    qtbot: QtBot, make_window: MakeWindow, settings: QSettings
) -> None:
    window = make_window(start=False)
    letter = QLineEdit()
    qtbot.addWidget(letter)
    letter.show()
    letter.activateWindow()
    letter.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is letter, timeout=LONG_MS)
    window.menus.visitor.setChecked(True)
    visitor = window.alerts.visitor.window
    assert visitor is not None
    assert visitor.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    qtbot.wait(100)
    assert QApplication.activeWindow() is letter
    window.close()
    assert not any(w is visitor and w.isVisible() for w in QApplication.topLevelWidgets())
    again = make_window(start=False)
    again.alerts.restore()  # as the start does
    assert again.menus.visitor.isChecked()
    assert view_of(again).isVisible()


def test_escape_leaves_the_full_screen_then_closes(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(start=False)
    window.menus.visitor.trigger()
    visitor = window.alerts.visitor.window
    assert visitor is not None
    visitor.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is visitor, timeout=LONG_MS)
    qtbot.keyClick(visitor, Qt.Key.Key_F11)
    assert visitor.isFullScreen()
    qtbot.keyClick(visitor, Qt.Key.Key_Escape)
    assert not visitor.isFullScreen()
    qtbot.keyClick(visitor, Qt.Key.Key_Escape)
    assert window.alerts.visitor.window is None
    assert not window.menus.visitor.isChecked()


def test_the_picture_is_shown_where_that_is_switched_on_as_in_a_mirror(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    image = np.zeros((120, 160, 3), np.uint8)
    image[:, :80] = (0, 0, 255)  # red on the left
    image[:, 80:] = (255, 0, 0)
    camera = Camera(DOOR, image=image)
    window = make_window(camera, visitor={"show_face": True})
    window.menus.visitor.trigger()
    qtbot.waitUntil(lambda: view_of(window).shows_picture, timeout=LONG_MS)
    pixels = pixels_of(view_of(window).grab().toImage())
    red = np.flatnonzero((pixels == (255, 0, 0)).all(2).any(0))
    blue = np.flatnonzero((pixels == (0, 0, 255)).all(2).any(0))
    assert 0 < blue.max() <= red.min()
    window.alerts.change_settings({("visitor", "show_face"): False})
    qtbot.waitUntil(lambda: not view_of(window).shows_picture, timeout=LONG_MS)


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_sentence_fits_and_stands_under_its_symbol(qtbot: QtBot, code: str) -> None:
    view = VisitorView()
    qtbot.addWidget(view)
    view.resize(480, 320)
    view.show()
    view.speak(code)
    for saying in Saying:
        view.say(saying)
        image = view.grab().toImage()
        ink = pixels_of(image)[235:]
        if saying is Saying.NOTHING:
            assert (view.sentence, len(np.unique(ink.reshape(-1, 3), axis=0))) == ("", 1)
            continue
        words = np.flatnonzero((np.abs(ink.astype(int) - ink[-1, 0]) > 60).any(2).any(0))
        assert words.size > 50
        assert 5 < words.min() < words.max() < 475
        if saying is not Saying.NOBODY:
            assert mask_of(image, MARKS[MaskState(saying.value)].colour).sum() > 5000
    directions = Qt.LayoutDirection
    right = code in ("ar", "he")
    assert view.layoutDirection() is (directions.RightToLeft if right else directions.LeftToRight)


def test_a_camera_that_is_named_is_the_one_it_speaks_for(
    qtbot: QtBot, make_window: MakeWindow, data: Path
) -> None:
    empty, bare = Camera("camera 1"), Camera("camera 2", image=picture(data, "bare.jpg"))
    window = make_window(empty, bare)
    window.menus.visitor.trigger()
    qtbot.waitUntil(lambda: says(window, SENTENCES["en"].nobody), timeout=LONG_MS)
    values = {("visitor", "camera"): "camera 2", ("visitor", "language"): "he"}
    window.alerts.change_settings(values)
    qtbot.waitUntil(lambda: says(window, SENTENCES["he"].unmasked), timeout=LONG_MS)


SCREENS = """
import sys
from pathlib import Path
from PySide6.QtCore import QSettings
from monitor.app import RunOptions
from monitor.gui.application import make_application
from monitor.gui.preferences import Preferences
from monitor.gui.theme import Theme
from monitor.gui.window import MainWindow
app = make_application()
settings = QSettings(sys.argv[1], QSettings.Format.IniFormat)
window = MainWindow(RunOptions(), Preferences(settings), Theme(app))
window.show()
if sys.argv[2] == "open":
    window.menus.visitor.trigger()
else:
    window.alerts.restore()
visitor = window.alerts.visitor.window
app.processEvents()
print(visitor.screen().name(), visitor.isFullScreen(), window.screen().name())
window.close()
"""


def test_it_goes_to_the_other_screen_and_remembers_it(tmp_path: Path) -> None:
    def screens(*names: str) -> dict[str, str]:
        listed = [
            {"name": name, "x": 1280 * place, "y": 0, "width": 1280, "height": 720}
            | {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
            for place, name in enumerate(names)
        ]
        path = tmp_path / f"{'-'.join(names)}.json"
        path.write_text(json.dumps({"screens": listed}), "utf-8")
        return {**os.environ, "QT_QPA_PLATFORM": f"offscreen:configfile={path}"}

    def run(how: str, *names: str) -> list[str]:
        command = [sys.executable, "-c", SCREENS, str(tmp_path / "kept.ini"), how]
        done = subprocess.run(
            command, env=screens(*names), cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    assert run("open", "desk", "door") == ["door", "True", "desk"]
    kept = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    kept.setValue("window/visitor_screen", "side")  # as if it had been moved there
    kept.sync()
    assert run("again", "desk", "side", "door") == ["side", "True", "desk"]
    assert run("again", "desk") == ["desk", "True", "desk"]  # that screen is gone


def test_no_language_lacks_a_sentence() -> None:
    for language in SENTENCES.values():
        assert all(value or isinstance(value, bool) for value in dataclasses.astuple(language))
