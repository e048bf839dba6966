"""What the window reads of the store: totals, and files to be written."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from monitor.app import RunOptions
from monitor.files import within

# imported in the background after the window is up: they take SQLAlchemy with them
if TYPE_CHECKING:
    from monitor.storage.export import Exported
    from monitor.storage.export_wish import Wish
    from monitor.storage.store import Store
    from monitor.storage.totals import Total

T = TypeVar("T")

CLOSE_S = 2.0


class StoreSide:
    """Its methods are called in background threads."""

    def __init__(self, options: RunOptions) -> None:
        self.options = options
        self._reader: Store | None = None
        self._reader_lock = threading.Lock()

    def with_store(self, work: Callable[[Store], T]) -> T:
        """What `work` gives with the store that is kept open for reading, one at a time.

        Raises:
            StoreError: If the store cannot be read.
        """
        from monitor.storage.store import Store

        with self._reader_lock:
            if self._reader is None:
                self._reader = Store(self.options.config.store.url)
            return work(self._reader)

    def read_totals(self) -> list[Total]:
        """Today's totals.

        Raises:
            StoreError: If the store cannot be read.
        """
        from monitor.storage.totals import totals_between

        midnight = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0).astimezone()
        return self.with_store(lambda store: totals_between(store, midnight))

    def export(self, path: Path, wish: Wish) -> Exported:
        """Write sightings and totals; see `monitor.storage.export`.

        Raises:
            StoreError: If the store cannot be read or a file cannot be written.
        """
        from monitor.storage.export import export
        from monitor.storage.store import Store

        store = Store(self.options.config.store.url)
        try:
            return export(store, path, wish)
        finally:
            store.close()

    def close_reader(self) -> None:
        """Let the store go that is kept open for reading. A disk that does not answer is not waited
        for.
        """
        if self._reader is not None:
            with contextlib.suppress(TimeoutError):
                within(self._reader.close, Path(self._reader.label), CLOSE_S)
