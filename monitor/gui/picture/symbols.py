"""The symbols of the states, and of "no person", as vector paths: the same on every system,
whatever its fonts hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

from monitor.marks import (
    INKS,
    MARKS,
    NO_PERSON_COLOUR,
    NO_PERSON_INK,
    NO_PERSON_STROKES,
    STROKES,
    SYMBOL_PEN,
    SYMBOL_SIDE,
    Point,
)
from monitor.records import MaskState

Strokes = Sequence[Sequence[Point]]


def draw_symbol(painter: QPainter, state: MaskState, rect: QRectF) -> None:
    """A disc in the state's colour with its symbol in it, filling the square `rect`."""
    _draw_disc(painter, rect, (MARKS[state].colour, INKS[state]), STROKES[state])


def draw_no_person(painter: QPainter, rect: QRectF) -> None:
    """As `draw_symbol`: nobody was there."""
    _draw_disc(painter, rect, (NO_PERSON_COLOUR, NO_PERSON_INK), NO_PERSON_STROKES)


def _draw_disc(
    painter: QPainter, rect: QRectF, disc_and_ink: tuple[str, str], strokes: Strokes
) -> None:
    disc, ink = disc_and_ink
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.topLeft())
    painter.scale(rect.width() / SYMBOL_SIDE, rect.height() / SYMBOL_SIDE)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(disc))
    painter.drawEllipse(QRectF(0, 0, SYMBOL_SIDE, SYMBOL_SIDE))
    pen = QPen(QColor(ink), SYMBOL_PEN)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(_path(strokes))
    painter.restore()


def _path(strokes: Strokes) -> QPainterPath:
    path = QPainterPath()
    for stroke in strokes:
        first, *rest = (QPointF(x, y) for x, y in stroke)
        if path.currentPosition() != first:  # else it carries the last one on, with a joint
            path.moveTo(first)
        if len(rest) == 1:
            path.lineTo(rest[0])
        else:
            path.cubicTo(*rest)
    return path


@lru_cache(maxsize=32)
def state_icon(state: MaskState) -> QIcon:
    """The symbol as an icon. Main thread, after QApplication was made."""
    return _icon(lambda painter, rect: draw_symbol(painter, state, rect))


@lru_cache(maxsize=1)
def no_person_icon() -> QIcon:
    """As `state_icon`."""
    return _icon(draw_no_person)


def _icon(draw: Callable[[QPainter, QRectF], None]) -> QIcon:
    icon = QIcon()
    for side in (16, 24, 32, 48):
        pixmap = QPixmap(side, side)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        draw(painter, QRectF(0.5, 0.5, side - 1, side - 1))
        painter.end()
        icon.addPixmap(pixmap)
    return icon
