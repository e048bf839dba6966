"""The symbols of the states can be told apart without their colours."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from monitor.gui.picture.symbols import draw_symbol, state_icon
from monitor.marks import MARKS
from monitor.records import MaskState
from tests.gui.looks import contrast, mask_of, pixels_of

SIDE = 64


def drawn(state: MaskState, rect: QRectF | None = None) -> QImage:
    image = QImage(SIDE, SIDE, QImage.Format.Format_RGB32)
    image.fill(QColor("#123456"))
    painter = QPainter(image)
    draw_symbol(painter, state, rect or QRectF(0, 0, SIDE, SIDE))
    painter.end()
    return image


def ink(state: MaskState) -> np.ndarray:
    """What is drawn in the disc, whatever its colour."""
    image = drawn(state)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    return (x**2 + y**2 < (0.45 * SIDE) ** 2) & ~mask_of(image, MARKS[state].colour)


@pytest.mark.parametrize(("first", "second"), [*combinations(MaskState, 2)])
def test_two_symbols_differ_in_their_shape(
    qtbot: QtBot, first: MaskState, second: MaskState
) -> None:
    a, b = ink(first), ink(second)
    assert a.any()
    assert b.any()
    assert (a & b).sum() < 0.6 * (a | b).sum()


@pytest.mark.parametrize("state", list(MaskState))
def test_a_symbol_shows_on_its_disc_and_fills_its_square(qtbot: QtBot, state: MaskState) -> None:
    image = drawn(state)
    disc = QColor(MARKS[state].colour)
    inks = {QColor(*map(int, rgb)).name() for rgb in pixels_of(image)[ink(state)]}
    assert max(contrast(QColor(name), disc) for name in inks) >= 3
    assert image.pixelColor(SIDE // 2, 2) == disc
    assert image.pixelColor(1, 1).name() == "#123456"


def test_a_symbol_stays_in_its_square(qtbot: QtBot) -> None:
    for state in MaskState:
        touched = ~mask_of(drawn(state, QRectF(20, 10, 24, 24)), "#123456")
        rows, columns = np.nonzero(touched)
        assert rows.min() >= 10
        assert rows.max() <= 33
        assert columns.min() >= 20
        assert columns.max() <= 43


@pytest.mark.parametrize("side", [16, 20, 24, 48])
def test_an_icon_is_sharp_at_the_sizes_in_use(qtbot: QtBot, side: int) -> None:
    icons = [state_icon(state).pixmap(side, side).toImage() for state in MaskState]
    assert all(icon.width() == side for icon in icons)
    for state, icon in zip(MaskState, icons, strict=True):
        assert mask_of(icon, MARKS[state].colour).sum() > side * side / 4
        assert icon.pixelColor(0, 0).alpha() == 0
