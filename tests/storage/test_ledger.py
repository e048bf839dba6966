"""The books of a shift: what was shown is stored, what could not be stored is kept and tried
again.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import NOON, FailingStore, FakeClock, face_at, frame, sighting, visit

from monitor.errors import StoreError
from monitor.records import (
    Correction,
    Count,
    Face,
    FrameResult,
    MaskState,
    Sighting,
    Timings,
    Visit,
)
from monitor.storage.csv_files import CsvLog, totals
from monitor.storage.events import EventLog
from monitor.storage.ledger import RETRY_S, SHOWN_MAX, Ledger, new_shift_id
from monitor.storage.snapshots import Snapshots
from monitor.storage.store import Store


class Desk:
    """A ledger on a real store, with a clock that is moved by hand."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.path = folder / "monitor.db"
        self.csv = folder / "sightings.csv"
        self.clock = FakeClock()
        self.store = FailingStore(f"sqlite:///{self.path}")
        self.csv_log = CsvLog(self.csv)
        self.ledger = Ledger(self.store, "shift", self.csv_log, now=self.clock, **options)

    def read(self) -> tuple[dict[str, Visit], dict[str, Sighting]]:
        """What another program sees in the file."""
        other = Store(f"sqlite:///{self.path}")
        visits = {v.visit_id: v for _, v in other.read_visits()}
        sightings = {s.sighting_id: s for s in other.read_sightings()}
        other.close()
        return visits, sightings

    def rows(self) -> list[dict[str, str]]:
        with self.csv.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def window_and_export_agree(self) -> None:
        """The totals of an export are the window's count, corrections included."""
        other = Store(f"sqlite:///{self.path}")
        rows = totals(other.read_shifts(), other.read_visits(), other.read_sightings())
        other.close()
        count = self.ledger.count()
        shift = next(
            (row for row in rows if row[0] == "shift shift"), ["shift shift", "0", "0", "0", "0"]
        )
        assert [int(n) for n in shift[1:5]] == [
            count.masked,
            count.unmasked,
            count.incorrect,
            count.unsure,
        ]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(tmp_path)
    yield opened
    opened.store.close()


def result(
    *, visits: tuple[Visit, ...] = (), sightings: tuple[Sighting, ...] = (), **changes: Any
) -> FrameResult:
    return FrameResult(frame(**changes), (), Timings(), visits, sightings)


def still(*states: MaskState) -> FrameResult:
    box = np.asarray(face_at(100), np.float32)
    faces = tuple(Face(box, 0.9, MaskState.MASKED, 0.9, state, 0.9, None) for state in states)
    return FrameResult(frame(still=True, file="a.jpg"), faces, Timings())


def test_what_is_shown_is_in_the_store(desk: Desk) -> None:
    update = desk.ledger.record(result(visits=(visit(1),), sightings=(sighting(1),)))
    assert update.sightings == (sighting(1),)
    assert update.sighting_total == 1
    assert update.count == Count(unmasked=1)
    assert update.problem == ""
    visits, sightings = desk.read()
    assert list(visits.values()) == [visit(1)]
    assert list(sightings.values()) == [sighting(1)]


def test_csv_has_a_row_when_a_sighting_ends_and_only_then(desk: Desk) -> None:
    desk.ledger.record(result(visits=(visit(1),), sightings=(sighting(1),)))
    assert desk.rows() == []
    desk.ledger.record(result(sightings=(sighting(1, open=False, final_state=MaskState.MASKED),)))
    assert [row["final_state"] for row in desk.rows()] == ["masked"]
    desk.ledger.close()
    assert len(desk.rows()) == 1


def test_newest_sightings_come_first(desk: Desk) -> None:
    for i in range(1, 4):
        desk.ledger.absorb([], [sighting(i, first_seen=NOON + timedelta(minutes=i))])
    assert [s.visit_id for s in desk.ledger.update().sightings] == [
        "shift-v3",
        "shift-v2",
        "shift-v1",
    ]


def test_a_long_shift_shows_the_latest_and_counts_all(desk: Desk) -> None:
    many = [sighting(i, first_seen=NOON + timedelta(seconds=i)) for i in range(SHOWN_MAX + 50)]
    desk.ledger.absorb([], many)
    update = desk.ledger.update()
    assert len(update.sightings) == SHOWN_MAX
    assert update.sighting_total == SHOWN_MAX + 50
    assert update.sightings[0].visit_id == f"shift-v{SHOWN_MAX + 49}"


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
    assert desk.ledger.idle()
    assert desk.ledger.update().sightings == ()
    desk.store.broken = False
    desk.clock.t += RETRY_S + 0.1
    assert desk.ledger.idle()
    update = desk.ledger.update()
    assert update.problem == ""
    assert [s.sighting_id for s in update.sightings] == ["shift-v1-s1"]
    assert list(desk.read()[1]) == ["shift-v1-s1"]
    assert len(desk.rows()) == 1
    assert not desk.ledger.idle()
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
    assert desk.ledger.idle()
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
    assert desk.ledger.idle()
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


