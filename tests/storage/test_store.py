"""The store: nothing that the receptionist wrote is lost, faults are one line."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from fakes import NOON, sighting, visit, watch

from monitor.errors import StoreError
from monitor.records import Correction, Count, MaskState, Shift, WatchState
from monitor.storage import store as store_module
from monitor.storage.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{path}")
    opened.begin_shift("shift", NOON)
    yield opened
    opened.close()


def test_what_was_saved_is_read(store: Store) -> None:
    store.save([visit(1), visit(2, MaskState.MASKED)], [sighting(1)])
    assert store.read_visits() == [visit(1), visit(2, MaskState.MASKED)]
    assert store.read_sightings() == [sighting(1)]
    assert store.read_shifts() == [Shift("shift", NOON)]


def test_empty_store(store: Store) -> None:
    store.save([], [])
    assert store.read_visits() == []
    assert store.read_sightings() == []


def test_a_newer_version_replaces(store: Store) -> None:
    store.save([visit(1)], [sighting(1)])
    later = {"last_seen": NOON + timedelta(seconds=9), "open": False}
    store.save([visit(1, MaskState.MASKED, **later)], [sighting(1, seconds_unmasked=8.5, **later)])
    assert store.read_visits() == [visit(1, MaskState.MASKED, **later)]
    assert store.read_sightings() == [sighting(1, seconds_unmasked=8.5, **later)]


def test_corrections_and_notes_survive_a_newer_version(store: Store) -> None:
    store.save([visit(1)], [sighting(1)])
    store.correct("shift-v1", Correction.MASKED)
    store.annotate("shift-v1-s1", "a visor")
    store.save([visit(1, open=False)], [sighting(1, open=False)])
    assert store.read_visits()[0].corrected is Correction.MASKED
    kept = store.read_sightings()[0]
    assert (kept.corrected, kept.note, kept.open) == (Correction.MASKED, "a visor", False)


@pytest.mark.parametrize("correction", list(Correction))
def test_a_correction_can_be_taken_back(store: Store, correction: Correction) -> None:
    store.save([visit(1)], [sighting(1)])
    store.correct("shift-v1", correction)
    assert store.read_sightings()[0].corrected is correction
    store.correct("shift-v1", None)
    assert store.read_visits() == [visit(1)]
    assert store.read_sightings() == [sighting(1)]


def test_correcting_what_is_not_there_is_nothing(store: Store) -> None:
    store.correct("nobody", Correction.MASKED)
    store.annotate("nothing", "note")
    assert store.read_visits() == []


def test_all_or_none(store: Store) -> None:
    broken = dataclasses.replace(sighting(2), note=None)  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        store.save([visit(1)], [sighting(1), broken])
    assert store.read_visits() == []
    assert store.read_sightings() == []


def test_counts_of_single_pictures(store: Store) -> None:
    store.save([], [], [Shift("shift", NOON, Count(1, 2, 3, 4))])
    store.save([], [], [Shift("shift", NOON, Count(2, 2, 3, 4))])
    store.save([visit(1)], [])
    assert store.read_shifts()[0].stills == Count(2, 2, 3, 4)


def test_times_keep_their_moment(store: Store) -> None:
    tokyo = timezone(timedelta(hours=9))
    store.save([visit(1, first_seen=NOON.astimezone(tokyo))], [])
    assert store.read_visits()[0].first_seen == NOON
    assert store.read_visits()[0].first_seen.tzinfo is not None


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, [1, 2, 3]),
        (1, None, [2, 3]),
        (None, 1, [1]),
        (1, 2, [2]),
        (2, 1, []),
        (5, None, []),
    ],
)
def test_between(store: Store, since: int | None, until: int | None, expected: list[int]) -> None:
    hour = [NOON + timedelta(hours=h) for h in range(6)]
    store.save(
        [visit(i + 1, first_seen=hour[i]) for i in range(3)],
        [sighting(i + 1, first_seen=hour[i]) for i in range(3)],
    )
    limits = (
        hour[since] if since is not None else None,
        hour[until] if until is not None else None,
    )
    assert [v.visit_id for v in store.read_visits(*limits)] == [f"shift-v{i}" for i in expected]
    assert [s.visit_id for s in store.read_sightings(*limits)] == [f"shift-v{i}" for i in expected]


def test_oldest_first(store: Store) -> None:
    store.save([], [sighting(2, first_seen=NOON + timedelta(1)), sighting(1)])
    assert [s.visit_id for s in store.read_sightings()] == ["shift-v1", "shift-v2"]


def test_purge_deletes_what_is_old_and_nothing_else(store: Store) -> None:
    old = {"last_seen": NOON - timedelta(days=40), "open": False}
    new = {"last_seen": NOON, "open": False}
    store.begin_shift("old shift", NOON - timedelta(days=40))
    store.save([visit(1, shift_id="old shift", **old)], [sighting(1, **old)])
    store.save([visit(2, **new)], [sighting(2, **new)])
    long_ago = NOON - timedelta(days=40)
    store.save([], [], watches=[watch(1, began=long_ago, ended=long_ago), watch(2)])
    assert store.purge(NOON - timedelta(days=30)) == 3
    assert store.read_watches() == [watch(2)]
    assert [v.visit_id for v in store.read_visits()] == ["shift-v2"]
    assert [s.visit_id for s in store.read_sightings()] == ["shift-v2"]
    assert [shift.shift_id for shift in store.read_shifts()] == ["shift"]
    assert store.purge(NOON - timedelta(days=30)) == 0


def test_an_interval_is_read_by_the_part_that_was_asked_for(store: Store) -> None:
    hour = timedelta(hours=1)
    day = watch(1, ended=NOON + 8 * hour)
    paused = watch(2, WatchState.PAUSED, began=day.ended, ended=day.ended + hour)
    instant = watch(3, began=NOON, ended=NOON)
    store.save([], [], watches=[paused, day, instant])
    assert store.read_watches() == [day, paused]
    since, until = NOON + 2 * hour, NOON + 3 * hour
    assert store.read_watches(since, until) == [
        dataclasses.replace(day, began=since, ended=until),
    ]
    assert store.read_watches(NOON + 8 * hour) == [paused]
    assert store.read_watches(until=NOON) == []


def test_an_interval_that_a_crash_left_open_ends_at_its_last_heartbeat(
    path: Path, store: Store
) -> None:
    now = datetime.now(UTC)
    crashed = watch(1, began=now - timedelta(hours=2), ended=now - timedelta(hours=1))
    running = watch(2, began=now - timedelta(hours=1), ended=now)
    store.save([], [], watches=[crashed, running])
    other = Store(f"sqlite:///{path}")
    other.begin_shift("other", now)
    assert other.read_watches() == [dataclasses.replace(crashed, open=False), running]
    other.close()


def test_a_killed_run_is_tidied_up(path: Path, store: Store) -> None:
    now = datetime.now(UTC)
    store.save(
        [visit(1, last_seen=now - timedelta(hours=1))],
        [sighting(1, last_seen=now - timedelta(hours=1))],
    )
    # another desk, running now
    store.save([visit(2, last_seen=now)], [sighting(2, last_seen=now)])
    other = Store(f"sqlite:///{path}")
    other.begin_shift("other", now)
    assert {v.visit_id: v.open for v in other.read_visits()} == {
        "shift-v1": False,
        "shift-v2": True,
    }
    assert {s.visit_id: s.open for s in other.read_sightings()} == {
        "shift-v1": False,
        "shift-v2": True,
    }
    other.close()


def test_it_writes_ahead_and_to_the_disk(path: Path, store: Store) -> None:
    store.save([visit(1)], [])
    with store._database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
    assert path.with_name("monitor.db-wal").exists()


def test_a_reader_sees_a_commit_at_once(path: Path, store: Store) -> None:
    store.save([], [sighting(1)])
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT sighting_id FROM sightings").fetchall() == [("shift-v1-s1",)]
    other.close()


@pytest.mark.skipif(os.name == "nt", reason="POSIX rights")
def test_a_new_store_is_its_owners_alone(path: Path, store: Store) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_locked_by_another_program(
    path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"cannot be written \(database is locked\)"):
        store.save([visit(1)], [sighting(1)])
    assert store.read_visits() == []  # reading goes on
    other.execute("ROLLBACK")
    store.save([visit(1)], [sighting(1)])
    assert len(store.read_sightings()) == 1
    other.close()


def test_the_default_place_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "data_folder", lambda: tmp_path)
    store = Store()
    store.begin_shift("shift", NOON)
    store.close()
    assert [path.name for path in tmp_path.glob("*.db")] == ["monitor.db"]


BAD_URLS = {
    "nonsense": "URL is not valid",
    "://": "URL is not valid",
    "sqlite:////no/such/folder/x.db": "cannot be opened",
    "foo://user:secret@host/x": "store's",
    "postgresql+nodriver://user:secret@host/x": "store's",
    "postgresql://user:secret@host:port/x": "URL is not valid",
    "postgresql://user:p@secret/1@host/x": "write it as %40",
    "postgresql://127.0.0.1:1/x?user=u&password=secret": "does not answer",
}


@pytest.mark.parametrize(("url", "message"), BAD_URLS.items())
def test_bad_url(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        Store(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_and_a_text_file_are_no_store(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database, and long enough to be none " * 50)
    for path in (tmp_path, tmp_path / "text.db"):
        with pytest.raises(StoreError, match="cannot be opened"):
            Store(f"sqlite:///{path}")
    # and left as it was
    assert (tmp_path / "text.db").read_text().startswith("this is no database")


def test_read_only_store_is_found_at_once(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    Store(f"sqlite:///{path}").close()
    with pytest.raises(StoreError, match="cannot be opened"):  # works as root, too
        Store(f"sqlite:///file:{path}?mode=ro&uri=true")


def test_values_are_never_sql(store: Store) -> None:
    evil = "x'); DROP TABLE sightings; --"
    store.save([], [sighting(1, note=evil, camera=evil)])
    assert store.read_sightings()[0].note == evil


def test_renew_makes_a_deleted_file_anew(path: Path, store: Store) -> None:
    store.save([visit(1)], [])
    assert not store.renew()
    for file in path.parent.glob("monitor.db*"):
        file.unlink()
    assert store.renew()
    assert not store.renew()
    assert store.read_visits() == []
    store.begin_shift("shift", NOON)
    store.save([visit(2)], [])
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT visit_id FROM visits").fetchall() == [("shift-v2",)]
    other.close()


def test_renew_in_a_folder_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    store = Store(f"sqlite:///{tmp_path / 'share' / 'monitor.db'}")
    (tmp_path / "share").rename(tmp_path / "gone")
    with pytest.raises(StoreError, match="cannot be made anew"):
        store.renew()
    (tmp_path / "gone").rename(tmp_path / "share")
    store.close()


def test_a_damaged_store_gets_advice_that_fits(path: Path, store: Store) -> None:
    store.save([visit(i) for i in range(2000)], [])
    assert store.damage() == ""
    store.scrub()
    store.close()
    content = bytearray(path.read_bytes())
    content[4096 * 60 : 4096 * 92] = b"\xff" * 4096 * 32  # the header stays
    path.write_bytes(content)
    broken = Store(f"sqlite:///{path}")
    damage = broken.damage()
    assert "damaged" in damage
    assert "move it away" in damage
    assert "recover" in damage
    assert "\n" not in damage
    with pytest.raises(StoreError, match="move it away"):
        broken.read_visits()
    broken.close()
    content[:4096] = b"\xff" * 4096
    path.write_bytes(content)
    with pytest.raises(StoreError, match="move it away"):
        Store(f"sqlite:///{path}")
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file::memory:",
        "sqlite:///file::memory:?cache=shared&uri=true",
        "sqlite:///file:%3Amemory%3A?uri=true",
        "sqlite:///file:a.db?mode=memory&uri=true",
        "sqlite+pysqlite:///file:a.db?mode=memory&cache=shared&uri=true",
        "sqlite:///file:?uri=true",
    ],
)
def test_a_store_in_memory_is_refused_in_every_spelling(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="would be in memory"):
        Store(url)
    assert list(tmp_path.iterdir()) == []
