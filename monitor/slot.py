"""LatestSlot: hands one value from thread to thread. Newest wins, so nothing piles up behind a slow reader."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestSlot(Generic[T]):
    """Holds one value. Any thread may call any method."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._value: T | None = None
        self._full = False
        self._closed = False
        self.dropped = 0  # values that were replaced before anybody took them

    def put(self, value: T) -> None:
        """Replace what is there."""
        with self._changed:
            self.dropped += self._full
            self._value, self._full = value, True
            self._changed.notify_all()

    def put_when_empty(self, value: T, timeout_s: float) -> bool:
        """Wait until the last value was taken, then put. False if that took too long or the slot was closed."""
        with self._changed:
            self._changed.wait_for(lambda: not self._full or self._closed, timeout_s)
            if self._full or self._closed:
                return False
            self._value, self._full = value, True
            self._changed.notify_all()
            return True

    def get(self, timeout_s: float) -> T | None:
        """The newest value, each once; None if there was none in time or the slot is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._full or self._closed, timeout_s)
            value, self._value, self._full = self._value, None, False
            self._changed.notify_all()
            return value

    def wait_empty(self, timeout_s: float) -> bool:
        """Wait until the last value was taken."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._full, timeout_s)

    def close(self) -> None:
        """Wake all who wait; a value already there can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
