"""Light and dark."""

from __future__ import annotations

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from monitor.gui.preferences import Preferences
from monitor.gui.theme import is_dark
from tests.gui.looks import MakeWindow, colours


def test_the_theme_changes_at_once_and_is_kept(
    qtbot: QtBot, make_window: MakeWindow, settings: QSettings
) -> None:
    window = make_window(start=False)
    window.menus.themes["dark"].trigger()
    qtbot.waitUntil(lambda: is_dark(window.palette()))
    assert Preferences(settings).theme == "dark"
    assert "#1C1F24" in colours(window, window.status)
    window.menus.themes["light"].trigger()
    qtbot.waitUntil(lambda: not is_dark(window.palette()))
    assert "#F3F4F6" in colours(window, window.status)
    window.menus.themes["system"].trigger()


def test_the_theme_follows_the_system_only_if_wanted(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(start=False)
    changed = QApplication.styleHints().colorSchemeChanged
    changed.emit(Qt.ColorScheme.Dark)
    qtbot.waitUntil(lambda: is_dark(window.palette()))
    changed.emit(Qt.ColorScheme.Light)
    qtbot.waitUntil(lambda: not is_dark(window.palette()))
    window.menus.themes["light"].trigger()
    changed.emit(Qt.ColorScheme.Dark)
    QApplication.processEvents()
    assert not is_dark(QApplication.palette())
    window.menus.themes["system"].trigger()
