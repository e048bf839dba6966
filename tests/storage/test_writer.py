"""What could not be written is kept, tried again, and told if it is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from books import Desk, result, still
from fakes import sighting, visit

from monitor.errors import StoreError
from monitor.records import Correction, Count, MaskState
from monitor.storage.writer import RETRY_S


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(tmp_path)
    yield opened
    opened.store.close()


def test_a_failing_store_shows_nothing_and_loses_nothing(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.store.broken = True
    update = desk.ledger.record(result(visits=(visit(1),), sightings=(sighting(1, open=False),)))
    assert update.sightings == ()
    assert "cannot be written (fake)" in update.problem
    assert update.count == Count(unmasked=1)  # counting goes on
    assert len(desk.rows()) == 1  # and so does the CSV
    desk.clock.t += RETRY_S + 0.1
    assert desk.ledger.tidy()
    assert desk.ledger.update().sightings == ()
    desk.store.broken = False
    desk.clock.t += RETRY_S + 0.1
    assert desk.ledger.tidy()
    update = desk.ledger.update()
    assert update.problem == ""
    assert [s.sighting_id for s in update.sightings] == ["shift-v1-s1"]
    assert list(desk.read()[1]) == ["shift-v1-s1"]
    assert len(desk.rows()) == 1
    assert not desk.ledger.tidy()
    caplog.clear()


def test_a_fault_is_logged_once(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.store.broken = True
    for i in range(1, 6):
        desk.ledger.record(result(visits=(visit(i),)))
        desk.clock.t += RETRY_S + 0.1
    assert caplog.text.count("cannot be written") == 1
    caplog.clear()


def test_it_does_not_hammer_a_broken_store(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    tries = []
    desk.store.broken = True
    real = desk.store.save
    desk.store.save = lambda *a, **k: (tries.append(1), real(*a, **k))  # type: ignore[method-assign,func-returns-value]
    for i in range(100):
        desk.ledger.record(result(visits=(visit(i),)))
        desk.clock.t += 0.04  # four seconds in all
    assert 1 <= len(tries) <= 4
    caplog.clear()


def test_a_store_locked_by_another_connection(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    other = sqlite3.connect(desk.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    update = desk.ledger.record(result(visits=(visit(1),), sightings=(sighting(1),)))
    assert "database is locked" in update.problem
    assert update.sightings == ()
    other.execute("ROLLBACK")
    other.close()
    desk.clock.t += RETRY_S + 0.1
    assert desk.ledger.tidy()
    assert desk.ledger.update().problem == ""
    assert list(desk.read()[1]) == ["shift-v1-s1"]
    caplog.clear()


def test_a_deleted_store_is_made_anew_with_the_whole_shift(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.ledger.absorb([visit(1), visit(2, MaskState.MASKED)], [sighting(1)])
    desk.ledger.correct("shift-v1", Correction.INCORRECT)
    desk.ledger.annotate("shift-v1-s1", "a visor")
    for path in desk.path.parent.glob("monitor.db*"):
        path.unlink()
    desk.ledger.absorb([visit(3)], [sighting(3)])
    visits, sightings = desk.read()
    assert sorted(visits) == ["shift-v1", "shift-v2", "shift-v3"]
    assert sorted(sightings) == ["shift-v1-s1", "shift-v3-s1"]
    assert (sightings["shift-v1-s1"].corrected, sightings["shift-v1-s1"].note) == (
        Correction.INCORRECT,
        "a visor",
    )
    desk.window_and_export_agree()
    assert caplog.text.count("was deleted or replaced") == 1
    assert desk.ledger.update().problem == ""
    caplog.clear()


def test_a_correction_after_the_store_was_deleted(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.ledger.absorb([visit(1)], [sighting(1)])
    for path in desk.path.parent.glob("monitor.db*"):
        path.unlink()
    desk.ledger.correct("shift-v1", Correction.MASKED)
    assert desk.read()[0]["shift-v1"].corrected is Correction.MASKED
    assert desk.read()[1]["shift-v1-s1"].corrected is Correction.MASKED
    desk.window_and_export_agree()
    caplog.clear()


def test_close_writes_what_waits(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.store.broken = True
    desk.ledger.absorb([visit(1)], [sighting(1)])
    desk.store.broken = False
    desk.ledger.close()
    assert list(desk.read()[1]) == ["shift-v1-s1"]
    caplog.clear()


@pytest.mark.parametrize("kind", ["sighting", "visit", "stills", "correction", "note"])
def test_close_says_what_is_lost(desk: Desk, caplog: pytest.LogCaptureFixture, kind: str) -> None:
    desk.ledger.absorb([visit(1)], [sighting(1)])
    desk.store.broken = True
    if kind == "sighting":
        desk.ledger.absorb([], [sighting(2)])
    elif kind == "visit":
        desk.ledger.absorb([visit(2, MaskState.MASKED)], [])
    elif kind == "stills":
        desk.ledger.record(still(MaskState.MASKED))
    elif kind == "correction":
        desk.ledger.correct("shift-v1", Correction.MASKED)
    else:
        desk.ledger.annotate("shift-v1-s1", "note")
    with pytest.raises(StoreError, match=r"1 records? could not be saved: .*\(fake\)"):
        desk.ledger.close()
    caplog.clear()


def test_an_unwritable_csv_keeps_its_rows(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.csv.unlink()
    desk.csv.mkdir()  # refuses even root
    update = desk.ledger.record(result(visits=(visit(1),), sightings=(sighting(1, open=False),)))
    assert "cannot be written" in update.problem
    assert len(update.sightings) == 1  # the store has it
    desk.csv.rmdir()
    desk.clock.t += RETRY_S + 0.1
    assert desk.ledger.tidy()
    assert [row["sighting_id"] for row in desk.rows()] == ["shift-v1-s1"]
    assert desk.ledger.update().problem == ""
    caplog.clear()


def test_a_csv_that_stays_unwritable_is_said_at_the_end(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.csv.unlink()
    desk.csv.mkdir()
    desk.ledger.absorb([visit(1)], [sighting(1, open=False)])
    with pytest.raises(StoreError, match="could not be saved"):
        desk.ledger.close()
    caplog.clear()


def test_a_failed_purge_is_no_problem_for_ever(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(tmp_path, retention_days=30)
    desk.store.broken = True
    desk.clock.t += 3601
    desk.ledger.tidy()
    assert desk.ledger.update().problem
    desk.store.broken = False
    desk.clock.t += RETRY_S + 0.1
    desk.ledger.tidy()
    assert desk.ledger.update().problem == ""
    desk.ledger.close()
    caplog.clear()
