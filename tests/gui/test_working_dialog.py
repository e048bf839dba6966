"""The tables of the pages: the cell that has the keyboard can be read, and be told."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QTableWidgetItem
from pytestqt.qtbot import QtBot

from monitor.gui.theme import Theme
from monitor.gui.working_dialog import quiet_table
from tests.gui.looks import pixels_of


def test_the_cell_with_the_keyboard_is_as_bright_as_the_others(qtbot: QtBot, theme: Theme) -> None:
    table = quiet_table("cameras", ("Name", "State"), (150, 150))
    qtbot.addWidget(table)
    table.setRowCount(1)
    for column in range(2):
        table.setItem(0, column, QTableWidgetItem("Loading dock"))
    table.resize(320, 100)
    with qtbot.waitActive(table):
        table.show()
    table.selectRow(0)
    table.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(table.hasFocus)
    pixels = pixels_of(table.viewport().grab().toImage())
    ink = table.palette().color(QPalette.ColorRole.HighlightedText)
    rgb = (ink.red(), ink.green(), ink.blue())
    bright = [
        int((pixels[6:-6, left + 5 : left + 140] == rgb).all(axis=2).sum()) for left in (0, 150)
    ]
    assert bright[1] > 0
    # its dotted frame lies farther out
    assert bright[0] >= bright[1]
    framed = (pixels[:, :4] == rgb).all(axis=2).sum()
    assert framed > 0
    assert not np.array_equal(pixels[:, :4], pixels[:, 150:154])
