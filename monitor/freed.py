"""Memory that was freed, given back to the system."""

from __future__ import annotations

import contextlib
import ctypes
import sys


def give_back_freed() -> None:
    """Have the C library return what was freed. Takes some milliseconds; any thread.

    Only where a lot was freed at once that nobody is likely to ask for again: glibc keeps what a
    thread has freed for the threads that share its arena, and those of a decoder are gone with it.
    After four looks at a clip of 1080p that was 200 MB. Elsewhere than with glibc nothing is done.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # musl has none
            ctypes.CDLL(None).malloc_trim(0)
