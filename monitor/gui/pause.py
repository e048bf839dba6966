"""A pause that was forgotten: live cameras go on by themselves after a while, with a reminder
before that.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from monitor.gui.banner import Severity
from monitor.gui.layout import WindowParts

log = logging.getLogger(__name__)

REMIND_S = 60.0  # before it goes on; of a short pause the last third
KEY = "pause"  # of the banner


class PauseWatch:
    """Looks several times a second. Main thread.

    Args:
        parts: Of the window.
        changed: Called when the cameras have gone on.
        now: Seconds of a steady clock.
    """

    def __init__(
        self,
        parts: WindowParts,
        changed: Callable[[], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session, self._banners = parts.session, parts.banners
        self._changed, self._now = changed, now
        self._since: float | None = None  # when the pause, or a longer one, began

    def look(self) -> None:
        """Remind, and go on when it is time."""
        limit_s = 60 * self._session.options.config.camera.resume_after_min
        live = any(watched.live for watched in self._session.watched)
        if not (self._session.paused and live and limit_s):
            self._since = None
            self._banners.clear(KEY)
            return
        if self._since is None:
            self._since = self._now()
        left_s = limit_s - (self._now() - self._since)
        if left_s <= 0:
            log.info("the cameras go on after a pause of %g minutes", limit_s / 60)
            self._session.pause(False)
            self._since = None
            self._banners.clear(KEY)
            self._changed()
        elif left_s <= min(REMIND_S, limit_s / 3):
            text = f"Nobody is watching. The cameras go on by themselves in {_shown(left_s)}"
            self._banners.show_message(KEY, Severity.WARNING, text, "Stay paused", self._stay)
        else:
            self._banners.clear(KEY)

    def _stay(self) -> None:
        self._since = self._now()
        self.look()


def _shown(seconds: float) -> str:
    """In steps of ten seconds: a message that was hidden comes back as often."""
    return f"{max(10, 10 * round(seconds / 10))} s"
