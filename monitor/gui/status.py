"""The status bar: source and its state, resolution, frames a second, inference time, model,
privacy.
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QStatusBar, QWidget

from monitor.app import RunOptions
from monitor.records import SourceState, SourceStatus, WorkerState

SOURCE_PX, FIELD_PX = 200, 18  # for the camera; for the line and the gaps of a field
MASK_ONLY = "mask-only: nobody is identified"
PICTURES = "a picture of each sighting is kept"
LEARNING = "keeps corrected faces for learning"


class ElidedLabel(QLabel):
    """A label that shortens its text where there is no room; the whole text is its tooltip."""

    def __init__(
        self,
        wish: QSizePolicy.Policy = QSizePolicy.Policy.Preferred,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._mode = mode
        self.setSizePolicy(wish, QSizePolicy.Policy.Preferred)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def minimumSizeHint(self) -> QSize:
        return QSize(36, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        text = self.fontMetrics().elidedText(self.text(), self._mode, self.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(
            self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text
        )
        painter.end()


def state_text(status: SourceStatus, countdown_s: float | None, word: str = "") -> str:
    """What a source does, in a few words.

    Args:
        word: Where the state alone would not be true.
    """
    if status.state is SourceState.LOST and countdown_s is not None:
        return f"{status.state.value}, next try in {max(0, round(countdown_s))} s"
    return word or status.state.value


def sources_text(states: Mapping[str, int]) -> str:
    """What several cameras do: how many are in which state."""
    return f"{sum(states.values())} cameras: " + ", ".join(
        f"{number} {word}" for word, number in states.items()
    )


def privacy_text(enrolled: int | None, pictures: bool = False, learning: bool = False) -> str:
    """Who is named: nobody, or those who are enrolled; and which pictures are kept."""
    kept = [PICTURES] * pictures + [LEARNING] * learning
    if enrolled is None:
        return f"mask-only, but {' and '.join(kept)}" if kept else MASK_ONLY
    named = f"{enrolled} {'person' if enrolled == 1 else 'people'} enrolled, others are visitors"
    return "; ".join([named, *kept])


def retention_text(days: int) -> str:
    """How long sightings are kept."""
    if days == 0:
        return "kept for ever"
    return f"kept {days} {'day' if days == 1 else 'days'}"


class StatusBar(QStatusBar):
    """Fields with a name each, so that a screen reader can tell them apart."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.setContentsMargins(8, 0, 8, 0)
        # the state stands at the end, and matters more than the address before it
        self.source = ElidedLabel(QSizePolicy.Policy.Ignored, Qt.TextElideMode.ElideLeft)
        self.addWidget(self.source, 1)
        self.source.setAccessibleName("Camera and its state")
        self._lines: dict[QLabel, QFrame] = {}
        self.size_wh = self._field("Resolution of the camera's pictures")
        self.rate = self._field("Pictures analysed in a second")
        self.inference = self._field("Time that one picture takes: finding faces and judging masks")
        self.model = self._field("Mask model, what runs it, face detector")
        self.privacy = self._field("No embedding of any face is computed and nobody is named")
        self.privacy.setText(MASK_ONLY)
        self.retention = self._field("Visits and sightings that are older are deleted")
        self.sound = self._field("A soft sound for each who wears no mask; M turns it on and off")
        # what goes first where there is no room
        self._spare = (self.inference, self.rate, self.size_wh, self.sound, self.model)
        self._silent = False  # that no alert comes is worth its room

    def _field(self, tip: str) -> QLabel:
        line = QFrame()
        line.setFrameShape(QFrame.Shape.VLine)
        line.setFrameShadow(QFrame.Shadow.Plain)
        line.setFixedHeight(14)
        line.setForegroundRole(self.palette().ColorRole.Mid)
        label = ElidedLabel()
        label.setToolTip(tip)
        label.setAccessibleName(tip)
        self.addPermanentWidget(line)
        self.addPermanentWidget(label)
        self._lines[label] = line
        return label

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Leave room for what the camera does: on a small screen the other fields give way."""
        room = self.width() - SOURCE_PX
        needed = {label: max(36, label.sizeHint().width()) + FIELD_PX for label in self._lines}
        hidden: set[QLabel] = set()
        for label in self._spare:
            if label is self.sound and self._silent:
                continue
            if sum(w for other, w in needed.items() if other not in hidden) > room:
                hidden.add(label)
        for label, line in self._lines.items():
            label.setVisible(label not in hidden)
            line.setVisible(label not in hidden)

    def show_privacy(self, options: RunOptions, enrolled: int | None, worker: WorkerState) -> None:
        """Who is named; `enrolled` counts once the inference thread is READY."""
        pictures, learning = options.config.store.snapshots, options.config.learning.collect
        words = {
            WorkerState.LOADING: "identification is loading",
            WorkerState.READY: privacy_text(enrolled, pictures, learning),
        }
        if options.identify:
            text = words.get(worker, "nobody is identified now")
            tip = (
                "Faces are compared with those of the people who agreed to it; Monitor > People… "
                "lists them"
            )
        else:
            text = privacy_text(None, pictures, learning)
            tip = "No embedding of any face is computed and nobody is named"
        if pictures:
            tip += (
                ". The face of each sighting is kept as a picture (store.snapshots in the "
                "settings file)"
            )
        if learning:
            tip += (
                ". A few faces of each visit that is corrected or confirmed are kept to learn from "
                "(a setting; Monitor > Models… shows them)"
            )
        self.privacy.setText(text)
        self.privacy.setToolTip(tip)
        self.privacy.setAccessibleName(tip)

    def show_source(self, text: str) -> None:
        if text != self.source.text():
            self.source.setText(text)
            self.source.setToolTip(text)

    def show_size(self, width: int, height: int) -> None:
        self.size_wh.setText(f"{width} × {height}" if width else "– × –")

    def show_speed(self, per_s: float | None, inference_ms: float | None) -> None:
        self.rate.setText("– frames/s" if per_s is None else f"{per_s:.0f} frames/s")
        self.inference.setText("– ms" if inference_ms is None else f"{inference_ms:.0f} ms")

    def show_sound(self, muted: bool, silent: str = "") -> None:
        """`silent`: why there is no alert at all now."""
        text = silent or ("sound off" if muted else "sound on")
        self._silent = bool(silent)
        if text != self.sound.text():
            self.sound.setText(text)
            self.fit()
