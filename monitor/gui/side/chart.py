"""Today by the hour: a small bar chart of visits by state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QHelpEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from monitor.gui.side.panel import Card, ElidedLabel, FaintLabel, scaled_font
from monitor.marks import MARKS
from monitor.records import Count, MaskState
from monitor.storage.compliance import judged
from monitor.storage.totals import WATCHED, OfHour, Total

# A pattern beside the colour, so that the bars can be told apart without it.
STACK = (
    (MaskState.MASKED, None),
    (MaskState.INCORRECT, Qt.BrushStyle.HorPattern),
    (MaskState.UNMASKED, Qt.BrushStyle.FDiagPattern),
)
HOURS_MIN = 8
FINE_BELOW_MIN = 10  # seconds are told below as many minutes


def hours_of(totals: Iterable[Total]) -> dict[int, Count]:
    """What a day's totals say of its hours: the same figures as in the export."""
    hours = {t.period.hour: t.count for t in totals if isinstance(t.period, OfHour)}
    return {hour: count for hour, count in hours.items() if judged(count)}


class _Bars(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.hours: dict[int, Count] = {}
        self.note = "Not read from the store yet"  # where there are no bars
        self.now = datetime.now().astimezone().hour
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)

    def sizeHint(self) -> QSize:
        return QSize(300, 92)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 64)

    def _range(self) -> range:
        """The hours on the axis: from the first visit to now, and at least `HOURS_MIN`."""
        first = min(self.hours, default=self.now)
        last = max(max(self.hours, default=self.now), self.now)
        last = min(23, max(last, first + HOURS_MIN - 1))
        return range(max(0, min(first, last - HOURS_MIN + 1)), last + 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(scaled_font(self, 0.82))
        metrics, text = painter.fontMetrics(), self.palette().color(QPalette.ColorRole.Text)
        faint = self.palette().color(QPalette.ColorRole.PlaceholderText)
        base, top = self.height() - metrics.height() - 3.0, metrics.height() + 2.0
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.drawLine(QPointF(0, base + 0.5), QPointF(self.width(), base + 0.5))
        hours = self._range()
        step = self.width() / len(hours)
        every = max(1, -(-metrics.horizontalAdvance("00  ") // max(1, int(step))))
        most = max((judged(hour) for hour in self.hours.values()), default=0)
        for place, number in enumerate(hours):
            left = place * step
            if place % every == 0:
                painter.setPen(text if number == self.now else faint)
                label = QRectF(left, base + 2, step, metrics.height() + 1)
                painter.drawText(
                    label, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip, f"{number}"
                )
            hour = self.hours.get(number)
            if hour is None:
                continue
            width = min(30.0, step * 0.68)
            area = QRectF(left + (step - width) / 2, top, width, base - top)
            used = self._paint_bar(painter, area, hour, most)
            painter.setPen(text)
            above = QRectF(left, base - used - metrics.height() - 1, step, metrics.height())
            painter.drawText(
                above, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip, f"{judged(hour)}"
            )
        if not self.hours:
            painter.setPen(faint)
            painter.drawText(
                QRectF(0, 0, self.width(), base),
                Qt.AlignmentFlag.AlignCenter,
                self.note,
            )
        painter.end()

    @staticmethod
    def _paint_bar(painter: QPainter, area: QRectF, hour: Count, most: int) -> float:
        """Returns the height of the bar."""
        y = area.bottom()
        for state, pattern in STACK:
            height = area.height() * getattr(hour, state.value) / most
            if not height:
                continue
            part = QRectF(area.left(), y - height, area.width(), height)
            painter.fillRect(part, QColor(MARKS[state].colour))
            if pattern is not None:
                painter.fillRect(part, QBrush(QColor(0, 0, 0, 90), pattern))
            y -= height
        return area.bottom() - y

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            hours = self._range()
            number = hours[
                min(
                    len(hours) - 1, max(0, int(event.pos().x() * len(hours) / max(1, self.width())))
                )
            ]
            QToolTip.showText(
                event.globalPos(), describe(number, self.hours.get(number, Count())), self
            )
            return True
        return super().event(event)


def describe(number: int, hour: Count) -> str:
    """An hour in words."""
    return (
        f"{number}:00 to {number + 1}:00: {hour.masked} masked, {hour.unmasked} without a mask, "
        f"{hour.incorrect} worn incorrectly"
    )


def span_text(seconds: float, of_s: float | None = None) -> str:
    """`7 h 50`, `12 min`; `2 min 05 s` where that, or what it is a part of, is less than ten
    minutes.
    """
    minutes = int(seconds // 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d}"
    if (seconds if of_s is None else of_s) >= 60 * FINE_BELOW_MIN:
        return f"{minutes} min"
    left_s = int(seconds % 60)
    return f"{minutes} min {left_s:02d} s" if minutes else f"{left_s} s"


def of_text(watched_s: float, on_s: float) -> str:
    """`7 h 50 of 8 h 00`. What is missing is never rounded away."""
    whole = on_s - watched_s < 1
    step_s = 60 if on_s >= 60 * FINE_BELOW_MIN else 1
    shown_s = on_s if whole else min(watched_s, step_s * (on_s // step_s) - 1)
    return f"{span_text(max(shown_s, 0.0), on_s)} of {span_text(on_s)}"


def watched_text(total: Total) -> str:
    """`watched 7 h 50 of 8 h 00`; "" within the first minute."""
    return f"watched {of_text(total.watched_s, total.on_s)}" if total.on_s >= 60 else ""


def unwatched_text(total: Total) -> str:
    """What the cameras were in meanwhile, the longest first."""
    rest = {state.value: s for state, s in total.spent_s.items() if state not in WATCHED}
    rest |= {"not running": total.off_s} if total.off_s else {}
    spent = sorted(rest.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{word} {span_text(s)}" for word, s in spent)


class HourPanel(Card):
    """The chart with its title."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Visits today", parent)
        self.watched = ElidedLabel()
        self.head.addWidget(self.watched, 100)  # all that the title leaves
        self._late = FaintLabel()
        self._late.hide()
        self.head.addWidget(self._late)
        self.not_running = ElidedLabel()
        self.not_running.hide()
        self.body.addWidget(self.not_running)
        self.bars = _Bars()
        self.body.addWidget(self.bars)

    def show_hours(
        self, hours: Mapping[int, Count], now: int, nobody: str = "No visits yet today"
    ) -> None:
        """Show other figures.

        Args:
            hours: By the hour of the day, local time.
            now: The present hour.
            nobody: What is said where there are no figures.
        """
        self.bars.hours, self.bars.now, self.bars.note = dict(hours), now, nobody
        self._late.hide()
        self.setAccessibleDescription(
            "; ".join(describe(n, h) for n, h in sorted(hours.items())) or nobody
        )
        self.bars.update()

    def show_watched(self, total: Total | None) -> None:
        """For how long the cameras have watched today, of how long they were to; what kept them
        from it where somebody points.
        """
        self.watched.setText(watched_text(total) if total is not None else "")
        off_s = total.off_s if total is not None else 0.0
        minutes = " min" if off_s >= 3600 else ""  # `1 h 10 min`: it stands alone
        self.not_running.setText(f"not running {span_text(off_s)}{minutes}" if off_s >= 60 else "")
        self.not_running.setVisible(off_s >= 60)
        rest = unwatched_text(total) if total is not None else ""
        if rest:
            self.watched.setToolTip(f"{self.watched.text()}\nThe rest: {rest}")

    def show_problem(self) -> None:
        """The store cannot be read: what is shown is not of now."""
        self.bars.note = "Today's visits cannot be read from the store"
        self._late.setText("not up to date")
        self._late.setVisible(bool(self.bars.hours))
        if not self.bars.hours:
            self.setAccessibleDescription(self.bars.note)
        self.bars.update()
