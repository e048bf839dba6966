"""What is deleted or forgotten is in no byte of the store's files; the disk gets its room back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from fakes import NOON, sighting, visit

from monitor.errors import NotScrubbedError
from monitor.storage import schema
from monitor.storage.rows import row_of
from monitor.storage.store import PURGED_AT_ONCE, Store

NAME = "Ottilie Ängström-Wu"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{path}")
    opened.begin_shift("shift", NOON)
    yield opened
    opened.close()


def traces(path: Path, text: str = NAME) -> list[str]:
    """The files beside the store that hold a text, whoever has them open."""
    return [p.name for p in path.parent.iterdir() if text.encode() in p.read_bytes()]


def fill(store: Store, number: int, **changes: object) -> None:
    for start in range(0, number, 10_000):
        some = range(start, min(start + 10_000, number))
        rows = {
            schema.visits: [visit(i, identity=f"{NAME} {i % 7}", **changes) for i in some],
            schema.sightings: [sighting(i, identity=f"{NAME} {i % 7}", **changes) for i in some],
        }
        with store._database.writing() as connection:
            for table, records in rows.items():
                connection.execute(sa.insert(table), [row_of(record) for record in records])


def test_a_forgotten_name_is_in_no_byte(path: Path, store: Store) -> None:
    """With a second program, which has read just before, on the same store."""
    other = Store(f"sqlite:///{path}")
    store.save([visit(i, identity=NAME) for i in range(300)], [sighting(1, identity=NAME)])
    store.save([visit(i, identity=NAME + " II") for i in range(300, 600)], [])
    store.save([visit(i, identity=NAME, open=False) for i in range(0, 300, 2)], [])
    assert len(other.read_visits()) == 600
    assert traces(path)
    assert store.forget_identity(NAME) == 301
    assert store.forget_identity(NAME + " II") == 300
    assert traces(path) == []
    assert len(other.read_visits()) == 600
    other.close()


def test_a_reader_that_holds_the_journal_is_said(
    path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.storage.store.START_WAIT_S", 0.2)
    store.save([visit(1, identity=NAME)], [])
    with sqlite3.connect(path, isolation_level=None) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM visits").fetchall()
        with pytest.raises(NotScrubbedError, match="close that program") as held:
            store.forget_identity(NAME)
        assert held.value.rows == 1
        reader.execute("COMMIT")
    reader.close()
    assert store.forget_identity(NAME) == 0
    assert traces(path) == []


def test_what_was_purged_is_in_no_byte_and_the_file_shrinks(path: Path, store: Store) -> None:
    old = {"last_seen": NOON - timedelta(days=40), "open": False}
    fill(store, 6000, **old)
    store.save([visit(9000)], [sighting(9000)])
    store.scrub()
    before = path.stat().st_size
    assert store.purge(NOON) == 12000
    assert traces(path) == []
    assert path.stat().st_size < before / 5
    assert len(store.read_visits()) == len(store.read_sightings()) == 1


def test_a_store_of_an_older_release_shrinks_as_well(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA auto_vacuum=NONE")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE a (a)")
        connection.execute("DROP TABLE a")
    connection.close()
    store = Store(f"sqlite:///{path}")
    store.begin_shift("shift", NOON)
    fill(store, 4000, last_seen=NOON - timedelta(days=40), open=False)
    store.scrub()
    before = path.stat().st_size
    store.purge(NOON)
    assert path.stat().st_size < before / 5
    assert traces(path) == []
    store.close()


@pytest.mark.parametrize(
    "number", [5000, pytest.param(500_000, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
)
def test_the_journal_stays_small(
    path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A million sightings and visits are purged, and the journal never holds them all."""
    wal, largest = path.with_name("monitor.db-wal"), 0
    fill(store, number, last_seen=NOON - timedelta(days=40), open=False)
    store.scrub()
    while some := store.purge_some(NOON):
        assert some <= PURGED_AT_ONCE
        largest = max(largest, wal.stat().st_size)
    store.scrub()
    assert wal.stat().st_size == 0
    assert largest < 64 * 2**20
    assert path.stat().st_size < 2**20
    print(f"journal {largest / 2**20:.1f} MB")
