"""Whether the door has changed: a chart by week, and a line where it has."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from monitor.gui.learning.line_chart import LineChart, Series
from monitor.gui.side.panel import FaintLabel
from monitor.learning.drift import MEASURES, Key, Sums, changed, curves

NOBODY = "Nothing was summed up yet: come back when people have passed for a week"


class DriftPage(QWidget):
    """A measure by week, a line for each camera and model. Main thread."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        self.measure = QComboBox()
        self.measure.setAccessibleName("What is shown by week")
        self.measure.addItems([measure.title for measure in MEASURES])
        self.measure.currentIndexChanged.connect(self._draw)
        self.chart = LineChart("The last eight weeks")
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        layout.addWidget(self.measure, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.chart, 1)
        layout.addWidget(self.said)
        hint = FaintLabel("By the Monday of each week. Sums alone are kept, no face.")
        layout.addWidget(hint)
        self._found: dict[Key, Sums] = {}

    def show_weeks(self, found: dict[Key, Sums]) -> None:
        self._found = found
        lines = changed(found)
        self.said.setText("\n".join(lines) or "Nothing has changed beyond noise.")
        self._draw()

    @Slot()
    def _draw(self) -> None:
        weeks, lines = curves(self._found, MEASURES[self.measure.currentIndex()])
        series = [Series(name, tuple(values)) for name, values in lines.items()]
        self.chart.show_lines(series, [_short(week) for week in weeks], NOBODY)


def _short(week: date) -> str:
    return f"{week:%d %b}"
