"""The live picture with boxes and labels."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFont, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from monitor.gui.overlay import PLATE, Overlay, box_in_widget, label_text
from monitor.gui.qimage import scaled_qimage
from monitor.records import Face, Image

BACKGROUND = QColor("#0E1013")
FAINT = QColor("#A4ABB5")


class PictureView(QWidget):
    """Shows one picture, as large as fits, in its own proportions. Main thread."""

    face_menu_wanted = Signal(str, QPoint)  # visit id, place on the screen

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Live picture")
        self._image: Image | None = None
        self._scaled: QImage | None = None
        self._faces: Sequence[Face] = ()
        self._corrected: Collection[str] = ()
        self._overlay = Overlay()
        self._title, self._hint, self._plate = "", "", ""

    def sizeHint(self) -> QSize:
        return QSize(860, 540)

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 220)

    @property
    def faces(self) -> Sequence[Face]:
        """The faces that are drawn."""
        return self._faces

    @property
    def has_picture(self) -> bool:
        return self._image is not None

    @property
    def plate(self) -> str:
        return self._plate

    def show_picture(self, image_bgr: Image, faces: Sequence[Face] = (), corrected: Collection[str] = ()) -> None:
        """Show another picture. It must not be written to afterwards.

        Args:
            image_bgr: (H, W, 3) uint8 BGR, of any size.
            faces: Of that picture.
            corrected: Visits whose state is the receptionist's word.
        """
        self._image, self._faces, self._corrected, self._scaled = image_bgr, faces, corrected, None
        described = ", ".join(label_text(face, corrected) for face in faces[:10])
        self.setAccessibleDescription(described or "No faces")
        self.update()

    def drop_faces(self) -> None:
        """Keep the picture without its boxes."""
        if self._faces:
            self._faces = ()
            self.update()

    def clear(self) -> None:
        self._image, self._faces, self._scaled = None, (), None
        self.update()

    def set_placeholder(self, title: str, hint: str = "") -> None:
        """What stands there while there is no picture."""
        if (title, hint) != (self._title, self._hint):
            self._title, self._hint = title, hint
            self.update()

    def set_plate(self, text: str) -> None:
        """A line over the picture's lower edge; empty for none."""
        if text != self._plate:
            self._plate = text
            self.update()

    def picture_rect(self) -> QRectF:
        """Where in the widget the picture is."""
        if self._image is None:
            return QRectF(self.rect())
        height, width = self._image.shape[:2]
        scale = min(self.width() / width, self.height() / height)
        shown_w, shown_h = max(1, round(width * scale)), max(1, round(height * scale))
        return QRectF((self.width() - shown_w) // 2, (self.height() - shown_h) // 2, shown_w, shown_h)

    def face_at(self, place: QPoint) -> Face | None:
        """The face whose box is at a point of the widget; the smallest where several are."""
        picture = self.picture_rect()
        scale, hit = self._scale(picture), []
        for face in self._faces:
            x0, y0, x1, y1 = box_in_widget(face, picture, scale)
            if x0 <= place.x() < x1 and y0 <= place.y() < y1:
                hit.append(((x1 - x0) * (y1 - y0), face))
        return min(hit, key=lambda pair: pair[0])[1] if hit else None

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        face = self.face_at(event.pos())
        if face is not None and face.visit_id is not None:
            self.face_menu_wanted.emit(face.visit_id, event.globalPos())

    def _scale(self, picture: QRectF) -> float:
        """Widget pixels per pixel of the picture."""
        return picture.width() / self._image.shape[1] if self._image is not None else 1.0

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._scaled = None
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), BACKGROUND)
        picture = self.picture_rect()
        if self._image is None:
            self._paint_placeholder(painter)
        else:
            ratio = self.devicePixelRatioF()
            if self._scaled is None or self._scaled.devicePixelRatio() != ratio:
                self._scaled = scaled_qimage(
                    self._image, round(picture.width() * ratio), round(picture.height() * ratio)
                )
                self._scaled.setDevicePixelRatio(ratio)
            painter.drawImage(picture.topLeft(), self._scaled)
            font = self._label_font(picture)
            self._overlay.paint(painter, self._faces, self._corrected, picture, self._scale(picture), font)
        if self._plate:
            self._paint_plate(painter, picture)
        painter.end()

    def _label_font(self, picture: QRectF) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(max(12, min(20, round(picture.height() / 42))))
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _paint_placeholder(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        area = QRectF(self.rect()).adjusted(32, 0, -32, 0)
        font = QFont(self.font())
        font.setPixelSize(22)
        painter.setFont(font)
        painter.setPen(QColor("#FFFFFF"))
        middle = area.center().y()
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
        title_box = QRectF(area.left(), middle - 90, area.width(), 84)
        painter.drawText(title_box, flags | Qt.AlignmentFlag.AlignBottom, self._title)
        font.setPixelSize(15)
        painter.setFont(font)
        painter.setPen(FAINT)
        painter.drawText(
            QRectF(area.left(), middle + 8, area.width(), 120), flags | Qt.AlignmentFlag.AlignTop, self._hint
        )

    def _paint_plate(self, painter: QPainter, picture: QRectF) -> None:
        font = QFont(self.font())
        font.setPixelSize(15)
        painter.setFont(font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = min(painter.fontMetrics().horizontalAdvance(self._plate) + 28, picture.width() - 16)
        plate = QRectF(picture.center().x() - width / 2, picture.bottom() - 44, width, 32)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(PLATE)
        painter.drawRoundedRect(plate, 16, 16)
        painter.setPen(QColor("#FFFFFF"))
        text = painter.fontMetrics().elidedText(self._plate, Qt.TextElideMode.ElideRight, round(width - 24))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
