"""Copies of the store, made while others write it, and stores made of copies: SQLite and a real
PostgreSQL.
"""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.errors import MonitorError, PlaceTakenError, StoreError
from monitor.records import Correction
from monitor.storage.backup import backup, restore
from monitor.storage.store import Store
from tests.fakes import sighting, visit
from tests.program import run

pytest_plugins = ["postgres"]


def filled(url: str, number: int = 20) -> Store:
    store = Store(url)
    store.begin_shift("shift", datetime(2026, 11, 20, 8, tzinfo=UTC))
    store.save([visit(n) for n in range(number)], [sighting(n) for n in range(number)])
    store.correct("shift-v3", Correction.MASKED)
    store.annotate("shift-v4-s1", "the postman")
    return store


def same(one: Store, other: Store) -> bool:
    return (
        one.read_visits() == other.read_visits()
        and one.read_sightings() == other.read_sightings()
        and one.read_shifts() == other.read_shifts()
        and one.read_changes(["shift-v3"]) == other.read_changes(["shift-v3"])
    )


def test_a_copy_of_sqlite_is_a_store_again(tmp_path: Path) -> None:
    store = filled(f"sqlite:///{tmp_path}/m.db")
    backup(f"sqlite:///{tmp_path}/m.db", tmp_path / "copy.db")
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    restore(tmp_path / "copy.db", f"sqlite:///{tmp_path}/new.db")
    again = Store(f"sqlite:///{tmp_path}/new.db")
    assert same(store, again)
    store.close()
    again.close()


def test_a_copy_is_of_one_moment_while_another_program_writes(tmp_path: Path) -> None:
    store, ended = filled(f"sqlite:///{tmp_path}/m.db", 3000), threading.Event()

    def write() -> None:
        number = 3000
        while not ended.is_set():
            store.save([visit(number)], [sighting(number)])
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        backup(f"sqlite:///{tmp_path}/m.db", tmp_path / "copy.db")
    finally:
        ended.set()
        writer.join()
    copy = Store(f"sqlite:///{tmp_path}/copy.db")
    visits, sightings = copy.read_visits(), copy.read_sightings()
    assert {v.visit_id for v in visits} == {s.visit_id for s in sightings}  # none by half
    assert len(visits) >= 3000
    copy.close()
    store.close()


def test_nothing_that_is_there_is_replaced(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/m.db"
    filled(url).close()
    backup(url, tmp_path / "copy.db")
    before = (tmp_path / "copy.db").read_bytes()
    with pytest.raises(PlaceTakenError, match=r"copy\.db is there already"):
        backup(url, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_bytes() == before
    with pytest.raises(PlaceTakenError, match=r"m\.db is there already"):
        restore(tmp_path / "copy.db", url)
    backup(url, tmp_path / "copy.db", replace=True)
    assert sorted(p.name for p in tmp_path.glob("*.tmp")) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello", "no copy of an SQLite store"),
        (b"SQLite format 3\0" + bytes(5000), "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_copy_is_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / "copy.db").write_bytes(content)
    with pytest.raises(StoreError, match=words):
        restore(tmp_path / "copy.db", f"sqlite:///{tmp_path}/new.db")
    assert not (tmp_path / "new.db").exists()


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "copy.db") as other:
        other.execute("CREATE TABLE songs (title TEXT)")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        restore(tmp_path / "copy.db", f"sqlite:///{tmp_path}/new.db")


def test_without_a_store_there_is_nothing_to_copy(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        backup(f"sqlite:///{tmp_path}/none.db", tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def test_a_copy_of_postgresql_is_a_store_again(
    postgres: object, postgres_url: str, tmp_path: Path
) -> None:
    store = filled(postgres_url)
    backup(postgres_url, tmp_path / "office.dump")
    with pytest.raises(PlaceTakenError, match="holds a store already"):
        restore(tmp_path / "office.dump", postgres_url)
    empty = postgres.new_database()  # type: ignore[attr-defined]
    restore(tmp_path / "office.dump", empty)
    again = Store(empty)
    assert same(store, again)
    again.correct("shift-v5", Correction.INCORRECT)  # and it is written like any other
    again.close()
    store.close()


def test_a_server_that_is_away_is_said_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(MonitorError) as caught:
        backup("postgresql+psycopg://desk:open-sesame@127.0.0.1:9/office", tmp_path / "copy")
    assert "open-sesame" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_commands(tmp_path: Path) -> None:
    url, again = f"sqlite:///{tmp_path}/m.db", f"sqlite:///{tmp_path}/new.db"
    filled(url).close()
    done = run(tmp_path, "store", "backup", tmp_path / "copy.db", "--store", url)
    assert (done.code, done.err) == (0, "")
    taken = run(tmp_path, "store", "backup", tmp_path / "copy.db", "--store", url)
    assert taken.code == 2
    assert len(taken.err.strip().splitlines()) == 1
    assert run(tmp_path, "store", "restore", tmp_path / "copy.db", "--store", again).code == 0
    store = Store(again)
    assert len(store.read_visits()) == 20
    store.close()
