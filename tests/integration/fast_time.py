"""A clock that is moved by hand, for a process of its own: whatever the program asks for the time,
it is told this one. It is installed before the program is imported.

Threads still wait in real time: a lock or a queue is no clock.
"""

from __future__ import annotations

import datetime as module
import time
from typing import Any

_datetime, _date = module.datetime, module.date


class Clock:
    """Seconds since 1970, UTC; the steady clock goes along."""

    def __init__(self, moment: float) -> None:
        self.moment, self._began = moment, moment

    def monotonic(self) -> float:
        return 1000.0 + self.moment - self._began


class _IsInstance(type):
    """What the program makes are real ones."""

    def __instancecheck__(cls, thing: object) -> bool:
        return isinstance(thing, cls.__mro__[1])


def install(moment: float) -> Clock:
    """Have the whole process go by this clock."""
    clock = Clock(moment)

    class Datetime(_datetime, metaclass=_IsInstance):
        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            return _datetime(*args, **kwargs)

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return _datetime.fromtimestamp(clock.moment, tz)

    class Date(_date, metaclass=_IsInstance):
        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            return _date(*args, **kwargs)

        @classmethod
        def today(cls) -> Any:
            return _date.fromtimestamp(clock.moment)

    module.datetime, module.date = Datetime, Date  # type: ignore[misc]
    time.monotonic = clock.monotonic
    return clock
