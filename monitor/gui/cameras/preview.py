"""The live picture of a camera in a dialog, whether it is watched or not."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from monitor.camera.slot import LatestSlot
from monitor.camera.source import FrameSource
from monitor.camera.turn import UPRIGHT, Turn, turned_back, turned_image
from monitor.config import CameraConfig
from monitor.gui.picture.view import PictureView
from monitor.gui.threads.watched import Watched
from monitor.records import Frame, SourceState, SourceStatus

if TYPE_CHECKING:
    from monitor.camera.capture import CaptureThread

LOOK_MS = 66
STOP_LIMIT_S = 0.5  # a read that hangs ends by its own time limit


class Preview(QObject):
    """Shows pictures in a view until it is stopped. Main thread.

    Args:
        view: Where they are shown.
    """

    came = Signal()  # the first picture of what was opened
    troubled = Signal(object)  # `SourceStatus`: no picture came, and why; at each try

    def __init__(self, view: PictureView, config: CameraConfig) -> None:
        super().__init__(view)
        self._view, self._config = view, config
        self._frames: LatestSlot[Frame] = LatestSlot()
        self._watched: Watched | None = None
        self._came_turned = UPRIGHT  # how the pictures that come are turned already
        self.turn = UPRIGHT  # how they are to be shown
        self._last: Frame | None = None
        self._told: SourceStatus | None = None
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._thread: CaptureThread | None = None

    def open(self, source: FrameSource) -> None:
        """Read a source that nobody reads."""
        from monitor.camera.capture import CaptureThread

        self.stop()
        source = copy.copy(source)
        source.turn = UPRIGHT
        self._frames, self._came_turned = LatestSlot(), UPRIGHT
        self._thread = CaptureThread(source, self._frames, self._config)
        self._thread.start()
        self._view.set_placeholder(f"Opening {source.name}…")
        self._timer.start()

    def look_on(self, watched: Watched) -> None:
        """Show what comes from a source that is watched; it goes on being watched."""
        self.stop()
        self._watched, self._came_turned = watched, watched.source.turn
        self._frames = watched.onlooker = LatestSlot()
        self._timer.start()

    @property
    def is_open(self) -> bool:
        """Whether pictures are read, or waited for."""
        return self._timer.isActive()

    def stop(self) -> None:
        self._timer.stop()
        if self._watched is not None:
            self._watched.onlooker = None
        if self._thread is not None:
            self._thread.stop()
            self._thread.join(STOP_LIMIT_S)
        self._watched = self._thread = self._last = self._told = None
        self._view.clear()

    def show_turned(self, turn: Turn) -> None:
        """Show the pictures turned otherwise, this one and those to come."""
        self.turn = turn
        self._show()

    @Slot()
    def _look(self) -> None:
        frame = self._frames.get(0)
        if frame is not None:
            first, self._last = self._last is None, frame
            self._show()
            if first:
                self.came.emit()
            return
        reader = self._thread or self._watched
        if self._last is not None or reader is None:
            return
        status = reader.status()
        if status.state in (SourceState.LOST, SourceState.FAILED) and status is not self._told:
            self._told = status
            if status.refused and self._thread is not None:
                self._thread.stop()  # many a camera locks a user out who tries again and again
            self._view.set_placeholder("No picture", status.message)
            self.troubled.emit(status)

    def _show(self) -> None:
        if self._last is not None:
            image = turned_back(self._last.image, self._came_turned)
            self._view.show_picture(turned_image(image, self.turn))
