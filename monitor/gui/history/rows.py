"""Visits or sightings as a table model: as long as the list is, read page by page as it is looked
at.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QIcon, QPixmap

from monitor.gui.history.words import Row, shown_of, spent_s, state_text
from monitor.gui.names import shown_name
from monitor.gui.picture.symbols import state_icon
from monitor.gui.side.sightings_model import duration_text
from monitor.records import MaskState, Sighting, Visit

if TYPE_CHECKING:
    from monitor.storage.history import Found

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("When", "State", "For", "Camera", "Desk", "Name", "Note")
PAGE = 200
PICTURE_PX = 40


def row_id(row: Row) -> str:
    return row.visit_id if isinstance(row, Visit) else row.sighting_id


class RowsModel(QAbstractTableModel):
    """Main thread.

    Args:
        pictures: The folder of the snapshots.
    """

    wanted = Signal(int)  # a page, by its number, that is looked at and not there

    def __init__(self, pictures: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._known: dict[str, QIcon] = {}  # of sightings that were looked at
        self.found: Found | None = None
        self._pages: dict[int, list[Row]] = {}
        self._asked: set[int] = set()

    def show(self, found: Found, first: list[Row]) -> None:
        """Another list, and its first page."""
        self.beginResetModel()
        self.found, self._pages, self._asked = found, {0: first}, {0}
        self._known.clear()
        self.endResetModel()

    def show_page(self, found: Found, page: int, rows: list[Row]) -> None:
        """A page that was asked for."""
        if found is not self.found:
            return
        self._pages[page] = rows
        last = min(self.rowCount(), (page + 1) * PAGE) - 1
        self.dataChanged.emit(self.index(page * PAGE, 0), self.index(last, len(COLUMNS) - 1))

    @property
    def named(self) -> bool:
        """Whether somebody in what was read has a name."""
        return any(row.identity is not None for rows in self._pages.values() for row in rows)

    def row(self, place: int) -> Row | None:
        """What stands there, if it was read."""
        page = self._pages.get(place // PAGE, [])
        return page[place % PAGE] if place % PAGE < len(page) else None

    def place_of(self, wanted: str) -> int | None:
        """Where a row is among those that were read."""
        for page, rows in self._pages.items():
            for place, row in enumerate(rows):
                if row_id(row) == wanted:
                    return page * PAGE + place
        return None

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() or self.found is None else self.found.number

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self.row(index.row())
        if row is None:
            self._ask(index.row() // PAGE)
            return "…" if role == Qt.ItemDataRole.DisplayRole and index.column() == 0 else None
        if role == Qt.ItemDataRole.DisplayRole:
            return ROW_TEXTS[index.column()](row)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return ", ".join(text for text in (of(row) for of in ROW_TEXTS) if text)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._icon(row, index.column())
        return None

    def _ask(self, page: int) -> None:
        if page not in self._asked:
            self._asked.add(page)
            self.wanted.emit(page)

    def _icon(self, row: Row, column: int) -> QIcon | None:
        if column == 1:
            shown = shown_of(row)
            return state_icon(shown) if isinstance(shown, MaskState) else None
        if column == 0 and isinstance(row, Sighting):
            icon = self.picture(row)
            return None if icon.isNull() else icon
        return None

    def picture(self, sighting: Sighting) -> QIcon:
        """The picture of a sighting, null where none was kept."""
        key = sighting.sighting_id
        if key not in self._known:
            pixmap = QPixmap(str(self._pictures / f"{key}.jpg"))
            self._known[key] = QIcon() if pixmap.isNull() else QIcon(pixmap)
        return self._known[key]


ROW_TEXTS: tuple[Callable[[Row], str], ...] = (
    lambda row: f"{row.first_seen.astimezone():%a %d %b %Y, %H:%M:%S}",
    state_text,
    lambda row: duration_text(spent_s(row)),
    lambda row: row.camera,
    lambda row: row.desk,
    lambda row: shown_name(row.identity) or "",
    lambda row: row.note,
)
