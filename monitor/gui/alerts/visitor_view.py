"""Paints what is said to the visitor: one large symbol, one sentence, and the picture where that
is switched on.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from monitor.gui.alerts.sentences import SENTENCES
from monitor.gui.alerts.visitor import Saying
from monitor.gui.picture.qimage import scaled_qimage
from monitor.gui.picture.symbols import draw_symbol
from monitor.gui.theme import is_dark
from monitor.records import Image, MaskState

DARK, LIGHT = (QColor("#14171B"), QColor("#FFFFFF")), (QColor("#FFFFFF"), QColor("#14171B"))
SILENT = QColor("#14171B")
CLOTH, CLOTH_EDGE, PLEAT = QColor("#DCEBF8"), QColor("#0B63A5"), QColor("#0B63A5")
FONT_MAX, FONT_MIN = 160, 16  # px
WRAP = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignCenter


class VisitorView(QWidget):
    """Main thread."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._saying = Saying.NOTHING
        self._image: Image | None = None
        self._language = SENTENCES["en"]
        self._name()

    def sizeHint(self) -> QSize:
        return QSize(640, 420)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 180)

    @property
    def saying(self) -> Saying:
        return self._saying

    @property
    def sentence(self) -> str:
        """What stands there; empty where nothing is said."""
        if self._saying is Saying.NOTHING:
            return ""
        return str(getattr(self._language, self._saying.value))

    @property
    def shows_picture(self) -> bool:
        return self._image is not None

    def speak(self, code: str) -> None:
        """Take one of `monitor.config.LANGUAGES`."""
        self._language = SENTENCES[code]
        right = self._language.right_to_left
        directions = Qt.LayoutDirection
        self.setLayoutDirection(directions.RightToLeft if right else directions.LeftToRight)
        self._name()
        self.update()

    def say(self, saying: Saying, image_bgr: Image | None = None) -> None:
        """
        Args:
            saying: What to say.
            image_bgr: (H, W, 3) uint8 BGR, the picture to show; None for none. Not written to
                afterwards.
        """
        if saying is Saying.NOTHING:
            image_bgr = None
        if saying is self._saying and image_bgr is self._image:
            return
        self._saying, self._image = saying, image_bgr
        self._name()
        self.update()

    def _name(self) -> None:
        self.setAccessibleName(self.sentence or "Nothing is said")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._saying is Saying.NOTHING:
            painter.fillRect(self.rect(), SILENT)
            painter.end()
            return
        ground, ink = DARK if is_dark(self.palette()) else LIGHT
        painter.fillRect(self.rect(), ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect())
        text_height = area.height() * 0.3
        upper = QRectF(0, 0, area.width(), area.height() - text_height)
        if self._image is not None:
            upper = self._paint_picture(painter, upper, self._image)
        self._paint_symbol(painter, upper)
        lower = QRectF(0, area.height() - text_height, area.width(), text_height)
        self._paint_sentence(painter, lower.adjusted(20, 0, -20, -text_height * 0.12), ink)
        painter.end()

    def _paint_picture(self, painter: QPainter, area: QRectF, image: Image) -> QRectF:
        """As in a mirror, beside the symbol. Returns the rest of the area."""
        ratio, half = self.devicePixelRatioF(), area.width() / 2
        height, width = image.shape[:2]
        scale = min((half - 24) / width, (area.height() - 24) / height)
        size_wh = max(1, round(width * scale)), max(1, round(height * scale))
        shown = scaled_qimage(image, *(max(1, round(side * ratio)) for side in size_wh))
        shown = shown.flipped(Qt.Orientation.Horizontal)
        shown.setDevicePixelRatio(ratio)
        left = half + (half - size_wh[0]) / 2
        painter.drawImage(QPointF(left, (area.height() - size_wh[1]) / 2), shown)
        return QRectF(0, 0, half, area.height())

    def _paint_symbol(self, painter: QPainter, area: QRectF) -> None:
        side = 0.78 * min(area.width(), area.height())
        square = QRectF(0, 0, side, side)
        square.moveCenter(area.center())
        if self._saying is Saying.NOBODY:
            draw_mask(painter, square)
        else:
            draw_symbol(painter, MaskState(self._saying.value), square)

    def _paint_sentence(self, painter: QPainter, area: QRectF, ink: QColor) -> None:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        painter.setLayoutDirection(self.layoutDirection())
        for pixels in range(FONT_MAX, FONT_MIN - 1, -2):  # the largest that fits
            font.setPixelSize(pixels)
            needed = QFontMetricsF(font).boundingRect(area, int(WRAP), self.sentence)
            if needed.width() <= area.width() and needed.height() <= area.height():
                break
        painter.setFont(font)
        painter.setPen(ink)
        painter.drawText(area, int(WRAP), self.sentence)


def draw_mask(painter: QPainter, square: QRectF) -> None:
    """A face mask with its straps, filling the width of a square."""
    painter.save()
    painter.translate(square.topLeft())
    painter.scale(square.width() / 100, square.height() / 100)
    pen = QPen(CLOTH_EDGE, 4)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for x, outer in ((20, 2), (80, 98)):
        strap = QPainterPath(QPointF(x, 34))
        strap.cubicTo(QPointF(outer, 26), QPointF(outer, 70), QPointF(x, 62))
        painter.drawPath(strap)
    cloth = QPainterPath(QPointF(20, 32))
    cloth.cubicTo(QPointF(38, 30), QPointF(42, 22), QPointF(50, 22))
    cloth.cubicTo(QPointF(58, 22), QPointF(62, 30), QPointF(80, 32))
    cloth.cubicTo(QPointF(80, 58), QPointF(72, 78), QPointF(50, 80))
    cloth.cubicTo(QPointF(28, 78), QPointF(20, 58), QPointF(20, 32))
    painter.setBrush(CLOTH)
    painter.drawPath(cloth)
    painter.setPen(QPen(PLEAT, 2.5))
    for y in (42, 52, 62):
        painter.drawLine(QPointF(32, y), QPointF(68, y))
    painter.restore()
