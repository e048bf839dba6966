"""Rows of CSV and the export: they open in a spreadsheet."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from fakes import NOON, sighting, visit

from monitor.errors import StoreError
from monitor.records import Correction, Count, MaskState
from monitor.storage.csv_files import (
    SIGHTING_COLUMNS,
    TOTAL_COLUMNS,
    cell,
    export,
    local,
    sighting_cells,
    total_cells,
)
from monitor.storage.store import Store
from monitor.storage.totals import OfDay, OfHour, OfShift, Total

HEADER = (
    "sighting_id,camera,visit_id,first_seen,last_seen,seconds_unmasked,worst_state,final_state,"
    "confidence,identity,model,corrected,note"
)


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    "text", ["=1+1", "+49 30", "-1", "@sum", "\tx", "\rx", "\nx", "=cmd|' /C calc'!A0"]
)
def test_formulas_get_an_apostrophe(text: str) -> None:
    assert cell(text) == "'" + text


@pytest.mark.parametrize(
    ("value", "text"), [("a=b", "a=b"), ("", ""), (None, ""), (0, "0"), ("'x", "'x"), (1.5, "1.5")]
)
def test_other_cells_stay(value: object, text: str) -> None:
    assert cell(value) == text


def test_a_row(berlin: None) -> None:
    one = dataclasses.replace(
        sighting(1),
        corrected=Correction.NO_PERSON,
        note='a "visor", clear\nsecond line',
        identity="=Ada",
    )
    assert sighting_cells(one) == [
        *(
            "shift-v1-s1",
            "door",
            "shift-v1",
            "2026-11-20T13:00:00.000+01:00",
            "2026-11-20T13:00:02.000+01:00",
        ),
        *(
            "2.00",
            "unmasked",
            "unmasked",
            "0.970",
            "'=Ada",
            "fake_v1",
            "no person",
            'a "visor", clear\nsecond line',
        ),
    ]
    assert tuple(HEADER.split(",")) == SIGHTING_COLUMNS


def test_offset_follows_summer_time(berlin: None) -> None:
    assert local(datetime(2026, 7, 1, 10, tzinfo=UTC)) == "2026-07-01T12:00:00.000+02:00"
    assert local(datetime(2026, 12, 1, 10, tzinfo=UTC)) == "2026-12-01T11:00:00.000+01:00"


def test_a_row_of_totals() -> None:
    day, count = date(2026, 11, 20), Count(2, 1, 1, 5)
    assert [
        total_cells(total)
        for total in (
            Total(OfShift("20261120-080000-ab12"), count, 2),
            Total(OfDay(day), count, 2),
            Total(OfHour(day, 8), count, 2),
        )
    ] == [
        ["shift 20261120-080000-ab12", "2", "1", "1", "5", "50.0", "2"],
        ["day 2026-11-20", "2", "1", "1", "5", "50.0", "2"],
        ["hour 2026-11-20 08:00", "2", "1", "1", "5", "50.0", "2"],
    ]
    assert len(TOTAL_COLUMNS) == 7


def test_nobody_judged_has_no_share() -> None:
    row = total_cells(Total(OfShift("shift"), Count(unsure=1), 0))
    assert row[TOTAL_COLUMNS.index("compliance_percent")] == ""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'monitor.db'}")
    opened.begin_shift("shift", NOON)
    opened.save([visit(1), visit(2, MaskState.MASKED)], [sighting(1)])
    yield opened
    opened.close()


def test_export_writes_both_files(tmp_path: Path, store: Store) -> None:
    number, totals_path = export(store, tmp_path / "out.csv")
    assert number == 1
    assert totals_path == tmp_path / "out_totals.csv"
    assert rows_of(tmp_path / "out.csv") == [list(SIGHTING_COLUMNS), sighting_cells(sighting(1))]
    assert rows_of(totals_path)[0] == list(TOTAL_COLUMNS)
    assert rows_of(totals_path)[1][:3] == ["shift shift", "1", "1"]
    for path in (tmp_path / "out.csv", totals_path):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        assert b"\r\n" in path.read_bytes()
    assert not list(tmp_path.glob("*.part"))


def test_export_replaces_an_older_one(tmp_path: Path, store: Store) -> None:
    (tmp_path / "out.csv").write_text("old " * 999)
    export(store, tmp_path / "out.csv")
    assert len(rows_of(tmp_path / "out.csv")) == 2


def test_export_of_an_empty_range(tmp_path: Path, store: Store) -> None:
    number, totals_path = export(store, tmp_path / "out.csv", NOON + timedelta(days=1))
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
    assert not list(tmp_path.rglob("*.part"))
