"""Where nothing is watched: why, as large as that a camera is lost, and what helps."""

from __future__ import annotations

from monitor.gui.cameras.keeper import CameraKeeper
from monitor.gui.cameras.words import missing_text, not_watched_text
from monitor.gui.layout import WindowParts


def show_unwatched(parts: WindowParts, keeper: CameraKeeper) -> None:
    """In the place of the picture and in the status bar. Main thread."""
    view, missing = parts.grid.view, keeper.missing
    if keeper.unlocking:
        view.set_placeholder("Asking this system's keyring for the password…")
        parts.status.show_source("asking for the password")
    elif missing:
        view.set_placeholder(
            not_watched_text(missing),
            "Nobody is counted until it is entered",
            "Enter it…",
            keeper.locks.ask_for_all,
        )
        parts.status.show_source(missing_text(missing))
    else:
        view.set_placeholder(
            "Nothing to watch yet",
            "Set up a camera, or open a clip in the File menu",
            "Set up a camera…",
            parts.menus.set_up.trigger,
        )
        parts.status.show_source("no camera")
