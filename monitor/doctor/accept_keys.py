"""The keys of an acceptance run, the same in the window and on a terminal; and a terminal's keys
read one by one.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from monitor.doctor.accept_records import Truth
from monitor.errors import ConfigError

JUDGE = {"m": Truth.MASKED, "u": Truth.UNMASKED, "w": Truth.INCORRECT, "n": Truth.NOBODY}
SKIP, MISSED, UNDO, END = "s", "x", "z", "q"
LINE = (
    "m masked, u unmasked, w worn wrong, n nobody; s skip, z undo, x somebody was missed, q end now"
)
PAUSE_S = 0.02


@contextlib.contextmanager
def terminal_keys() -> Iterator[Callable[[float], str]]:
    """Meanwhile a call gives the next key that is pressed within so many seconds; "" for none.
    Main thread.

    Raises:
        ConfigError: If standard input is no terminal.
    """
    if not sys.stdin.isatty():
        raise ConfigError(
            "--accept reads keys, and standard input is no terminal: run it in a terminal, or in "
            "the window (File > Cameras… > Check)"
        )
    if sys.platform == "win32":
        yield _windows_key
        return
    import termios
    import tty

    handle = sys.stdin.fileno()
    former = termios.tcgetattr(handle)

    def key(limit_s: float) -> str:
        ready, _, _ = select.select([handle], [], [], limit_s)
        # not through Python's buffer, of which `select` knows nothing; a terminal that is gone ends
        return os.read(handle, 1).decode(errors="replace").lower() or END if ready else ""

    try:
        tty.setcbreak(handle)
        yield key
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, former)


def _windows_key(limit_s: float) -> str:
    console: Any = importlib.import_module("msvcrt")  # it is there on Windows alone
    until = time.monotonic() + limit_s
    while not console.kbhit():
        if time.monotonic() >= until:
            return ""
        time.sleep(PAUSE_S)
    return str(console.getwch()).lower()
