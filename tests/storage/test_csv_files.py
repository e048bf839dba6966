"""Rows of CSV open in a spreadsheet."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime

import pytest
from fakes import sighting, visit

from monitor.records import Correction, Count, Shift
from monitor.storage.csv_files import (
    DAY_COLUMNS,
    HOUR_COLUMNS,
    SHIFT_COLUMNS,
    SIGHTING_COLUMNS,
    VISIT_COLUMNS,
    cell,
    dialect,
    local,
    sighting_cells,
    total_cells,
    visit_cells,
)
from monitor.storage.totals import OfDay, OfHour, OfShift, Total

HEADER = (
    "sighting_id,camera,visit_id,first_seen,last_seen,seconds_unmasked,worst_state,final_state,"
    "confidence,identity,model,corrected,note,desk"
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
        desk="=Reception",
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
            "'=Reception",
        ),
    ]
    assert tuple(HEADER.split(",")) == SIGHTING_COLUMNS


def test_offset_follows_summer_time(berlin: None) -> None:
    assert local(datetime(2026, 7, 1, 10, tzinfo=UTC)) == "2026-07-01T12:00:00.000+02:00"
    assert local(datetime(2026, 12, 1, 10, tzinfo=UTC)) == "2026-12-01T11:00:00.000+01:00"


def test_a_row_of_totals(berlin: None) -> None:
    day, count = date(2026, 11, 20), Count(2, 1, 1, 5)
    shifts = {
        "a": Shift("a", datetime(2026, 11, 20, 5, tzinfo=UTC), name="=Morning", desk_name="Left")
    }
    sums = ["door", "2", "1", "1", "5", "50.0", "2", "3000.0", "3600.0"] + 9 * ["0.0"]
    totals = (
        Total(period, count, 2, "door", 3000.0, 3600.0)
        for period in (OfShift("a"), OfShift("purged"), OfDay(day), OfHour(day, 8))
    )
    assert [total_cells(total, shifts) for total in totals] == [
        ["a", "'=Morning", "2026-11-20T06:00:00.000+01:00", *sums, "Left"],
        ["purged", "", "", *sums, ""],
        ["2026-11-20", *sums],
        ["2026-11-20", "8", *sums],
    ]
    assert [len(columns) for columns in (SHIFT_COLUMNS, DAY_COLUMNS, HOUR_COLUMNS)] == [22, 19, 20]


def test_nobody_judged_has_no_share() -> None:
    row = total_cells(Total(OfShift("shift"), Count(unsure=1), 0), {})
    assert row[SHIFT_COLUMNS.index("compliance_percent")] == ""


def test_a_row_of_a_visit(berlin: None) -> None:
    one = visit(1, corrected=Correction.MASKED, identity="=Ada", note="courier", desk="Left")
    assert dict(zip(VISIT_COLUMNS, visit_cells(one), strict=True)) == {
        "visit_id": "shift-v1",
        "camera": "door",
        "first_seen": "2026-11-20T13:00:00.000+01:00",
        "last_seen": "2026-11-20T13:00:03.000+01:00",
        "seconds": "3.00",
        "state": "unmasked",
        "corrected": "masked",
        "counts_as": "masked",
        "identity": "'=Ada",
        "note": "courier",
        "shift_id": "shift",
        "desk": "Left",
    }


@pytest.mark.parametrize(
    ("named", "decimal", "separator"),
    [
        ("auto", ",", ";"),
        ("auto", ".", ","),
        ("comma", ",", ","),
        ("semicolon", ".", ";"),
        ("tab", ",", "\t"),
    ],
)
def test_the_separator_is_the_regions_or_as_set(named: str, decimal: str, separator: str) -> None:
    assert dialect(named, decimal).separator == separator
