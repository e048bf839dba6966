"""A call on a file that may not come back: a dead share holds whoever writes to it, for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

ANSWER_S = 0.5  # a healthy disk is waited for so long
STUCK_AFTER_S = 3.0  # a call that takes longer is told


class Errand:
    """Calls on one output, one at a time, each in a thread of its own that is waited for a moment
    only. One thread calls it.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._then: Callable[[Exception | None], object] = lambda error: None
        self._error: Exception | None = None
        self._began, self._took_s = 0.0, 0.0

    def run(
        self,
        action: Callable[[], object],
        then: Callable[[Exception | None], object] = lambda error: None,
    ) -> None:
        """Have something done; the one before has been settled.

        Args:
            action: Called in the thread.
            then: Called with what it raised, if it did, by the caller's thread: at once, or in
                `settle`.
        """

        def do() -> None:
            try:
                action()
            except Exception as error:  # the top of a thread; handed on
                self._error = error
            self._took_s = time.monotonic() - self._began

        # who was slow the last time is not waited for
        wait_s = ANSWER_S if self._took_s < ANSWER_S else 0.0
        self._error, self._then, self._began = None, then, time.monotonic()
        self._thread = threading.Thread(target=do, name="errand", daemon=True)
        self._thread.start()
        self.settle(wait_s)

    @property
    def busy(self) -> bool:
        """Whether something is under way, or not settled."""
        return self._thread is not None

    @property
    def stuck(self) -> bool:
        """Whether something has been under way for too long."""
        return self._thread is not None and time.monotonic() - self._began > STUCK_AFTER_S

    def settle(self, wait_s: float = 0.0) -> bool:
        """Take the outcome of what was done meanwhile. Returns whether nothing is under way."""
        thread = self._thread
        if thread is None:
            return True
        if wait_s or not thread.is_alive():
            thread.join(wait_s)
        if thread.is_alive():
            return False
        self._thread = None
        self._then(self._error)
        return True
