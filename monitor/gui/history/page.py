"""The history: what was counted and seen at any time, with the corrections that are still due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QLabel,
    QMenu,
    QPushButton,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from monitor.data_folder import data_folder
from monitor.gui.banner import BannerStack, Severity
from monitor.gui.history.chart import BarChart, bars_of
from monitor.gui.history.filters import PeriodBar, RowFilter
from monitor.gui.history.looked_up import Answer, Asked, LookedUp
from monitor.gui.history.periods import title
from monitor.gui.history.printing import Printing
from monitor.gui.history.rows import COLUMNS, PICTURE_PX, RowsModel, row_id
from monitor.gui.history.words import Row, change_text, listed_text, sums_text
from monitor.gui.side.panel import ElidedLabel, scaled_font
from monitor.gui.side.sightings_panel import CORRECTIONS, NOTE_LABEL, correction_icon
from monitor.gui.threads.bridge import Bridge
from monitor.gui.threads.session import Session
from monitor.gui.working_dialog import RowDelegate
from monitor.records import Change, Correction, Sighting

if TYPE_CHECKING:
    from monitor.gui.reports import Reports
    from monitor.storage.spans import Span

EVERY_MS = 5000  # what goes on is read as often
GROUPS = {
    "hours": "By the hour",
    "days": "By the day",
    "cameras": "By camera",
    "desks": "By desk",
    "shifts": "By shift",
}


class HistoryPage(QDialog):
    """Beside the window. Main thread.

    Args:
        reports: What the window shows of the shift.
    """

    def __init__(self, session: Session, bridge: Bridge, reports: Reports, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("History")
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self._session, self._reports = session, reports
        self.look_up = LookedUp(session, bridge, self._fail)
        self.printing = Printing(session, bridge, reports, self)
        self.answer: Answer | None = None
        self._reading = False
        self._by_user = False  # how the bars are grouped
        self._to_undo = 0  # corrections and notes of this page
        self._lay_out()
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self._follow)
        self._timer.start()
        screen = parent.screen().availableGeometry()
        self.resize(min(1000, screen.width()), min(720, screen.height() - 40))

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 10)
        layout.setSpacing(0)
        self.banners = BannerStack()
        layout.addWidget(self.banners)
        inner = QVBoxLayout()
        inner.setContentsMargins(14, 10, 14, 0)
        inner.setSpacing(8)
        layout.addLayout(inner, 1)
        self.bar = PeriodBar()
        self.bar.chosen.connect(self.read)
        self.group = QComboBox()
        self.group.setAccessibleName("What a bar is of")
        for name, text in GROUPS.items():
            self.group.addItem(text, name)
        self.group.activated.connect(self._regroup)
        head = QHBoxLayout()
        head.addWidget(self.bar, 1)
        head.addWidget(self.group)
        self.watched = QPushButton("&When watched…")
        self.watched.setAutoDefault(False)
        self.watched.setToolTip("When each camera watched, was lost, covered, paused, or off")
        self.watched.clicked.connect(self.show_watched)
        head.addWidget(self.watched)
        inner.addLayout(head)
        self.title = QLabel()
        self.title.setFont(scaled_font(self, 1.3))
        inner.addWidget(self.title)
        self.sums = QLabel()
        self.sums.setWordWrap(True)
        inner.addWidget(self.sums)
        self.chart = BarChart()
        self.chart.setAccessibleName("Visits")
        inner.addWidget(self.chart, 2)
        self.filter = RowFilter()
        self.filter.changed.connect(self.read)
        find = QShortcut(QKeySequence.StandardKey.Find, self)
        find.activated.connect(self.filter.text.setFocus)
        inner.addWidget(self.filter)
        self.number = ElidedLabel()
        inner.addWidget(self._make_table(), 5)
        inner.addWidget(self.number)
        self.audit = QLabel()
        self.audit.setWordWrap(True)
        self.audit.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        inner.addWidget(self.audit)
        inner.addLayout(self._make_buttons())

    def _make_table(self) -> QTableView:
        self.model = RowsModel(data_folder() / "snapshots", self)
        self.model.wanted.connect(self._read_page)
        for changed in (self.model.modelReset, self.model.dataChanged):
            changed.connect(self._show_names)
        self.table = table = QTableView()
        table.setModel(self.model)
        table.setItemDelegate(RowDelegate(table))
        table.setAccessibleName("Visits or sightings, newest first")
        table.setShowGrid(False)
        table.setAlternatingRowColors(True)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.verticalHeader().hide()
        height = table.fontMetrics().height() + 10
        if self._session.options.config.store.snapshots:
            table.setIconSize(QSize(PICTURE_PX, PICTURE_PX))
            height = max(height, PICTURE_PX + 4)
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(height)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setStretchLastSection(True)
        wide = table.fontMetrics().horizontalAdvance("0")
        for column, letters in enumerate((25, 22, 9, 14, 12, 12)):
            table.setColumnWidth(column, wide * letters)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._show_menu)
        table.selectionModel().selectionChanged.connect(self._selected)
        table.doubleClicked.connect(self._ask_for_note)
        return table

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(QLabel("Correct"))
        self.actions_: list[QAction] = []
        for correction, text, short, key in CORRECTIONS:
            action = self._action(text, short, key)
            action.setIcon(correction_icon(correction))
            action.triggered.connect(lambda _=False, c=correction: self.correct(c))
        self.as_seen = self._action("As the monitor &saw it", "As seen", "Alt+0")
        self.as_seen.triggered.connect(lambda: self.correct(None))
        self.note = self._action("Add a n&ote…", "Note…", "Alt+N")
        self.note.triggered.connect(self._ask_for_note)
        for action in self.actions_:
            row.addWidget(_button(action))
        self.undo = QAction("Undo", self)
        self.undo.setShortcut(QKeySequence.StandardKey.Undo)
        self.undo.setToolTip("Take the last correction or note of this page back (Ctrl+Z)")
        self.undo.triggered.connect(lambda: self.look_up.undo(self._undone))
        row.addWidget(_button(self.undo))
        row.addStretch(1)
        for text, act in (
            ("&Print…", self.printing.ask_to_print),
            ("P&DF…", self.printing.ask_for_pdf),
            ("&Export…", self.printing.ask_for_export),
        ):
            button = QPushButton(text)
            button.setAutoDefault(False)
            button.clicked.connect(act)
            row.addWidget(button)
        close = QPushButton("&Close")
        close.setAutoDefault(False)
        close.clicked.connect(self.close)
        row.addWidget(close)
        return row

    def _action(self, text: str, short: str, key: str) -> QAction:
        action = QAction(text, self)
        action.setIconText(short)
        action.setShortcut(key)
        action.setToolTip(f"{text.replace('&', '')} ({key})")
        self.actions_.append(action)
        return action

    # Reading

    @Slot()
    def read(self) -> None:
        """Read what is chosen; it is shown when it is there."""
        self.bar.offer(self._reports.shift_began)
        self.title.setText(title(self.bar.period, date.today()))
        self._reading = True
        self.look_up.ask(self.asked(), self._show)

    def asked(self) -> Asked:
        """What is chosen."""
        state = self.filter.state.currentData()
        only = state == "corrected"
        return Asked(
            self.bar.period,
            self._by_user and self.group.currentData() in ("hours", "desks", "shifts"),
            self.filter.kind.currentData(),
            self.filter.camera.currentData(),
            None if only else state,
            only,
            self.filter.shift.currentData(),
            self.filter.text.text().strip(),
            self.filter.desk.currentData(),
        )

    def _show(self, answer: Answer) -> None:
        self._reading, self.answer = False, answer
        self.banners.clear("fault")
        selected = self.selected()
        self.model.show(answer.found, answer.first)
        place = self.model.place_of(row_id(selected)) if selected is not None else None
        if place is not None:
            self.table.selectRow(place)
        seen = answer.overview
        self.sums.setText(sums_text(seen.whole))
        cameras = [str(group.key) for group in seen.cameras if group.key]
        self.filter.offer(cameras, {shift.name for shift in seen.known.values()}, answer.desks)
        self.table.setColumnHidden(COLUMNS.index("Desk"), len(answer.desks) < 2)
        if not self._by_user:
            one_day = self.bar.period.first == self.bar.period.last or not seen.days
            name = "hours" if one_day or self.bar.period.kind == "shift" else "days"
            self.group.setCurrentIndex(self.group.findData(name))
        self._show_bars()
        self.number.setText(listed_text(answer.found, seen.whole))
        self._selected()

    @Slot()
    def _show_names(self) -> None:
        """The notes get the room of names where nobody has one."""
        self.table.setColumnHidden(COLUMNS.index("Name"), not self.model.named)

    def _show_bars(self) -> None:
        if self.answer is None:
            return
        bars = bars_of(self.answer.overview, self.group.currentData())
        self.chart.show_bars(bars, "Nobody was counted in this time")

    @Slot()
    def _regroup(self) -> None:
        self._by_user = True
        self.read()

    def _read_page(self, page: int) -> None:
        found = self.model.found
        if found is not None:
            self.look_up.page(found, page, lambda rows: self.model.show_page(found, page, rows))

    @Slot()
    def _follow(self) -> None:
        """What is still going on is read again."""
        self.undo.setEnabled(self._undoable)
        going_on = self.bar.period.until > datetime.now(UTC)
        at_top = self.table.verticalScrollBar().value() == 0  # else rows would run away
        if going_on and at_top and self.isVisible() and not self._reading:
            self.read()

    def _fail(self, message: str) -> None:
        self._reading = False
        self.banners.show_message("fault", Severity.ERROR, message)

    # Rows

    def selected(self) -> Row | None:
        rows = self.table.selectionModel().selectedRows()
        return self.model.row(rows[0].row()) if rows else None

    @Slot()
    def _selected(self) -> None:
        row = self.selected()
        for action in self.actions_:
            action.setEnabled(row is not None)
        self.as_seen.setEnabled(row is not None and row.corrected is not None)
        self.undo.setEnabled(self._undoable)
        self.audit.setText("")
        if row is None:
            return
        wanted = row_id(row)

        def show(changes: list[Change]) -> None:
            now = self.selected()
            if now is not None and row_id(now) == wanted:
                self.audit.setText("\n".join(change_text(change) for change in changes[-3:]))

        self.look_up.changes(row, show)

    def correct(self, correction: Correction | None) -> None:
        """Count the visit of the selected row as what the receptionist says."""
        row = self.selected()
        if row is not None and row.corrected is not correction:
            self.look_up.correct(row, correction, self._said)

    @Slot()
    def _ask_for_note(self) -> None:
        row = self.selected()
        if row is None:
            return
        what = "sighting" if isinstance(row, Sighting) else "visit"
        note, agreed = QInputDialog.getText(self, "Note", NOTE_LABEL.format(what), text=row.note)
        if agreed and note.strip() != row.note:
            self.look_up.annotate(row, note.strip(), self._said)

    def _said(self, _: None) -> None:
        self._to_undo += 1
        self.read()

    def _undone(self, _: None) -> None:
        self._to_undo -= 1
        self.read()

    @property
    def _undoable(self) -> bool:
        """Only what was said on this page is taken back by its button."""
        return self._to_undo > 0 and self._reports.shown.undoable

    @Slot()
    def show_watched(self) -> None:
        """What each camera did in this time, in a table."""
        text = self.title.text()

        def show(found: Sequence[Span]) -> None:
            from monitor.gui.history.watched_dialog import WatchedDialog

            WatchedDialog(text, found, self).open()

        self.look_up.watched(self.bar.period, show)

    @Slot(QPoint)
    def _show_menu(self, place: QPoint) -> None:
        index = self.table.indexAt(place)
        if index.isValid():
            self.table.selectRow(index.row())
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addActions(self.actions_)
            menu.popup(self.table.viewport().mapToGlobal(place))


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(18, 18))
    if not action.icon().isNull():
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    button.setAccessibleName(action.text().replace("&", ""))
    return button
