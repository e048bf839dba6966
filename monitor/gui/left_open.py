"""After a crash or a power cut: until when the last run was seen, and that nobody watched since."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.gui.banner import BannerStack, Severity
from monitor.gui.plates import clock
from monitor.gui.threads.session import Session

KEY = "left open"


class LeftOpenNotice:
    """Says it once. Main thread."""

    def __init__(self, session: Session, banners: BannerStack) -> None:
        self._session, self._banners, self._told = session, banners, False

    def look(self) -> None:
        """The analysis is ready: what the last run left is known."""
        ended = self._session.left_open
        if self._told or ended is None:
            return
        self._told, now = True, datetime.now(UTC)
        self._banners.show_message(
            KEY,
            Severity.WARNING,
            f"Mask Monitor ended without being closed at {clock(ended, now)}; nobody watched until "
            f"{clock(now, now)}",
        )
