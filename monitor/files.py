"""Reads a file whole, whatever lies at its path: no device, no pipe, no more than a bound. Writes
files that hold people's data: whole, and for their owner alone. No wait for a file is without an
end.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_BINARY = getattr(os, "O_BINARY", 0)
_FAR_OFF = 2**30  # Windows lets nobody read the bytes that are locked
ANSWER_S = 20.0  # a disk or a share that has not given the file after so long is taken for dead

# A pipe without a writer would hold `open` for ever, a terminal would become ours.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def read_file(path: Path, bytes_max: int, answer_s: float = ANSWER_S) -> bytes:
    """The content of an ordinary file. Any thread; signals are answered while it waits.

    Args:
        path: The file; a link is followed.
        bytes_max: A larger file is refused before its content is held.
        answer_s: How long disk or share may take.

    Raises:
        OSError: If it cannot be read, is no ordinary file, is too large or does not answer;
            `strerror` says which.
    """

    def read() -> bytes:
        try:
            return _read(path, bytes_max)
        except (ValueError, MemoryError) as error:  # a zero byte in the path; no memory left
            raise OSError(errno.EINVAL, str(error) or "out of memory", str(path)) from None

    return within(read, path, answer_s)


def within(action: Callable[[], T], path: Path, answer_s: float = ANSWER_S) -> T:
    """What an action on a file or folder gives. Any thread; signals are answered while it waits.

    Raises:
        TimeoutError: If disk or share have not answered for so long.
        Exception: What the action raises.
    """
    outcome: list[T] = []
    fault: list[Exception] = []

    def act() -> None:
        try:
            outcome.append(action())
        except Exception as error:  # handed on
            fault.append(error)

    # A dead share holds its reader in the kernel: a thread that may stay behind waits for it.
    thread = threading.Thread(target=act, name="files", daemon=True)
    thread.start()
    thread.join(answer_s)
    if fault:
        raise fault[0]
    if not outcome:
        raise TimeoutError(
            errno.ETIMEDOUT, f"the disk or share has not answered for {answer_s:g} s", str(path)
        )
    return outcome[0]


def _read(path: Path, bytes_max: int) -> bytes:
    descriptor = os.open(path, _FLAGS)
    with open(descriptor, "rb", buffering=0) as file:
        kind = os.fstat(descriptor)
        if stat.S_ISDIR(kind.st_mode):
            raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
        if not stat.S_ISREG(kind.st_mode):
            raise OSError(errno.EINVAL, "it is a device or a pipe, not a file", str(path))
        parts, left = [], bytes_max + 1
        if kind.st_size <= bytes_max:
            # In one piece where it can be: a model is not held twice.
            size = kind.st_size + 1
            while left > 0 and (part := file.read(min(left, max(size, 2**16)))):
                parts.append(part)
                left -= len(part)
        if kind.st_size > bytes_max or left <= 0:
            raise OSError(errno.EFBIG, f"it has more than {bytes_max:,} bytes", str(path))
    return b"".join(parts)


def write_whole(target: Path, content: bytes) -> None:
    """Replace a file in one step, with rights 0600.

    Raises:
        OSError: If it cannot be written; the old file is then as it was.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with private(temporary) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


@contextlib.contextmanager
def private(path: Path) -> Iterator[io.BufferedWriter]:
    """A file to write anew that its owner alone can read."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        yield file


def try_lock(handle: int) -> bool:
    """Lock an open file, if nobody else has; until it is closed."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, _FAR_OFF, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def one_writer(target: Path, wait_s: float) -> Iterator[None]:
    """One writer of a file at a time, in all threads and programs; a crash lets it go.

    Args:
        target: What is written; the lock is a file beside it.
        wait_s: How long another writer is waited for.

    Raises:
        TimeoutError: If another one has been writing for so long.
        OSError: If the folder cannot be written.
    """
    handle = os.open(
        target.with_name(f".{target.name}.lock"), os.O_RDWR | os.O_CREAT | _BINARY, 0o600
    )
    try:
        limit = time.monotonic() + wait_s
        while not try_lock(handle):
            if time.monotonic() > limit:
                raise TimeoutError(errno.ETIMEDOUT, "another program is writing it", str(target))
            time.sleep(0.05)
        yield
    finally:
        os.close(handle)  # lets the lock go
