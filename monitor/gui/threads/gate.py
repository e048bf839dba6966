"""The gate between a capture thread and the inference thread: shows frames to the window while
models load, and can be shut.

One gate belongs to one capture thread. A gate that is shut lets nothing pass, so no frame of the
old source comes after the new one's, even where a read of the old source hangs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from monitor.camera.slot import LatestSlot
from monitor.records import Frame


class Gate(LatestSlot[Frame]):
    """A slot that hands on to another one.

    Args:
        target: The inference thread's slot, which the gates of several cameras fill, each under its
            own key.
        on_frame: Called in the capture thread with each frame, once.
    """

    def __init__(self, target: LatestSlot[Frame], on_frame: Callable[[Frame], None]) -> None:
        super().__init__()
        self._target, self._on_frame = target, on_frame
        self._lock = threading.Lock()
        self._shut = self._drains = False
        self._shown: Frame | None = None
        # the last frame that passed, with its key
        self._handed: tuple[Frame, Hashable] | None = None

    # The capture thread

    def put(self, value: Frame, key: Hashable = None) -> None:
        self._show(value)
        self._hand_on(value, key)

    def put_when_empty(self, value: Frame, timeout_s: float, key: Hashable = None) -> bool:
        if value is not self._shown:
            self._show(value)
        if self._open and not self._target.wait_empty(timeout_s, key):
            return False
        self._hand_on(value, key)
        return True

    def wait_empty(self, timeout_s: float, key: Hashable = None) -> bool:
        return not self._open or self._target.wait_empty(timeout_s, key)

    # The main thread

    def shut(self) -> None:
        """Let nothing pass any more, and take back what has not been looked at."""
        with self._lock:
            self._shut = True
            self._take_back()
            self._shown = None

    def drain(self) -> None:
        """Nobody analyses for now: frames are shown and not handed on."""
        with self._lock:
            self._drains = True
            self._take_back()

    def lead_to(self, target: LatestSlot[Frame]) -> None:
        """Hand on to this inference thread from now on, also what a former one has not looked
        at.
        """
        with self._lock:
            left = self._take_back()
            self._target, self._drains = target, False
            if left is not None and not self._shut:
                self._target.put(*left)
                self._handed = left

    def _take_back(self) -> tuple[Frame, Hashable] | None:
        """The frame that waits behind the gate, no longer there; other cameras' frames stay."""
        left, self._handed = self._handed, None
        if left is None or self._target.wait_empty(0, left[1]):
            return None
        self._target.discard(left[1])
        return left

    @property
    def _open(self) -> bool:
        return not (self._shut or self._drains)

    def _show(self, frame: Frame) -> None:
        if not self._shut:
            self._shown = frame
            self._on_frame(frame)

    def _hand_on(self, frame: Frame, key: Hashable) -> None:
        with self._lock:
            if self._open:
                self._target.put(frame, key)
                self._handed = (frame, key)
