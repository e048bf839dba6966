"""Which shift it is: by the clock, by hand, or the one that a program before this had begun."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from monitor.config import ShiftConfig
from monitor.data_folder import data_folder
from monitor.errors import StoreError
from monitor.records import Shift
from monitor.shift_times import begun, parse_shifts
from monitor.storage.claims import Claims
from monitor.storage.store import Store


def new_shift_id(moment: datetime) -> str:
    """An id that sorts by time and that two desks do not share."""
    return f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def desk_token() -> str:
    """What tells this computer's books from another's in the same store: made once and kept in the
    data folder; where it cannot be kept, another at each start.
    """
    token = secrets.token_hex(8)
    try:
        path = data_folder() / "desk"
        try:
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(token)
        except FileExistsError:
            return path.read_text(encoding="ascii").strip()[:32] or token
    except (OSError, ValueError, StoreError):
        pass
    return token


def _wall() -> datetime:
    return datetime.now(UTC)


class ShiftClock:
    """Says which shift it is. One thread calls it.

    Args:
        times: Of `ShiftConfig`.
        desk: From `desk_token`.
        wall: The clock on the wall, aware.
    """

    def __init__(self, times: str, desk: str, wall: Callable[[], datetime] = _wall) -> None:
        self._times, self._desk, self._wall = parse_shifts(times), desk, wall
        self._set_by_user = self._times != parse_shifts(ShiftConfig().times)
        self._since = self._until = wall()

    def resume(self, store: Store, claims: Claims) -> Shift:
        """The shift that goes on: this desk's newest one since the last time of the settings,
        unless another program keeps it; else a new one.

        Raises:
            StoreError: If the store cannot be read.
        """
        moment = self._wall()
        self._set(moment)
        for shift in reversed(store.read_shifts(self._since, self._until)):
            if shift.desk == self._desk and claims.take(_claim(shift)):
                return shift
        return self._claimed(self._new(self._since, moment), claims)

    @property
    def over(self) -> bool:
        """Whether the next shift is to begin. A clock that is set back ends none."""
        return self._wall() >= self._until

    def next(self, claims: Claims, former: Shift, *, by_hand: bool = False) -> Shift:
        """A new shift: by the clock since the last time of the settings, by hand since now."""
        moment = self._wall()
        self._set(moment)
        claims.release(_claim(former))
        return self._claimed(self._new(moment if by_hand else self._since, moment), claims)

    def _set(self, moment: datetime) -> None:
        now = begun(moment, self._times)
        self._name, self._since, self._until = now.name, now.since, now.until

    def _new(self, started: datetime, moment: datetime) -> Shift:
        return Shift(
            new_shift_id(moment),
            started.astimezone(UTC),
            name=self._name,
            desk=self._desk,
            until=self._until.astimezone(UTC) if self._set_by_user else None,
        )

    @staticmethod
    def _claimed(shift: Shift, claims: Claims) -> Shift:
        claims.take(_claim(shift))
        return shift


def _claim(shift: Shift) -> str:
    return f"shift {shift.shift_id}"
