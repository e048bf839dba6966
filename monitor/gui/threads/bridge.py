"""The only way from other threads to Qt: empty signals. Whoever receives one fetches the newest
state himself.

Qt's event queue has no bound, so a signal never carries a picture, and a signal that is still
waiting is not sent twice.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from monitor.errors import MonitorError

log = logging.getLogger(__name__)

T = TypeVar("T")


class Bridge(QObject):
    """Lives in the main thread; `notify` may be called by any."""

    changed = Signal()  # a frame, an update or a state is new
    _task_ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._waiting = False
        self._closed = False
        self._threads: list[threading.Thread] = []
        self._ended: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._task_ended.connect(self._run_ended, Qt.ConnectionType.QueuedConnection)

    def notify(self) -> None:
        """Say that something is new. Any thread."""
        with self._lock:
            if self._waiting or self._closed:
                return
            self._waiting = True
            self.changed.emit()

    def taken(self) -> None:
        """The main thread is about to fetch what is new; later news need a new signal."""
        with self._lock:
            self._waiting = False

    def run(
        self,
        name: str,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[str], None],
    ) -> None:
        """Do `work` in a thread of its own, then `done` with its answer in the main thread.

        Args:
            name: Of the thread.
            work: Called in the new thread.
            done: Called in the main thread.
            failed: Called in the main thread instead, with one line for the user.
        """

        def body() -> None:
            try:
                answer = work()
            except MonitorError as error:
                message = str(error)
                self._end(lambda: failed(message))
            except Exception as error:  # the top of a thread
                log.exception("%s failed", name)
                fault = f"{name} failed ({error}): see the log"
                self._end(lambda: failed(fault))
            else:
                self._end(lambda: done(answer))

        thread = threading.Thread(target=body, name=name, daemon=True)
        self._threads = [t for t in self._threads if t.is_alive()] + [thread]
        thread.start()

    def _end(self, what: Callable[[], None]) -> None:
        self._ended.put(what)
        with self._lock:
            if not self._closed:
                self._task_ended.emit()

    @Slot()
    def _run_ended(self) -> None:
        while not self._ended.empty() and not self._closed:
            self._ended.get()()

    def close(self, limit_s: float) -> None:
        """No signal after this. Waits for the threads of `run`, each for `limit_s` at most."""
        with self._lock:
            self._closed = True
        for thread in self._threads:
            thread.join(limit_s)
