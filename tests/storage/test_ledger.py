"""The books of a shift: what is shown, counted and kept, and for how long."""

from __future__ import annotations

import csv
import dataclasses
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from books import Desk, alarm, result, still
from fakes import NOON, sighting, visit

from monitor.errors import StoreError
from monitor.records import Correction, Count, MaskState
from monitor.storage.csv_log import CsvLog
from monitor.storage.events import EventLog
from monitor.storage.ledger import Ledger
from monitor.storage.outputs import Outputs
from monitor.storage.shift_books import SHOWN_MAX
from monitor.storage.shifts import new_shift_id
from monitor.storage.snapshots import Snapshots
from monitor.storage.store import Store


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(tmp_path)
    yield opened
    opened.store.close()


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


def test_recordings_that_are_kept_apart_are_counted_and_not_stored(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'apart.db'}")
    ledger = Ledger(store, "shift", Outputs(recordings_apart=True))
    clip = result(visits=(visit(1, camera="clip"),), sightings=(sighting(1, camera="clip"),))
    clip = dataclasses.replace(
        clip, frame=dataclasses.replace(clip.frame, camera="clip", live=False)
    )
    update = ledger.record(clip)
    assert update.recordings == {"clip"}
    assert update.camera_counts == {"clip": Count(unmasked=1)}
    assert len(update.sightings) == 1
    ledger.correct("shift-v1", Correction.MASKED)
    ledger.annotate(update.sightings[0].sighting_id, "in a clip")
    assert ledger.update().camera_counts == {"clip": Count(masked=1)}
    assert ledger.update().sightings[0].note == "in a clip"
    ledger.record(result(visits=(visit(2),), sightings=(sighting(2),)))
    ledger.absorb([visit(1, camera="clip", open=False)], [])
    ledger.close()
    store = Store(f"sqlite:///{tmp_path / 'apart.db'}")
    assert [v.visit_id for v in store.read_visits()] == ["shift-v2"]
    assert [s.visit_id for s in store.read_sightings()] == ["shift-v2"]
    store.close()


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("listed", [True, False])
def test_recordings_that_are_kept_apart_are_listed_where_that_is_wanted(
    tmp_path: Path, stored: bool, listed: bool
) -> None:
    """With a store for the cameras, and in a run that has none."""
    store = Store(f"sqlite:///{tmp_path / 'apart.db'}") if stored else None
    path = tmp_path / "list.csv"
    outputs = Outputs(csv=CsvLog(path), recordings_apart=True, recordings_listed=listed)
    ledger = Ledger(store, "shift", outputs, retention_days=30)
    ended = sighting(1, camera="clip", open=False, final_state=MaskState.MASKED)
    clip = result(visits=(visit(1, camera="clip"),), sightings=(ended,))
    clip = dataclasses.replace(
        clip, frame=dataclasses.replace(clip.frame, camera="clip", live=False)
    )
    update = ledger.record(clip)
    assert (len(update.sightings), update.problem) == (1, "")
    ledger.tidy()
    ledger.correct("shift-v1", Correction.NO_PERSON)
    assert ledger.update().sighting_total == 0
    ledger.forget(["somebody"])
    ledger.close()
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert [row["camera"] for row in csv.DictReader(file)] == ["clip"] * listed


def test_a_shift_counts_single_pictures_when_they_were_taken(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'stills.db'}")
    ledger = Ledger(store, "shift", Outputs())
    before = datetime.now(UTC) - timedelta(days=9)
    picture = still(MaskState.UNMASKED)
    frame = dataclasses.replace(picture.frame, live=False, wall_time=before)
    ledger.record(dataclasses.replace(picture, frame=frame))
    ledger.close()
    (shift,) = Store(f"sqlite:///{tmp_path / 'stills.db'}").read_shifts()
    assert (shift.started, shift.stills) == (before, Count(unmasked=1))


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
    old.save([visit(i, first_seen=t, last_seen=t, open=False) for i, t in ages.items()], [])
    for days in range(1, 30):  # the desk was at work
        old.begin_shift(f"before {days}", now - timedelta(days=days))
    old.close()
    desk = Desk(tmp_path, retention_days=30)
    assert list(desk.read()[0]) == ["shift-v2"]
    late = Store(f"sqlite:///{desk.path}")
    late.save([visit(3, last_seen=ages[1], open=False)], [])
    late.close()
    desk.ledger.tidy()
    assert "shift-v3" in desk.read()[0]
    desk.clock.t += 3601
    desk.ledger.tidy()
    assert list(desk.read()[0]) == ["shift-v2"]
    desk.ledger.close()


def test_nothing_is_purged_without_a_retention(tmp_path: Path) -> None:
    desk = Desk(tmp_path, retention_days=0)
    desk.ledger.absorb([visit(1, last_seen=NOON - timedelta(days=9999))], [])
    desk.clock.t += 7200
    desk.ledger.tidy()
    assert list(desk.read()[0]) == ["shift-v1"]
    desk.ledger.close()


def test_events_are_written_by_the_frame(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'monitor.db'}")
    ledger = Ledger(store, "shift", Outputs(events=EventLog(tmp_path / "events.jsonl")))
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


def test_whoever_is_forgotten_is_in_no_book_of_the_shift(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    people = ("Ada", "ada", "Bob")
    visits = tuple(visit(i, identity=name) for i, name in enumerate(people))
    sightings = tuple(sighting(i, identity=name, open=False) for i, name in enumerate(people))
    desk.ledger.record(result(visits=visits, sightings=sightings))
    desk.store.broken = True
    late = visit(7, identity="ADA"), sighting(7, identity="ADA", open=False)
    desk.ledger.record(result(visits=late[:1], sightings=late[1:]))
    desk.ledger.forget({"Ada"})
    shown = {s.sighting_id: s.identity for s in desk.ledger.update().sightings}
    assert set(shown.values()) == {None, "Bob"}
    desk.store.broken = False
    desk.clock.t += 10
    desk.ledger.tidy()
    stored_visits, stored_sightings = desk.read()
    assert len(stored_visits) == len(stored_sightings) == 4
    for stored in (stored_visits, stored_sightings):
        assert sorted(str(record.identity) for record in stored.values()) == [
            *("Bob", "None", "None", "None")
        ]
    assert [row["identity"] for row in desk.rows()] == ["", "", "Bob", ""]
    caplog.clear()
