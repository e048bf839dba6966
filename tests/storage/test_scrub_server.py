"""What is deleted or forgotten is in no byte of a PostgreSQL server's tables, or it is said why."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from fakes import NOON, sighting, visit

from monitor.identity.commands import run_forget
from monitor.storage.commands import run_store
from monitor.storage.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from postgres import Server

pytest_plugins = ["postgres"]
NAME = "Ottilie Quirkwell"
PRIVACY = Path(__file__).resolve().parents[2] / "docs" / "privacy.md"


def fill(url: str, name: str = NAME, **changes: object) -> None:
    """Two thousand rows with a name; the planner has looked at them."""
    store = Store(url)
    store.begin_shift("shift", NOON)
    visits = [visit(i, identity=name, **changes) for i in range(1000)]
    store.save(visits, [sighting(i, identity=name, **changes) for i in range(1000)])
    store.close()
    statements(url, "ANALYZE", "CHECKPOINT")


def statements(url: str, *sql: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for one in sql:
            connection.exec_driver_sql(one)
    engine.dispose()


def forget(tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The command's status and what it says."""
    status = run_forget([NAME, "--store", url, "--gallery", str(tmp_path / "gallery.npz")])
    return status, capsys.readouterr().out


def test_a_forgotten_name_is_in_no_byte_of_the_tables(
    postgres: Server, postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor in the planner's statistics; with a desk that is connected."""
    other = Store(postgres_url)
    fill(postgres_url)
    assert len(postgres.holding(NAME, journal=False)) >= 3
    assert len(other.read_visits()) == 1000
    status, said = forget(tmp_path, postgres_url, capsys)
    assert postgres.holding(NAME, journal=False) == []
    assert status == 0
    assert "the name removed from 2000 visits and sightings" in said
    assert "NOT DONE" not in said
    assert "the server's journal, replicas and backups: not touched" in said
    assert {v.identity for v in other.read_visits()} == {None}
    other.close()


def test_what_the_page_on_privacy_says_ends_the_journal_too(
    start_postgres: Callable[..., Server], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = start_postgres()
    url = server.new_database()
    fill(url)
    forget(tmp_path, url, capsys)
    assert all(path.startswith("pg_wal") for path in server.holding(NAME))
    assert server.holding(NAME) != []
    said = re.findall(r"^    ([A-Z][^;\n]+);", PRIVACY.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(said) >= 4
    for one in said:
        server.execute(one)
        time.sleep(0.5)  # it reads its settings
    assert server.holding(NAME) == []


def test_who_reads_what_was_there_before_is_said(
    postgres: Server, postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(postgres_url)
    engine = sa.create_engine(postgres_url, isolation_level="REPEATABLE READ")
    with engine.connect() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM shifts")
        status, said = forget(tmp_path, postgres_url, capsys)
        assert status == 1
        assert "NOT DONE: the files of the server's tables may hold the name" in said
        assert "another program is reading" in said
    engine.dispose()
    mend = re.search(r"VACUUM \(FULL, ANALYZE\) [a-z, ]+", said)
    assert mend is not None
    statements(postgres_url, mend[0], "VACUUM FULL pg_statistic")
    assert postgres.holding(NAME, journal=False) == []


def test_a_table_that_is_locked_is_not_waited_for(
    postgres_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("monitor.storage.server_files._WAIT_MS", 300)
    fill(postgres_url)
    engine = sa.create_engine(postgres_url)
    with engine.connect() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM visits")
        status, said = forget(tmp_path, postgres_url, capsys)
        assert status == 1
        assert re.search(r"NOT DONE: .*the server refused \(.*\): as the owner", said)
    engine.dispose()


def test_a_desk_that_may_not_says_who_may(
    postgres: Server, postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Store(postgres_url).close()
    assert run_store(["roles", "--store", postgres_url]) == 0
    role = f"front_{tmp_path.name}".replace("-", "_")
    postgres.execute(f"CREATE ROLE {role} LOGIN IN ROLE monitor_desk")
    fill_as = postgres_url.replace("desk@", f"{role}@")
    store = Store(fill_as)
    store.begin_shift("shift", NOON)
    store.save([visit(1, identity=NAME)], [])
    store.close()
    capsys.readouterr()
    status, said = forget(tmp_path, fill_as, capsys)
    assert status == 1
    assert "the name removed from 1 visits and sightings" in said
    assert "this role does not own them: as the owner of the database run VACUUM" in said


def test_large_tables_are_left_to_a_quiet_hour(
    postgres_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("monitor.storage.server_files.AT_ONCE_MAX", 10_000)
    fill(postgres_url)
    status, said = forget(tmp_path, postgres_url, capsys)
    assert status == 1
    assert "too large to be written anew while desks work: in a quiet hour" in said


def test_what_was_purged_is_in_no_byte_of_small_tables(postgres: Server, postgres_url: str) -> None:
    name = "Purgatia Oldham"
    fill(postgres_url, name, last_seen=NOON - timedelta(days=40), open=False)
    assert postgres.holding(name, journal=False)
    store = Store(postgres_url)
    assert store.purge(min(NOON, datetime.now(UTC))) == 2000
    assert postgres.holding(name, journal=False) == []
    store.close()
