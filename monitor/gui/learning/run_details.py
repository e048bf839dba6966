"""One training in full: its curve, what it judged right before and after, its confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from monitor.faces.classify import STATES
from monitor.gui.learning.line_chart import LineChart, Series
from monitor.gui.screen import dialog_size
from monitor.gui.side.panel import FaintLabel
from monitor.gui.working_dialog import quiet_table
from monitor.learning.runs import Record
from monitor.marks import MARKS

FIGURES = ("Tested on", "Faces", "Right before", "Right after")


class RunDialog(QDialog):
    """Shows a record; nothing is changed here."""

    def __init__(self, record: Record, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Training {record.run_id}")
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        for label in (QLabel(_headline(record)), FaintLabel(_origin(record))):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            layout.addWidget(label)
        self.curve = LineChart("Loss by step")
        self.curve.show_lines(
            [Series("loss", record.losses)] if record.losses else [],
            [f"{step}" for step in range(len(record.losses))],
            "No loss was written down",
        )
        self.confusion = _confusion(record.confusion)
        row = QHBoxLayout()
        row.addWidget(self.curve, 1)
        row.addWidget(self.confusion, 1)
        layout.addLayout(row, 1)
        self.figures = _figures(record)
        layout.addWidget(self.figures, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.resize(dialog_size(self, self.sizeHint()))

    def sizeHint(self) -> QSize:
        return QSize(760, 540)


def _headline(record: Record) -> str:
    return f"{record.state}: {record.reason}" if record.reason else record.state


def _origin(record: Record) -> str:
    parts = [f"by {record.by}", f"program {record.code}"]
    parts += [f"from {record.parent}"] if record.parent else []
    parts += [f"data {record.data}"] if record.data else []
    parts += [f"{name} {value}" for name, value in record.parameters.items()]
    return ", ".join(parts)


def _figures(record: Record) -> QTableWidget:
    table = quiet_table("What was tested", FIGURES, (300, 80, 120))
    table.setRowCount(len(record.figures))
    for row, (name, rates) in enumerate(record.figures.items()):
        cells = (
            name,
            f"{rates['count']}",
            f"{100 * rates['before']:.1f} %",
            f"{100 * rates['after']:.1f} %",
        )
        _fill(table, row, cells)
    return table


def _confusion(matrix: Sequence[Sequence[int]]) -> QTableWidget:
    """Rows are what the faces are, columns what the new model says."""
    words = [MARKS[state].word for state in STATES]
    table = quiet_table("Confusion matrix", ("is / judged", *words), (110, 70, 70))
    table.setRowCount(len(matrix))
    for row, counts in enumerate(matrix):
        _fill(table, row, (words[row], *(f"{count}" for count in counts)))
    return table


def _fill(table: QTableWidget, row: int, cells: Sequence[str]) -> None:
    for column, cell in enumerate(cells):
        item = QTableWidgetItem(cell)
        item.setToolTip(cell)
        table.setItem(row, column, item)
