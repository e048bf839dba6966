"""A dialog beside the window whose work is done in the background, and the table that is in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QPainter, QPalette, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QVBoxLayout,
    QWidget,
)

from monitor.gui.banner import BannerStack, Severity
from monitor.gui.threads.bridge import Bridge

T = TypeVar("T")


class WorkingDialog(QDialog):
    """Does one thing at a time. Main thread."""

    def __init__(self, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.busy = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 14)
        layout.setSpacing(0)
        self.banners = BannerStack()
        layout.addWidget(self.banners)
        self.inner = QVBoxLayout()
        self.inner.setContentsMargins(16, 14, 16, 0)
        self.inner.setSpacing(12)
        layout.addLayout(self.inner, 1)

    def enable(self) -> None:
        """Let the user do what can be done now."""

    def run(self, name: str, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Have `work` done in a background thread, then `done` here with its answer; its
        `MonitorError` is shown.
        """
        self.busy = True
        self.enable()

        def finish(answer: T) -> None:
            self.busy = False
            done(answer)
            self.enable()

        def fail(message: str) -> None:
            self.busy = False
            self.banners.show_message("fault", Severity.ERROR, message)
            self.enable()

        self._bridge.run(name, work, finish, fail)


class RowDelegate(QStyledItemDelegate):
    """Frames the cell that has the keyboard by dots: the style's own frame lies over the text and
    takes its contrast.
    """

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        plain = QStyleOptionViewItem(option)
        plain.state &= ~QStyle.StateFlag.State_HasFocus
        super().paint(painter, plain, index)
        if option.state & QStyle.StateFlag.State_HasFocus:
            role = QPalette.ColorRole
            chosen = option.state & QStyle.StateFlag.State_Selected
            ink = option.palette.color(role.HighlightedText if chosen else role.Highlight)
            painter.save()
            painter.setPen(QPen(ink, 1, Qt.PenStyle.DotLine))
            painter.drawRect(option.rect.adjusted(1, 1, -2, -2))
            painter.restore()


def quiet_table(name: str, columns: Sequence[str], widths: Sequence[int]) -> QTableWidget:
    """A table to be read, whose rows can be chosen, each alone. The last column takes what is left
    of the width.
    """
    table = QTableWidget(0, len(columns))
    table.setHorizontalHeaderLabels(columns)
    table.setAccessibleName(name)
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setShowGrid(False)
    table.setAlternatingRowColors(True)
    table.setWordWrap(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setTabKeyNavigation(False)
    table.setItemDelegate(RowDelegate(table))
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(2 * table.fontMetrics().height())
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    header.setStretchLastSection(True)
    for column, width in enumerate(widths):
        table.setColumnWidth(column, width)
    return table
