"""A copy of an SQLite store, kept beside it while it is migrated."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa


class Aside:
    """The copy of a store of one version: `monitor.db.version-1`, readable by its owner alone."""

    def __init__(self, engine: sa.Engine, file: Path, version: int) -> None:
        self._engine = engine
        self.path = file.with_name(f"{file.name}.version-{version}")

    def make(self) -> None:
        """Copy the store as it was last committed; another connection may hold its write lock.

        Raises:
            OSError, sqlite3.Error: If the copy cannot be written.
        """
        self.remove()
        os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with self._both() as (store, copy):
            store.backup(copy)

    def put_back(self) -> bool:
        """Copy it back if the store is not as it was. Returns whether that was needed.

        Raises:
            OSError, sqlite3.Error: If it cannot be; the copy is then still there.
        """
        with self._both() as (store, copy):
            with contextlib.suppress(sqlite3.DatabaseError):
                if _contents(store) == _contents(copy):
                    return False
            copy.backup(store)
            return True

    def remove(self) -> None:
        """Delete the copy, if there is one."""
        for end in ("", "-wal", "-shm", "-journal"):
            one = self.path.with_name(self.path.name + end)
            if one.exists():  # a disk that is read-only refuses also where there is nothing to do
                one.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _both(self) -> Any:
        with (
            contextlib.closing(self._engine.raw_connection()) as pooled,
            contextlib.closing(sqlite3.connect(self.path)) as copy,
        ):
            yield pooled.driver_connection, copy


def _contents(connection: sqlite3.Connection) -> tuple[object, ...]:
    """The tables, how many rows they have, and whether the file is sound."""
    tables = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    names = [
        name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
    ]
    rows = [connection.execute(f'SELECT count(*) FROM "{name}"').fetchone() for name in names]
    return tables, rows, connection.execute("PRAGMA quick_check").fetchall()
