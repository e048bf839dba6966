"""Disks that fill up: a small tmpfs where this user may mount one, and a limit on the size of files
everywhere else.
"""

from __future__ import annotations

import contextlib
import functools
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

SIZE_KB = 1024


class Disk(Protocol):
    """A folder on a disk that can be full."""

    folder: Path
    reasons: tuple[str, ...]  # what the system says when it is full

    def full(self) -> contextlib.AbstractContextManager[None]:
        """Full within the block, and free again after it."""
        ...

    def close(self) -> None: ...


def _mount(folder: Path, options: str) -> str:
    """Why a tmpfs cannot be mounted at `folder`; empty where it was."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root on Linux can mount a tmpfs"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"a tmpfs cannot be mounted here: {done.stderr.strip()}"


def mount(folder: Path, options: str) -> None:
    """A tmpfs at `folder`; skips the test where this user may not mount."""
    if reason := _mount(folder, options):
        pytest.skip(reason)


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", folder], check=False, capture_output=True)


@functools.cache
def can_mount() -> bool:
    """Whether this user may mount, tried out."""
    with tempfile.TemporaryDirectory() as folder:
        if _mount(Path(folder), "size=64k"):
            return False
        unmount(Path(folder))
        return True


class SmallDisk:
    """A tmpfs of one megabyte."""

    reasons = ("full", "No space left")

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        mount(folder, f"size={SIZE_KB}k")

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        filler = self.folder / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        try:
            yield
        finally:
            filler.unlink()

    def close(self) -> None:
        unmount(self.folder)


class LimitedDisk:
    """A folder in which no file of this process can grow: what a quota does. Stands in for a full
    disk without root.
    """

    reasons = ("I/O error", "too large")

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, self._limits[1]))
        try:
            yield
        finally:  # at once: pytest itself may be writing into a file
            resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)

    def close(self) -> None:
        pass
