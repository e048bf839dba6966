"""The symbols of the states as vector paths: the same on every system, whatever its fonts hold."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

from monitor.gui.picture.marks import MARKS
from monitor.records import MaskState


def draw_symbol(painter: QPainter, state: MaskState, rect: QRectF) -> None:
    """A disc in the state's colour with its symbol in it, filling the square `rect`."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.topLeft())
    painter.scale(rect.width() / 16, rect.height() / 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(MARKS[state].colour))
    painter.drawEllipse(QRectF(0, 0, 16, 16))
    # Black on orange and white on the rest: at least 3:1 for each.
    ink = QColor("#1A1A1A") if state is MaskState.INCORRECT else QColor("#FFFFFF")
    pen = QPen(ink, 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(_path(state))
    painter.restore()


def _path(state: MaskState) -> QPainterPath:
    path = QPainterPath()
    if state is MaskState.MASKED:
        path.moveTo(4.3, 8.4)
        path.lineTo(7.0, 11.1)
        path.lineTo(11.8, 5.3)
    elif state is MaskState.UNMASKED:
        path.moveTo(5.0, 5.0)
        path.lineTo(11.0, 11.0)
        path.moveTo(11.0, 5.0)
        path.lineTo(5.0, 11.0)
    elif state is MaskState.INCORRECT:
        path.moveTo(8.0, 3.8)
        path.lineTo(8.0, 8.8)
        path.moveTo(8.0, 11.9)
        path.lineTo(8.0, 12.0)
    else:
        path.moveTo(5.6, 6.1)
        path.cubicTo(QPointF(5.8, 2.9), QPointF(10.6, 3.1), QPointF(10.4, 6.2))
        path.cubicTo(QPointF(10.2, 7.9), QPointF(8.0, 7.7), QPointF(8.0, 9.3))
        path.moveTo(8.0, 12.0)
        path.lineTo(8.0, 12.1)
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
