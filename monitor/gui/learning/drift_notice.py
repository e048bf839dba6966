"""One line in the window when the door has changed, with the way to learn from it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from monitor.gui.banner import BannerStack, Severity
from monitor.gui.threads.bridge import Bridge
from monitor.gui.threads.session import Session

log = logging.getLogger(__name__)

KEY = "drift"


class DriftNotice:
    """Looks once a day, in the background. Main thread."""

    def __init__(
        self, session: Session, bridge: Bridge, banners: BannerStack, show: Callable[[], object]
    ) -> None:
        self._session, self._bridge, self._banners, self._show = session, bridge, banners, show
        self._looked: date | None = None

    def look(self) -> None:
        """Where days are summed up, and this one was not looked at yet."""
        options, today = self._session.options, datetime.now().astimezone().date()
        if not (options.config.learning.drift and options.stores) or self._looked == today:
            return
        self._looked = today
        self._bridge.run("looking for drift", self._changed, self._tell, log.warning)

    def _changed(self) -> list[str]:
        from monitor.learning.drift import WEEKS, changed, weeks
        from monitor.learning.places import default_places

        since = datetime.now(UTC) - timedelta(weeks=WEEKS)
        return changed(weeks(self._session.options.config.store.url, default_places(), since))

    def _tell(self, lines: list[str]) -> None:
        if lines:
            text = "\n".join(lines)
            self._banners.show_message(KEY, Severity.INFO, text, "&Models…", self._open)

    def _open(self) -> None:
        self._show()
