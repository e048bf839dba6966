"""Tells what the source does: in the status bar, in a banner, and over the picture."""

from __future__ import annotations

import time

from monitor.gui.banner import BannerStack, Severity
from monitor.gui.session import Session
from monitor.gui.status import StatusBar, source_text
from monitor.gui.view import PictureView
from monitor.records import SourceState, SourceStatus

PLATES = {
    SourceState.ENDED: "Ended. Space plays it again",
    SourceState.STALLED: "No new picture: this is the last one",
    SourceState.LOST: "Camera lost: this is the last picture",
    SourceState.FAILED: "This is the last picture",
}


class SourceWatch:
    """Looks at the source's state when something has changed and twice a second. Main thread."""

    def __init__(self, session: Session, view: PictureView, banners: BannerStack, status: StatusBar) -> None:
        self._session, self._view, self._banners, self._bar = session, view, banners, status
        self._since = 0.0
        self._seen: SourceStatus | None = None

    def look(self) -> None:
        """Bring the window up to date."""
        status = self._session.source_status()
        if status is None:
            return
        if status is not self._seen:
            self._seen, self._since = status, time.monotonic()
        countdown_s = None if status.retry_in_s is None else status.retry_in_s - (time.monotonic() - self._since)
        name = self._session.source_name
        self._bar.show_source(source_text(name, status, countdown_s, self._session.paused))
        self._show_banner(status, name)
        self._show_on_picture(status, name)

    def _show_banner(self, status: SourceStatus, name: str) -> None:
        if status.state in (SourceState.LIVE, SourceState.ENDED):
            self._banners.clear("source")
        elif status.state is SourceState.STALLED:
            text = f"{name} sends no pictures at the moment: check its cable, its power and the network"
            self._banners.show_message("source", Severity.WARNING, text)
        elif status.state is SourceState.LOST:
            text = f"{status.message}. It is tried again by itself"
            self._banners.show_message("source", Severity.WARNING, text, "Try now", self._session.again)
        elif status.state is SourceState.FAILED:
            self._banners.show_message("source", Severity.ERROR, status.message, "Try again", self._session.again)

    def _show_on_picture(self, status: SourceStatus, name: str) -> None:
        worker, _ = self._session.worker_state()
        if not self._view.has_picture:
            titles = {
                SourceState.OPENING: f"Opening {name}…",
                SourceState.LOST: f"{name} is lost",
                SourceState.FAILED: f"{name} cannot be shown",
            }
            hint = (
                "" if status.state in (SourceState.OPENING, SourceState.LIVE) else "The message above says what to do"
            )
            self._view.set_placeholder(titles.get(status.state, name), hint)
            self._view.set_plate("")
            return
        plate = PLATES.get(status.state, "")
        if status.state is SourceState.LOST and not self._session.source_live:
            plate = ""
        elif status.state is SourceState.LIVE and self._session.paused:
            plate = "Paused. Space goes on"
        elif not plate and worker == "LOADING":
            plate = "Loading models…"
        elif not plate and worker == "FAILED":
            plate = "Live picture only: nobody is counted"
        if status.state in (SourceState.LOST, SourceState.STALLED, SourceState.FAILED):
            self._view.drop_faces()  # nobody may take the last picture for the present one
        self._view.set_plate(plate)
