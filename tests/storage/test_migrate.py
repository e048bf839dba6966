"""A store grows with the program: an older one is migrated whole or left as it was, a newer or
foreign one is not touched.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fakes import NOON, sighting, visit, watch
from old_store import BACK_TO_3, SHIFTS, SIGHTINGS, SQL, SQL_2, VISITS, make_old, started_at_once

from monitor.errors import StoreError
from monitor.records import Correction, Count
from monitor.storage import migrate, schema
from monitor.storage.migrations import v1, v2, v3
from monitor.storage.store import Store

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def old(path: Path) -> Path:
    """A store of release 0.1."""
    make_old(path)
    return path


@pytest.fixture
def second(path: Path) -> Path:
    """A store of version 2."""
    make_old(path, SQL_2)
    return path


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def query(path: Path, text: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(text).fetchall()
    finally:
        connection.close()


def dump(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_store_of_release_0_1_opens_with_all_rows(old: Path) -> None:
    store = Store(url(old))
    assert store.read_shifts() == SHIFTS
    assert store.read_visits() == VISITS
    assert store.read_sightings() == SIGHTINGS
    store.begin_shift("shift", datetime.now(UTC))
    store.save([visit(1)], [sighting(1)])
    assert sighting(1) in store.read_sightings()
    store.close()
    assert query(old, "SELECT version FROM mask_monitor_version") == [(schema.VERSION,)]
    assert names(old.parent) == ["monitor.db"], "the old file was kept aside only meanwhile"


def test_a_store_of_version_2_opens_with_all_rows(second: Path) -> None:
    store = Store(url(second))
    assert store.read_shifts() == SHIFTS
    assert store.read_visits() == VISITS
    assert store.read_sightings() == SIGHTINGS
    assert store.read_watches() == []
    store.begin_shift("shift", NOON)
    store.save([visit(1, note="by the lift")], [], watches=[watch(1)])
    assert visit(1, note="by the lift") in store.read_visits()
    assert store.read_watches() == [watch(1)]
    store.close()
    assert query(second, "SELECT version FROM mask_monitor_version") == [(schema.VERSION,)]
    assert query(second, "SELECT count(*) FROM changes") == [(0,)]
    assert names(second.parent) == ["monitor.db"]


def test_an_open_visit_of_a_killed_old_run_is_closed(old: Path) -> None:
    store = Store(url(old))
    store.begin_shift("shift", datetime.now(UTC))
    assert not any(v.open for v in store.read_visits())
    store.close()


@pytest.mark.parametrize("sql", [SQL, SQL_2], ids=["version 1", "version 2"])
def test_a_migrated_store_has_the_tables_of_a_new_one(path: Path, tmp_path: Path, sql: str) -> None:
    make_old(path, sql)
    Store(url(path)).close()
    Store(url(tmp_path / "new.db")).close()

    def shape(file: Path) -> dict[str, Any]:
        inspector = sa.inspect(sa.create_engine(url(file)))
        return {
            table: (
                sorted((c["name"], str(c["type"]), c["nullable"]) for c in columns),
                inspector.get_pk_constraint(table)["constrained_columns"],
                sorted((i["name"], *i["column_names"]) for i in inspector.get_indexes(table)),
            )
            for table in inspector.get_table_names()
            if (columns := inspector.get_columns(table))
        }

    assert shape(path) == shape(tmp_path / "new.db")


@pytest.mark.parametrize("there", [False, True])
def test_a_store_of_version_3_that_lacks_an_index_gets_it(path: Path, there: bool) -> None:
    store = Store(url(path))
    store.begin_shift("shift", NOON)
    store.save([visit(1)], [sighting(1)])
    store.close()
    connection = sqlite3.connect(path)
    with connection:
        connection.executescript(BACK_TO_3)
        if not there:
            connection.execute("DROP INDEX ix_tallies_shown")
    connection.close()
    store = Store(url(path))
    assert store.read_visits() == [visit(1)]
    assert store.read_sightings() == [sighting(1)]
    store.close()
    indexes = "SELECT count(*) FROM sqlite_master WHERE name = 'ix_tallies_shown'"
    assert query(path, indexes) == [(1,)]
    assert query(path, "SELECT version FROM mask_monitor_version") == [(schema.VERSION,)]
    assert names(path.parent) == ["monitor.db"]


def test_a_first_start_of_release_0_1_that_was_cut_short(path: Path) -> None:
    engine = sa.create_engine(url(path))
    v1.shifts.create(engine)
    engine.dispose()
    store = Store(url(path))
    store.begin_shift("shift", NOON)
    store.save([visit(1)], [sighting(1)])
    assert store.read_sightings() == [sighting(1)]
    store.close()


def test_opening_again_changes_nothing(old: Path) -> None:
    Store(url(old)).close()
    once = dump(old)
    Store(url(old)).close()
    assert dump(old) == once


def fail_after(step: Callable[..., None], *, commits: bool) -> Callable[..., None]:
    def broken(operations: Any) -> None:
        step(operations)
        if commits:  # as a step would that needs to be outside of a transaction
            operations.get_bind().exec_driver_sql("COMMIT")
        raise sqlite3.OperationalError("database or disk is full")

    return broken


@pytest.mark.parametrize("commits", [False, True])
def test_a_migration_that_fails_leaves_the_old_store(
    old: Path, monkeypatch: pytest.MonkeyPatch, commits: bool
) -> None:
    before = dump(old)
    monkeypatch.setattr(v2, "upgrade", fail_after(v2.upgrade, commits=commits))
    with pytest.raises(StoreError, match=f"from version 1 to {schema.VERSION}") as caught:
        Store(url(old))
    assert "disk is full" in str(caught.value)
    assert "the old one is as it was" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert dump(old) == before
    assert names(old.parent) == ["monitor.db"]
    monkeypatch.undo()
    store = Store(url(old))
    assert store.read_sightings() == SIGHTINGS
    store.close()


def test_a_step_that_fails_leaves_a_store_of_version_2(
    second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dump(second)
    monkeypatch.setattr(v3, "upgrade", fail_after(v3.upgrade, commits=True))
    with pytest.raises(StoreError, match=f"from version 2 to {schema.VERSION}"):
        Store(url(second))
    assert dump(second) == before
    assert names(second.parent) == ["monitor.db"]


def test_a_migration_that_loses_rows_is_not_kept(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = v2.upgrade

    def lossy(operations: Any) -> None:
        real(operations)
        operations.execute("DELETE FROM sightings WHERE camera = 'door'")

    monkeypatch.setattr(v2, "upgrade", lossy)
    before = dump(old)
    with pytest.raises(StoreError, match="rows were lost"):
        Store(url(old))
    assert dump(old) == before


def test_the_old_file_cannot_be_kept_aside(old: Path) -> None:
    before = dump(old)
    (old.parent / "monitor.db.version-1").mkdir()  # in the way, even of root
    with pytest.raises(StoreError, match=f"brought from version 1 to {schema.VERSION}"):
        Store(url(old))
    assert dump(old) == before


KILLED = """
import os, signal, stat, sys
from pathlib import Path
from monitor.storage.migrations import v2
from monitor.storage.store import Store
real, aside = v2.upgrade, Path(sys.argv[1] + ".version-1")
def killed(operations):
    real(operations)
    print(oct(stat.S_IMODE(aside.stat().st_mode)), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
v2.upgrade = killed
Store("sqlite:///" + sys.argv[1])
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals and rights")
def test_killed_in_the_middle_leaves_the_old_store(old: Path) -> None:
    before = dump(old)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, old], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == -9, done.stderr
    assert done.stdout == "0o600\n", "the old file is kept aside for its owner alone"
    aside = old.with_name("monitor.db.version-1")
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600
    assert dump(aside) == before
    assert dump(old) == before
    store = Store(url(old))
    assert store.read_sightings() == SIGHTINGS
    store.close()
    assert names(old.parent) == ["monitor.db"]


