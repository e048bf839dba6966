"""Paints zones over a picture: by line, filling and word, never by colour alone."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPolygonF

from monitor.camera.zones import Polygon, Zones

LINE, EDGE = QColor("#FFFFFF"), QColor(16, 18, 22, 170)
DIM, HATCH = QColor(0, 0, 0, 110), QColor(16, 18, 22, 150)
WORDS = {"counting": "counts", "ignored": "ignored"}


def points_in(polygon: Polygon, picture: QRectF) -> list[QPointF]:
    """A polygon's corners in the widget."""
    return [
        QPointF(picture.left() + x * picture.width(), picture.top() + y * picture.height())
        for x, y in polygon
    ]


def paint_zones(painter: QPainter, zones: Zones, picture: QRectF, *, drawing: bool) -> None:
    """
    Args:
        painter: Of the widget.
        zones: Of the camera.
        picture: Where in the widget the picture is.
        drawing: Whether they are being drawn, else they are outlines that do not get in the way.
    """
    if not zones:
        return
    painter.save()
    painter.setClipRect(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    counting = [points_in(polygon, picture) for polygon in zones.counting]
    ignored = [points_in(polygon, picture) for polygon in zones.ignored]
    if drawing and counting:
        beyond = QPainterPath()
        beyond.addRect(picture)
        for corners in counting:
            beyond -= _path(corners)
        painter.fillPath(beyond, DIM)
    for corners in ignored:
        painter.fillPath(_path(corners), QBrush(HATCH, Qt.BrushStyle.BDiagPattern))
        if drawing:
            painter.fillPath(_path(corners), DIM)
    for corners in counting:
        _outline(painter, corners, Qt.PenStyle.SolidLine, 2.5 if drawing else 1.2)
    for corners in ignored:
        _outline(painter, corners, Qt.PenStyle.DashLine, 2.0 if drawing else 1.2)
    if drawing:
        for kind, shapes in (("counting", counting), ("ignored", ignored)):
            for corners in shapes:
                _word(painter, corners, WORDS[kind])
    painter.restore()


def _path(corners: Sequence[QPointF]) -> QPainterPath:
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.OddEvenFill)
    path.addPolygon(QPolygonF(list(corners)))
    path.closeSubpath()
    return path


def _outline(
    painter: QPainter, corners: Sequence[QPointF], style: Qt.PenStyle, width: float
) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(EDGE, width + 2), QPen(LINE, width, style)):
        painter.setPen(pen)
        painter.drawPolygon(QPolygonF(list(corners)))


def _word(painter: QPainter, corners: Sequence[QPointF], word: str) -> None:
    box = QPolygonF(list(corners)).boundingRect()
    metrics = painter.fontMetrics()
    width, height = metrics.horizontalAdvance(word) + 12, metrics.height() + 4
    plate = QRectF(box.left() + 4, box.top() + 4, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(16, 18, 22, 225))
    painter.drawRoundedRect(plate, 4, 4)
    painter.setPen(LINE)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, word)
