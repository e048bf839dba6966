"""What all live cameras have, whatever they are opened by."""

from __future__ import annotations

import time
from collections.abc import Callable

from monitor.camera.address import Address
from monitor.camera.recorded import Recorded
from monitor.camera.source import Claim
from monitor.camera.turn import UPRIGHT, Turn
from monitor.config import CameraConfig


class LiveSource:
    """A camera by its address, not opened. See `monitor.camera.source.FrameSource`.

    Args:
        now: Seconds of a steady clock, which its pictures are dated by.
    """

    live = True
    stills = False
    recorded: Recorded | None = None
    turn: Turn = UPRIGHT

    def __init__(
        self, address: Address, config: CameraConfig, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.address: Address | None = address
        self.name, self._url = address.name, address.url
        self._config, self._now = config, now
        self._start = now()
        self.claim: Claim | None = None
        self.failed = 0

    def __str__(self) -> str:
        return self.name