@pytest.mark.parametrize("there", ["nothing", "a store of release 0.1"])
def test_five_programs_start_at_once(path: Path, there: str) -> None:
    if there != "nothing":
        make_old(path)
    expected = "0 0" if there == "nothing" else f"{len(SIGHTINGS)} {len(VISITS)}"
    assert started_at_once(url(path)) == [expected] * 5
    assert len(query(path, "SELECT * FROM shifts WHERE started > '2026-11-21'")) == 5
    assert query(path, "SELECT count(*) FROM mask_monitor_version") == [(1,)]
    assert names(path.parent) == ["monitor.db"]


def test_a_newer_store_is_refused_and_not_written_to(path: Path) -> None:
    store = Store(url(path))
    store.begin_shift("shift", NOON)
    store.close()
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE mask_monitor_version SET version = ?", (schema.VERSION + 1,))
        connection.execute("DROP TABLE sightings")  # whatever it will have instead
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer Mask Monitor") as caught:
        Store(url(path))
    assert "update this program" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


FOREIGN = {
    "other tables": "CREATE TABLE books (title TEXT)",
    "a view": "CREATE VIEW one AS SELECT 1",
    "one of the same name": "CREATE TABLE shifts (name TEXT); CREATE TABLE visits (name TEXT)",
    "one of ours among theirs": "CREATE TABLE shifts (shift_id TEXT, started TEXT, "
    "still_masked INTEGER, still_unmasked INTEGER, still_incorrect INTEGER, still_unsure INTEGER);"
    "CREATE TABLE books (title TEXT)",
    "a version that is none": "CREATE TABLE mask_monitor_version (version INTEGER)",
}


