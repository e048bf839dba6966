"""The bar below the picture of a recording."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from monitor.analysis.recall import Mark
from monitor.camera.review import SPEEDS, Place
from monitor.gui.menus import ReviewActions
from monitor.gui.review.icons import sign
from monitor.gui.review.seek_bar import SeekBar
from monitor.gui.review.words import length_text, place_text, speed_text, state_text
from monitor.gui.status import ElidedLabel


class ReviewBar(QWidget):
    """Main thread. Its buttons are the actions of the menu.

    Args:
        name: Of the recording.
        stills: Whether it is a folder of pictures.
        actions: Of the menu.
    """

    speed_chosen = Signal(float)

    def __init__(self, name: str, stills: bool, actions: ReviewActions) -> None:
        super().__init__()
        self.recording, self._stills = name, stills
        self._place = Place()
        self._paused: bool | None = None
        self._signs: dict[QToolButton, str] = {}
        self.setAccessibleName(f"Review of {name}")
        rows = QVBoxLayout(self)
        rows.setContentsMargins(6, 2, 6, 4)
        rows.setSpacing(2)
        first = QHBoxLayout()
        self.now, self.length = self._time("Time now"), self._time("Length of the recording")
        self.seek = SeekBar(self._say)
        for widget, share in ((self.now, 0), (self.seek, 1), (self.length, 0)):
            first.addWidget(widget, share)
        rows.addLayout(first)
        second = QHBoxLayout()
        second.setSpacing(2)
        self.previous = self._button(second, actions.previous, "previous")
        self.back = self._button(second, actions.back, "back")
        self.play = self._button(second, None, "pause")
        self.on = self._button(second, actions.on, "on")
        self.next = self._button(second, actions.next, "next")
        if stills:  # single pictures have no sightings
            self.previous.hide()
            self.next.hide()
        self.speed = QComboBox()
        for speed in SPEEDS:
            self.speed.addItem(speed_text(speed), speed)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.speed.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.speed.setAccessibleName("Speed")
        self.speed.setToolTip(
            "Speed (U faster, D slower). Every picture is judged at any speed: where that takes "
            "longer, the play is slower, and that is said"
        )
        self.speed.activated.connect(lambda _: self.speed_chosen.emit(self.speed.currentData()))
        second.addWidget(self.speed)
        self.state = ElidedLabel(QSizePolicy.Policy.Ignored, Qt.TextElideMode.ElideRight)
        self.state.setAccessibleName("What is done with the picture")
        second.addSpacing(4)
        second.addWidget(self.state, 1)
        actions.export.setIconText("Export…")
        self.export = self._button(second, actions.export, "")
        rows.addLayout(second)
        self._dress()

    def _time(self, name: str) -> QLabel:
        label = QLabel("0:00")
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setAccessibleName(name)
        return label

    def _button(self, row: QHBoxLayout, action: QAction | None, name: str) -> QToolButton:
        button = QToolButton()
        if action is not None:
            button.setDefaultAction(action)
            button.setAccessibleName(action.text().replace("&", "").rstrip("…"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to the pause
        button.setAutoRaise(bool(name))
        button.setIconSize(QSize(18, 18))
        if name:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            self._signs[button] = name
        row.addWidget(button)
        return button

    def _dress(self) -> None:
        """The signs in the palette's colours."""
        for button, name in self._signs.items():
            action, icon = button.defaultAction(), sign(name, self.palette())
            if action is not None:
                action.setIcon(icon)
            button.setIcon(icon)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()

    def _say(self, t: float) -> str:
        return place_text(self._place, t, stills=self._stills)

    def show_place(self, place: Place, marks: Sequence[Mark], paused: bool, speed: float) -> None:
        """Bring the bar up to date."""
        self._place, stills = place, self._stills
        held = self.seek.isSliderDown()
        t = self.seek.t if held else place.t
        self.seek.show_place(t, place.judged_s, place.length_s, marks)
        self.now.setText(place_text(place, t, stills=stills, exact=paused))
        self.length.setText(length_text(place, stills=stills))
        where = f"{place_text(place, t, stills=stills)} of {self.length.text()}"
        if where != self.seek.accessibleDescription():
            self.seek.setAccessibleDescription(where)
        said, sentence = state_text(place, stills=stills, sightings=len(marks))
        if (said, sentence) != (self.state.text(), self.state.toolTip()):
            self.state.setText(said)
            self.state.setToolTip(sentence)
            self.state.setAccessibleDescription(sentence)
        self.speed.setCurrentIndex(SPEEDS.index(speed))
        waits = paused or (place.ended and place.at_front)
        if waits is not self._paused:
            self._paused = waits
            self._signs[self.play] = "play" if waits else "pause"
            word = "Play" if waits else "Pause"
            self.play.setAccessibleName(word)
            self.play.setToolTip(f"{word} (Space)")
            self._dress()
