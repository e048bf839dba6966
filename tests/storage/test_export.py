"""The export: two files that open in a spreadsheet, and nothing that is there is lost."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import os
import shutil
import stat
import subprocess
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
from monitor.storage.csv_files import DIALECTS, SIGHTING_COLUMNS, sighting_cells
from monitor.storage.export import export
from monitor.storage.export_wish import COLUMNS, KINDS, Wish
from monitor.storage.store import Store
from monitor.storage.tallies import recount_all


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'monitor.db'}")
    opened.begin_shift("shift", NOON)
    opened.save([visit(1), visit(2, MaskState.MASKED)], [sighting(1)])
    yield opened
    opened.close()


def test_export_writes_a_file_for_each_kind_of_row(tmp_path: Path, store: Store) -> None:
    written = export(store, tmp_path / "out.csv")
    assert written.sightings == 1
    assert [path.name for path in written.files.values()] == [
        "out.csv",
        *(f"out_{kind}.csv" for kind in KINDS[1:]),
    ]
    assert rows_of(tmp_path / "out.csv") == [list(SIGHTING_COLUMNS), sighting_cells(sighting(1))]
    for kind, path in written.files.items():
        assert rows_of(path)[0] == list(COLUMNS[kind])
        assert len(rows_of(path)) == 1 + written.rows[kind] == (3 if kind == "visits" else 2)
    assert rows_of(written.files["shifts"])[1][3:8] == ["door", "1", "1", "0", "0"]
    for path in written.files.values():
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        assert b"\r\n" in path.read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_those_that_were_taken_back_are_counted_apart(tmp_path: Path, store: Store) -> None:
    store.save([], [sighting(2)])
    store.correct("shift-v1", Correction.NO_PERSON)
    written = export(store, tmp_path / "out.csv")
    assert (written.sightings, written.taken_back) == (1, 1)
    assert len(rows_of(tmp_path / "out.csv")) == 3


@pytest.mark.parametrize("taken", ["out.csv", "out_days.csv"])
def test_nothing_that_is_there_is_replaced_unasked(
    tmp_path: Path, store: Store, taken: str
) -> None:
    (tmp_path / taken).write_text("old " * 999)
    with pytest.raises(PlaceTakenError, match=f"{taken} is there already"):
        export(store, tmp_path / "out.csv")
    assert (tmp_path / taken).read_text() == "old " * 999
    assert [path.name for path in tmp_path.glob("*out*")] == [taken]
    export(store, tmp_path / "out.csv", Wish(overwrite=True))
    assert len(rows_of(tmp_path / "out.csv")) == 2


def test_a_link_is_replaced_and_not_what_it_leads_to(tmp_path: Path, store: Store) -> None:
    (tmp_path / "letter").write_text("old")
    (tmp_path / "out.csv").symlink_to(tmp_path / "letter")
    with pytest.raises(PlaceTakenError):
        export(store, tmp_path / "out.csv")
    export(store, tmp_path / "out.csv", Wish(overwrite=True))
    assert (tmp_path / "letter").read_text() == "old"
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    with pytest.raises(PlaceTakenError):
        export(store, tmp_path / "gone.csv")


@pytest.mark.skipif(os.name == "nt", reason="rights are others there")
def test_its_owner_alone_can_read_it(tmp_path: Path, store: Store) -> None:
    for path in export(store, tmp_path / "out.csv").files.values():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_fifo_is_not_waited_for(tmp_path: Path, store: Store, overwrite: bool) -> None:
    os.mkfifo(tmp_path / "out.csv")
    with pytest.raises(StoreError, match="no regular file"):
        export(store, tmp_path / "out.csv", Wish(overwrite=overwrite))


@pytest.mark.parametrize("path", [".", "..", "/", "", "x" * 300 + ".csv", "y" * 250 + ".csv"])
def test_names_that_are_none(path: str, store: Store, tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path), pytest.raises(StoreError, match="cannot be written"):
        export(store, Path(path))
    assert not list(tmp_path.glob("*.csv"))


def test_export_of_an_empty_range(tmp_path: Path, store: Store) -> None:
    written = export(store, tmp_path / "out.csv", Wish(NOON + timedelta(days=1)))
    assert written.sightings == 0
    for kind, path in written.files.items():
        assert rows_of(path) == [list(COLUMNS[kind])]


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
        recount_all(connection)
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
    (of_shift,) = rows_of(written.files["shifts"])[1:]
    assert written.sightings == int(of_shift[COLUMNS["shifts"].index("sightings")]) == 1
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


def test_one_kind_alone_goes_to_the_file_itself(tmp_path: Path, store: Store) -> None:
    written = export(store, tmp_path / "out.csv", Wish(kinds=("days",)))
    assert written.files == {"days": tmp_path / "out.csv"}
    assert rows_of(tmp_path / "out.csv")[0] == list(COLUMNS["days"])
    assert [path.name for path in tmp_path.glob("out*")] == ["out.csv"]


def test_a_semicolon_goes_with_a_decimal_comma(tmp_path: Path, store: Store) -> None:
    export(store, tmp_path / "out.csv", Wish(dialect=DIALECTS["semicolon"]))
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == ";".join(SIGHTING_COLUMNS)
    assert lines[1].split(";")[5] == "2,00"
    assert lines[1].split(";")[8] == "0,970"
    days = (tmp_path / "out_days.csv").read_text(encoding="utf-8-sig").splitlines()
    assert days[1].split(";")[6] == "50,0"


def test_totals_have_a_row_for_each_camera(tmp_path: Path, store: Store) -> None:
    store.save([visit(3, MaskState.MASKED, camera="yard")], [])
    written = export(store, tmp_path / "out.csv")
    for kind in ("shifts", "days", "hours"):
        place = COLUMNS[kind].index("camera")
        rows = rows_of(written.files[kind])[1:]
        assert [row[place : place + 2] for row in rows] == [["door", "1"], ["yard", "1"]]


@pytest.mark.parametrize("separator", ["comma", "semicolon", "tab"])
def test_libreoffice_opens_an_export(tmp_path: Path, store: Store, separator: str) -> None:
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LibreOffice is not installed here: nobody has opened the export in it")
    store.annotate("shift-v1-s1", 'a "visor"; clear,\nnew line')
    export(store, tmp_path / "out.csv", Wish(dialect=DIALECTS[separator]))
    token = {"comma": "44", "semicolon": "59", "tab": "9"}[separator]
    subprocess.run(
        [
            *(office, f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless"),
            *("--convert-to", "fods", f"--infilter=CSV:{token},34,76"),
            *("--outdir", str(tmp_path), str(tmp_path / "out.csv")),
        ],
        check=True,
        timeout=120,
    )
    opened = (tmp_path / "out.fods").read_text(encoding="utf-8")
    for text in (*SIGHTING_COLUMNS, "shift-v1-s1", "unmasked"):
        assert f"<text:p>{text}</text:p>" in opened
