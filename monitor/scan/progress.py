"""How far a scan is, and how long it takes still: a bar on a terminal, now and then a line
elsewhere.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterable
from typing import TextIO

BAR = 24  # letters
LINE_EVERY_S = 30.0
SHOW_EVERY_S = 0.2
RATE_AFTER_S = 2.0  # footage; before that nothing can be told


class Progress:
    """One thread calls it.

    Args:
        stream: Where it is written.
        now: Seconds of a steady clock.
    """

    def __init__(
        self, stream: TextIO | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream, self._now = stream or sys.stderr, now
        self._bar = self._stream.isatty()
        self._shown_at = -1e9
        self._shown = ""
        self._whole_s = self._done_s = self._kept_s = 0.0
        self._clips = self._clips_done = 0
        self._began: float | None = None

    def looking(self, number: int, of: int) -> None:
        """So many clips were looked at."""
        self._show(f"Looking at the clips: {number} of {of}")

    def begin(self, lengths_s: Iterable[float]) -> None:
        """Clips of so many seconds each are analysed from now on."""
        lengths = list(lengths_s)
        self._whole_s, self._clips, self._began = sum(lengths), len(lengths), None

    def done(self, length_s: float) -> None:
        """A clip of so many seconds needs no more work."""
        self._done_s += length_s
        self._clips_done += 1

    def at(self, open_s: float) -> None:
        """So many seconds of clips that are not whole were analysed."""
        done_s = min(self._done_s + open_s, self._whole_s)
        if self._began is None:  # what an earlier run has found took no time now
            self._began, self._kept_s = self._now(), done_s
        share = done_s / self._whole_s if self._whole_s else 1.0
        full = round(BAR * share)
        self._show(
            f"[{'#' * full}{'.' * (BAR - full)}] {100 * share:3.0f} %  "
            f"{self._clips_done} of {self._clips} clips, {hours(done_s)} of {hours(self._whole_s)} "
            f"of footage{self._left(done_s)}"
        )

    def _left(self, done_s: float) -> str:
        assert self._began is not None
        new_s, spent_s = done_s - self._kept_s, self._now() - self._began
        if new_s < RATE_AFTER_S or done_s >= self._whole_s:
            return ""
        return f", {duration((self._whole_s - done_s) * spent_s / new_s)} left"

    def say(self, line: str) -> None:
        """Something else; once."""
        if line != self._shown:
            self._clear()
            self._stream.write(f"{line}\n")
            self._shown = line
            self._stream.flush()

    def end(self) -> None:
        """Nothing more is shown."""
        self._clear()

    def _show(self, line: str) -> None:
        now = self._now()
        if now - self._shown_at < (SHOW_EVERY_S if self._bar else LINE_EVERY_S):
            return
        self._shown_at = now
        if self._bar:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\x1b[K{line[:width]}")
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def _clear(self) -> None:
        if self._bar:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def hours(seconds: float) -> str:
    """A length of footage, like 3:07:12 h."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02} h"


def duration(seconds: float) -> str:
    """A time that is waited, about."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