@pytest.mark.parametrize("correction", list(Correction))
def test_correction_and_undo(desk: Desk, correction: Correction) -> None:
    desk.ledger.absorb([visit(1), visit(2, MaskState.MASKED)], [sighting(1)])
    before = desk.ledger.count()
    desk.ledger.correct("shift-v1", correction)
    visits, sightings = desk.read()
    assert visits["shift-v1"].corrected is correction
    assert sightings["shift-v1-s1"].corrected is correction
    assert desk.ledger.update().sightings[0].corrected is correction
    desk.window_and_export_agree()
    assert desk.ledger.undo()
    visits, sightings = desk.read()
    assert visits["shift-v1"].corrected is None
    assert sightings["shift-v1-s1"].corrected is None
    assert desk.ledger.count() == before
    desk.window_and_export_agree()
    assert not desk.ledger.undo()


def test_no_person_is_counted_nowhere(desk: Desk) -> None:
    desk.ledger.absorb([visit(1)], [sighting(1)])
    desk.ledger.correct("shift-v1", Correction.NO_PERSON)
    assert desk.ledger.count() == Count()
    desk.window_and_export_agree()


def test_undo_goes_back_step_by_step(desk: Desk) -> None:
    desk.ledger.absorb([visit(1), visit(2)], [])
    desk.ledger.correct("shift-v1", Correction.MASKED)
    desk.ledger.correct("shift-v1", Correction.INCORRECT)
    desk.ledger.correct("shift-v2", Correction.NO_PERSON)
    seen = [desk.ledger.count()]
    while desk.ledger.undo():
        seen.append(desk.ledger.count())
    assert seen == [
        Count(incorrect=1),
        Count(unmasked=1, incorrect=1),
        Count(masked=1, unmasked=1),
        Count(unmasked=2),
    ]


def test_a_corrected_visit_stays_so_when_the_machine_goes_on(desk: Desk) -> None:
    desk.ledger.absorb([visit(1)], [sighting(1)])
    desk.ledger.correct("shift-v1", Correction.MASKED)
    desk.ledger.absorb([visit(1, MaskState.INCORRECT)], [sighting(1, seconds_unmasked=9.0)])
    desk.ledger.absorb([visit(1, open=False)], [sighting(1, open=False)])
    assert desk.ledger.count() == Count(masked=1)
    visits, sightings = desk.read()
    assert visits["shift-v1"].corrected is Correction.MASKED
    assert sightings["shift-v1-s1"].corrected is Correction.MASKED
    assert desk.rows()[0]["corrected"] == "masked"


def test_a_visit_corrected_before_its_sighting_opens(desk: Desk) -> None:
    desk.ledger.absorb([visit(1)], [])
    desk.ledger.correct("shift-v1", Correction.MASKED)
    desk.ledger.absorb([], [sighting(1)])
    assert desk.read()[1]["shift-v1-s1"].corrected is Correction.MASKED
    assert desk.ledger.update().sightings[0].corrected is Correction.MASKED
    desk.window_and_export_agree()
    desk.ledger.undo()
    assert desk.read()[1]["shift-v1-s1"].corrected is None


