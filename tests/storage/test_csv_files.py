"""CSV and totals: they open in a spreadsheet, and they add up."""

from __future__ import annotations

import csv
import dataclasses
import errno
import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes import NOON, sighting, visit

from monitor.errors import StoreError
from monitor.records import Correction, Count, MaskState
from monitor.storage.csv_files import (
    SIGHTING_COLUMNS,
    TOTAL_COLUMNS,
    CsvLog,
    cell,
    export,
    local,
    sighting_cells,
    totals,
)
from monitor.storage.store import Store

HEADER = (
    "sighting_id,camera,visit_id,first_seen,last_seen,seconds_unmasked,worst_state,final_state,"
    "confidence,identity,model,corrected,note"
)


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change its zone")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


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


def test_new_file_has_bom_and_header_once(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    log = CsvLog(path)
    assert path.read_bytes() == b"\xef\xbb\xbf" + HEADER.encode() + b"\r\n"
    log.append([sighting(1), sighting(2)])
    log.append([sighting(3)])
    CsvLog(path).append([sighting(4)])  # the next run
    assert path.read_bytes().count(b"\xef\xbb\xbf") == 1
    assert [row[0] for row in rows_of(path)] == [
        "sighting_id",
        *(f"shift-v{i}-s1" for i in range(1, 5)),
    ]


def test_a_row(tmp_path: Path, berlin: None) -> None:
    one = dataclasses.replace(
        sighting(1),
        corrected=Correction.NO_PERSON,
        note='a "visor", clear\nsecond line',
        identity="=Ada",
    )
    log = CsvLog(tmp_path / "s.csv")
    log.append([one])
    assert rows_of(tmp_path / "s.csv")[1] == [
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


def test_empty_file_gets_its_header(tmp_path: Path) -> None:
    (tmp_path / "s.csv").touch()
    CsvLog(tmp_path / "s.csv")
    assert rows_of(tmp_path / "s.csv") == [list(SIGHTING_COLUMNS)]


def test_deleted_in_mid_run_begins_anew(tmp_path: Path) -> None:
    log = CsvLog(tmp_path / "s.csv")
    log.append([sighting(1)])
    (tmp_path / "s.csv").unlink()
    log.append([sighting(2)])
    assert [row[0] for row in rows_of(tmp_path / "s.csv")] == ["sighting_id", "shift-v2-s1"]


def test_a_last_line_without_end_is_not_glued_to(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    CsvLog(path).append([sighting(1)])
    path.write_bytes(path.read_bytes().rstrip(b"\r\n"))
    CsvLog(path).append([sighting(2)])
    assert [row[0] for row in rows_of(path)] == ["sighting_id", "shift-v1-s1", "shift-v2-s1"]


@pytest.mark.parametrize(
    "content",
    [b"name,age\r\nAda,36\r\n", b"\x00\x01\x02", b"sighting", "sighting_ids".encode("utf-16")],
)
def test_a_foreign_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    with pytest.raises(
        StoreError, match="is no list of sightings: choose another name after --csv"
    ):
        CsvLog(path)
    assert path.read_bytes() == content


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "none" / "s.csv", tmp_path / "file" / "s.csv"):
        with pytest.raises(StoreError, match="cannot be written") as caught:
            CsvLog(path)
        assert "\n" not in str(caught.value)


def test_folder_that_disappears_and_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    log = CsvLog(folder / "s.csv")
    folder.rename(tmp_path / "gone")
    with pytest.raises(StoreError, match="cannot be written"):
        log.append([sighting(1)])
    (tmp_path / "gone").rename(folder)
    log.append([sighting(1)])
    assert [row[0] for row in rows_of(folder / "s.csv")] == ["sighting_id", "shift-v1-s1"]


def test_full_disk_leaves_no_half_row(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    path = tmp_path / "s.csv"
    script = """
import resource, sys
from pathlib import Path
from fakes import sighting
from monitor.errors import StoreError
from monitor.storage.csv_files import CsvLog
path = Path(sys.argv[1])
log = CsvLog(path)
log.append([sighting(1)])
size = path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 60, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
try:
    log.append([sighting(2), sighting(3)])
except StoreError as error:
    print("refused", path.stat().st_size == size)
resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
log.append([sighting(2), sighting(3)])
"""
    tests = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", script, path],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)])},
    )
    assert done.stdout == "refused True\n", done.stderr
    assert [row[0] for row in rows_of(path)] == [
        "sighting_id",
        *(f"shift-v{i}-s1" for i in (1, 2, 3)),
    ]


def test_a_failed_sync_leaves_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = CsvLog(tmp_path / "s.csv")
    before = (tmp_path / "s.csv").read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreError, match="Input/output error"):
        log.append([sighting(1)])
    monkeypatch.undo()
    assert (tmp_path / "s.csv").read_bytes() == before


def period(rows: list[list[str]], name: str) -> dict[str, str]:
    (row,) = [row for row in rows if row[0] == name]
    return dict(zip(TOTAL_COLUMNS, row, strict=True))


def test_totals_of_a_shift(berlin: None) -> None:
    visits = [
        ("shift", visit(1, MaskState.MASKED)),
        ("shift", visit(2, MaskState.UNMASKED)),
        ("shift", visit(3, MaskState.UNMASKED, corrected=Correction.MASKED)),
        ("shift", visit(4, MaskState.UNSURE)),
        ("shift", visit(5, MaskState.UNMASKED, corrected=Correction.NO_PERSON)),
        ("shift", visit(6, MaskState.INCORRECT)),
    ]
    alarms = [sighting(2), sighting(3, corrected=Correction.MASKED), sighting(6)]
    rows = totals([("shift", NOON, Count())], visits, alarms)
    expected = {
        "masked": "2",
        "unmasked": "1",
        "incorrect": "1",
        "unsure": "1",
        "compliance_percent": "50.0",
        "sightings": "2",
    }
    for name in ("shift shift", "day 2026-11-20", "hour 2026-11-20 13:00"):
        assert period(rows, name) == {"period": name, **expected}
    assert len(rows) == 3


def test_nothing_has_no_totals() -> None:
    assert totals([], [], []) == []
    assert totals([("shift", NOON, Count())], [], []) == []


def test_nobody_judged_has_no_share() -> None:
    rows = totals([], [("shift", visit(1, MaskState.UNSURE))], [])
    assert period(rows, "shift shift")["compliance_percent"] == ""


def test_single_pictures_are_in_the_totals() -> None:
    rows = totals([("shift", NOON, Count(3, 1, 0, 2))], [("shift", visit(1, MaskState.MASKED))], [])
    assert period(rows, "shift shift")["masked"] == "4"
    assert period(rows, "shift shift")["unsure"] == "2"


def test_over_midnight(berlin: None) -> None:
    late = datetime(2026, 11, 20, 22, 59, 58, tzinfo=UTC)  # 23:59:58 in Berlin
    visits = [
        ("shift", visit(1, first_seen=late)),
        ("shift", visit(2, MaskState.MASKED, first_seen=late + timedelta(seconds=5))),
    ]
    alarms = [
        sighting(1, first_seen=late),
        sighting(1, sighting_id="shift-v1-s2", first_seen=late + timedelta(hours=1)),
    ]
    rows = totals([("shift", late, Count())], visits, alarms)
    assert period(rows, "shift shift")["sightings"] == "2"
    assert period(rows, "day 2026-11-20")["unmasked"] == "1"
    assert period(rows, "day 2026-11-21")["masked"] == "1"
    add_up(rows)


def test_a_sighting_in_an_hour_without_visits_is_counted(berlin: None) -> None:
    begun = datetime(2026, 11, 20, 9, 59, 59, tzinfo=UTC)
    rows = totals(
        [],
        [("shift", visit(1, first_seen=begun))],
        [sighting(1, first_seen=begun + timedelta(seconds=3))],
    )
    assert period(rows, "hour 2026-11-20 11:00")["sightings"] == "1"
    add_up(rows)


def test_a_sighting_whose_visit_began_before_the_range() -> None:
    rows = totals([], [], [sighting(1)])
    assert period(rows, "shift shift")["sightings"] == "1"


@pytest.mark.parametrize("month_day", [(3, 29), (10, 25)])  # summer time begins and ends
def test_days_of_23_and_25_hours(berlin: None, month_day: tuple[int, int]) -> None:
    start = datetime(2026, *month_day, tzinfo=UTC) - timedelta(hours=3)
    visits = [("shift", visit(i, first_seen=start + timedelta(minutes=30 * i))) for i in range(60)]
    alarms = [
        sighting(i, first_seen=start + timedelta(minutes=30 * i + 1)) for i in range(0, 60, 3)
    ]
    add_up(totals([("shift", start, Count())], visits, alarms))


def add_up(rows: list[list[str]]) -> None:
    """Shifts, days and hours have the same sums."""
    sums = {}
    for kind in ("shift", "day", "hour"):
        chosen = [row for row in rows if row[0].startswith(kind + " ")]
        sums[kind] = [sum(int(row[k]) for row in chosen) for k in (1, 2, 3, 4, 6)]
    assert sums["shift"] == sums["day"] == sums["hour"]
    assert sum(sums["shift"]) > 0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'monitor.db'}")
    opened.begin_shift("shift", NOON)
    opened.save("shift", [visit(1), visit(2, MaskState.MASKED)], [sighting(1)])
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
