"""Sightings that the broker has not confirmed yet, on the disk: a broker that is away, a kill or a
restart costs none of them.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from monitor.errors import StoreError
from monitor.files import try_lock

DESKS_MAX = 9  # programs of one user on one computer that tell the same broker


class Outbox:
    """A file in the data folder, in SQLite. The publisher's thread alone calls it.

    Args:
        folder: Made if it is not there. Of the programs that run, each has a file of its own;
            what one has left behind is sent by the next one that takes its place.

    Raises:
        StoreError: If it cannot be made, or `DESKS_MAX` programs have theirs.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.number, self._lock = self._take_place(folder)
        except OSError as error:
            raise StoreError(f"{folder} cannot be written ({error.strerror})") from None
        self._path = folder / f"waiting-{self.number}.db"
        self._rows = self._open()

    @staticmethod
    def _take_place(folder: Path) -> tuple[int, int]:
        for number in range(1, DESKS_MAX + 1):
            handle = os.open(folder / f".waiting-{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            if try_lock(handle):
                return number, handle
            os.close(handle)
        raise StoreError(f"{DESKS_MAX} programs tell the broker already: close one")

    def _open(self) -> sqlite3.Connection:
        try:
            return self._opened()
        except sqlite3.DatabaseError:
            # a file that a crash of the disk has damaged: kept for whoever wants to look
            with contextlib.suppress(OSError):
                os.replace(self._path, self._path.with_suffix(".damaged"))
        return self._opened()

    def _opened(self) -> sqlite3.Connection:
        rows = sqlite3.connect(self._path, isolation_level=None)
        self._path.chmod(0o600)
        rows.execute("PRAGMA journal_mode = WAL")
        rows.execute("PRAGMA secure_delete = ON")
        rows.execute(
            "CREATE TABLE IF NOT EXISTS waiting "
            "(number INTEGER PRIMARY KEY AUTOINCREMENT, payload TEXT NOT NULL)"
        )
        return rows

    def add(self, payloads: Iterable[str]) -> None:
        """Keep messages, in order; on the disk when it returns.

        Raises:
            StoreError: If they cannot be written.
        """
        try:
            self._rows.execute("BEGIN")
            self._rows.executemany(
                "INSERT INTO waiting (payload) VALUES (?)", [(payload,) for payload in payloads]
            )
            self._rows.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self._rows.execute("ROLLBACK")
            raise StoreError(f"{self._path} cannot be written ({error}): free the disk") from None

    def after(self, number: int, most: int) -> Sequence[tuple[int, str]]:
        """The next messages after one, oldest first: (number, message).

        Raises:
            StoreError: If they cannot be read.
        """
        try:
            return self._rows.execute(
                "SELECT number, payload FROM waiting WHERE number > ? ORDER BY number LIMIT ?",
                (number, most),
            ).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self._path} cannot be read ({error})") from None

    def confirmed(self, number: int) -> None:
        """The broker has a message.

        Raises:
            StoreError: If that cannot be written.
        """
        try:
            self._rows.execute("DELETE FROM waiting WHERE number = ?", (number,))
        except sqlite3.Error as error:
            raise StoreError(f"{self._path} cannot be written ({error}): free the disk") from None

    def __len__(self) -> int:
        try:
            return int(self._rows.execute("SELECT count(*) FROM waiting").fetchone()[0])
        except sqlite3.Error:
            return 0

    def close(self) -> None:
        """Let the file go to the next program."""
        self._rows.close()
        os.close(self._lock)
