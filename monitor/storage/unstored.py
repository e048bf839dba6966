"""The books of a recording: those who are on it are no visitors, so they are counted in memory and
gone at the end.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from monitor.storage.database import Database
from monitor.storage.store import Store


class _InMemory(Database):
    def __init__(self) -> None:
        self.label, self.is_sqlite, self.file = "memory", True, None
        self.migrating = self._left_behind = False
        self.engine = sa.create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )


class Unstored(Store):
    """A store that touches no file."""

    def __init__(self) -> None:
        self._database = _InMemory()
        self.label, self.file = "not stored", None
        self._prepare()
