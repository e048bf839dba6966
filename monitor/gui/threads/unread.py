"""Cameras that are booked although nobody reads them: those that a recording took the place of, and
those that cannot be opened for want of a password. Main thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.camera.source import FrameSource
from monitor.records import Condition, WatchState


@dataclass(frozen=True, slots=True)
class Aside:
    """A camera that a recording took the place of."""

    source: FrameSource
    condition: Condition  # paused, since then


class Unread:
    """Knows them by name.

    Args:
        book: Has it booked what a camera shows: its name, and that.
        unbook: Ends that.
    """

    def __init__(
        self, book: Callable[[str, Condition], None], unbook: Callable[[str], None]
    ) -> None:
        self._book, self._unbook = book, unbook
        self.aside: dict[str, Aside] = {}
        self._locked: dict[str, Condition] = {}

    def book_all(self) -> None:
        """For books that do not know them yet."""
        for name, aside in self.aside.items():
            self._book(name, aside.condition)
        for name, condition in self._locked.items():
            self._book(name, condition)

    def set_aside(self, sources: Iterable[FrameSource]) -> None:
        """A recording takes their place: they are paused until cameras are back."""
        paused = Condition(WatchState.PAUSED, datetime.now(UTC))
        self.aside |= {source.name: Aside(source, paused) for source in sources}
        for name, aside in self.aside.items():
            self._book(name, aside.condition)

    def cameras_are_back(self) -> None:
        """No camera is set aside any more."""
        for name in self.aside:
            self._unbook(name)
        self.aside = {}

    def remove(self, name: str) -> None:
        """One that is set aside does not come back."""
        if self.aside.pop(name, None) is not None:
            self._unbook(name)

    def is_read(self, name: str) -> None:
        """One is read again; what it shows is booked by whoever reads it."""
        self.aside.pop(name, None)

    def lock(self, names: Collection[str], read: Collection[str]) -> None:
        """Book cameras that should be watched and lack their password.

        Args:
            names: All of them: those that were locked before and are not named are not any more.
            read: Those that are read, and booked by what they show.
        """
        before, self._locked = self._locked, {}
        for name in names:
            if name in read:
                continue
            known = before.get(name)
            self._locked[name] = known or Condition(WatchState.LOCKED, datetime.now(UTC))
            if known is None:
                self._book(name, self._locked[name])
        for name in before.keys() - self._locked.keys():
            if name not in read:
                self._unbook(name)
