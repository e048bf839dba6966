"""Rows of CSV open in a spreadsheet."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime

import pytest
from fakes import sighting

from monitor.records import Correction, Count
from monitor.storage.csv_files import (
    SIGHTING_COLUMNS,
    TOTAL_COLUMNS,
    cell,
    local,
    sighting_cells,
    total_cells,
)
from monitor.storage.totals import OfDay, OfHour, OfShift, Total

HEADER = (
    "sighting_id,camera,visit_id,first_seen,last_seen,seconds_unmasked,worst_state,final_state,"
    "confidence,identity,model,corrected,note"
)


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
