"""The signs on the buttons of the review bar, as vector paths in the palette's colour."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPalette, QPixmap, QPolygonF

SIDE = 16.0  # of the square that a sign is drawn in
Bar = tuple[float, float, float, float]  # left, top, width, height
Arrow = tuple[tuple[float, float], ...]

BARS: dict[str, tuple[Bar, ...]] = {
    "pause": ((4, 3, 3, 10), (9, 3, 3, 10)),
    "back": ((11, 3, 2.4, 10),),
    "on": ((2.6, 3, 2.4, 10),),
    "previous": ((2, 3, 2, 10),),
    "next": ((12, 3, 2, 10),),
}
ARROWS: dict[str, tuple[Arrow, ...]] = {
    "play": (((4, 2.5), (13, 8), (4, 13.5)),),
    "back": (((9.5, 3), (9.5, 13), (2, 8)),),
    "on": (((6.5, 3), (6.5, 13), (14, 8)),),
    "previous": (((9.5, 3), (9.5, 13), (4.5, 8)), ((14.5, 3), (14.5, 13), (9.5, 8))),
    "next": (((6.5, 3), (6.5, 13), (11.5, 8)), ((1.5, 3), (1.5, 13), (6.5, 8))),
}


def sign(name: str, palette: QPalette) -> QIcon:
    """One of the signs, also as it looks on a button that cannot be pressed."""
    icon = QIcon()
    for mode, group in (
        (QIcon.Mode.Normal, QPalette.ColorGroup.Active),
        (QIcon.Mode.Disabled, QPalette.ColorGroup.Disabled),
    ):
        for side in (16, 32, 48):
            pixmap = QPixmap(side, side)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.scale(side / SIDE, side / SIDE)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(group, QPalette.ColorRole.ButtonText))
            for bar in BARS.get(name, ()):
                painter.drawRect(QRectF(*bar))
            for arrow in ARROWS.get(name, ()):
                painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in arrow]))
            painter.end()
            icon.addPixmap(pixmap, mode)
    return icon
