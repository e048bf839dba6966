"""Two windows on one PostgreSQL, as at two desks of an office."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from fakes import sighting, visit
from pytestqt.qtbot import QtBot

from monitor.gui.history.page import HistoryPage
from monitor.gui.history.words import Row
from monitor.gui.reports import waiting_text
from monitor.gui.window import MainWindow
from monitor.records import Correction, Count, WorkerState
from monitor.storage import store_thread

pytest_plugins = ["postgres"]
MakeWindow = Callable[..., MainWindow]
LONG_MS = 90_000


def saw(window: MainWindow, number: int) -> None:
    """Have a window's books hold a sighting of today."""
    now, ids = datetime.now(UTC), {"visit_id": f"desk{number}-v1"}
    own: dict[str, Any] = {"first_seen": now, "last_seen": now, **ids}
    one = visit(number, **own)
    alarm = sighting(number, sighting_id=f"desk{number}-v1-s1", **own)
    window.session.submit(lambda parts: parts.ledger.absorb([one], [alarm]))


def corrections(window: MainWindow) -> dict[str, Correction | None]:
    """Of the sightings of this test; a demonstration may go on beside them."""
    shown = window.reports.shown.sightings
    return {s.visit_id: s.corrected for s in shown if s.visit_id.startswith("desk")}


def listed(page: HistoryPage, number: int) -> Row | None:
    place = page.model.place_of(f"desk{number}-v1-s1")
    return page.model.row(place) if place is not None else None


def test_what_is_corrected_in_one_window_is_shown_in_the_other(
    qtbot: QtBot,
    make_window: MakeWindow,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store_thread, "HEAR_S", 0.2)

    def until(what: Callable[[], object]) -> None:
        qtbot.waitUntil(lambda: bool(what()), timeout=LONG_MS)

    def desk(name: str) -> MainWindow:
        # two computers, with a data folder each
        monkeypatch.setattr("monitor.storage.shifts.desk_token", lambda: name)
        window = make_window(store={"url": postgres_url, "desk": name})
        until(lambda: window.session.worker_state()[0] is WorkerState.READY)
        return window

    left, right = desk("Left"), desk("Right")
    for number, window in enumerate((left, right), 1):
        saw(window, number)
        until(lambda window=window: len(corrections(window)) == 1)
    left.menus.history.trigger()
    page = left.commands.history
    assert page is not None
    until(lambda: listed(page, 1) and listed(page, 2) and not page.filter.desk.isHidden())
    assert [page.filter.desk.itemText(i) for i in range(3)] == ["All desks", "Left", "Right"]
    page.filter.desk.setCurrentIndex(2)
    page.filter.desk.activated.emit(2)
    until(lambda: not page._reading and listed(page, 2) and not listed(page, 1))
    page.table.selectRow(page.model.place_of("desk2-v1-s1"))
    page.correct(Correction.MASKED)
    until(lambda: corrections(right) == {"desk2-v1": Correction.MASKED})
    assert corrections(left) == {"desk1-v1": None}
    assert right.reports.shown.camera_counts["door"] == Count(masked=1)
    assert not right.reports.shown.undoable  # it was not said here
    right.session.submit(lambda parts: parts.ledger.correct("desk2-v1", Correction.INCORRECT))
    until(lambda: (row := listed(page, 2)) and row.corrected is Correction.INCORRECT)
    page.group.setCurrentIndex(page.group.findData("desks"))
    page.group.activated.emit(page.group.currentIndex())
    until(lambda: [bar.label for bar in page.chart.bars] == ["Left", "Right"])


def test_the_window_says_how_many_wait() -> None:
    assert waiting_text(0) == "Nothing is lost yet: it is tried again"
    assert waiting_text(1).startswith("Nothing is lost: 1 record waits on this computer")
    assert waiting_text(1234).startswith("Nothing is lost: 1,234 records wait")
