"""What is old enough to be deleted: decided by two witnesses, as the clock may have jumped.

The clock on the wall is one. The other is time that has passed for certain: this run's steady
clock, and the rows of the store, which a desk at work writes day by day. Where the rows end and the
clock goes on days later, it is believed only when it has gone on like that for `TRUST_AFTER`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor.storage.store import Store

log = logging.getLogger(__name__)

GAP_MAX = timedelta(days=5)  # from before Easter to after it: no row
TRUST_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Due:
    """What may be deleted now."""

    before: datetime
    doubt: str = ""  # why what is newer stays though it looks too old, in one line


def _wall() -> datetime:
    return datetime.now(UTC)


class Retention:
    """Says what is too old. The thread that writes the store calls it.

    Args:
        days: How long visits and sightings are kept, 1 or more.
        now: Seconds of a steady clock.
        wall: The clock that may be wrong.
    """

    def __init__(
        self,
        store: Store,
        days: int,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = _wall,
    ) -> None:
        self._store, self._days, self._now, self._wall = store, days, now, wall
        self._began = now()

    def due(self) -> Due:
        """
        Raises:
            StoreError: If the store cannot be read.
        """
        wall, kept = self._wall(), timedelta(days=self._days)
        since = self._steady_since(wall)
        if since is None:
            return Due(wall - kept)
        last = self._store.newest_before(since)
        assert last is not None
        believed = last + (wall - since)
        doubted = self._store.count_before(wall - kept) - self._store.count_before(believed - kept)
        if doubted == 0:
            return Due(believed - kept)
        return Due(
            believed - kept,
            f"the clock says {wall.astimezone():%Y-%m-%d %H:%M}, but the newest record before is "
            f"of {last.astimezone():%Y-%m-%d %H:%M}: {doubted} visits and sightings look older "
            f"than {self._days} days and are kept until the clock is right, or has gone on like "
            f"this for {TRUST_AFTER.days} days: set it if it is wrong",
        )

    def _steady_since(self, wall: datetime) -> datetime | None:
        """The moment after which the clock has gone on without a gap; None: for long enough, or
        since the first row.
        """
        # this run vouches for its own length
        since = wall - timedelta(seconds=self._now() - self._began)
        while wall - since < TRUST_AFTER:
            before = self._store.oldest_between(since - GAP_MAX, since)
            if before is None:
                return since if self._store.newest_before(since) is not None else None
            since = before
        return None