def test_corrections_wait_for_a_broken_store(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.ledger.absorb([visit(1)], [sighting(1)])
    desk.store.broken = True
    desk.ledger.correct("shift-v1", Correction.MASKED)
    desk.ledger.annotate("shift-v1-s1", "a visor")
    assert desk.ledger.count() == Count(masked=1)
    desk.ledger.absorb([visit(1, open=False)], [sighting(1, open=False)])
    desk.store.broken = False
    desk.clock.t += RETRY_S + 0.1
    desk.ledger.idle()
    kept = desk.read()[1]["shift-v1-s1"]
    assert (kept.corrected, kept.note, kept.open) == (Correction.MASKED, "a visor", False)
    assert desk.ledger.update().problem == ""
    assert not desk.ledger.idle()
    desk.window_and_export_agree()
    caplog.clear()


def test_taking_back_what_was_never_stored(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.store.broken = True
    desk.ledger.absorb([visit(1)], [sighting(1)])
    desk.ledger.correct("shift-v1", Correction.NO_PERSON)
    desk.ledger.absorb([visit(1, open=False)], [sighting(1, open=False)])
    desk.ledger.undo()
    desk.store.broken = False
    desk.ledger.close()
    visits, sightings = desk.read()
    assert visits["shift-v1"].corrected is None
    assert sightings["shift-v1-s1"].corrected is None
    caplog.clear()


def test_notes(desk: Desk) -> None:
    desk.ledger.absorb([visit(1)], [sighting(1)])
    desk.ledger.annotate("shift-v1-s1", "=a visor")
    desk.ledger.annotate("unknown", "lost")
    assert desk.ledger.update().sightings[0].note == "=a visor"
    desk.ledger.absorb([], [sighting(1, open=False)])
    assert desk.read()[1]["shift-v1-s1"].note == "=a visor"
    assert desk.ledger.update().sightings[0].note == "=a visor"
    assert desk.rows()[0]["note"] == "'=a visor"


def test_correcting_a_stranger_is_nothing(desk: Desk) -> None:
    desk.ledger.correct("unknown", Correction.MASKED)
    assert not desk.ledger.undo()
    assert desk.ledger.count() == Count()


def test_single_pictures(desk: Desk) -> None:
    update = desk.ledger.record(still(MaskState.MASKED, MaskState.UNSURE))
    desk.ledger.record(still())
    desk.ledger.record(still(MaskState.MASKED))
    assert update.count == Count(masked=1, unsure=1)
    assert desk.ledger.count() == Count(masked=2, unsure=1)
    desk.window_and_export_agree()


def test_cameras_have_their_own_counts(desk: Desk) -> None:
    desk.ledger.absorb([visit(1), visit(2, MaskState.MASKED, camera="back")], [])
    update = desk.ledger.update()
    assert update.camera_counts == {"door": Count(unmasked=1), "back": Count(masked=1)}
    assert update.count == Count(masked=1, unmasked=1)


def test_retention(tmp_path: Path) -> None:
    old = Store(f"sqlite:///{tmp_path / 'monitor.db'}")
    now = datetime.now(UTC)
    old.begin_shift("old", now - timedelta(days=40))
    ages = {1: now - timedelta(days=31), 2: now - timedelta(days=29)}
    old.save("old", [visit(i, last_seen=t, open=False) for i, t in ages.items()], [])
    old.close()
    desk = Desk(tmp_path, retention_days=30)
    assert list(desk.read()[0]) == ["shift-v2"]
    late = Store(f"sqlite:///{desk.path}")
    late.save("old", [visit(3, last_seen=ages[1], open=False)], [])
    late.close()
    desk.ledger.idle()
    assert "shift-v3" in desk.read()[0]
    desk.clock.t += 3601
    desk.ledger.idle()
    assert list(desk.read()[0]) == ["shift-v2"]
    desk.ledger.close()


def test_nothing_is_purged_without_a_retention(tmp_path: Path) -> None:
    desk = Desk(tmp_path, retention_days=0)
    desk.ledger.absorb([visit(1, last_seen=NOON - timedelta(days=9999))], [])
    desk.clock.t += 7200
    desk.ledger.idle()
    assert list(desk.read()[0]) == ["shift-v1"]
    desk.ledger.close()


def test_a_failed_purge_is_no_problem_for_ever(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(tmp_path, retention_days=30)
    desk.store.broken = True
    desk.clock.t += 3601
    desk.ledger.idle()
    assert desk.ledger.update().problem
    desk.store.broken = False
    desk.clock.t += RETRY_S + 0.1
    desk.ledger.idle()
    assert desk.ledger.update().problem == ""
    desk.ledger.close()
    caplog.clear()


def test_events_are_written_by_the_frame(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'monitor.db'}")
    ledger = Ledger(store, "shift", event_log=EventLog(tmp_path / "events.jsonl"))
    ledger.record(result(visits=(visit(1),), index=0))
    ledger.record(result(index=1))
    ledger.close()
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [line["frame"] for line in lines] == [0, 1]
    assert [line["count"]["unmasked"] for line in lines] == [1, 1]


def test_a_shift_that_cannot_be_begun(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    store = Store(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        Ledger(store, "shift")
    other.close()
    store.close()


def test_shift_ids_sort_by_time_and_differ() -> None:
    ids = [new_shift_id(NOON + timedelta(seconds=i)) for i in range(5)]
    assert ids == sorted(ids)
    assert new_shift_id(NOON) != new_shift_id(NOON)


def alarm(number: int) -> FrameResult:
    """A frame whose face has a sighting."""
    box = np.asarray(face_at(100), np.float32)
    face = Face(
        box,
        0.9,
        MaskState.UNMASKED,
        0.9,
        MaskState.UNMASKED,
        0.9,
        number,
        visit_id=f"shift-v{number}",
    )
    return FrameResult(frame(), (face,), Timings(), (visit(number),), (sighting(number),))


def test_snapshots_one_each_and_gone_with_a_correction(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    desk = Desk(tmp_path, snapshots=Snapshots(folder))
    for number in (1, 1, 2):
        desk.ledger.record(alarm(number))
    assert sorted(p.name for p in folder.iterdir()) == ["shift-v1-s1.jpg", "shift-v2-s1.jpg"]
    desk.ledger.correct("shift-v1", Correction.NO_PERSON)
    desk.ledger.record(alarm(1))
    assert [p.name for p in folder.iterdir()] == ["shift-v2-s1.jpg"]
    desk.ledger.close()


def test_no_snapshot_unless_it_was_turned_on(desk: Desk, tmp_path: Path) -> None:
    desk.ledger.record(alarm(1))
    assert not list(tmp_path.rglob("*.jpg"))
