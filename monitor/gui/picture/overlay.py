"""Boxes and labels over the live picture, in the window's own pixels: crisp at any size of the
picture.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from monitor.gui.names import shown_name
from monitor.gui.picture.labels import Label, LabelPlacer, Rect
from monitor.gui.picture.symbols import draw_symbol
from monitor.marks import MARKS, PATTERNS, WIDTHS
from monitor.records import Face, MaskState

PLATE = QColor(16, 18, 22, 225)  # white on it is above 12:1 whatever the picture shows
EDGE = QColor(16, 18, 22, 150)
PADDING = 4.0


class Overlay:
    """Paints the faces of one frame after the other. Main thread."""

    def __init__(self) -> None:
        self._placer = LabelPlacer()

    def paint(
        self,
        painter: QPainter,
        faces: Sequence[Face],
        corrected: Collection[str],
        picture: QRectF,
        scale: float,
        font: QFont,
    ) -> None:
        """
        Args:
            painter: Of the widget.
            faces: Of the frame that is shown.
            corrected: Visits whose state is the receptionist's word.
            picture: Where in the widget the frame is.
            scale: Widget pixels per pixel of the frame.
            font: Of the labels.
        """
        if not faces:
            return
        painter.save()
        painter.setClipRect(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        boxes = [box_in_widget(face, picture, scale) for face in faces]
        for face, box in zip(faces, boxes, strict=True):
            _draw_box(painter, face, QRectF(QPointF(box[0], box[1]), QPointF(box[2], box[3])))
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        texts = [(label_text(face, corrected), figure_text(face, corrected)) for face in faces]
        full = [_plate_size(metrics, text) for text, _ in texts]
        short = [_plate_size(metrics, text) for _, text in texts]
        bounds = (picture.left(), picture.top(), picture.right(), picture.bottom())
        labels = self._placer.place(boxes, [face.track_id for face in faces], full, short, bounds)
        for face, label, (long_text, short_text) in zip(faces, labels, texts, strict=True):
            if label is not None:
                _draw_label(painter, face.state, label, short_text if label.short else long_text)
        painter.restore()


def figure_text(face: Face, corrected: Collection[str] = ()) -> str:
    """The confidence, where there is a state to be confident of."""
    if face.visit_id in corrected:
        return "corrected"
    if face.state is MaskState.UNSURE:
        return ""
    return f"{min(99, round(100 * face.state_confidence))} %"  # no network is certain


def label_text(face: Face, corrected: Collection[str] = ()) -> str:
    """Name of an enrolled person, state and confidence; a guess at the gender, where it is asked
    for, with its question mark.
    """
    guess = f"· {face.gender}?" if face.gender else ""
    parts = (shown_name(face.identity), MARKS[face.state].word, figure_text(face, corrected), guess)
    return "  ".join(part for part in parts if part)


def box_in_widget(face: Face, picture: QRectF, scale: float) -> Rect:
    """A face's box in the widget's pixels."""
    x0, y0, x1, y1 = (float(v) * scale for v in face.xyxy)
    left, top = picture.left(), picture.top()
    return (x0 + left, y0 + top, x1 + left, y1 + top)


def _draw_box(painter: QPainter, face: Face, box: QRectF) -> None:
    mark = MARKS[face.state]
    width, radius = WIDTHS[mark.line], min(8.0, box.width() / 6)
    colour = QColor(mark.colour)
    if face.alerting:  # a calm tint: nothing moves or flashes
        tint = QColor(colour)
        tint.setAlpha(34)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawRoundedRect(box, radius, radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(EDGE, width + 2))  # a dark edge, so that the line shows on any background
    painter.drawRoundedRect(box, radius, radius)
    pen = QPen(colour, width)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    if mark.line in PATTERNS:
        pen.setDashPattern(PATTERNS[mark.line])
    painter.setPen(pen)
    painter.drawRoundedRect(box, radius, radius)


def _plate_size(metrics: QFontMetricsF, text: str) -> tuple[float, float]:
    height = metrics.height() + PADDING
    text_width = metrics.horizontalAdvance(text) + 2 * PADDING if text else 0.0
    return (height + text_width, height)


def _draw_label(painter: QPainter, state: MaskState, label: Label, text: str) -> None:
    x0, y0, x1, y1 = label.rect
    plate = QRectF(x0, y0, x1 - x0, y1 - y0)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(PLATE)
    painter.drawRoundedRect(plate, 5, 5)
    side = plate.height() - 6
    draw_symbol(painter, state, QRectF(x0 + 3, y0 + 3, side, side))
    if text:
        painter.setPen(QColor("#FFFFFF"))
        painter.drawText(
            plate.adjusted(plate.height() + PADDING / 2, 0, 0, 0),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            text,
        )
