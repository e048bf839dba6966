"""The panels of the sidebar follow the user's font and theme."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from monitor.gui.side.panel import Card, FaintLabel, scaled_font
from monitor.gui.theme import make_palette
from tests.gui.looks import contrast, pixels_of


@pytest.mark.parametrize("large", [False, True])
def test_a_scaled_font_follows_the_size_that_the_user_chose(qtbot: QtBot, large: bool) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    font = QFont()
    font.setPointSizeF(20 if large else 10)
    widget.setFont(font)
    assert scaled_font(widget, 1.5).pointSizeF() == (30 if large else 15)
    font.setPixelSize(20)  # some systems give pixels
    widget.setFont(font)
    scaled = scaled_font(widget, 1.5, QFont.Weight.DemiBold)
    assert (scaled.pixelSize(), scaled.weight()) == (30, QFont.Weight.DemiBold)
    assert widget.font().pixelSize() == 20


@pytest.mark.parametrize("dark", [False, True])
def test_a_card_shows_on_the_window_and_its_faint_text_can_be_read(
    qtbot: QtBot, dark: bool
) -> None:
    card = Card("Visits")
    qtbot.addWidget(card)
    card.setPalette(make_palette(dark))
    faint = FaintLabel("240 this shift")
    card.head.addWidget(faint)
    card.body.addWidget(QLabel("body"))
    card.resize(300, 120)
    card.show()
    assert card.accessibleName() == card.title.text() == "Visits"
    assert card.title.geometry().top() < card.body.itemAt(1).geometry().top()
    ink = faint.palette().color(faint.foregroundRole())
    assert contrast(ink, card.palette().base().color()) >= 4.5
    assert ink != card.palette().text().color()
    painted = pixels_of(card.grab().toImage())
    assert (painted[60, 150] == card.palette().base().color().getRgb()[:3]).all()
    assert (painted[0, 0] != painted[60, 150]).any()  # rounded
