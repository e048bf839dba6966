"""A source whose pictures are counted, and a recording that plays at its own speed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from monitor.camera.address import Address
from monitor.camera.recorded import Recorded
from monitor.camera.source import Claim, Claims, FrameSource, Picture


class Counted:
    """Reads another source, and notes what comes from it and when.

    A recording is read at its own speed, and waited for where the computer is slower: what is said
    of it does not depend on what else the computer does. One thread opens, reads and closes; what
    was noted is read by others once that thread is asked to stop.

    Args:
        source: From now on this one's own.
        now: Seconds of a steady clock.
    """

    recorded: Recorded | None = None

    def __init__(self, source: FrameSource, now: Callable[[], float] = time.monotonic) -> None:
        self._source, self._now = source, now
        self.live = source.live
        self._begun = now()
        self._stopped = threading.Event()
        self.name: str = source.name
        self.address: Address | None = source.address
        self.turn, self.stills = source.turn, source.stills
        self.size_wh: tuple[int, int] | None = None  # of the newest picture, px
        self.times: list[float] = []  # of each picture, seconds of the source's own clock
        self.last_at: float | None = None  # when the newest came, by `now`
        self._failed_before = 0  # until the first picture: a stream may be joined between two

    @property
    def claim(self) -> Claim | None:
        """What the source says of itself."""
        return self._source.claim if isinstance(self._source, Claims) else None

    @property
    def damaged(self) -> int:
        """Pictures that could not be shown; once one could, only those since."""
        return self._failed() - self._failed_before

    def _failed(self) -> int:
        return self._source.failed if isinstance(self._source, Claims) else 0

    def stop(self) -> None:
        """Wake up whoever waits for a recording's next picture. Any thread."""
        self._stopped.set()

    def open(self) -> None:
        self._source.open()
        self._begun = self._now()

    def read(self) -> Picture | None:
        picture = self._source.read()
        if picture is None:
            return None
        if not self.live:
            self._stopped.wait(max(0.0, self._begun + picture.t - self._now()))
        if not self.times:
            self._failed_before = self._failed()
        self.size_wh = _size_wh(picture)
        self.times.append(picture.t)
        self.last_at = self._now()
        return picture

    def close(self) -> None:
        self._source.close()


def _size_wh(picture: Picture) -> tuple[int, int]:
    pixels = picture.pixels
    return (pixels.shape[1], pixels.shape[0]) if hasattr(pixels, "shape") else pixels.size_wh
