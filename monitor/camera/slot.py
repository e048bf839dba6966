"""LatestSlot: hands values from thread to thread. Newest wins, so nothing piles up behind a slow
reader.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestSlot(Generic[T]):
    """Holds one value, or one for each key (a camera, say). Any thread may call any method."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._values: dict[Hashable, T] = {}
        self._closed = False
        self.dropped = 0  # values that were replaced before anybody took them

    def put(self, value: T, key: Hashable = None) -> None:
        """Replace what is there."""
        with self._changed:
            # Keeping its place in the order, a fast camera does not push a slow one back.
            self.dropped += key in self._values
            self._values[key] = value
            self._changed.notify_all()

    def put_when_empty(self, value: T, timeout_s: float, key: Hashable = None) -> bool:
        """Wait until the last value was taken, then put. False if that took too long or the slot
        was closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: key not in self._values or self._closed, timeout_s)
            if key in self._values or self._closed:
                return False
            self._values[key] = value
            self._changed.notify_all()
            return True

    def get(self, timeout_s: float) -> T | None:
        """The value that waits longest, each once; None if there was none in time or the slot is
        closed and empty.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._values or self._closed, timeout_s)
            if not self._values:
                return None
            value = self._values.pop(next(iter(self._values)))
            self._changed.notify_all()
            return value

    def take_all(self, timeout_s: float) -> list[T]:
        """All values that wait, one for each key; empty if there was none in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._values or self._closed, timeout_s)
            values = list(self._values.values())
            self._values.clear()
            self._changed.notify_all()
            return values

    def discard(self, key: Hashable = None) -> None:
        """Throw away the value that waits, if one does."""
        with self._changed:
            self._values.pop(key, None)
            self._changed.notify_all()

    def wait_empty(self, timeout_s: float, key: Hashable = None) -> bool:
        """Wait until the last value was taken."""
        with self._changed:
            return self._changed.wait_for(lambda: key not in self._values, timeout_s)

    def close(self) -> None:
        """Wake all who wait; values already there can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
