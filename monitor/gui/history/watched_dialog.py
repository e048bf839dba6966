"""When each camera watched, and when not: the intervals of a day in a table."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from monitor.camera.words import SHORT
from monitor.gui.history.words import hours_text, watched_text
from monitor.gui.names import shown_name
from monitor.gui.side.sightings_model import time_text
from monitor.records import WatchState
from monitor.storage.spans import Span

HEADS = ("Camera", "What it did", "From", "To", "For")
OFF = "off, or not to be watched"
NOT_RUN = "not running: the program was off, or the PC slept"
WORDS = {
    **SHORT,
    WatchState.LIVE: "watched",
    WatchState.PAUSED: "paused, or a recording was shown",
    WatchState.LOST: "lost: no picture came",
    WatchState.LOCKED: "not watched: its password was needed",
    WatchState.MOVED: "watched another scene than before",
}


def state_text(span: Span) -> str:
    """What a camera did in a period."""
    if span.state is None:
        return NOT_RUN if span.wanted else OFF
    return WORDS[span.state]


def sum_text(found: Sequence[Span]) -> str:
    """What the rows add up to, in the words of the history's own sums."""
    wanted = [span for span in found if span.wanted]
    return watched_text(
        sum(span.seconds for span in wanted if span.state and span.state.watches),
        sum(span.seconds for span in wanted),
        sum(span.seconds for span in wanted if span.state is None),
    )


class WatchedDialog(QDialog):
    """Main thread.

    Args:
        title: Of the time that was read.
        found: By camera and time.
    """

    def __init__(self, title: str, found: Sequence[Span], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("When the cameras watched")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel(title))
        self.sum = QLabel(f"All cameras together: {sum_text(found)}")
        layout.addWidget(self.sum)
        self.table = table = QTableWidget(len(found), len(HEADS))
        table.setHorizontalHeaderLabels(HEADS)
        table.setAccessibleName("What each camera did, in order of time")
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setShowGrid(False)
        table.setAlternatingRowColors(True)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        for row, one in enumerate(found):
            cells = (
                shown_name(one.camera),
                state_text(one),
                time_text(one.began),
                time_text(one.ended),
                hours_text(one.seconds),
            )
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                if one.state is None or not one.state.watches:
                    font = item.font()
                    font.setBold(True)
                    item.setFont(font)
                table.setItem(row, column, item)
        table.resizeColumnsToContents()
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        layout.addWidget(table)
        if not found:
            layout.addWidget(QLabel("Nothing was noted in this time."))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.resize(720, 420)
