"""What the user gives on a command line: a mistake is said in one line. A path that no file system
takes is refused at once, before some part of the program trips over it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from monitor.errors import ConfigError

SPARE = "x" * 60  # names of the files beside an output: a lock, a copy that is written, the totals


CLIP_ENDINGS = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v", ".mpg", ".mpeg", ".mts", ".gif")
# of an address, perfectly formed or not, which may hold a password; one letter is a drive
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


class CommandParser(argparse.ArgumentParser):
    """Raises ConfigError where something is wrong."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see `python {self.prog} --help`")


def day(text: str) -> datetime:
    """A day, or a time of local time.

    Raises:
        argparse.ArgumentTypeError: If it is none.
    """
    try:
        moment = datetime.fromisoformat(text).astimezone()
        moment.astimezone(UTC)  # the first and the last days of the calendar have no time there
        return moment
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no date: write 2026-11-21 or 2026-11-21T08:00"
        ) from None


def past(text: str) -> datetime:
    """As `day`, and not to come.

    Raises:
        argparse.ArgumentTypeError: If it is none.
    """
    moment = day(text)
    if moment > datetime.now(UTC):
        raise argparse.ArgumentTypeError(f"{text!r} is still to come: write when it was recorded")
    return moment


def path_to_read(text: str) -> Path:
    """A file or folder that is read.

    Raises:
        argparse.ArgumentTypeError: If there can be none of this name.
    """
    return _possible(text, "")


def path_to_write(text: str) -> Path:
    """A file that is written, with others of longer names beside it.

    Raises:
        argparse.ArgumentTypeError: If there can be none of this name.
    """
    if not Path(text).name:
        raise argparse.ArgumentTypeError(f"{text!r} is a folder: give a file's name")
    return _possible(text, SPARE)


def source_option(word: str) -> list[str]:
    """The option that a clip, a folder or an address was to be given after, with it."""
    path = Path(word)
    with contextlib.suppress(OSError, ValueError):
        if ":/" in word or "@" in word:
            return ["--camera ADDRESS"]
        if word.isdecimal():
            return [f"--camera {word}"]
        if path.is_dir():
            return [f"--images {word}"]
        if path.is_file() or path.suffix.lower() in CLIP_ENDINGS:
            return [f"--video {word}"]
    return []


def _possible(text: str, spare: str) -> Path:
    path = Path(text)
    try:
        os.lstat(path.absolute().with_name(path.name + spare) if spare else path)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        if _ADDRESS.match(text):
            raise argparse.ArgumentTypeError(
                "this is an address and no file: a stream is given with --camera"
            ) from None
    except ValueError:
        raise argparse.ArgumentTypeError("a name cannot hold a zero byte") from None
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r}… cannot be a file ({error.strerror}): give another, shorter name"
        ) from None
    return path
