"""A recording's own sightings and totals as files."""

from __future__ import annotations

import queue
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import StoreError
from monitor.gui.threads.session import Session

if TYPE_CHECKING:
    from monitor.storage.export import Exported
    from monitor.storage.export_recording import Found
    from monitor.storage.export_wish import Wish

ANSWER_S = 10.0  # the inference thread answers between two frames


def export_shown(session: Session, name: str, path: Path, wish: Wish) -> Exported:
    """Write what a recording has shown in this run; see `monitor.storage.export_recording`. Called
    in a background thread.

    Raises:
        PlaceTakenError: If a file is there already, and is not to be replaced.
        StoreError: If the analysis does not answer or a file cannot be written.
    """
    from monitor.storage.export_recording import Found, export_recording

    answers: queue.SimpleQueue[Found] = queue.SimpleQueue()
    watched = session.find(name)
    began = watched.capture.opened_at if watched is not None else datetime.now(UTC)
    session.submit(lambda parts: answers.put(Found(name, began, *parts.ledger.recording(name))))
    try:
        found = answers.get(timeout=ANSWER_S)
    except queue.Empty:
        raise StoreError(
            "the analysis does not answer, so nothing was saved: see the message above the "
            "picture, and try again"
        ) from None
    return export_recording(found, path, wish)
