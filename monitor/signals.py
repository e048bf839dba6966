"""Signals that end a run in order: Ctrl+C, `kill`, and a terminal that is closed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


def ending_signals() -> list[int]:
    """What ends a run. A terminal that is closed does, unless `nohup` says otherwise."""
    closed = getattr(signal, "SIGHUP", None)
    ignored = closed is None or signal.getsignal(closed) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([] if ignored or closed is None else [closed])]


@contextmanager
def ended_by_signals(end: Callable[[], None]) -> Iterator[None]:
    """Meanwhile the first signal calls `end`, which waits for what cannot be written or read; a
    second one ends the program at once. Main thread.
    """
    asked = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            os._exit(128 + number)
        asked = True
        end()

    previous = {number: signal.signal(number, handle) for number in ending_signals()}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
