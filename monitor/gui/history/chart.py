"""Bars of visits by state with the time watched below: on a page and on paper alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QHelpEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from monitor.gui.history.words import key_text, sums_text
from monitor.gui.side.chart import STACK
from monitor.gui.side.panel import scaled_font
from monitor.marks import MARKS
from monitor.records import Count
from monitor.storage.compliance import judged
from monitor.storage.overview import Group, Key, Overview
from monitor.storage.totals import OfDay

WATCHED = "#0072B2"


@dataclass(frozen=True, slots=True)
class Bar:
    """One of them."""

    label: str
    group: Group

    @property
    def sentence(self) -> str:
        return f"{self.label}: {sums_text(self.group)}"


def bars_of(seen: Overview, name: str) -> list[Bar]:
    """Bars of the `hours`, `days`, `cameras`, `desks` or `shifts`; hours and days without a gap."""
    groups: tuple[Group, ...] = getattr(seen, name)
    found = {group.key: group for group in groups}
    keys: list[Key] = list(found)
    if name == "hours" and groups:
        hours = [key for key in keys if isinstance(key, int)]
        keys = list(range(min(hours), max(hours) + 1))
    if name == "days" and groups:
        days = [key.day for key in keys if isinstance(key, OfDay)]
        spread = (max(days) - min(days)).days + 1
        keys = [OfDay(min(days) + timedelta(days=place)) for place in range(spread)]
    full = [found.get(key, Group(key, Count(), 0, 0.0, 0.0)) for key in keys]
    return [Bar(key_text(group, seen.known), group) for group in full]


@dataclass(frozen=True, slots=True)
class Inks:
    """The colours beside those of the states."""

    text: QColor
    faint: QColor
    line: QColor


def paint_bars(
    painter: QPainter, area: QRectF, bars: Sequence[Bar], inks: Inks, font: QFont
) -> None:
    """Draw them, each with its number of judged visits above, and below a line that is as long as
    the share of the time that was watched.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font)
    line = painter.fontMetrics().height()
    base, top = area.bottom() - line - 9, area.top() + line + 2
    painter.setPen(QPen(inks.line, 1))
    painter.drawLine(QPointF(area.left(), base), QPointF(area.right(), base))
    step = area.width() / len(bars)
    widest = max(painter.fontMetrics().horizontalAdvance(bar.label + "  ") for bar in bars)
    every = max(1, -(-widest // max(1, int(step))))
    most = max(max((judged(bar.group.count) for bar in bars), default=0), 1)
    centred = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip
    for place, bar in enumerate(bars):
        left, width = area.left() + place * step, min(40.0, step * 0.68)
        own = QRectF(left + (step - width) / 2, top, width, base - top)
        height = _paint_bar(painter, own, bar.group, most)
        _paint_watched(painter, QRectF(own.left(), base + 3, width, 3), bar.group, inks)
        number = judged(bar.group.count)
        wide = painter.fontMetrics().horizontalAdvance(f"{number} ")
        if number and (wide <= step or (place % every == 0 and wide <= every * step)):
            painter.setPen(inks.text)
            above = QRectF(left, base - height - line - 1, step, line)
            painter.drawText(above, centred, f"{number}")
        if place % every == 0:
            painter.setPen(inks.faint)
            painter.drawText(QRectF(left, base + 7, step, line + 1), centred, bar.label)


def _paint_bar(painter: QPainter, area: QRectF, group: Group, most: int) -> float:
    """Returns the height of the bar."""
    y = area.bottom()
    for state, pattern in STACK:
        height = area.height() * getattr(group.count, state.value) / most
        if height:
            part = QRectF(area.left(), y - height, area.width(), height)
            painter.fillRect(part, QColor(MARKS[state].colour))
            if pattern is not None:
                painter.fillRect(part, QBrush(QColor(0, 0, 0, 90), pattern))
            y -= height
    return area.bottom() - y


def _paint_watched(painter: QPainter, area: QRectF, group: Group, inks: Inks) -> None:
    if group.on_s:
        painter.fillRect(area, inks.line)
        share = min(1.0, group.watched_s / group.on_s)
        painter.fillRect(
            QRectF(area.left(), area.top(), area.width() * share, area.height()), QColor(WATCHED)
        )


class BarChart(QWidget):
    """The same in a window; each bar is said in words under the mouse."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars: tuple[Bar, ...] = ()
        self.note = "Reading the store…"  # where there are no bars
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(600, 130)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 84)

    def show_bars(self, bars: Sequence[Bar], nothing: str) -> None:
        """
        Args:
            nothing: What is said where there are none.
        """
        self.bars, self.note = tuple(bars), nothing
        self.setAccessibleDescription("; ".join(bar.sentence for bar in bars) or nothing)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, palette = QPainter(self), self.palette()
        faint = palette.color(QPalette.ColorRole.PlaceholderText)
        if self.bars:
            inks = Inks(
                palette.color(QPalette.ColorRole.Text),
                faint,
                palette.color(QPalette.ColorRole.Mid),
            )
            paint_bars(painter, QRectF(self.rect()), self.bars, inks, scaled_font(self, 0.85))
        else:
            painter.setPen(faint)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.note)
        painter.end()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self.bars:
            place = int(event.pos().x() * len(self.bars) / max(1, self.width()))
            bar = self.bars[min(len(self.bars) - 1, max(0, place))]
            QToolTip.showText(event.globalPos(), bar.sentence, self)
            return True
        return super().event(event)
