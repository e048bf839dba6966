"""A quiet panel with a title, which the sidebar is made of."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget


def scaled_font(
    widget: QWidget, factor: float, weight: QFont.Weight = QFont.Weight.Normal
) -> QFont:
    """The widget's font, larger or smaller: follows the size that the user chose in the system."""
    font = QFont(widget.font())
    if font.pointSizeF() > 0:
        font.setPointSizeF(font.pointSizeF() * factor)
    else:
        font.setPixelSize(round(font.pixelSize() * factor))
    font.setWeight(weight)
    return font


class FaintLabel(QLabel):
    """Text of lesser weight, in the palette's own grey, in both themes."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setForegroundRole(QPalette.ColorRole.PlaceholderText)


class ElidedLabel(FaintLabel):
    """One line that gives way where room is short, and is then cut; pointed at, it says all."""

    def setText(self, text: str) -> None:
        super().setText(text)
        self.setToolTip(text)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        cut = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, self.contentsRect().width()
        )
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.contentsRect(), flags, cut)
        painter.end()


class Card(QWidget):
    """A rounded panel; put widgets into `body`, and small ones beside the title into `head`."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.has_keyboard = False  # what is in it has the focus: shown by the edge
        self.title = QLabel(title)
        self.title.setFont(scaled_font(self, 1.0, QFont.Weight.DemiBold))
        self.head = QHBoxLayout()
        self.head.addWidget(self.title)
        self.head.addStretch(1)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(14, 10, 14, 12)
        self.body.setSpacing(8)
        self.body.addLayout(self.head)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge, width = QColor(self.palette().color(QPalette.ColorRole.Mid)), 1
        edge.setAlpha(150)
        if self.has_keyboard:
            edge, width = self.palette().color(QPalette.ColorRole.Highlight), 2
        painter.setPen(QPen(edge, width))
        painter.setBrush(self.palette().color(QPalette.ColorRole.Base))
        inner = QRectF(self.rect()).adjusted(width / 2, width / 2, -width / 2, -width / 2)
        painter.drawRoundedRect(inner, 8, 8)
        painter.end()
