"""How often somebody may ask: a bucket of tokens for each key and each session."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

WHO_MAX = 10_000


class Rates:
    """Any thread.

    Args:
        per_s: Tokens that come back a second; 0: no limit.
        burst: Tokens that a bucket holds.
        now: A monotonic clock, seconds.
    """

    def __init__(self, per_s: float, burst: int, now: Callable[[], float] = time.monotonic) -> None:
        self._per_s, self._burst, self._now = per_s, max(1, burst), now
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}  # who -> tokens, at which time

    def take(self, who: str) -> float:
        """Take a token.

        Returns:
            0, or the seconds until there is one.
        """
        if self._per_s <= 0:
            return 0.0
        now = self._now()
        with self._lock:
            if len(self._left) >= WHO_MAX and who not in self._left:
                self._left.clear()
            tokens, at = self._left.get(who, (float(self._burst), now))
            tokens = min(self._burst, tokens + (now - at) * self._per_s)
            if tokens >= 1:
                self._left[who] = tokens - 1, now
                return 0.0
            self._left[who] = tokens, now
            return (1 - tokens) / self._per_s
