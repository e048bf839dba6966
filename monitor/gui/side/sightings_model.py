"""The latest sightings as a list model, and how a row is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from monitor.gui.names import shown_name
from monitor.gui.picture.marks import CORRECTION_WORDS
from monitor.gui.picture.symbols import draw_symbol
from monitor.marks import MARKS
from monitor.records import Correction, MaskState, Sighting
from monitor.storage.compliance import is_nobody

Index = QModelIndex | QPersistentModelIndex
SIGHTING_ROLE = Qt.ItemDataRole.UserRole
PRESENT_ROLE = Qt.ItemDataRole.UserRole + 1


def duration_text(seconds: float) -> str:
    """`8 s`, `2 min 05 s`, `1 h 04 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def time_text(moment: datetime, now: datetime | None = None) -> str:
    """The time of day; with the date where that is not today, the year where it is not this one."""
    there = moment.astimezone()
    today = (now or datetime.now()).astimezone().date()
    if there.date() == today:
        return f"{there:%H:%M:%S}"
    return f"{there:%d %b %H:%M}" if there.year == today.year else f"{there:%d %b %Y, %H:%M}"


def shown_state(sighting: Sighting) -> MaskState:
    """The receptionist's word before the machine's; a sighting of nobody is marked as not sure."""
    if sighting.corrected is None:
        return sighting.worst_state
    return (
        MaskState.UNSURE if is_nobody(sighting.corrected) else MaskState(sighting.corrected.value)
    )


def headline(sighting: Sighting) -> str:
    """What was seen, and for how long."""
    nobody = {Correction.NO_PERSON: "No person", Correction.NEVER_MOVED: "Never moved"}
    word = nobody.get(sighting.corrected or Correction.MASKED, MARKS[shown_state(sighting)].word)
    return f"{word}, {duration_text(sighting.seconds_unmasked)}"


def progress(sighting: Sighting, present: bool = True) -> str:
    """Whether it goes on, and how it ended.

    Args:
        present: Whether its camera shows this moment; otherwise nobody knows what is now.
    """
    if sighting.open:
        return "now" if present else f"until {time_text(sighting.last_seen)}"
    return "mask put on" if sighting.final_state is MaskState.MASKED else "left"


def _changed(sighting: Sighting) -> str:
    """Who has changed what the machine said at first: the receptionist, or the machine itself."""
    if sighting.corrected is Correction.NEVER_MOVED:
        return "withdrawn"
    return "corrected" if sighting.corrected is not None else ""


def details(sighting: Sighting) -> str:
    """The second line: name, correction, note, and the camera last, as it is the same most of the
    time.
    """
    corrected = _changed(sighting)
    note = f"“{sighting.note}”" if sighting.note else ""
    return "  ·  ".join(
        part for part in (shown_name(sighting.identity), corrected, note, sighting.camera) if part
    )


def sentence(sighting: Sighting, present: bool = True) -> str:
    """A whole row in words, for tooltips and screen readers."""
    said = sighting.corrected
    corrected = f", {_changed(sighting)}: {CORRECTION_WORDS[said]}" if said else ""
    note = f". Note: {sighting.note}" if sighting.note else ""
    seen = f"{time_text(sighting.first_seen)}: {headline(sighting)}, {progress(sighting, present)}"
    name = shown_name(sighting.identity)
    return f"{seen}{f', {name}' if name else ''}, {sighting.camera}{corrected}{note}"


class SightingsModel(QAbstractListModel):
    """Newest first. Main thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sightings: tuple[Sighting, ...] = ()
        self._present: frozenset[str] | None = None  # None: nobody has said yet

    @property
    def sightings(self) -> tuple[Sighting, ...]:
        return self._sightings

    def show(self, sightings: tuple[Sighting, ...]) -> None:
        """Take over another list; rows that stay keep their selection."""
        if sightings is self._sightings:
            return
        old, new = [s.sighting_id for s in self._sightings], [s.sighting_id for s in sightings]
        added = new.index(old[0]) if old and old[0] in new else len(new)
        kept = len(new) - added
        if kept and new[added:] == old[:kept]:
            if kept < len(old):  # the oldest give way
                self.beginRemoveRows(QModelIndex(), kept, len(old) - 1)
                self._sightings = self._sightings[:kept]
                self.endRemoveRows()
            if added:
                self.beginInsertRows(QModelIndex(), 0, added - 1)
                self._sightings = sightings
                self.endInsertRows()
            self._sightings = sightings
            self.dataChanged.emit(self.index(added), self.index(len(new) - 1))
        else:
            self.beginResetModel()
            self._sightings = sightings
            self.endResetModel()

    def show_present(self, cameras: frozenset[str]) -> None:
        """The cameras whose picture is of this moment."""
        if cameras != self._present:
            self._present = cameras
            self.dataChanged.emit(self.index(0), self.index(max(0, len(self._sightings) - 1)))

    def is_present(self, sighting: Sighting) -> bool:
        return self._present is None or sighting.camera in self._present

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._sightings)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._sightings):
            return None
        sighting = self._sightings[index.row()]
        if role == SIGHTING_ROLE:
            return sighting
        if role == PRESENT_ROLE:
            return self.is_present(sighting)
        if role in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.ToolTipRole,
            Qt.ItemDataRole.AccessibleTextRole,
        ):
            return sentence(sighting, self.is_present(sighting))
        return None


@dataclass(frozen=True, slots=True)
class _Text:
    words: str
    font: QFont
    ink: QColor


class SightingDelegate(QStyledItemDelegate):
    """Two lines a row: symbol, state and duration, time; below camera, correction and note."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(240, 2 * QFontMetrics(option.font).height() + 16)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        sighting = index.data(SIGHTING_ROLE)
        if not isinstance(sighting, Sighting):
            return
        painter.save()
        palette, area = option.palette, QRectF(option.rect)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(area, palette.color(QPalette.ColorRole.Highlight))
        else:
            painter.setPen(palette.color(QPalette.ColorRole.Midlight))
            painter.drawLine(area.bottomLeft(), area.bottomRight())
        present = bool(index.data(PRESENT_ROLE))
        if sighting.open and present:  # a quiet stripe while it goes on
            stripe = QRectF(area.left(), area.top() + 4, 3, area.height() - 8)
            painter.fillRect(
                stripe,
                palette.color(
                    QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Link
                ),
            )
        draw_symbol(
            painter, shown_state(sighting), QRectF(area.left() + 12, area.center().y() - 11, 22, 22)
        )
        strong = palette.color(
            QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        )
        faint = palette.color(
            QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.PlaceholderText
        )
        left, right = area.left() + 46, area.right() - 12
        line = QFontMetrics(option.font).height()
        first = QRectF(left, area.top() + 7, right - left, line)
        second = QRectF(left, area.top() + 9 + line, right - left, line)
        bold = QFont(option.font)
        bold.setWeight(QFont.Weight.DemiBold)
        began, how = time_text(sighting.first_seen), progress(sighting, present)
        self._pair(
            painter,
            first,
            _Text(headline(sighting), bold, strong),
            _Text(began, option.font, strong),
        )
        self._pair(
            painter,
            second,
            _Text(details(sighting), option.font, faint),
            _Text(how, option.font, faint),
        )
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(strong, 1, Qt.PenStyle.DotLine))
            painter.drawRect(area.adjusted(2.5, 2.5, -3.5, -3.5))
        painter.restore()

    @staticmethod
    def _pair(painter: QPainter, area: QRectF, text: _Text, end: _Text) -> None:
        """A text that gives way to another one at the right end."""
        end_width = QFontMetrics(end.font).horizontalAdvance(end.words)
        painter.setFont(end.font)
        painter.setPen(end.ink)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(area, flags, end.words)
        room = max(0, round(area.width()) - end_width - 12)
        painter.setFont(text.font)
        painter.setPen(text.ink)
        shown = QFontMetrics(text.font).elidedText(text.words, Qt.TextElideMode.ElideRight, room)
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
