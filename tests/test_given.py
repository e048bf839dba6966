"""Whatever is typed for a path ends in one line, and nothing is written."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor import cli
from monitor.given import path_to_read, path_to_write

ROOT = Path(__file__).resolve().parent.parent
CLIP = str(ROOT / "assets" / "demo.mp4")
ODD = {
    "5,000 letters": "a" * 5000,
    "256 letters": "a" * 256,
    "a long way": "/".join(["a" * 200] * 30),
    "long from the root": "/" + "b" * 5000,
    "a zero byte": "a\0b",
}
RUN = ("--headless", "--video", CLIP)
GIVEN: dict[str, Callable[[str], list[str]]] = {
    "--video": lambda path: ["--headless", "--video", path],
    "--images": lambda path: ["--headless", "--images", path],
    "--csv": lambda path: [*RUN, "--csv", path],
    "--events": lambda path: [*RUN, "--events", path],
    "--gallery": lambda path: [*RUN, "--identify", "--gallery", path],
    "--config": lambda path: [*RUN, "--config", path],
    "--store": lambda path: [*RUN, "--into-store", "--store", f"sqlite:///{path}"],
    "--model": lambda path: [*RUN, "--model", path],
    "export": lambda path: ["export", path],
    "export --store": lambda path: ["export", "o.csv", "--store", f"sqlite:///{path}"],
    "enrol --images": lambda path: ["enrol", "Ada", "--images", path, "--consent", "yes"],
    "enrol --video": lambda path: ["enrol", "Ada", "--video", path, "--consent", "yes"],
    "--keep-pictures": lambda path: [
        *("enrol", "Ada", "--images", ".", "--consent", "yes", "--keep-pictures", path)
    ],
    "people --gallery": lambda path: ["people", "--gallery", path],
    "forget --gallery": lambda path: ["forget", "Ada", "--gallery", path],
    "no option": lambda path: [path],
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "data"))
    return tmp_path / "here"


def refused(capsys: pytest.CaptureFixture[str], argv: list[str]) -> str:
    assert cli.main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("mask-monitor: ")
    assert err.count("\n") == 1
    assert err.strip().isprintable()
    return err


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("option", GIVEN)
def test_a_name_that_no_file_can_have(
    home: Path, capsys: pytest.CaptureFixture[str], option: str, kind: str
) -> None:
    assert len(refused(capsys, GIVEN[option](ODD[kind]))) < 1500
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("option", ["--csv", "--events", "--gallery", "export"])
@pytest.mark.parametrize("path", ["", ".", "/"])
def test_a_folder_is_no_file_to_write(
    home: Path, capsys: pytest.CaptureFixture[str], option: str, path: str
) -> None:
    assert "is a folder: give a file's name" in refused(capsys, GIVEN[option](path))
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("option", ["--video", "--images", "--config", "no option"])
def test_a_line_break_in_a_name_makes_no_second_line(
    home: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert r"a\nb" in refused(capsys, GIVEN[option]("a\nb"))


def test_no_name_at_all(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "unrecognized arguments" in refused(capsys, [""])


@pytest.mark.skipif(sys.platform == "win32", reason="other limits")
def test_room_is_left_for_the_files_beside_an_output(tmp_path: Path) -> None:
    longest = os.pathconf(tmp_path, "PC_NAME_MAX")
    name = str(tmp_path / ("a" * longest))
    assert path_to_read(name) == Path(name)
    with pytest.raises(argparse.ArgumentTypeError, match="give another, shorter name"):
        path_to_write(name)
    assert path_to_write(name[:-60]) == Path(name[:-60])
