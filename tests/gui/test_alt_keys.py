"""Each letter that Alt gives in a dialog means one thing there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QAbstractButton, QLabel, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from monitor.camera.kept import KeptCamera
from monitor.gui.alerts.dialog import AlertsDialog
from monitor.gui.cameras.edit import CameraDialog
from monitor.gui.cameras.locks import PasswordDialog
from monitor.gui.dialogs import SettingsDialog
from monitor.gui.export_dialog import ExportDialog
from monitor.gui.window import MainWindow
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow

LETTER = re.compile(r"(?<!&)(?:&&)*&([^&])")


def letters(page: QWidget) -> list[str]:
    """Of all that can be seen of a page, as often as they are there."""
    labels = [label for label in page.findChildren(QLabel) if label.buddy() is not None]
    texts = [one.text() for one in (*page.findChildren(QAbstractButton), *labels) if shown(one)]
    return [found[1].upper() for text in texts if (found := LETTER.search(text))]


def shown(widget: QWidget) -> bool:
    return widget.isVisible() and widget.isEnabled()


def twice(page: QWidget) -> list[str]:
    """Letters that mean two things."""
    return [letter for letter, number in Counter(letters(page)).items() if number > 1]


def yard(window: MainWindow) -> KeptCamera:
    return window.chooser.keeper.kept.put("rtsp://anna@yard.test/main", name="Yard", on=False)


def edit_dialog(window: MainWindow) -> QWidget:
    return CameraDialog(window.chooser.keeper, [], window, yard(window))


PAGES: dict[str, Callable[[MainWindow], QWidget]] = {
    "camera": edit_dialog,
    "cameras": lambda window: window.commands.show_cameras(window.chooser.keeper),
    "password": lambda window: PasswordDialog(yard(window), keyring=True, parent=window),
    "settings": lambda window: SettingsDialog(window.session.options.config, window),
    "export": lambda window: ExportDialog(datetime.now().astimezone(), parent=window),
    "alerts": lambda window: AlertsDialog(
        window.session.options.config, window.session.names, lambda *test: None, window
    ),
    "history": lambda window: window.commands.show_history(),
    "people": lambda window: window.commands.show_people(),
    "models": lambda window: window.commands.show_models(),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_letter_means_one_thing(qtbot: QtBot, make_window: MakeWindow, name: str) -> None:
    window = make_window(start=False)
    page = PAGES[name](window)
    page.show()
    qtbot.waitUntil(page.isVisible)
    assert letters(page)
    assert twice(page) == []
    page.close()


class TestFirstSteps:
    @pytest.fixture
    def settings(self, settings: QSettings) -> QSettings:
        """Of somebody who has not left the first steps yet."""
        settings.remove("window/first_steps_left")
        return settings

    @pytest.mark.parametrize("step", [0, 1, 2])
    def test_a_letter_means_one_thing(
        self, qtbot: QtBot, make_window: MakeWindow, step: int
    ) -> None:
        window = make_window()
        qtbot.waitUntil(lambda: window.doctor.guide is not None, timeout=LONG_MS)
        guide = window.doctor.guide
        assert guide is not None
        guide.go_to(step)
        assert letters(guide)
        assert twice(guide) == []


def test_it_is_noticed(qtbot: QtBot) -> None:
    page = QWidget()
    rows = QVBoxLayout(page)
    for text in ("&Save", "&Send", "Save && &close"):
        rows.addWidget(QPushButton(text))
    qtbot.addWidget(page)
    page.show()
    assert letters(page) == ["S", "S", "C"]
    assert twice(page) == ["S"]
