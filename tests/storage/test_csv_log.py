"""The CSV that grows: what a spreadsheet or another version made of it is left alone."""

from __future__ import annotations

import csv
import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import sighting
from program import ROOT, Books, run

from monitor.errors import StoreError
from monitor.storage.csv_files import SIGHTING_COLUMNS
from monitor.storage.csv_log import CsvLog, list_at

HEADER = ",".join(SIGHTING_COLUMNS)


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


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
from program import ROOT, Books, run
from monitor.errors import StoreError
from monitor.storage.csv_log import CsvLog
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


OLDER = "sighting_id,camera,first_seen\r\nold-v1-s1,door,2026-01-01T12:00:00.000+01:00\r\n"
TURNED = ",".join(reversed(SIGHTING_COLUMNS)) + "\r\n"
WITH_SEMICOLONS = HEADER.replace(",", ";") + "\r\n"
WITH_TABS = HEADER.replace(",", "\t") + "\r\n"


@pytest.mark.parametrize("content", [OLDER, TURNED, WITH_SEMICOLONS, WITH_TABS])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_another_list_is_left_alone_and_one_is_begun_beside_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str, bom: str
) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes((bom + content).encode())
    log = CsvLog(path)
    log.append([sighting(1)])
    log.append([sighting(2)])
    said = [record.getMessage() for record in caplog.records]
    caplog.clear()
    assert said == [
        f"{path} has other columns or another separator: sightings go to {tmp_path / 's-2.csv'}"
    ]
    assert path.read_bytes() == (bom + content).encode()
    assert [row[0] for row in rows_of(tmp_path / "s-2.csv")] == [
        *("sighting_id", "shift-v1-s1", "shift-v2-s1"),
    ]
    assert list_at(path) == tmp_path / "s-2.csv"
    CsvLog(path).append([sighting(3)])  # the next run carries it on
    caplog.clear()
    assert len(rows_of(tmp_path / "s-2.csv")) == 4
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s-2.csv", "s.csv"]


def test_the_file_beside_is_passed_over_where_it_is_another_list_or_foreign(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    contents = {"s.csv": OLDER, "s-2.csv": WITH_SEMICOLONS, "s-3.csv": "name,age\r\nAda,36\r\n"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content.encode())
    CsvLog(tmp_path / "s.csv").append([sighting(1)])
    assert caplog.text.count("sightings go to") == 1
    caplog.clear()
    assert [row[0] for row in rows_of(tmp_path / "s-4.csv")] == ["sighting_id", "shift-v1-s1"]
    assert {name: (tmp_path / name).read_bytes().decode() for name in contents} == contents


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_list_that_a_spreadsheet_saved_without_bom_is_carried_on(
    tmp_path: Path, quote: str
) -> None:
    path = tmp_path / "s.csv"
    CsvLog(path).append([sighting(1)])
    header, row, _ = path.read_bytes().decode("utf-8-sig").split("\r\n")
    quoted = ",".join(f"{quote}{name}{quote}" for name in header.split(","))
    path.write_bytes(f"{quoted}\n{row}\n".encode())
    CsvLog(path).append([sighting(2)])
    assert [row[0] for row in rows_of(path)] == ["sighting_id", "shift-v1-s1", "shift-v2-s1"]
    assert [p.name for p in tmp_path.iterdir()] == ["s.csv"]


def test_a_list_saved_with_another_separator_in_mid_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "s.csv"
    log = CsvLog(path)
    log.append([sighting(1)])
    path.write_bytes(path.read_bytes().replace(b",", b";"))
    saved = path.read_bytes()
    log.append([sighting(2)])
    log.append([sighting(3)])
    assert caplog.text.count("sightings go to") == 1
    caplog.clear()
    assert path.read_bytes() == saved
    assert [row[0] for row in rows_of(tmp_path / "s-2.csv")] == [
        *("sighting_id", "shift-v2-s1", "shift-v3-s1"),
    ]


def test_a_list_replaced_by_a_foreign_file_in_mid_run(tmp_path: Path) -> None:
    log = CsvLog(tmp_path / "s.csv")
    (tmp_path / "s.csv").write_text("name,age\n")
    with pytest.raises(StoreError, match="is no list of sightings"):
        log.append([sighting(1)])
    assert (tmp_path / "s.csv").read_text() == "name,age\n"


def test_the_program_says_where_its_list_is(tmp_path: Path) -> None:
    books = Books(tmp_path)
    books.csv.write_text(OLDER, newline="")
    done = run(tmp_path, "--headless", "--images", ROOT / "tests" / "data", *books.arguments)
    assert done.code == 0, done.err
    beside = tmp_path / "s-2.csv"
    said = f"{books.csv} has other columns or another separator: sightings go to {beside}"
    assert said in done.err.splitlines()
    assert f"CSV: {beside}" in done.out.splitlines()
    assert rows_of(beside) == [list(SIGHTING_COLUMNS)]


def test_a_name_is_taken_out_of_the_list(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    log = CsvLog(path)
    names = ("Zoë", "ZOË", "visitor", "=zoë", None, "Zoe")
    log.append([sighting(i, identity=name) for i, name in enumerate(names)])
    before = rows_of(path)
    path.chmod(0o640)
    log.forget({"zoë", "=zoë"})
    column = SIGHTING_COLUMNS.index("identity")
    assert [row[column] for row in rows_of(path)[1:]] == ["", "", "visitor", "", "", "Zoe"]
    assert [row[:column] for row in rows_of(path)] == [row[:column] for row in before]
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    log.append([sighting(9)])
    assert len(rows_of(path)) == 8
    path.unlink()
    log.forget({"zoë"})  # there is nothing to be taken out
    assert [p.name for p in tmp_path.iterdir()] == []
