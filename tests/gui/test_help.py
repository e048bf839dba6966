"""Help and About."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QTextBrowser
from pytestqt.qtbot import QtBot

from monitor.config import Config
from monitor.gui.help import AboutDialog, HelpDialog, model_facts, without_password
from monitor.gui.picture.marks import MARKS
from tests.gui.looks import MakeWindow


def test_help_names_every_state_and_key(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(start=False)
    qtbot.keyClick(window, Qt.Key.Key_F1)
    dialog = window.findChild(HelpDialog)
    assert dialog is not None
    words = " ".join(label.text() for label in dialog.findChildren(QLabel))
    for expected in (
        *(mark.word for mark in MARKS.values()),
        "Space",
        "Ctrl+O",
        "Ctrl+E",
        "Ctrl+Z",
        "F11",
        "F1",
        "Ctrl+1",
    ):
        assert expected in words
    dialog.close()


def test_about_tells_versions_licences_and_the_models_card(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    dialog = AboutDialog(Config(), window)
    text = dialog.findChild(QTextBrowser).toPlainText()
    assert "Mask-only: nobody is identified" in text
    assert "Mask-only" not in AboutDialog(Config(), window, identify=True).text.toPlainText()
    for expected in (
        "MIT licence",
        "LGPL",
        "opencv-python",
        "Model mask_v3",
        "classes: masked, unmasked, incorrect",
    ):
        assert expected in text
    assert model_facts("no_such_model") == [model_facts("no_such_model")[0]]
    assert without_password("postgresql://anna:pw@db/x") == "postgresql://db/x"
