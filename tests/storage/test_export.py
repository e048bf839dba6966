"""The export: two files that open in a spreadsheet, and nothing that is there is lost."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import os
import stat
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fakes import NOON, sighting, visit

from monitor.errors import PlaceTakenError, StoreError
from monitor.records import Correction, MaskState
from monitor.storage import schema as tables
from monitor.storage.csv_files import SIGHTING_COLUMNS, TOTAL_COLUMNS, sighting_cells
from monitor.storage.export import export
from monitor.storage.store import Store


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'monitor.db'}")
    opened.begin_shift("shift", NOON)
    opened.save([visit(1), visit(2, MaskState.MASKED)], [sighting(1)])
    yield opened
    opened.close()


def test_export_writes_both_files(tmp_path: Path, store: Store) -> None:
    written = export(store, tmp_path / "out.csv")
    number, totals_path = written.sightings, written.totals
    assert number == 1
    assert totals_path == tmp_path / "out_totals.csv"
    assert rows_of(tmp_path / "out.csv") == [list(SIGHTING_COLUMNS), sighting_cells(sighting(1))]
    assert rows_of(totals_path)[0] == list(TOTAL_COLUMNS)
    assert rows_of(totals_path)[1][:3] == ["shift shift", "1", "1"]
    for path in (tmp_path / "out.csv", totals_path):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        assert b"\r\n" in path.read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_those_that_were_taken_back_are_counted_apart(tmp_path: Path, store: Store) -> None:
    store.save([], [sighting(2)])
    store.correct("shift-v1", Correction.NO_PERSON)
    written = export(store, tmp_path / "out.csv")
    assert (written.sightings, written.taken_back) == (1, 1)
    assert len(rows_of(tmp_path / "out.csv")) == 3


@pytest.mark.parametrize("taken", ["out.csv", "out_totals.csv"])
def test_nothing_that_is_there_is_replaced_unasked(
    tmp_path: Path, store: Store, taken: str
) -> None:
    (tmp_path / taken).write_text("old " * 999)
    with pytest.raises(PlaceTakenError, match=f"{taken} is there already"):
        export(store, tmp_path / "out.csv")
    assert (tmp_path / taken).read_text() == "old " * 999
    assert [path.name for path in tmp_path.glob("*out*")] == [taken]
    export(store, tmp_path / "out.csv", overwrite=True)
    assert len(rows_of(tmp_path / "out.csv")) == 2


def test_a_link_is_replaced_and_not_what_it_leads_to(tmp_path: Path, store: Store) -> None:
    (tmp_path / "letter").write_text("old")
    (tmp_path / "out.csv").symlink_to(tmp_path / "letter")
    with pytest.raises(PlaceTakenError):
        export(store, tmp_path / "out.csv")
    export(store, tmp_path / "out.csv", overwrite=True)
    assert (tmp_path / "letter").read_text() == "old"
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    with pytest.raises(PlaceTakenError):
        export(store, tmp_path / "gone.csv")


@pytest.mark.skipif(os.name == "nt", reason="rights are others there")
def test_its_owner_alone_can_read_it(tmp_path: Path, store: Store) -> None:
    totals_path = export(store, tmp_path / "out.csv").totals
    for path in (tmp_path / "out.csv", totals_path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_fifo_is_not_waited_for(tmp_path: Path, store: Store, overwrite: bool) -> None:
    os.mkfifo(tmp_path / "out.csv")
    with pytest.raises(StoreError, match="no regular file"):
        export(store, tmp_path / "out.csv", overwrite=overwrite)


@pytest.mark.parametrize("path", [".", "..", "/", "", "x" * 300 + ".csv", "y" * 250 + ".csv"])
def test_names_that_are_none(path: str, store: Store, tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path), pytest.raises(StoreError, match="cannot be written"):
        export(store, Path(path))
    assert not list(tmp_path.glob("*.csv"))


def test_export_of_an_empty_range(tmp_path: Path, store: Store) -> None:
    written = export(store, tmp_path / "out.csv", NOON + timedelta(days=1))
    number, totals_path = written.sightings, written.totals
    assert number == 0
    assert rows_of(tmp_path / "out.csv") == [list(SIGHTING_COLUMNS)]
    assert rows_of(totals_path) == [list(TOTAL_COLUMNS)]


def test_export_to_places_that_cannot_be_written(tmp_path: Path, store: Store) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.csv").mkdir()
    for path in (
        tmp_path / "none" / "out.csv",
        tmp_path / "file" / "out.csv",
        tmp_path / "folder.csv",
    ):
        with pytest.raises(StoreError, match="cannot be written"):
            export(store, path)
    assert not list(tmp_path.rglob(".*"))


def test_a_year_is_not_held_in_memory(tmp_path: Path, store: Store) -> None:
    rows = [dataclasses.asdict(sighting(i)) for i in range(2, 10_002)]
    for row in rows:
        row["worst_state"] = row["final_state"] = "unmasked"
    with store._database.writing() as connection:
        connection.execute(sa.insert(tables.sightings), rows)
    del rows
    tracemalloc.start()
    try:
        number = export(store, tmp_path / "out.csv").sightings
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert number == 10_001
    assert peak < 3e6, "a list of them takes 6 MB"


def test_rows_and_totals_are_of_one_moment(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program at work writes between the two reads."""
    read_rows = Store.sighting_rows

    def rows_a_moment_later(self: Store, *arguments: Any) -> Iterator[tuple[Any, ...]]:
        other = Store(str(store._database.engine.url))
        other.save([], [sighting(2)])
        other.close()
        return read_rows(self, *arguments)

    monkeypatch.setattr(Store, "sighting_rows", rows_a_moment_later)
    written = export(store, tmp_path / "out.csv")
    of_shift = next(row for row in rows_of(written.totals) if row[0].startswith("shift"))
    assert written.sightings == int(of_shift[-1]) == 1
    assert len(store.read_sightings()) == 2


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"])
def test_cells_of_rows_are_those_of_records(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """Also in the night in which summer time ends, and where a formula was typed."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change the zone of a process")
    night = datetime(2026, 10, 25, 0, 7, 30, 123456, tzinfo=UTC)
    more = [
        replace(
            sighting(i, first_seen=night + i * timedelta(minutes=11)),
            last_seen=night + i * timedelta(minutes=12),
            note="=1+1" if i % 2 else "",
            corrected=Correction.INCORRECT if i % 3 else None,
        )
        for i in range(2, 30)
    ]
    store.save([], more)
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        export(store, tmp_path / "out.csv")
        expected = [sighting_cells(one) for one in store.read_sightings()]
    time.tzset()
    assert rows_of(tmp_path / "out.csv")[1:] == expected
