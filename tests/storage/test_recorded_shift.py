"""What a recording shows, where it is stored, is of the day when it was made: not of the shift that
goes on at the desk.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.records import MaskState
from monitor.storage.ledger import Ledger
from monitor.storage.outputs import Outputs
from monitor.storage.shifts import ShiftClock
from monitor.storage.store import Store
from tests.fakes import visit
from tests.storage.books import result, still

TUESDAY = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)


def ledger_of(store: Store, *, clock: bool = True) -> Ledger:
    return Ledger(store, "run", Outputs(), clock=ShiftClock("00:00", "desk") if clock else None)


def play(ledger: Ledger, number: int) -> None:
    """A recording of Tuesday shows somebody."""
    seen = visit(number, camera="tuesday.mp4", first_seen=TUESDAY, last_seen=TUESDAY, open=False)
    ledger.record(result(visits=(seen,), camera="tuesday.mp4", live=False, wall=TUESDAY))


def watch(ledger: Ledger, number: int) -> None:
    """A camera shows somebody, now."""
    now = datetime.now(UTC)
    seen = visit(number, camera="door", first_seen=now, last_seen=now, open=False)
    ledger.record(result(visits=(seen,), wall=now))


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/m.db"


def test_the_shift_of_the_desk_goes_on_without_what_a_recording_showed(url: str) -> None:
    first = ledger_of(Store(url))
    watch(first, 1)
    play(first, 2)
    assert first.count().unmasked == 2  # both are shown while it plays
    first.close()
    again = ledger_of(Store(url))
    assert again.count().unmasked == 1
    again.close()
    store = Store(url)
    shifts = {shift.shift_id: shift for shift in store.read_shifts()}
    of = {one.camera: shifts[one.shift_id] for one in store.read_visits()}
    assert of["tuesday.mp4"].started == TUESDAY
    assert datetime.now(UTC) - of["door"].started < timedelta(days=1, minutes=1)
    store.close()


def test_a_run_on_a_recording_alone_has_one_shift_and_resumes_none(url: str) -> None:
    desk = ledger_of(Store(url))
    watch(desk, 1)
    desk.close()
    run = ledger_of(Store(url), clock=False)
    assert run.count().unmasked == 0
    play(run, 2)
    assert run.count().unmasked == 1
    run.close()
    store = Store(url)
    assert next(shift.started for shift in store.read_shifts()) == TUESDAY
    assert len(store.read_shifts()) == 2
    store.close()


def test_pictures_count_in_the_shift_of_their_day(url: str) -> None:
    ledger = ledger_of(Store(url))
    for _ in range(2):
        ledger.record(still(MaskState.MASKED, camera="pictures", live=False, wall=TUESDAY))
    ledger.close()
    again = ledger_of(Store(url))
    assert again.count().masked == 0
    again.close()
    store = Store(url)
    assert next((s.started, s.stills.masked) for s in store.read_shifts()) == (TUESDAY, 2)
    store.close()
