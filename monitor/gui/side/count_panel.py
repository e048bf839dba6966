"""The running count: compliance, large and calm, and how many visits are in which state."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPaintEvent, QPalette
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from monitor.gui.picture.symbols import state_icon
from monitor.gui.side.panel import Card, FaintLabel, scaled_font
from monitor.marks import MARKS
from monitor.records import Count, MaskState, Shift
from monitor.storage.compliance import compliance

SHIFT, RECORDING = "Masked when last seen, ", "Masked when last seen, recording"
JUDGED = (MaskState.MASKED, MaskState.UNMASKED, MaskState.INCORRECT)


def percent_text(count: Count) -> str:
    """Compliance in whole per cent; "100 %" only when everybody is masked, "0 %" only when nobody
    is.
    """
    share = compliance(count)
    if share is None:
        return "–"
    if share in (0.0, 1.0):
        return f"{100 * share:.0f} %"
    return f"{min(99, max(1, round(100 * share)))} %"


def _clock(moment: datetime) -> str:
    there = moment.astimezone()
    today = there.date() == datetime.now().astimezone().date()
    return f"{there:%H:%M}" if today else f"{there:%d %b %H:%M}"


class _ShareBar(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.count = Count()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(200, 10)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect())
        path = QPainterPath()
        path.addRoundedRect(area, 5, 5)
        painter.setClipPath(path)
        painter.fillRect(area, self.palette().color(QPalette.ColorRole.Midlight))
        values = [getattr(self.count, state.value) for state in JUDGED]
        x, total = 0.0, sum(values)
        for state, value in zip(JUDGED, values, strict=True):
            width = area.width() * value / total if total else 0.0
            gap = 2.0 if x + width < area.width() - 1 else 0.0
            painter.fillRect(
                QRectF(x, 0, max(0.0, width - gap), area.height()), QColor(MARKS[state].colour)
            )
            x += width
        painter.end()


class CountPanel(Card):
    """Compliance of the shift; `unsure` beside it and never in it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(f"{SHIFT}this shift", parent)
        self._recording, self._since = False, "this shift"
        self._big = QLabel("–")
        self._big.setFont(scaled_font(self, 3.4, QFont.Weight.DemiBold))
        self._of = FaintLabel("nobody judged yet")
        self._of.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._big)
        row.addWidget(self._of, 1, Qt.AlignmentFlag.AlignBottom)
        self._of.setContentsMargins(0, 0, 0, 9)
        self.body.addLayout(row)
        self._bar = _ShareBar()
        self.body.addWidget(self._bar)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        self._numbers: dict[MaskState, QLabel] = {}
        for place, state in enumerate(MaskState):
            line, column = divmod(place, 2)
            symbol = QLabel()
            symbol.setPixmap(state_icon(state).pixmap(18, 18))
            number = QLabel("0")
            number.setFont(scaled_font(self, 1.2, QFont.Weight.DemiBold))
            number.setMinimumWidth(number.fontMetrics().horizontalAdvance("00"))
            number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._numbers[state] = number
            grid.addWidget(symbol, line, 4 * column)
            grid.addWidget(number, line, 4 * column + 1)
            grid.addWidget(QLabel(MARKS[state].word), line, 4 * column + 2)
        grid.setColumnStretch(2, 1)
        grid.setColumnStretch(6, 1)
        self.body.addLayout(grid)
        self.setToolTip(
            "Every visit counts once, as what it is now. Visits that are not sure are not in the "
            "percentage."
        )
        self.show_count(Count())

    def show_recording(self, recording: bool) -> None:
        """Whether the count is that of a recording."""
        self._recording = recording
        self._show_title()

    def show_shift(self, shift: Shift | None) -> None:
        """Which shift the count is of, and when that began."""
        if shift is not None:
            self._since = f"{shift.name or 'shift'} since {_clock(shift.started)}"
            self._show_title()

    def _show_title(self) -> None:
        self.title.setText(RECORDING if self._recording else f"{SHIFT}{self._since}")
        self.setAccessibleName(self.title.text())

    def show_count(self, count: Count, sightings: int = 0) -> None:
        """
        Args:
            count: Visits by what they were when they were last seen.
            sightings: How many stand; a visit that ended masked may have one.
        """
        judged = count.masked + count.unmasked + count.incorrect
        seen = f", {sightings} {'sighting' if sightings == 1 else 'sightings'}" if sightings else ""
        self._big.setText(percent_text(count))
        self._of.setText(
            f"{count.masked} of {judged} {'visit' if judged == 1 else 'visits'}{seen}"
            if judged
            else f"nobody judged yet{seen}"
        )
        for state, label in self._numbers.items():
            label.setText(f"{getattr(count, state.value)}")
            label.setAccessibleName(f"{MARKS[state].word}: {label.text()}")
        self._bar.count = count
        self._bar.update()
        self.setAccessibleDescription(
            f"{self._big.text()}, {self._of.text()}, {count.unsure} not sure"
        )

    @property
    def texts(self) -> tuple[str, str, dict[MaskState, str]]:
        """What is shown: the percentage, the line beside it, the number of each state."""
        return (
            self._big.text(),
            self._of.text(),
            {state: label.text() for state, label in self._numbers.items()},
        )
