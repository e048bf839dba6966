"""The slider of a recording: where one is, how far it was judged, and where its sightings are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QSlider, QToolTip, QWidget

from monitor.analysis.recall import Mark
from monitor.marks import MARKS
from monitor.records import MaskState

TICKS = 1000  # of the slider in a second
PAGE_S = 10.0
EDGE = 9  # px at both ends, so that the handle fits
GROOVE, HANDLE = 6, 7  # px: its height, and the handle's radius
# how far a sighting's mark stands out above the groove, px: not told apart by colour alone
MARK_UP = {MaskState.UNMASKED: 9, MaskState.INCORRECT: 5}


class SeekBar(QSlider):
    """Main thread. The user drags, clicks or uses the keys; the room sees to it."""

    sought = Signal(float)  # s: to go there
    glanced = Signal(float)  # s: the handle is over it, and still held
    stepped = Signal(int)  # pictures on, or back

    def __init__(self, say: Callable[[float], str], parent: QWidget | None = None) -> None:
        """
        Args:
            say: A moment of the recording (s) in words.
        """
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._say = say
        self._judged_s = 0.0
        self._marks: Sequence[Mark] = ()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the window
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Place in the recording")
        self.setToolTip("Click or drag: what was judged is shown again, what was not is judged now")

    def sizeHint(self) -> QSize:
        return QSize(200, 27)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 27)

    @property
    def t(self) -> float:
        """Where the handle is, s."""
        return self.value() / TICKS

    @property
    def marks(self) -> Sequence[Mark]:
        return self._marks

    def show_place(self, t: float, judged_s: float, length_s: float, marks: Sequence[Mark]) -> None:
        """
        Args:
            t: Of the picture that is shown, s; a handle that is held stays where it is.
            judged_s: Up to where the recording was judged.
            length_s: Of the recording.
            marks: Its sightings.
        """
        self.setRange(0, max(1, round(TICKS * length_s)))
        if not self.isSliderDown():
            self.setValue(round(TICKS * t))
        if (judged_s, marks) != (self._judged_s, self._marks):
            self._judged_s, self._marks = judged_s, marks
            self.update()

    # Mouse and keys

    def time_at(self, x: float) -> float:
        """The moment (s) at a place of the widget, px."""
        room = max(1, self.width() - 2 * EDGE)
        share = min(1.0, max(0.0, (x - EDGE) / room))
        return share * self.maximum() / TICKS

    def x_of(self, t: float) -> float:
        """Where in the widget a moment (s) is, px."""
        share = min(1.0, max(0.0, t * TICKS / max(1, self.maximum())))
        return EDGE + share * (self.width() - 2 * EDGE)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._hold(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._hold(event.position().x())
        place = QPoint(round(event.position().x()), 0)
        QToolTip.showText(
            self.mapToGlobal(place) - QPoint(0, 34), self._say(self.time_at(place.x())), self
        )

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.isSliderDown():
            self.setSliderDown(False)
            self.sought.emit(self.t)

    def _hold(self, x: float) -> None:
        self.setValue(round(TICKS * self.time_at(x)))
        self.glanced.emit(self.t)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Down: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: 1}
        places = {
            Qt.Key.Key_PageUp: self.t + PAGE_S,
            Qt.Key.Key_PageDown: self.t - PAGE_S,
            Qt.Key.Key_Home: 0.0,
            Qt.Key.Key_End: self.maximum() / TICKS,
        }
        if key in steps:
            self.stepped.emit(steps[key])
        elif key in places:
            self.sought.emit(min(self.maximum() / TICKS, max(0.0, places[key])))
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, middle = self.palette(), self.height() / 2 + 3
        groove = QRectF(EDGE, middle - GROOVE / 2, self.width() - 2 * EDGE, GROOVE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(QPalette.ColorRole.Mid))
        painter.drawRoundedRect(groove, GROOVE / 2, GROOVE / 2)
        judged = QRectF(groove)
        judged.setRight(self.x_of(self._judged_s))
        painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
        painter.drawRoundedRect(judged, GROOVE / 2, GROOVE / 2)
        for mark in self._marks:
            self._paint_mark(painter, mark, groove)
        painter.setBrush(palette.color(QPalette.ColorRole.Base))
        painter.setPen(QPen(palette.color(QPalette.ColorRole.WindowText), 2))
        painter.drawEllipse(QPointF(self.x_of(self.t), middle), HANDLE, HANDLE)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Link), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        painter.end()

    def _paint_mark(self, painter: QPainter, mark: Mark, groove: QRectF) -> None:
        """A flag above the groove where a sighting begins, as long as it lasts."""
        up = MARK_UP.get(mark.state, MARK_UP[MaskState.INCORRECT])
        left, right = self.x_of(mark.began_t), self.x_of(mark.ended_t)
        flag = QRectF(left, groove.top() - up, max(4.0, right - left), up - 1)
        painter.fillRect(flag, QColor(MARKS[mark.state].colour))
