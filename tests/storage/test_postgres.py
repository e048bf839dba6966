"""The store on a PostgreSQL server: the same rows, the same migrations."""

from __future__ import annotations

import random
import string
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fakes import NOON, sighting, visit, watch
from old_store import SHIFTS, SIGHTINGS, SQL, SQL_2, VISITS, started_at_once
from test_history import BEGAN, all_of, rows
from test_totals import the_database_adds_up_alike

from monitor.errors import StoreError
from monitor.records import Correction, Count, MaskState, Shift
from monitor.storage import database, schema
from monitor.storage.history import History, Wanted
from monitor.storage.migrations import v2
from monitor.storage.store import Store

pytest_plugins = ["postgres"]


def make_old(url: str, sql: str = SQL) -> None:
    execute(url, sql.replace("DATETIME", "TIMESTAMP WITHOUT TIME ZONE"))


def execute(url: str, text: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(text)
    engine.dispose()


def contents(url: str) -> dict[str, Any]:
    """All rows and columns of all tables."""
    engine = sa.create_engine(url)
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        found = {
            name: (sorted(table.columns.keys()), sorted(connection.execute(sa.select(table)).all()))
            for name, table in tables.tables.items()
            if name != "visits"  # has NULLs, which do not sort
        }
    engine.dispose()
    return found


def test_what_was_saved_is_read(postgres_url: str) -> None:
    store = Store(postgres_url)
    store.begin_shift("shift", NOON)
    shift = Shift("shift", NOON, Count(1, 2, 3, 4))
    store.save([visit(1), visit(2, MaskState.MASKED)], [sighting(1)], [shift])
    store.correct("shift-v1", Correction.INCORRECT)
    store.annotate("shift-v1-s1", "a visor")
    store.save([visit(1, open=False)], [sighting(1, open=False)], watches=[watch(1)])
    assert store.read_watches() == [watch(1)]
    assert store.read_shifts() == [shift]
    assert store.read_visits() == [
        visit(1, open=False, corrected=Correction.INCORRECT),
        visit(2, MaskState.MASKED),
    ]
    assert store.read_sightings() == [
        sighting(1, open=False, corrected=Correction.INCORRECT, note="a visor")
    ]
    store.close()


@pytest.mark.parametrize("sql", [SQL, SQL_2], ids=["release 0.1", "version 2"])
def test_an_older_store_opens_with_all_rows(postgres_url: str, sql: str) -> None:
    make_old(postgres_url, sql)
    store = Store(postgres_url)
    assert store.read_shifts() == SHIFTS
    assert store.read_visits() == VISITS
    assert store.read_sightings() == SIGHTINGS
    store.save([], [], watches=[watch(1)])
    assert store.read_watches() == [watch(1)]
    store.close()


def test_a_migration_that_fails_leaves_the_old_store(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_old(postgres_url)
    before = contents(postgres_url)
    real = v2.upgrade

    def broken(operations: Any) -> None:
        real(operations)
        operations.execute("SELECT nonsense")

    monkeypatch.setattr(v2, "upgrade", broken)
    with pytest.raises(StoreError, match=f"from version 1 to {schema.VERSION}") as caught:
        Store(postgres_url)
    assert "nothing in it was changed" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert contents(postgres_url) == before
    monkeypatch.undo()
    store = Store(postgres_url)
    assert store.read_sightings() == SIGHTINGS
    store.close()


@pytest.mark.parametrize("there", ["nothing", "a store of release 0.1"])
def test_five_programs_start_at_once(postgres_url: str, there: str) -> None:
    if there != "nothing":
        make_old(postgres_url)
    expected = "0 0" if there == "nothing" else f"{len(SIGHTINGS)} {len(VISITS)}"
    assert started_at_once(postgres_url) == [expected] * 5


def test_a_desk_that_migrates_for_ever_is_not_waited_for(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.storage.migrate.MIGRATION_WAIT_S", 0.3)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        other = database.Database(postgres_url)
        with other.alone(1.0):
            held.set()
            done.wait(30)
        other.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    try:
        with pytest.raises(StoreError, match="close the other program that holds it"):
            Store(postgres_url)
    finally:
        done.set()
        thread.join()


def test_a_newer_store_is_refused(postgres_url: str) -> None:
    Store(postgres_url).close()
    execute(postgres_url, f"UPDATE mask_monitor_version SET version = {schema.VERSION + 1}")
    before = contents(postgres_url)
    with pytest.raises(StoreError, match="newer Mask Monitor"):
        Store(postgres_url)
    assert contents(postgres_url) == before


def test_tables_of_the_same_name_are_refused_and_others_are_none_of_ours(postgres_url: str) -> None:
    execute(postgres_url, "CREATE TABLE books (title TEXT)")
    Store(postgres_url).close()
    execute(
        postgres_url, "DROP TABLE mask_monitor_version, shifts, visits, sightings, watches, changes"
    )
    execute(postgres_url, "CREATE TABLE shifts (name TEXT)")
    with pytest.raises(StoreError, match="belongs to another program"):
        Store(postgres_url)


def test_a_server_that_is_not_there() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match="does not answer") as caught:
        Store("postgresql+psycopg://desk:secret@127.0.0.1:1/monitor")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_database_adds_up_as_we_do(postgres_url: str) -> None:
    the_database_adds_up_alike(postgres_url)


def test_a_note_of_any_length_is_kept_and_found(postgres_url: str) -> None:
    store = Store(postgres_url)
    # random letters: a server makes others short enough for an index
    long = "".join(random.Random(5).choices(string.ascii_letters, k=20_000)) + " a VISOR"
    store.save([visit(1), visit(2)], [sighting(1)])
    store.annotate("shift-v1-s1", long)
    wanted = Wanted("sightings", NOON, NOON + timedelta(hours=1), text="visor")
    assert History(store).find(wanted).ids == ("shift-v1-s1",)
    assert store.read_sightings()[0].note == long
    store.close()


@pytest.mark.parametrize("kind", ["visits", "sightings"])
@pytest.mark.parametrize(
    "changes", [{}, {"text": "müller"}, {"text": "courier"}, {"text": "ADA"}, {"text": "shift-v1"}]
)
def test_a_search_finds_what_a_file_finds(
    postgres_url: str, tmp_path: Path, kind: str, changes: dict[str, str]
) -> None:
    made = rows(120)
    found = []
    for url in (postgres_url, f"sqlite:///{tmp_path / 'monitor.db'}"):
        store = Store(url)
        store.save([v for v, _ in made], [s for _, s in made])
        wanted = Wanted(kind, BEGAN, BEGAN + timedelta(days=2), **changes)
        found.append(all_of(store, wanted))
        store.close()
    assert found[0] == found[1] != []
