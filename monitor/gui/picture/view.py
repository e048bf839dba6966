"""One live picture with boxes and labels, and a caption where several are shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFont,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from monitor.camera.zones import Zones
from monitor.gui.picture import caption as strip
from monitor.gui.picture.caption import Caption, paint_caption
from monitor.gui.picture.overlay import PLATE, Overlay, box_in_widget, label_text
from monitor.gui.picture.qimage import greyed, scaled_qimage
from monitor.gui.picture.zones import paint_zones
from monitor.records import Face, Image

BACKGROUND = QColor("#0E1013")
FAINT = QColor("#A4ABB5")
RECORDING, DEMONSTRATION = "Recording", "Demonstration"
BUTTON_PX = 44  # below the middle: under the line of what helps
FOCUS = QColor("#FFFFFF")


class PictureView(QWidget):
    """Shows one picture, as large as fits, in its own proportions. Main thread."""

    face_menu_wanted = Signal(str, QPoint)  # visit id, place on the screen
    tile_menu_wanted = Signal(QPoint)  # beside the faces; only with a caption, as the next two
    chosen = Signal()
    alone_wanted = Signal()  # to be shown alone, or with the others again

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Picture")
        self._image: Image | None = None
        self._scaled: QImage | None = None
        self._faces: Sequence[Face] = ()
        self._corrected: Collection[str] = ()
        self._overlay, self._zones = Overlay(), Zones()
        self._title, self._hint, self._plate = "", "", ""
        self.badge = RECORDING
        self.button = QPushButton(self)  # what helps where there is no picture
        self.button.hide()
        self._action: Callable[[], object] = lambda: None
        self.button.clicked.connect(lambda: self._action())
        self._caption: Caption | None = None
        self._is_chosen = self._recording = self._old = False

    def sizeHint(self) -> QSize:
        return QSize(860, 540)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 180) if self._caption is None else QSize(120, 90)

    @property
    def faces(self) -> Sequence[Face]:
        """The faces that are drawn."""
        return self._faces

    @property
    def has_picture(self) -> bool:
        return self._image is not None

    @property
    def size_wh(self) -> tuple[int, int]:
        """Of the picture as it came, in pixels; (0, 0) for none."""
        return (self._image.shape[1], self._image.shape[0]) if self._image is not None else (0, 0)

    @property
    def plate(self) -> str:
        return self._plate

    @property
    def is_old(self) -> bool:
        return self._old

    @property
    def is_recording(self) -> bool:
        return self._recording

    @property
    def caption(self) -> Caption | None:
        return self._caption

    def show_picture(
        self, image_bgr: Image, faces: Sequence[Face] = (), corrected: Collection[str] = ()
    ) -> None:
        """Show another picture. It must not be written to afterwards.

        Args:
            image_bgr: (H, W, 3) uint8 BGR, of any size.
            faces: Of that picture.
            corrected: Visits whose state is the receptionist's word.
        """
        self._image, self._faces, self._corrected, self._scaled = image_bgr, faces, corrected, None
        self.button.hide()
        described = ", ".join(label_text(face, corrected) for face in faces[:10])
        self.setAccessibleDescription(described or "No faces")
        self.update(self._area())

    def drop_faces(self) -> None:
        """Keep the picture without its boxes."""
        if self._faces:
            self._faces = ()
            self.update(self._area())

    def clear(self) -> None:
        self._image, self._faces, self._scaled = None, (), None
        self.update()

    def set_placeholder(
        self,
        title: str,
        hint: str = "",
        button: str = "",
        action: Callable[[], object] = lambda: None,
    ) -> None:
        """What stands there while there is no picture, with a button for what helps."""
        self._action = action
        self.button.setText(button)
        self.button.setVisible(bool(button) and self._image is None)
        self._place_button()
        if (title, hint) != (self._title, self._hint):
            self._title, self._hint = title, hint
            self.update()

    @property
    def placeholder(self) -> str:
        """What stands there while there is no picture."""
        return self._title

    def _place_button(self) -> None:
        self.button.adjustSize()
        area = self._area()
        self.button.move(
            area.center().x() - self.button.width() // 2,
            min(area.center().y() + BUTTON_PX, area.bottom() - self.button.height() - 4),
        )

    def set_plate(self, text: str) -> None:
        """A line over the picture's lower edge; empty for none."""
        if text != self._plate:
            self._plate = text
            self.update(self._area())

    def set_old(self, old: bool) -> None:
        """Grey the picture: it is not of this moment."""
        if old != self._old:
            self._old, self._scaled = old, None
            self.update(self._area())

    def set_recording(self, recording: bool, badge: str = RECORDING) -> None:
        """Mark the picture as that of a recording, or of the demonstration."""
        if (recording, badge) != (self._recording, self.badge):
            self._recording, self.badge = recording, badge
            self.update(self._area())

    def set_zones(self, zones: Zones) -> None:
        """What counts and what is ignored, outlined."""
        if zones != self._zones:
            self._zones = zones
            self.update(self._area())

    @property
    def zones(self) -> Zones:
        return self._zones

    def set_caption(self, caption: Caption | None, is_chosen: bool = False) -> None:
        """The strip above the picture, which makes this one of several; None for none."""
        if (caption, is_chosen) == (self._caption, self._is_chosen):
            return
        if (caption is None) != (self._caption is None):
            self._scaled = None
            self.setFocusPolicy(
                Qt.FocusPolicy.NoFocus if caption is None else Qt.FocusPolicy.StrongFocus
            )
            self.update()
        self._caption, self._is_chosen = caption, is_chosen
        self.setAccessibleName("Picture" if caption is None else caption.sentence)
        self.setToolTip("" if caption is None else caption.name)
        self.update(QRect(0, 0, self.width(), strip.HEIGHT))

    def _area(self) -> QRect:
        """What the picture may fill."""
        return self.rect() if self._caption is None else self.rect().adjusted(0, strip.HEIGHT, 0, 0)

    def picture_rect(self) -> QRectF:
        """Where in the widget the picture is."""
        area = self._area()
        if self._image is None or area.height() < 1:
            return QRectF(area)
        height, width = self._image.shape[:2]
        scale = min(area.width() / width, area.height() / height)
        shown_w, shown_h = max(1, round(width * scale)), max(1, round(height * scale))
        left, top = (area.width() - shown_w) // 2, area.top() + (area.height() - shown_h) // 2
        return QRectF(left, top, shown_w, shown_h)

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
        elif self._caption is not None:
            self.tile_menu_wanted.emit(event.globalPos())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self._caption is not None:
            self.chosen.emit()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._caption is not None and event.button() is Qt.MouseButton.LeftButton:
            self.alone_wanted.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._caption is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.alone_wanted.emit()
        else:
            super().keyPressEvent(event)

    def _scale(self, picture: QRectF) -> float:
        """Widget pixels per pixel of the picture."""
        return picture.width() / self._image.shape[1] if self._image is not None else 1.0

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._scaled = None
        super().resizeEvent(event)
        self._place_button()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._caption is not None:
            area = QRectF(0, 0, self.width(), strip.HEIGHT)
            if event.rect().top() < strip.HEIGHT:
                paint_caption(painter, area, self._caption, self._is_chosen, self.font())
        if event.rect().intersects(self._area()):
            painter.fillRect(self._area(), BACKGROUND)
            self._paint_picture(painter)
        if self._caption is not None and self.hasFocus():
            painter.setPen(QPen(FOCUS, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            strip_rect = QRectF(0, 0, self.width(), strip.HEIGHT)
            painter.drawRect(strip_rect.adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_picture(self, painter: QPainter) -> None:
        picture = self.picture_rect()
        if self._image is None:
            self._paint_placeholder(painter)
        else:
            ratio = self.devicePixelRatioF()
            if self._scaled is None or self._scaled.devicePixelRatio() != ratio:
                self._scaled = scaled_qimage(
                    self._image, round(picture.width() * ratio), round(picture.height() * ratio)
                )
                if self._old:
                    self._scaled = greyed(self._scaled)
                self._scaled.setDevicePixelRatio(ratio)
            painter.drawImage(picture.topLeft(), self._scaled)
            paint_zones(painter, self._zones, picture, drawing=False)
            font = self._label_font(picture)
            self._overlay.paint(
                painter, self._faces, self._corrected, picture, self._scale(picture), font
            )
        if self._plate:
            self._paint_sentence(painter, picture)
        if self._recording and self._image is not None:
            width = painter.fontMetrics().horizontalAdvance(self.badge) + 70
            self._paint_plate(
                painter, QRectF(picture.left(), picture.top() + 8, width, 28), self.badge
            )

    def _label_font(self, picture: QRectF) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(max(12, min(20, round(picture.height() / 42))))
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _paint_placeholder(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        area = QRectF(self._area()).adjusted(20, 0, -20, 0)
        small = area.height() < 320
        font = QFont(self.font())
        font.setPixelSize(16 if small else 22)
        painter.setFont(font)
        painter.setPen(QColor("#FFFFFF"))
        middle = area.center().y()
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
        title_box = QRectF(area.left(), middle - 90, area.width(), 84)
        painter.drawText(title_box, flags | Qt.AlignmentFlag.AlignBottom, self._title)
        font.setPixelSize(13 if small else 15)
        painter.setFont(font)
        painter.setPen(FAINT)
        painter.drawText(
            QRectF(area.left(), middle + 8, area.width(), 120),
            flags | Qt.AlignmentFlag.AlignTop,
            self._hint,
        )

    def _paint_sentence(self, painter: QPainter, picture: QRectF) -> None:
        """What is to be known of the picture, large, in several lines if need be."""
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        font.setPixelSize(max(14, min(26, round(picture.height() / 20))))
        painter.setFont(font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        room = picture.adjusted(24, 0, -24, 0)
        text = painter.boundingRect(room, flags, self._plate)
        plate = QRectF(0, 0, text.width() + 36, text.height() + 20)
        plate.moveCenter(picture.center())
        plate.moveBottom(picture.bottom() - 14)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(PLATE)
        painter.drawRoundedRect(plate, 10, 10)
        painter.setPen(QColor("#FFFFFF"))
        painter.drawText(plate.adjusted(18, 10, -18, -10), flags, self._plate)

    def _paint_plate(self, painter: QPainter, area: QRectF, text: str) -> None:
        font = QFont(self.font())
        font.setPixelSize(15)
        painter.setFont(font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = min(painter.fontMetrics().horizontalAdvance(text) + 28, area.width() - 16)
        plate = QRectF(area.center().x() - width / 2, area.top(), width, area.height())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(PLATE)
        painter.drawRoundedRect(plate, area.height() / 2, area.height() / 2)
        painter.setPen(QColor("#FFFFFF"))
        shown = painter.fontMetrics().elidedText(
            text, Qt.TextElideMode.ElideRight, round(width - 24)
        )
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, shown)
