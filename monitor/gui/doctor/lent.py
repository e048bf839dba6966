"""A watched camera whose frames are lent, as a source for the doctor: a USB camera serves one
program, and one reader, at a time.
"""

from __future__ import annotations

from monitor.camera.address import Address
from monitor.camera.recorded import Recorded
from monitor.camera.slot import LatestSlot
from monitor.camera.source import Claim, Picture
from monitor.camera.turn import UPRIGHT, Turn
from monitor.errors import CameraError
from monitor.gui.threads.watched import Watched
from monitor.records import Frame


class LentSource:
    """Reads what the window's own capture thread has read.

    Args:
        watched: The camera.
        frames: Where its frames go now.
        limit_s: How long a picture is waited for.
    """

    live, stills = True, False
    recorded: Recorded | None = None
    turn: Turn = UPRIGHT  # they are turned already

    def __init__(self, watched: Watched, frames: LatestSlot[Frame], limit_s: float) -> None:
        self._watched, self._frames, self._limit_s = watched, frames, limit_s
        self.name: str = watched.name
        self.address: Address | None = watched.source.address

    @property
    def claim(self) -> Claim | None:
        """What the camera says of itself."""
        claims = self._watched.capture.claims
        return claims.claim if claims is not None else None

    @property
    def failed(self) -> int:
        """Pictures that could not be shown."""
        claims = self._watched.capture.claims
        return claims.failed if claims is not None else 0

    def open(self) -> None:
        """It is open."""

    def read(self) -> Picture | None:
        frame = self._frames.get(self._limit_s)
        if frame is None:
            said = self._watched.status().message
            raise CameraError(said or f"{self.name} gives no picture: see that it is on")
        return Picture(frame.pixels, frame.t)

    def close(self) -> None:
        """It stays open: the window goes on with it."""
