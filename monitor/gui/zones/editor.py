"""Lies over the picture while zones are drawn: by mouse, or by keyboard with a cross."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QWidget

from monitor.camera.zones import Point
from monitor.gui.picture.view import PictureView
from monitor.gui.picture.zones import EDGE, LINE, paint_zones, points_in
from monitor.gui.zones.draft import Corner, Draft, Kind

REACH_PX = 9.0  # of the mouse, round a corner
STEP, FINE_STEP = 0.02, 0.002  # of the cross, in parts of the picture
CROSS = QColor("#FFC46B")
ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
KEYS = (*ARROWS, *ENTER, Qt.Key.Key_Space, Qt.Key.Key_Backspace, Qt.Key.Key_Delete)
KEYS = (*KEYS, Qt.Key.Key_Escape, Qt.Key.Key_C, Qt.Key.Key_I)


class ZoneEditor(QWidget):
    """Main thread. It covers a view and goes with it."""

    changed = Signal()  # the zones, or the kind of the next one
    said = Signal(str)  # what could not be done
    left = Signal()  # Esc, with no zone begun

    def __init__(self, view: PictureView, draft: Draft) -> None:
        super().__init__(view)
        self._view, self.draft = view, draft
        self._cross: Point = (0.5, 0.5)
        self._mouse: Point | None = None
        self._held: Corner | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName(
            "Zones of the picture. Arrows move the cross, Space puts a corner, Enter closes the "
            "zone, Delete removes the zone under the cross"
        )
        view.installEventFilter(self)
        self.setGeometry(view.rect())
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self.setGeometry(self._view.rect())
        return False

    @property
    def cross(self) -> Point:
        """Where the keyboard is, in parts of the picture."""
        return self._cross

    def act(self, undo: bool = False, clear: bool = False) -> None:
        """What the bar's buttons do."""
        if undo:
            self.draft.undo()
        if clear:
            self.draft.clear()
        self._held = None
        self._show()

    def choose(self, kind: Kind) -> None:
        """What the next zone is for."""
        self.draft.kind = kind
        self._show()

    def finish(self) -> None:
        """Close the zone that is being drawn."""
        problem = self.draft.finish()
        self._show()
        if problem:
            self.said.emit(problem)

    def _show(self) -> None:
        self.update()
        self.said.emit("")
        self.changed.emit()

    # Mouse

    def _point(self, place: QPointF) -> Point:
        picture = self._view.picture_rect()
        return (
            (place.x() - picture.left()) / max(1.0, picture.width()),
            (place.y() - picture.top()) / max(1.0, picture.height()),
        )

    def _reach(self) -> Point:
        picture = self._view.picture_rect()
        return REACH_PX / max(1.0, picture.width()), REACH_PX / max(1.0, picture.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        point = self._point(event.position())
        corner = self.draft.corner_at(point, self._reach())
        if corner == Corner(None, 0, 0) and len(self.draft.corners) >= 3:
            self.finish()  # a click on the first corner closes
            return
        if corner is not None:
            self.draft.begin_move()
            self._held = corner
        elif not self.draft.add(point):
            self.said.emit("This zone has as many corners as one may have: close it")
            return
        self._show()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._mouse = self._point(event.position())
        if self._held is not None:
            self.draft.move(self._held, self._mouse)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._held is not None:
            self._held = None
            self._show()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The first of its clicks has put the last corner."""
        if event.button() is Qt.MouseButton.LeftButton and self.draft.corners:
            self.finish()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Remove the zone there; the view's own menu does not open beneath."""
        self._remove(self._point(event.pos().toPointF()))
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        self._mouse = None
        self.update()

    # Keyboard

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            undo = event.key() == Qt.Key.Key_Z and event.modifiers() == _CONTROL
            if undo or (event.key() in KEYS and not event.modifiers() & ~_SHIFT):
                event.accept()  # else Space would pause, and Esc leave the full screen
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in ARROWS:
            step = FINE_STEP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else STEP
            x, y = self._cross
            dx, dy = ARROWS[Qt.Key(key)]
            self._mouse = None  # Delete is of the cross now
            self._cross = (min(1.0, max(0.0, x + dx * step)), min(1.0, max(0.0, y + dy * step)))
            self.update()
        elif key == Qt.Key.Key_Space:
            self.draft.add(self._cross)
            self._show()
        elif key in ENTER:
            self.finish()
        elif key == Qt.Key.Key_Backspace:
            self.draft.take_back_corner()
            self._show()
        elif key == Qt.Key.Key_Delete:
            self._remove(self._mouse or self._cross)
        elif key == Qt.Key.Key_Escape:
            self._escape()
        elif key == Qt.Key.Key_Z and event.modifiers() == _CONTROL:
            self.act(undo=True)
        elif key in (Qt.Key.Key_C, Qt.Key.Key_I):
            self.choose(Kind.COUNTING if key == Qt.Key.Key_C else Kind.IGNORED)
        else:
            super().keyPressEvent(event)

    def _remove(self, point: Point) -> None:
        removed = self.draft.remove_at(point)
        self._show()
        if not removed:
            self.said.emit("There is no zone here to remove")

    def _escape(self) -> None:
        if self.draft.corners:
            self.draft.drop()
            self._show()
        else:
            self.left.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        picture = self._view.picture_rect()
        paint_zones(painter, self.draft.zones, picture, drawing=True)
        for polygon in (*self.draft.zones.counting, *self.draft.zones.ignored):
            for corner in points_in(polygon, picture):
                _handle(painter, corner, 4.0)
        self._paint_begun(painter, picture)
        if self.hasFocus():
            self._paint_cross(painter, picture)
        painter.end()

    def _paint_begun(self, painter: QPainter, picture: QRectF) -> None:
        """The zone that is being drawn, and the line to the mouse."""
        corners = points_in(self.draft.corners, picture)
        if not corners:
            return
        line = list(corners)
        if self._mouse is not None and self._held is None:
            line += points_in((self._mouse,), picture)
        style = Qt.PenStyle.SolidLine
        if self.draft.kind is Kind.IGNORED:
            style = Qt.PenStyle.DashLine
        for pen in (QPen(EDGE, 4.5), QPen(LINE, 2.5, style)):
            painter.setPen(pen)
            painter.drawPolyline(QPolygonF(line))
        for number, corner in enumerate(corners):
            _handle(painter, corner, 4.0 if number else 6.0)

    def _paint_cross(self, painter: QPainter, picture: QRectF) -> None:
        (centre,) = points_in((self._cross,), picture)
        for pen in (QPen(EDGE, 4.0), QPen(CROSS, 1.8)):
            painter.setPen(pen)
            for dx, dy in ((12, 0), (0, 12)):
                painter.drawLine(centre - QPointF(dx, dy), centre + QPointF(dx, dy))


_CONTROL = Qt.KeyboardModifier.ControlModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier


def _handle(painter: QPainter, place: QPointF, radius: float) -> None:
    painter.setPen(QPen(EDGE, 1.5))
    painter.setBrush(LINE)
    painter.drawEllipse(place, radius, radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)
