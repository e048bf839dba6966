"""Light and dark."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QDateEdit,
    QLineEdit,
    QRadioButton,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from monitor.gui.preferences import Preferences
from monitor.gui.theme import is_dark, make_palette
from tests.gui.looks import MakeWindow, colours, contrast


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


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    ("ink", "ground", "least"),
    [
        ("WindowText", "Window", 4.5),
        ("Text", "Base", 4.5),
        ("Text", "AlternateBase", 4.5),
        ("PlaceholderText", "Base", 4.5),
        ("PlaceholderText", "Window", 4.5),
        ("ButtonText", "Button", 4.5),
        ("HighlightedText", "Highlight", 4),
        ("Link", "Base", 4.5),
        ("ToolTipText", "ToolTipBase", 4.5),
    ],
)
def test_every_text_can_be_read(dark: bool, ink: str, ground: str, least: float) -> None:
    palette, role = make_palette(dark), QPalette.ColorRole
    assert contrast(palette.color(role[ink]), palette.color(role[ground])) >= least


@pytest.mark.parametrize("dark", [False, True])
def test_what_cannot_be_used_is_fainter(dark: bool) -> None:
    palette, group = make_palette(dark), QPalette.ColorGroup
    assert is_dark(palette) is dark
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        ground = palette.color(QPalette.ColorRole.Base)
        usable, not_usable = (
            contrast(palette.color(g, role), ground) for g in (group.Active, group.Disabled)
        )
        assert 2 < not_usable < usable / 2


def test_the_choice_holds_from_the_next_windows_first_moment(
    qtbot: QtBot, make_window: MakeWindow, settings: QSettings
) -> None:
    Preferences(settings).theme = "dark"
    window = make_window(start=False)
    assert window.menus.themes["dark"].isChecked()
    assert is_dark(window.palette())
    window.menus.themes["system"].trigger()
    QApplication.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Light)
    qtbot.waitUntil(lambda: not is_dark(window.palette()))


@pytest.mark.parametrize("look", ["light", "dark", "light again"])
@pytest.mark.parametrize("kind", [QCheckBox, QRadioButton, QLineEdit, QSpinBox, QDateEdit])
def test_what_can_be_ticked_or_filled_in_has_an_outline(
    qtbot: QtBot, make_window: MakeWindow, kind: type[QWidget], look: str
) -> None:
    """Its brightest, or darkest, pixel stands out from the window by 3 to 1 in the dark; in the
    light as Fusion has it.
    """
    window = make_window(start=False)
    for name in ("light", "dark", "light") if look == "light again" else (look,):
        window.menus.themes[name].trigger()
    dark = look == "dark"
    qtbot.waitUntil(lambda: is_dark(window.palette()) is dark)
    widget = kind(window)
    widget.resize(120, 26)
    widget.show()
    found = colours(window, widget)
    ground = make_palette(dark).color(QPalette.ColorRole.Window).name()
    if dark:
        assert max(contrast(QColor(one), QColor(ground)) for one in found) >= 3
    else:
        assert not {"#AEB6C2"} & set(found)
        assert max(contrast(QColor(one), QColor(ground)) for one in found) >= 1.5
    window.menus.themes["system"].trigger()
