"""Which programs name people from a gallery right now, and which state of the file they know.

Each has a small file beside the gallery, without a name in it, that it keeps locked while it runs:
a crash lets the lock go, and the file is then known to be stale.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import time
from pathlib import Path

from monitor.errand import ANSWER_S
from monitor.files import try_lock, within
from monitor.identity.results import RunningMonitor

OBEY_WAIT_S = 10.0  # a program looks at the gallery twice a second, between two frames
_FILE_BYTES = 2**14  # more than two paths are long
_STALE_S = 30.0  # a file is made before it is locked


def file_state(gallery: Path) -> str:
    """What changes whenever the file is replaced; empty where there is none."""
    try:
        stat = gallery.stat()
    except OSError:
        return ""
    return f"{stat.st_dev}-{stat.st_ino}-{stat.st_mtime_ns}-{stat.st_size}"


class Presence:
    """Tells others that this program names people. One thread calls it.

    Where the folder cannot be written nobody is told: nobody can then be forgotten there either.

    Args:
        gallery: The gallery file.
        csv: The list of sightings that this run writes; None: none.
        events: Its event log; None: none.
    """

    def __init__(self, gallery: Path, csv: Path | None = None, events: Path | None = None) -> None:
        gallery = Path(os.path.realpath(gallery))
        self._path = gallery.with_name(
            f".{gallery.name}.running-{os.getpid()}-{secrets.token_hex(4)}"
        )
        self._about = {
            "pid": os.getpid(),
            "csv": str(csv.absolute()) if csv else "",
            "events": str(events.absolute()) if events else "",
        }
        self._handle: int | None = None
        with contextlib.suppress(OSError):
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            self._handle = os.open(self._path, flags, 0o600)
            try_lock(self._handle)
        self.knows("nothing yet")

    def knows(self, state: str) -> None:
        """Confirm that the file's state is obeyed."""
        if self._handle is None:
            return
        content = json.dumps(self._about | {"state": state}).encode()
        with contextlib.suppress(OSError):
            os.lseek(self._handle, 0, os.SEEK_SET)
            os.write(self._handle, content.ljust(_FILE_BYTES))  # in one piece: never read half

    def close(self) -> None:
        """This program names nobody any more. A folder that does not answer is not waited for."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
            with contextlib.suppress(OSError):
                within(self._path.unlink, self._path, ANSWER_S)


def running_monitors(gallery: Path) -> tuple[RunningMonitor, ...]:
    """The programs that name people from a gallery now. Removes what dead ones have left."""
    gallery = Path(os.path.realpath(gallery))
    state, found = file_state(gallery), []
    pattern = re.compile(rf"\.{re.escape(gallery.name)}\.running-\d+-[0-9a-f]+")
    try:
        paths = [path for path in gallery.parent.iterdir() if pattern.fullmatch(path.name)]
    except OSError:
        return ()
    for path in paths:
        with contextlib.suppress(OSError):
            if not _held(path):
                continue
            about = {}
            with contextlib.suppress(ValueError):
                about = json.loads(path.read_bytes())
            found.append(
                RunningMonitor(
                    int(about.get("pid", 0)),
                    about.get("state") == state,
                    str(about.get("csv", "")),
                    str(about.get("events", "")),
                )
            )
    return tuple(sorted(found, key=lambda running: running.pid))


def _held(path: Path) -> bool:
    """Whether the program of a file still runs."""
    handle = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        if not try_lock(handle):
            return True
        stale = time.time() - os.fstat(handle).st_mtime > _STALE_S
    finally:
        os.close(handle)
    if stale:
        path.unlink()
    return False


def wait_for_monitors(gallery: Path, wait_s: float = OBEY_WAIT_S) -> tuple[RunningMonitor, ...]:
    """Wait until all running programs have confirmed that they know the gallery as it is now, or
    time is over.
    """
    limit = time.monotonic() + wait_s
    while True:
        running = running_monitors(gallery)
        if all(one.obeyed for one in running) or time.monotonic() > limit:
            return running
        time.sleep(0.1)
