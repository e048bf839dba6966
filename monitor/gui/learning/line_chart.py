"""A small chart of lines over steps or weeks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from monitor.gui.side.panel import scaled_font

# Colour and stroke, so that lines can be told apart without colour (Okabe and Ito's palette).
STROKES = (
    ("#0072B2", Qt.PenStyle.SolidLine),
    ("#D55E00", Qt.PenStyle.DashLine),
    ("#009E73", Qt.PenStyle.DotLine),
    ("#CC79A7", Qt.PenStyle.DashDotLine),
    ("#E69F00", Qt.PenStyle.DashDotDotLine),
)
EDGE = 6.0  # px round the lines
DOT = 2.5  # px, radius


@dataclass(frozen=True, slots=True)
class Series:
    """A line: a value for each place of the axis, None where there is none."""

    name: str
    values: tuple[float | None, ...]


class LineChart(QWidget):
    """Shows up to five lines, lowest and highest value at the side, the names below."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.lines: tuple[Series, ...] = ()
        self.places: tuple[str, ...] = ()  # of the axis
        self.note = ""  # where there are no lines

    def sizeHint(self) -> QSize:
        return QSize(360, 160)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 110)

    def show_lines(self, lines: Sequence[Series], places: Sequence[str], note: str) -> None:
        """
        Args:
            lines: All of the same length; those beyond the fifth are left out.
            places: What is written below the axis, one for each value.
            note: What is said where there is no line.
        """
        self.lines, self.places, self.note = tuple(lines[: len(STROKES)]), tuple(places), note
        told = [
            f"{line.name}: "
            + ", ".join(
                f"{place} {value:.3g}"
                for place, value in zip(self.places, line.values, strict=True)
                if value is not None
            )
            for line in self.lines
        ]
        self.setAccessibleDescription("; ".join(told) or note)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(scaled_font(self, 0.85))
        values = [v for line in self.lines for v in line.values if v is not None]
        if values:
            self._paint(painter, min(values), max(values))
        else:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.note)
        painter.end()

    def _paint(self, painter: QPainter, low: float, high: float) -> None:
        metrics = painter.fontMetrics()
        high_text, low_text = f"{high:.3g}", f"{low:.3g}"
        left = max(map(metrics.horizontalAdvance, (high_text, low_text))) + 2 * EDGE
        below = metrics.height() * 2 + EDGE
        area = QRectF(left, EDGE, self.width() - left - 2 * EDGE, self.height() - below - 2 * EDGE)
        faint = self.palette().color(QPalette.ColorRole.PlaceholderText)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.setPen(faint)
        for text, y in ((high_text, area.top()), (low_text, area.bottom())):
            box = QRectF(0, y - metrics.height() / 2, left - EDGE, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        self._paint_places(painter, area)
        for series, (colour, style) in zip(self.lines, STROKES, strict=False):
            painter.setPen(QPen(QColor(colour), 2, style))
            self._paint_line(painter, area, series, (low, high))
        self._paint_names(painter, area.bottom() + metrics.height() + EDGE)

    def _x(self, area: QRectF, number: int) -> float:
        return area.left() + area.width() * (number + 0.5) / len(self.places)

    def _paint_places(self, painter: QPainter, area: QRectF) -> None:
        """As many as there is room for."""
        metrics = painter.fontMetrics()
        widest = max(metrics.horizontalAdvance(place) for place in self.places) + EDGE
        every = max(1, -(-int(widest) * len(self.places) // max(1, int(area.width()))))
        for number in range(0, len(self.places), every):
            box = QRectF(
                self._x(area, number) - widest / 2, area.bottom() + 2, widest, metrics.height()
            )
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.places[number])

    def _paint_line(
        self, painter: QPainter, area: QRectF, series: Series, limits: tuple[float, float]
    ) -> None:
        low, high = limits
        span = (high - low) or 1.0
        before: QPointF | None = None
        for number, value in enumerate(series.values):
            if value is None:
                before = None
                continue
            y = area.bottom() - area.height() * (value - low) / span
            here = QPointF(self._x(area, number), y)
            if before is not None:
                painter.drawLine(before, here)
            painter.drawEllipse(here, DOT, DOT)
            before = here

    def _paint_names(self, painter: QPainter, top: float) -> None:
        metrics, x = painter.fontMetrics(), EDGE
        middle = top + metrics.height() / 2
        text = self.palette().color(QPalette.ColorRole.Text)
        for series, (colour, style) in zip(self.lines, STROKES, strict=False):
            painter.setPen(QPen(QColor(colour), 2, style))
            painter.drawLine(QPointF(x, middle), QPointF(x + 24, middle))
            painter.setPen(text)
            width = metrics.horizontalAdvance(series.name)
            painter.drawText(QRectF(x + 28, top, width + 2, metrics.height()), series.name)
            x += 28 + width + 3 * EDGE
