"""Which cameras this program counts into a store: a second program on the same camera and store
would count every visitor twice.

A claim is a lock of the operating system on a small file beside the store, or in the data folder
for a server's: it ends with the program, however that ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from monitor.data_folder import data_folder
from monitor.errand import ANSWER_S
from monitor.errors import StoreError
from monitor.files import within
from monitor.storage.store import Store


class Claims:
    """The cameras that are claimed. One thread calls it at a time; a disk that does not answer is
    waited for a moment only, and has done then what it was asked for whenever it is back.

    Args:
        store: Which the visits are counted into; None: nothing is claimed.
    """

    def __init__(self, store: Store | None) -> None:
        self._stored = store is not None
        self._label, self._file = (store.label, store.file) if store is not None else ("", None)
        self._lock = threading.Lock()  # one call on the disk at a time
        self._keys: dict[str, str] = {}  # of the cameras, by name
        self._held: dict[str, tuple[Path, int]] = {}  # key -> lock file and descriptor

    def take(self, camera: str, key: str = "") -> bool:
        """Claim a camera. False if another program has it; True also where no lock can be had.

        Args:
            camera: Its name.
            key: What it is claimed by, whatever it is called (`Address.key`); empty: its name.
        """
        if not self._stored:
            return True
        return self._answered(lambda: self._take(camera, key or camera))

    def release(self, camera: str) -> None:
        """Let a camera go, if it was claimed."""
        if self._stored:
            self._answered(lambda: self._release(camera))

    def close(self) -> None:
        """Let all go."""

        def release_all() -> bool:
            for camera in list(self._keys):
                self._release(camera)
            return True

        if self._stored:
            self._answered(release_all)

    def _answered(self, action: Callable[[], bool]) -> bool:
        def alone() -> bool:
            with self._lock:
                return action()

        try:
            return within(alone, self._file or Path(self._label), ANSWER_S)
        except OSError:
            return True

    def _take(self, camera: str, key: str) -> bool:
        if camera in self._keys:
            return True
        if key in self._held:  # it has just been renamed
            self._keys[camera] = key
            return True
        path = self._path(key)
        while True:
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            if not _locked(descriptor):
                os.close(descriptor)
                return False
            if _is_at(descriptor, path):
                break
            os.close(descriptor)  # its last owner has just deleted it
        self._keys[camera], self._held[key] = key, (path, descriptor)
        return True

    def has(self, camera: str) -> bool:
        """Whether this program has claimed a camera."""
        return camera in self._keys

    def _release(self, camera: str) -> bool:
        key = self._keys.pop(camera, None)
        if key is not None and key not in self._keys.values():
            path, descriptor = self._held.pop(key)
            with contextlib.suppress(OSError):
                path.unlink()
            os.close(descriptor)
        return True

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(f"{self._label}\n{key}".encode()).hexdigest()[:16]
        if self._file is None:
            return data_folder() / f"counted-{name}.lock"
        name = hashlib.sha256(key.encode()).hexdigest()[:16]
        return self._file.with_name(f"{self._file.name}.{name}.lock")


def counted_twice(camera: str) -> str:
    """What to tell the user."""
    return (
        f"another Mask Monitor counts {camera} into the same store, and every visitor would be "
        f"counted twice: close one of them, or give this one another store with --store"
    )


def refuse_if_counted(url: str, cameras: Mapping[str, str]) -> None:
    """For a run that nobody looks at.

    Args:
        url: Of the store.
        cameras: Their keys (see `Claims.take`) by their names.

    Raises:
        StoreError: If another program counts one of the cameras into the store, or the store
            cannot be opened.
    """
    store = Store(url)
    claims = Claims(store)
    try:
        for camera, key in cameras.items():
            if not claims.take(camera, key):
                raise StoreError(counted_twice(camera))
    finally:
        claims.close()
        store.close()


def _locked(descriptor: int) -> bool:
    """Lock a file. False if another program has."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
