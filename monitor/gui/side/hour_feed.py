"""Keeps the chart of the hours up to date: reads the store in the background, seldom."""

from __future__ import annotations

import logging
import time
from datetime import datetime

from monitor.gui.side.chart import HourPanel, hours_of
from monitor.gui.threads.bridge import Bridge
from monitor.gui.threads.session import Session
from monitor.records import Count
from monitor.storage.totals import OfDay, Total

log = logging.getLogger(__name__)

CHANGED_EVERY_S, EVERY_S = 2.0, 60.0


class HourFeed:
    """Main thread."""

    def __init__(self, session: Session, bridge: Bridge, panel: HourPanel) -> None:
        self._session, self._bridge, self._panel = session, bridge, panel
        self._read_at = 0.0
        self._read_count: Count | None = None
        self._busy = False

    def look(self, count: Count) -> None:
        """Read the totals if the count has changed, and once a minute without that."""
        waited_s = time.monotonic() - self._read_at
        due = waited_s >= EVERY_S or (count != self._read_count and waited_s >= CHANGED_EVERY_S)
        if self._busy or not due:
            return
        self._busy, self._read_at, self._read_count = True, time.monotonic(), count
        self._bridge.run("reading the totals", self._session.read_totals, self._show, self._fail)

    def _show(self, totals: list[Total]) -> None:
        self._busy = False
        came = any(total.count != Count() or total.sightings for total in totals)
        nobody = "Nobody judged yet today" if came else "No visits yet today"
        today = datetime.now().astimezone().date()
        self._panel.show_watched(next((t for t in totals if t.period == OfDay(today)), None))
        self._panel.show_hours(hours_of(totals), datetime.now().astimezone().hour, nobody)

    def _fail(self, message: str) -> None:
        self._busy = False
        self._panel.show_problem()
        log.warning("the chart could not be drawn: %s", message)
