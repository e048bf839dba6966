"""What a live camera shows, and since when: followed by its capture thread, a few pictures a
second, for the window, the log and the store alike.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from monitor.camera.evidence import Evidence
from monitor.camera.scenery import Scenery
from monitor.camera.source import Picture
from monitor.records import Condition, WatchState

LOOK_EVERY_S = 0.2  # also spares streams the conversion of pictures that nobody searches


class Showing:
    """The pictures of one live camera. The capture thread calls `look`; `now` is replaced whole,
    and any thread may read it.

    Args:
        scenery: What the camera shows day by day; None: it is not kept.
        wall: The clock, aware.
    """

    def __init__(
        self,
        scenery: Scenery | None = None,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._evidence, self._scenery, self._wall = Evidence(), scenery, wall
        self._looked_at = -1e9
        self.now: Condition | None = None  # None: no picture was looked at yet
        self.frozen_s: float | None = None  # how old the picture is; None: it is of this moment

    def look(self, picture: Picture, at: float) -> None:
        """Take in the next picture, of the time `at` (s) of a steady clock."""
        if at - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = at
        evidence, wall = self._evidence, self._wall()
        doubt = evidence.look(picture.image, at)
        stands_s = evidence.stands_s
        self.frozen_s = stands_s
        since = wall
        if doubt is not None:
            since -= timedelta(seconds=at - evidence.since)
        elif self._scenery is not None:
            if evidence.grey is not None:
                self._scenery.look(evidence.grey, at, wall)
            if self._scenery.moved_since is not None:
                doubt, since = WatchState.MOVED, self._scenery.moved_since
        state = doubt or WatchState.LIVE
        if self.now is None or self.now.state is not state:
            self.now = Condition(state, since)

    def begin_again(self) -> None:
        """No picture was looked at for a while: what comes is judged anew."""
        self._looked_at, self.now, self.frozen_s = -1e9, None, None

    def accept(self) -> None:
        """The scene is as it should be, whatever it was before. Any thread."""
        if self._scenery is not None:
            self._scenery.accept()
