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
from monitor.gui.history.words import hours_text
from monitor.gui.names import shown_name
from monitor.gui.side.sightings_model import time_text
from monitor.records import WatchState
from monitor.storage.spans import Span

HEADS = ("Camera", "What it did", "From", "To", "For")
OFF = "not watched: off, or the program was"
WORDS = {
    **SHORT,
    WatchState.LIVE: "watched",
    WatchState.PAUSED: "paused, or a recording was shown",
    WatchState.LOST: "lost: no picture came",
    WatchState.MOVED: "watched another scene than before",
}


def state_text(state: WatchState | None) -> str:
    """What a camera did in a stretch."""
    return OFF if state is None else WORDS[state]


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
            seconds = (one.ended - one.began).total_seconds()
            cells = (
                shown_name(one.camera),
                state_text(one.state),
                time_text(one.began),
                time_text(one.ended),
                hours_text(seconds),
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
