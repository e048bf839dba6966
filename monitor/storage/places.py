"""Files that are written for the user: which may be, and how they are opened.

Nothing that exists is emptied, an output is never one of the files that are read, and only a
regular file is opened: a FIFO or a device could be waited for without an end.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from monitor.errors import ConfigError

OWNER_ALONE = 0o600
# descriptors of the program's own words, which would be overwritten by `--csv /dev/stdout > FILE`
TERMINAL = (1, 2)


def open_to_append(path: Path) -> int:
    """A descriptor that reads and appends, never waits, and whose new file its owner alone can
    read. A file that is there keeps its rights.

    Raises:
        OSError: If it cannot be opened, or is no regular file.
    """
    check_regular(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    flags |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, OWNER_ALONE)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # was put there meanwhile
        os.close(descriptor)
        raise _not_regular()
    return descriptor


def check_regular(path: Path) -> None:
    """Look at what is there without opening it.

    Raises:
        OSError: If there is something that is no regular file, or that is this program's terminal.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode) or any(
        _is_open_as(found, descriptor) for descriptor in TERMINAL
    ):
        raise _not_regular()


def _is_open_as(found: os.stat_result, descriptor: int) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samestat(found, os.fstat(descriptor))
    return False


def _not_regular() -> OSError:
    return OSError(errno.EINVAL, "it is no regular file")


def check_apart(
    outputs: Mapping[str, Iterable[Path]], inputs: Mapping[str, Iterable[Path]]
) -> None:
    """That no output is an input or another output, by whatever name, link or case.

    Args:
        outputs: What each is called before the user, and its files.
        inputs: The same.

    Raises:
        ConfigError: If one is.
    """
    taken = [(name, path) for name, paths in inputs.items() for path in paths]
    for name, paths in outputs.items():
        own = list(paths)
        for path in own:
            for other, theirs in taken:
                if _is_one(path, theirs):
                    raise ConfigError(
                        f"{name} would write over {other} ({theirs}): give another file"
                    )
        taken += [(name, path) for path in own]


def _is_one(output: Path, other: Path) -> bool:
    try:
        if output.exists() and other.exists():
            return output.samefile(other)
    except (OSError, ValueError):
        return False  # too long a name, for instance: opening it says so
    # what is not there yet: a file system may not tell small letters from capitals
    return os.path.realpath(output).casefold() == os.path.realpath(other).casefold()


def store_files(url: str) -> list[Path]:
    """The files of a store in SQLite; none of a server, or of a URL that is not valid."""
    try:
        parsed = sa.make_url(url)
    except (SQLAlchemyError, ValueError):
        return []
    if parsed.get_backend_name() != "sqlite" or not parsed.database or "\0" in parsed.database:
        return []
    named = parsed.database
    if named.startswith("file:"):
        named = unquote(named.removeprefix("file:").split("?")[0])
    return [Path(named + end) for end in ("", "-wal", "-shm", "-journal")]
