"""The two rows of controls of the history: which time, and which rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime

from PySide6.QtCore import QDate, QLocale, QSignalBlocker, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDateEdit,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QToolButton,
    QWidget,
)

from monitor.gui.history.periods import KINDS, Period, moved, near_ones, of_kind
from monitor.marks import MARKS
from monitor.records import Correction, MaskState

SEARCH_AFTER_MS = 300  # without a key


def _week_begins() -> int:
    return QLocale.system().firstDayOfWeek().value - 1


class PeriodBar(QWidget):
    """Which time is shown."""

    chosen = Signal(object)  # a Period

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.period = of_kind("day", date.today())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.near = QToolButton()
        self.near.setText("&Go to")
        self.near.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.near.setToolTip("Today, yesterday, last Tuesday, this week and more")
        self.near.setMenu(QMenu(self.near))
        self.before = self._arrow("◀", "The one before", "Alt+Left")
        self.after = self._arrow("▶", "The one after", "Alt+Right")
        self.kind = QComboBox()
        self.kind.setAccessibleName("How much is shown")
        for kind in KINDS:
            self.kind.addItem(kind.capitalize(), kind)
        self.first, self.last = self._calendar("From"), self._calendar("To")
        for widget in (self.near, self.before, self.kind, self.first, self.last, self.after):
            row.addWidget(widget)
        row.addStretch(1)
        self.before.clicked.connect(lambda: self.choose(moved(self.period, -1)))
        self.after.clicked.connect(lambda: self.choose(moved(self.period, 1)))
        self.kind.activated.connect(self._look)
        self.first.dateChanged.connect(self._look)
        self.last.dateChanged.connect(self._look)
        self._show()

    def _arrow(self, text: str, tip: str, key: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(f"{tip} ({key})")
        button.setAccessibleName(tip)
        button.setShortcut(key)
        return button

    def _calendar(self, name: str) -> QDateEdit:
        edit = QDateEdit()
        edit.setCalendarPopup(True)
        edit.setDisplayFormat("d MMM yyyy")
        edit.setAccessibleName(name)
        edit.setKeyboardTracking(False)
        return edit

    def offer(self, shift_began: datetime) -> None:
        """Fill the menu of what is near, as of now."""
        menu = self.near.menu()
        menu.clear()
        for text, period in near_ones(date.today(), shift_began, _week_begins()):
            menu.addAction(text).triggered.connect(
                lambda _=False, period=period: self.choose(period)
            )

    def choose(self, period: Period) -> None:
        """Show another time."""
        self.period = period
        self._show()
        self.chosen.emit(period)

    @Slot()
    def _look(self) -> None:
        first, last = (
            date(d.year(), d.month(), d.day()) for d in (self.first.date(), self.last.date())
        )
        kind = self.kind.currentData()
        if kind == "range" and self.period.kind != "range":
            first, last = self.period.first, self.period.last
        self.choose(of_kind(kind, first, last, _week_begins()))

    def _show(self) -> None:
        period = self.period
        with QSignalBlocker(self.first), QSignalBlocker(self.last), QSignalBlocker(self.kind):
            self.first.setDate(_qdate(period.first))
            self.last.setDate(_qdate(period.last))
            self.kind.setCurrentIndex(max(0, self.kind.findData(period.kind)))
        self.last.setVisible(period.kind == "range")


def _qdate(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)


class RowFilter(QWidget):
    """Which rows are listed."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.kind = self._choices("Rows", (("Sightings", "sightings"), ("Visits", "visits")))
        self.camera = self._choices("Camera", (("All cameras", None),))
        states = [(MARKS[state].word, state) for state in MaskState]
        self.state = self._choices(
            "State",
            (
                ("All states", None),
                *states,
                ("No person", Correction.NO_PERSON),
                ("Corrected", "corrected"),
            ),
        )
        self.shift = self._choices("Shift", (("All shifts", None),))
        self.desk = self._choices("Desk", (("All desks", None),))
        self.desk.hide()  # of one desk there is nothing to choose
        self.text = QLineEdit()
        self.text.setPlaceholderText("Search name, note or id (Ctrl+F)")
        self.text.setAccessibleName("Search name, note or id")
        self.text.setClearButtonEnabled(True)
        row.addWidget(self.text, 1)
        self._timer = QTimer(self, singleShot=True, interval=SEARCH_AFTER_MS)
        self._timer.timeout.connect(self.changed)
        self.text.textEdited.connect(lambda: self._timer.start())
        self.text.textChanged.connect(lambda text: text or self._timer.start())

    def _choices(self, name: str, items: Iterable[tuple[str, object]]) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        box.setMaximumWidth(150)
        for text, value in items:
            box.addItem(text, value)
        box.activated.connect(lambda _: self.changed.emit())
        self._row.addWidget(box)
        return box

    def offer(
        self, cameras: Iterable[str], shifts: Iterable[str], desks: Collection[str] = ()
    ) -> None:
        """Name what there is; what is chosen stays."""
        self.desk.setVisible(len(desks) > 1 or self.desk.currentData() is not None)
        for box, names in ((self.camera, cameras), (self.shift, shifts), (self.desk, desks)):
            chosen = box.currentData()
            with QSignalBlocker(box):
                while box.count() > 1:
                    box.removeItem(1)
                for name in sorted({*names, *([chosen] if chosen is not None else [])}):
                    box.addItem(name or "Without a name", name)
                box.setCurrentIndex(max(0, box.findData(chosen)))
