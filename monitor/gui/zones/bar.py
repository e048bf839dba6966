"""The bar above the pictures while zones are drawn."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from monitor.gui.side.panel import FaintLabel
from monitor.gui.zones.draft import Draft, Kind

HINT = (
    "click corner after corner; a double click or Enter closes the zone. Drag a corner to move it; "
    "a right click removes a zone. With keys: arrows move the cross, Space sets a corner, Enter "
    "closes the zone, Backspace takes a corner back, Delete removes a zone, C counts, I ignores"
)
ROOM_PX = 18  # of a button beside its text


class ZoneBar(QWidget):
    """Main thread."""

    kind_chosen = Signal(object)  # Kind
    undo_wanted = Signal()
    clear_wanted = Signal()
    ended = Signal(bool)  # whether to keep what was drawn

    def __init__(self, camera: str) -> None:
        super().__init__()
        self.setAccessibleName(f"Zones of {camera}")
        rows = QVBoxLayout(self)
        rows.setContentsMargins(12, 6, 12, 6)
        rows.setSpacing(4)
        kinds, row = QHBoxLayout(), QHBoxLayout()
        kinds.setSpacing(6)
        row.setSpacing(6)
        self._hint = f"{camera}: {HINT}"
        self.kinds: dict[Kind, QRadioButton] = {}
        for kind, text, tip in (
            (Kind.COUNTING, "What &counts", "Only in such zones anybody counts (C)"),
            (Kind.IGNORED, "What is &ignored", "In such zones nobody counts (I)"),
        ):
            button = QRadioButton(text)
            button.setToolTip(tip)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            kinds.addWidget(button)
            button.clicked.connect(lambda _=False, k=kind: self.kind_chosen.emit(k))
            self.kinds[kind] = button
        kinds.addStretch(1)
        self.undo = self._button(row, "&Undo", "Take the last step back (Ctrl+Z)")
        self.clear = self._button(row, "C&lear", "Remove all zones: everything counts")
        row.addStretch(1)
        self.cancel = self._button(row, "Cancel", "Leave the zones as they were (Esc)")
        self.save = self._button(row, "&Save", "Go by these zones from now on")
        self.undo.clicked.connect(self.undo_wanted)
        self.clear.clicked.connect(self.clear_wanted)
        self.cancel.clicked.connect(lambda: self.ended.emit(False))
        self.save.clicked.connect(lambda: self.ended.emit(True))
        rows.addLayout(kinds)  # two rows: the bar does not hold a small window open
        rows.addLayout(row)
        self.hint = FaintLabel(self._hint)
        self.hint.setTextFormat(Qt.TextFormat.PlainText)
        self.hint.setWordWrap(True)
        rows.addWidget(self.hint)

    def _button(self, row: QHBoxLayout, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the picture
        button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        button.setMinimumWidth(button.fontMetrics().horizontalAdvance(text) + ROOM_PX)
        row.addWidget(button)
        return button

    def show_draft(self, draft: Draft) -> None:
        """What can be done now."""
        self.kinds[draft.kind].setChecked(True)
        self.undo.setEnabled(draft.can_undo)
        self.clear.setEnabled(bool(draft.zones or draft.corners))
        self.save.setEnabled(not draft.corners)

    def say(self, problem: str) -> None:
        """What could not be done; empty shows the hint again."""
        self.hint.setText(problem or self._hint)
