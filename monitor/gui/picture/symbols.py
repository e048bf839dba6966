"""The symbols of the states as vector paths: the same on every system, whatever its fonts hold."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

from monitor.marks import INKS, MARKS, STROKES, SYMBOL_PEN, SYMBOL_SIDE
from monitor.records import MaskState


def draw_symbol(painter: QPainter, state: MaskState, rect: QRectF) -> None:
    """A disc in the state's colour with its symbol in it, filling the square `rect`."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.topLeft())
    painter.scale(rect.width() / SYMBOL_SIDE, rect.height() / SYMBOL_SIDE)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(MARKS[state].colour))
    painter.drawEllipse(QRectF(0, 0, SYMBOL_SIDE, SYMBOL_SIDE))
    pen = QPen(QColor(INKS[state]), SYMBOL_PEN)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(_path(state))
    painter.restore()


def _path(state: MaskState) -> QPainterPath:
    path = QPainterPath()
    for stroke in STROKES[state]:
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
    icon = QIcon()
    for side in (16, 24, 32, 48):
        pixmap = QPixmap(side, side)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        draw_symbol(painter, state, QRectF(0.5, 0.5, side - 1, side - 1))
        painter.end()
        icon.addPixmap(pixmap)
    return icon