@pytest.mark.parametrize("what", FOREIGN)
def test_another_programs_file_is_refused_and_not_written_to(path: Path, what: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(FOREIGN[what])
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="belongs to another program") as caught:
        Store(url(path))
    assert "give another with --store" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before
    assert names(path.parent) == ["monitor.db"]


def test_tables_that_somebody_put_beside_ours_stay(old: Path) -> None:
    connection = sqlite3.connect(old)
    connection.execute("CREATE TABLE mine AS SELECT 42 AS answer")
    connection.commit()
    connection.close()
    Store(url(old)).close()
    assert query(old, "SELECT answer FROM mine") == [(42,)]


def test_alembic_is_not_loaded_for_a_store_that_is_up_to_date(path: Path) -> None:
    Store(url(path)).close()
    script = "import sys; from monitor.storage.store import Store; Store(sys.argv[1]).close(); "
    done = subprocess.run(
        [sys.executable, "-c", script + "print('alembic' in sys.modules)", url(path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.stdout == "False\n", done.stderr


def test_every_version_has_its_step() -> None:
    steps = [f"v{number}.py" for number in range(1, schema.VERSION + 1)]
    folder = Path(migrate.__file__).parent / "migrations"
    assert [p.name for p in sorted(folder.glob("v*.py"))] == sorted(steps)


def test_corrections_and_counts_of_an_old_store_are_in_its_totals(old: Path) -> None:
    from monitor.storage.totals import OfShift, totals

    store = Store(url(old))
    found = totals(store.read_shifts(), store.read_visits(), store.read_sightings())
    store.close()
    of_shift = {t.period.shift_id: t for t in found if isinstance(t.period, OfShift)}
    assert list(of_shift) == [
        *("20261118-080000-ef56", "20261119-080000-ab12", "20261120-080000-cd34"),
    ]
    assert of_shift["20261118-080000-ef56"].sightings == 1
    assert of_shift["20261119-080000-ab12"].sightings == 0  # its correction says: masked
    assert of_shift["20261120-080000-cd34"].count == Count(4, 1, 0, 2)
    assert VISITS[-1].corrected is Correction.NO_PERSON
