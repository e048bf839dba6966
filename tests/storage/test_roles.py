"""Roles on a real server: a desk has its own rows, a manager reads all, nobody takes more."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from fakes import NOON, sighting, visit, watch

from monitor.errors import ConfigError, StoreError
from monitor.export_command import run_export
from monitor.records import Correction, Shift
from monitor.storage.backup import backup, restore
from monitor.storage.commands import run_store
from monitor.storage.store import Store
from monitor.storage.totals import Grain

if TYPE_CHECKING:
    from postgres import Server

pytest_plugins = ["postgres"]
TABLES = ("shifts", "visits", "sightings", "watches", "changes", "tallies", "mask_monitor_version")
_numbers = count(1)


class Office:
    """A store with two desks and a manager, each with a role of its own."""

    def __init__(self, server: Server, url: str) -> None:
        self.url = url
        assert run_store(["roles", "--store", url]) == 0
        number = f"{os.getpid()}_{next(_numbers)}"  # roles are of the server, not of a database
        self.roles = {kind: f"{kind}_{number}" for kind in ("left", "right", "boss")}
        for kind, name in self.roles.items():
            group = "monitor_manager" if kind == "boss" else "monitor_desk"
            server.execute(f"CREATE ROLE {name} LOGIN IN ROLE {group}")
        for place, kind in enumerate(("left", "right"), 1):
            store = self.open(kind)
            store.begin_shift(f"shift{place}", NOON, desk_name=kind)
            own = {"shift_id": f"shift{place}", "desk": kind}
            store.save(
                [visit(place, **own)],
                [sighting(place, **own)],
                watches=[watch(place, shift_id=f"shift{place}")],
            )
            store.close()

    def url_of(self, kind: str) -> str:
        return self.url.replace("desk@", f"{self.roles[kind]}@")

    def open(self, kind: str) -> Store:
        return Store(self.url_of(kind), to_write=kind != "boss")

    def refused(self, kind: str, sql: str) -> str:
        """What the server says to a statement; "" if it has done it."""
        engine = sa.create_engine(self.url_of(kind))
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql(sql)
        except sa.exc.DBAPIError as error:
            return str(error.orig)
        finally:
            engine.dispose()
        return ""

    def rows(self, kind: str, table: str) -> int:
        engine = sa.create_engine(self.url_of(kind) if kind else self.url)
        with engine.connect() as connection:
            found = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
        engine.dispose()
        return int(found)


@pytest.fixture
def office(postgres: Server, postgres_url: str) -> Office:
    return Office(postgres, postgres_url)


def test_a_desk_reads_its_own_rows_and_no_others(office: Office) -> None:
    left = office.open("left")
    assert [s.sighting_id for s in left.read_sightings()] == ["shift-v1-s1"]
    assert [v.desk for v in left.read_visits()] == ["left"]
    assert left.desk_names() == ["left"]
    assert [w.shift_id for w in left.read_watches()] == ["shift1"]
    counted, _ = left.count(Grain(day=True))
    assert sum(group.number for group in counted) == 1
    left.close()
    for table in ("visits", "sightings", "shifts", "watches"):
        assert (office.rows("left", table), office.rows("", table)) == (1, 2)


def test_a_desk_corrects_its_own_and_says_so(office: Office) -> None:
    left = office.open("left")
    left.correct("shift-v1", Correction.MASKED)
    left.annotate("shift-v1-s1", "a visor")
    assert [(s.corrected, s.note) for s in left.read_sightings()] == [
        (Correction.MASKED, "a visor")
    ]
    assert len(left.read_changes(["shift-v1", "shift-v1-s1"])) == 2
    left.close()
    right = office.open("right")
    assert right.read_changes(["shift-v1", "shift-v1-s1"]) == []
    right.close()


def test_a_desk_changes_nothing_of_another(office: Office) -> None:
    right = office.open("right")
    right.correct("shift-v1", Correction.NO_PERSON)
    right.annotate("shift-v1-s1", "not ours")
    right.close()
    for sql in (
        "UPDATE sightings SET corrected = 'masked' WHERE sighting_id = 'shift-v1-s1'",
        "DELETE FROM sightings WHERE sighting_id = 'shift-v1-s1'",
        "DELETE FROM tallies WHERE shift_id = 'shift1'",
    ):
        assert office.refused("right", sql) == ""  # it finds nothing to change
    boss = office.open("boss")
    first = boss.read_sightings()[0]
    assert (first.sighting_id, first.corrected, first.note) == ("shift-v1-s1", None, "")
    counted, _ = boss.count(Grain(day=True))
    assert sum(group.number for group in counted) == 2
    boss.close()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE visits SET owner = 'somebody'",
        "INSERT INTO shifts (shift_id, started, still_masked, still_unmasked, still_incorrect, "
        "still_unsure, owner) VALUES ('x', now(), 0, 0, 0, 0, 'somebody')",
        "INSERT INTO tallies VALUES ('visits', 1, 'shift1', 'door', 'masked', 99)",
        "UPDATE changes SET after = 'masked'",
        "DROP TABLE sightings",
        "ALTER TABLE sightings DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own ON sightings",
        "TRUNCATE sightings",
        "CREATE TABLE mine (a int)",
        "UPDATE mask_monitor_version SET version = 99",
        "SET ROLE monitor_manager",
    ],
)
def test_a_desk_takes_no_more(office: Office, sql: str) -> None:
    said = office.refused("right", sql)
    assert any(
        word in said for word in ("row-level security", "permission denied", "must be owner")
    )


def test_what_was_said_cannot_be_unsaid(office: Office) -> None:
    left = office.open("left")
    left.correct("shift-v1", Correction.MASKED)
    left.close()
    assert office.refused("left", "DELETE FROM changes") == ""
    assert office.rows("", "changes") == 1


def test_a_manager_reads_all_and_writes_nothing(office: Office, tmp_path: Path) -> None:
    assert run_export([str(tmp_path / "all.csv"), "--store", office.url_of("boss")]) == 0
    text = (tmp_path / "all.csv").read_text(encoding="utf-8-sig")
    assert all(key in text for key in ("shift-v1-s1", "shift-v2-s1"))
    for table in TABLES:
        assert "permission denied" in office.refused("boss", f"DELETE FROM {table}")
    store = office.open("boss")
    with pytest.raises(StoreError, match="permission denied") as caught:
        store.correct("shift-v1", Correction.MASKED)
    assert "use a desk's" in str(caught.value)
    assert "\n" not in str(caught.value)
    store.close()
    with pytest.raises(StoreError, match="use a desk's"):
        Store(office.url_of("boss"))  # as a desk would open it


def test_a_desk_deletes_what_is_too_old_of_its_own(office: Office) -> None:
    left = office.open("left")
    left.correct("shift-v1", Correction.MASKED)
    assert left.purge(datetime.now(UTC) + timedelta(days=1)) > 0
    left.close()
    assert (office.rows("", "sightings"), office.rows("", "tallies")) == (1, 2)
    assert office.rows("", "changes") == 1  # of today: the retention takes it a day later


def test_a_desk_does_not_bring_the_store_up_to_date(office: Office) -> None:
    engine = sa.create_engine(office.url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_tallies_shown")
        connection.exec_driver_sql("UPDATE mask_monitor_version SET version = 3")
    engine.dispose()
    with pytest.raises(StoreError, match="have its owner do it") as caught:
        office.open("left")
    assert "\n" not in str(caught.value)


def test_the_roles_are_made_again_without_harm(office: Office) -> None:
    assert run_store(["roles", "--store", office.url]) == 0
    left = office.open("left")
    assert len(left.read_sightings()) == 1
    left.close()


def test_a_copy_of_a_store_with_roles(office: Office, postgres: Server, tmp_path: Path) -> None:
    backup(office.url, tmp_path / "copy")
    with pytest.raises(StoreError, match=r"row-level security|permission denied"):
        backup(office.url_of("left"), tmp_path / "part")
    other = postgres.new_database()
    restore(tmp_path / "copy", other)
    store = Store(other)
    assert len(store.read_sightings()) == 2
    assert store.read_shifts()[0] == Shift("shift1", NOON, desk_name="left")
    store.close()
    engine = sa.create_engine(other)
    with engine.connect() as connection:
        policies = connection.exec_driver_sql("SELECT count(*) FROM pg_policies").scalar_one()
    engine.dispose()
    assert policies == 0
    assert run_store(["roles", "--store", other]) == 0
    assert office.rows("left", "sightings") == 1


def test_roles_are_for_a_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError, match="PostgreSQL"):
        run_store(["roles", "--store", f"sqlite:///{tmp_path / 'm.db'}"])
    assert run_store(["roles", "--print"]) == 0
    assert "CREATE ROLE monitor_desk" in capsys.readouterr().out
