"""Paths as the user gives them after an option: one that no file system takes is refused at once,
before some part of the program trips over it.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

SPARE = "x" * 60  # names of the files beside an output: a lock, a copy that is written, the totals


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


def _possible(text: str, spare: str) -> Path:
    path = Path(text)
    try:
        os.lstat(path.absolute().with_name(path.name + spare) if spare else path)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass
    except ValueError:
        raise argparse.ArgumentTypeError("a name cannot hold a zero byte") from None
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r}… cannot be a file ({error.strerror}): give another, shorter name"
        ) from None
    return path
