"""The list of the latest sightings, with the receptionist's corrections."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QFocusEvent, QIcon, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QListView,
    QMenu,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from monitor.gui.picture.symbols import no_person_icon, state_icon
from monitor.gui.side.panel import Card, ElidedLabel, FaintLabel
from monitor.gui.side.sightings_model import (
    SIGHTING_ROLE,
    Index,
    SightingDelegate,
    SightingsModel,
)
from monitor.records import Correction, MaskState, Sighting
from monitor.storage.compliance import stands

CORRECTIONS = (
    # correction, text in menus, text on the button, shortcut
    (Correction.MASKED, "Wore a &mask", "Masked", "Alt+1"),
    (Correction.UNMASKED, "Wore &no mask", "No mask", "Alt+2"),
    (Correction.INCORRECT, "Wore it &incorrectly", "Incorrect", "Alt+3"),
    (Correction.NO_PERSON, "Was no &person", "No person", "Alt+4"),
)
# long enough that the dialog's title has room
NOTE_LABEL = "Note to this {}, kept with it, also in the history and the export:"


def correction_icon(correction: Correction) -> QIcon:
    """The symbol of what is said."""
    if correction is Correction.NO_PERSON:
        return no_person_icon()
    return state_icon(MaskState(correction.value))


def total_text(sightings: Sequence[Sighting], total: int, where: str) -> str:
    """How many sightings stand, and why the list has more or fewer rows."""
    taken_back = sum(not stands(sighting) for sighting in sightings)
    parts = [f"{total} {where}"] if total or taken_back else []
    if taken_back:
        parts.append(f"{taken_back} not counted")
    if total > len(sightings) - taken_back:
        parts.append(f"latest {len(sightings)} shown")
    return ", ".join(parts)


class _List(QListView):
    """What is under the mouse stays there: new rows wait above until the mouse has left."""

    reached = Signal(bool)  # the keyboard is here, or no longer

    def rowsInserted(self, parent: Index, start: int, end: int) -> None:
        before = self.verticalScrollBar().value()
        super().rowsInserted(parent, start, end)
        if self.underMouse() and start == 0 and end + 1 < self.model().rowCount():
            self.doItemsLayout()  # or the bar does not know yet how far it goes
            height = (end + 1) * self.sizeHintForRow(0)
            self.verticalScrollBar().setValue(before + height)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.scrollToTop()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.reached.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.reached.emit(False)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.model() is not None and self.model().rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(
                self.viewport().rect().adjusted(12, 8, -12, -8),
                flags,
                "No sighting so far",
            )
            painter.end()


class SightingsPanel(Card):
    """Emits what the receptionist says; the window sees to it."""

    corrected = Signal(str, object)  # visit id, Correction or None
    note_wanted = Signal(object)  # Sighting
    ignore_wanted = Signal(str)  # visit id: its place is to be ignored

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Latest sightings", parent)
        self._total = ElidedLabel()
        self.head.addWidget(self._total)
        self.model = SightingsModel(self)
        self.list = _List()
        self.list.setModel(self.model)
        self.list.setItemDelegate(SightingDelegate(self.list))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setUniformItemSizes(True)
        self.list.setMinimumHeight(104)  # two rows, on the smallest screen, too
        # and what the figures above leave: they are shown whole before it gets more
        self.list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.list.setAccessibleName("Latest sightings, newest first")
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.list.selectionModel().selectionChanged.connect(self._enable)
        self.list.reached.connect(self._show_reached)
        self.list.doubleClicked.connect(self._ask_for_note)
        self.body.addWidget(self.list, 1)
        self.actions_: list[QAction] = []
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(FaintLabel("Correct"))
        for correction, text, short, key in CORRECTIONS:
            tip = f"{text.replace('&', '')}: the count follows"
            action = self._action(text, tip, key, correction_icon(correction))
            action.setIconText(short)
            action.triggered.connect(lambda _=False, c=correction: self._correct(c))
            row.addWidget(self._button(action))
        row.addStretch(1)
        self._as_seen = self._action(
            "As the monitor &saw it", "Take this visit's correction back", "Alt+0"
        )
        self._as_seen.triggered.connect(lambda: self._correct(None))
        note = self._action("Add a n&ote…", "Keep a note with this sighting", "Alt+N")
        note.setIconText("Note…")
        note.triggered.connect(self._ask_for_note)
        row.addWidget(self._button(note))
        ignore = self._action("I&gnore this place", "Nobody counts there any more", "Alt+I")
        ignore.triggered.connect(self._ignore)
        self.body.addLayout(row)
        self._enable()

    @Slot(bool)
    def _show_reached(self, reached: bool) -> None:
        self.has_keyboard = reached
        self.update()

    def _action(self, text: str, tip: str, key: str, icon: QIcon | None = None) -> QAction:
        action = QAction(icon or QIcon(), text, self)
        action.setToolTip(f"{tip} ({key})")
        action.setShortcut(key)
        self.actions_.append(action)
        return action

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(action)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to the pause
        button.setIconSize(QSize(18, 18))
        if not action.icon().isNull():
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setAccessibleName(action.text().replace("&", ""))
        return button

    def show_sightings(
        self, sightings: tuple[Sighting, ...], total: int, where: str = "this shift"
    ) -> None:
        """
        Args:
            sightings: Newest first.
            total: How many stand; the list may be shorter.
            where: What the total is of.
        """
        self.model.show(sightings)
        self._total.setText(total_text(sightings, total, where))
        self._enable()

    def show_present(self, cameras: frozenset[str]) -> None:
        """The cameras whose picture is of this moment: at others nothing is "now"."""
        self.model.show_present(cameras)

    def selected(self) -> Sighting | None:
        index = self.list.currentIndex()
        sighting = (
            index.data(SIGHTING_ROLE)
            if index.isValid() and self.list.selectionModel().hasSelection()
            else None
        )
        return sighting if isinstance(sighting, Sighting) else None

    def select(self, row: int) -> None:
        self.list.setCurrentIndex(self.model.index(row))

    @Slot()
    def _enable(self) -> None:
        sighting = self.selected()
        for action in self.actions_:
            action.setEnabled(sighting is not None)
        self._as_seen.setEnabled(sighting is not None and sighting.corrected is not None)

    def _correct(self, correction: Correction | None) -> None:
        sighting = self.selected()
        if sighting is not None and sighting.corrected is not correction:
            self.corrected.emit(sighting.visit_id, correction)

    def _ignore(self) -> None:
        sighting = self.selected()
        if sighting is not None:
            self.ignore_wanted.emit(sighting.visit_id)

    def _ask_for_note(self, _: object = None) -> None:
        sighting = self.selected()
        if sighting is not None:
            self.note_wanted.emit(sighting)

    @Slot(QPoint)
    def _show_menu(self, place: QPoint) -> None:
        index: QModelIndex = self.list.indexAt(place)
        if index.isValid():
            self.list.setCurrentIndex(index)
            self.menu().popup(self.list.viewport().mapToGlobal(place))

    def menu(self) -> QMenu:
        """The context menu of the selected sighting."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(self.actions_)
        return menu
