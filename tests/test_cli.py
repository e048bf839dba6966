"""The command line: what was typed becomes options, mistakes become one line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import tomllib
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fakes import NOON, sighting, visit
from program import ROOT

from monitor import app, cli, headless
from monitor.app import RunOptions
from monitor.errors import MonitorError
from monitor.storage.store import Store


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_log_to_terminal", lambda verbose: None)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[RunOptions]:
    """What would have been run."""
    runs: list[RunOptions] = []
    monkeypatch.setattr(headless, "run_headless", lambda options: runs.append(options) or 0)
    return runs


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """The one line on stderr of a command that must fail."""
    assert cli.main(argv) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("mask-monitor: ")
    return printed.err


def test_all_options(opened: list[RunOptions], tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text('[detect]\nname = "ssd"\nmin_face_px = 33\n')
    argv = [
        *(
            "--video",
            "a.mp4",
            "--detector",
            "haar",
            "--backend",
            "onnx",
            "--model",
            "mine",
            "--headless",
        ),
        *(
            "--config",
            str(tmp_path / "m.toml"),
            "--store",
            "sqlite:///x.db",
            "--events",
            "e.jsonl",
            "--csv",
            "s.csv",
        ),
    ]
    assert cli.main(argv) == 0
    (run,) = opened
    assert (run.video, run.images, run.csv, run.events) == (
        Path("a.mp4"),
        None,
        Path("s.csv"),
        Path("e.jsonl"),
    )
    config = run.config
    assert (config.detect.name, config.detect.min_face_px) == ("haar", 33)
    assert (config.classify.backend, config.classify.model, config.store.url) == (
        "onnx",
        "mine",
        "sqlite:///x.db",
    )
    assert run.headless


def test_the_camera_comes_from_the_command_line_or_the_settings(
    opened: list[RunOptions], tmp_path: Path
) -> None:
    (tmp_path / "m.toml").write_text('[camera]\nsource = "1"\n')
    cli.main(["--headless", "--config", str(tmp_path / "m.toml")])
    cli.main(["--headless", "--config", str(tmp_path / "m.toml"), "--camera", "rtsp://h/x"])
    assert [run.config.camera.source for run in opened] == ["1", "rtsp://h/x"]


def test_no_display_runs_headless_and_says_so(
    opened: list[RunOptions], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "_has_display", lambda: False)
    assert cli.main([]) == 0
    assert len(opened) == 1
    assert "No display" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["clip.mp4"], ["did you mean --video clip.mp4?"]),
        (["--vido", "a.mp4"], ["unrecognized arguments: --vido", "did you mean --video?"]),
        (["--head"], ["did you mean --headless?"]),
        (["exprot", "a.csv"], ["did you mean export?"]),
        (["--zzzzzz"], ["unrecognized arguments: --zzzzzz", "--help"]),
        (["--detector", "yunte"], ["'yunte'", "did you mean yunet?"]),
        (["--detector", "qqq"], ["'qqq' is none of yunet, ssd, haar"]),
        (["--backend", "tensorflw"], ["did you mean tensorflow?"]),
        (["--video"], ["expected one argument"]),
        (["--video", "a", "--camera", "0"], ["not allowed with"]),
        (["--camera", ""], ["--camera is empty"]),
        (["--config", "no-such.toml"], ["settings file no-such.toml cannot be read"]),
        (["cameras", "extra"], ["unrecognized arguments: extra"]),
        (["export"], ["required: FILE"]),
        (["export", "a.csv", "--day", "tomorrow"], ["'tomorrow' is no date: write 2026-11-21"]),
        (
            ["export", "a.csv", "--day", "2026-11-20", "--since", "2026-11-20"],
            ["--day goes without"],
        ),
    ],
)
def test_mistakes(argv: list[str], words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    line = said(capsys, *argv)
    for word in words:
        assert word in line


@pytest.mark.parametrize(
    ("error", "status"), [(MonitorError("a fault"), 1), (app.CameraError("gone"), 2)]
)
def test_exit_status(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: MonitorError,
    status: int,
) -> None:
    def fail(options: RunOptions) -> int:
        raise error

    monkeypatch.setattr(headless, "run_headless", fail)
    assert cli.main(["--headless"]) == status
    assert capsys.readouterr().err == f"mask-monitor: {error}\n"


def test_ctrl_c_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(options: RunOptions) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(headless, "run_headless", interrupt)
    assert cli.main(["--headless"]) == 0


def test_cameras_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from monitor.camera import listing

    monkeypatch.setattr(listing, "camera_list", lambda: [(0, "Front"), (2, "Back")])
    assert cli.main(["cameras"]) == 0
    assert capsys.readouterr().out == "0  Front\n2  Back\n"
    monkeypatch.setattr(listing, "camera_list", list)
    assert cli.main(["cameras"]) == 0
    assert "No camera found" in capsys.readouterr().out


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """Three days with a visit and a sighting at noon each."""
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    store = Store(url)
    store.begin_shift("shift", NOON)
    noon = datetime(2026, 11, 20, 12).astimezone()
    for i in range(3):
        moment = noon + timedelta(days=i)
        store.save([visit(i, first_seen=moment)], [sighting(i, first_seen=moment)])
    store.close()
    return url


@pytest.mark.parametrize(
    ("range_", "number"),
    [
        ([], 3),
        (["--day", "2026-11-21"], 1),
        (["--day", "2026-11-25"], 0),
        (["--day", "9999-12-30"], 0),
        (["--since", "2026-11-21"], 2),
        (["--until", "2026-11-21"], 1),
        (["--since", "2026-11-21T12:00", "--until", "2026-11-22T12:00"], 1),
    ],
)
def test_export(
    tmp_path: Path,
    store_url: str,
    capsys: pytest.CaptureFixture[str],
    range_: list[str],
    number: int,
) -> None:
    out = tmp_path / "out.csv"
    assert cli.main(["export", str(out), "--store", store_url, *range_]) == 0
    assert capsys.readouterr().out.startswith(f"{number} sighting{'s' * (number != 1)}: {out}\n")
    assert len(out.read_text(encoding="utf-8-sig").splitlines()) == number + 1


def test_export_of_one_kind_with_a_separator_of_its_own(
    tmp_path: Path, store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    given = ["--only", "days", "--separator", "semicolon"]
    assert cli.main(["export", str(out), "--store", store_url, *given]) == 0
    assert capsys.readouterr().out.endswith(f": {out}\n")
    assert out.read_text(encoding="utf-8-sig").startswith("day;camera;masked;")
    assert [path.name for path in tmp_path.glob("out*")] == ["out.csv"]


def test_export_to_a_place_that_cannot_be_written(
    tmp_path: Path, store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "cannot be written" in said(
        capsys, "export", str(tmp_path / "none" / "o.csv"), "--store", store_url
    )


def test_export_replaces_with_force_alone(
    tmp_path: Path, store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("mine")
    line = said(capsys, "export", str(out), "--store", store_url)
    assert "out.csv is there already: choose another name, or replace it with --force" in line
    assert out.read_text() == "mine"
    assert cli.main(["export", str(out), "--store", store_url, "--force"]) == 0
    assert len(out.read_text(encoding="utf-8-sig").splitlines()) == 4


@pytest.mark.parametrize("end", ["", "-wal"])
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_export_is_never_the_store(
    tmp_path: Path, store_url: str, capsys: pytest.CaptureFixture[str], end: str, force: list[str]
) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / f"monitor.db{end}")
    before = (tmp_path / "monitor.db").read_bytes()
    for name in (f"monitor.db{end}", "link.csv"):
        line = said(capsys, "export", str(tmp_path / name), "--store", store_url, *force)
        assert "would write over the store" in line
    assert (tmp_path / "monitor.db").read_bytes() == before


@pytest.mark.parametrize("day", ["9999-12-31T23:59:59-23:00", "0001-01-01T00:00+23:00"])
def test_days_at_the_ends_of_the_calendar(
    tmp_path: Path, store_url: str, capsys: pytest.CaptureFixture[str], day: str
) -> None:
    line = said(capsys, "export", str(tmp_path / "o.csv"), "--store", store_url, "--day", day)
    assert "is no date" in line


def test_the_last_day_of_the_calendar(tmp_path: Path, store_url: str) -> None:
    arguments = ["export", str(tmp_path / "o.csv"), "--store", store_url, "--day", "9999-12-31"]
    assert cli.main(arguments) in (0, 2)  # east of Greenwich it has no end, west of it no time


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system cannot change its zone")
def test_a_time_zone_that_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TZ", "UTC+25")
    time.tzset()
    try:
        assert "the time zone TZ=UTC+25 is none" in said(capsys, "cameras")
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("word", "option"),
    [
        ("a.mp4", "--video a.mp4"),
        ("A.MOV", "--video A.MOV"),
        ("pictures", "--images pictures"),
        ("0", "--camera 0"),
        ("rtsp://user:secret@h/x", "--camera ADDRESS"),
    ],
)
def test_a_source_without_its_option(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    word: str,
    option: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictures").mkdir()
    assert f"did you mean {option}?" in said(capsys, word)


@pytest.mark.parametrize("option", [(), ("--video",), ("--images",), ("--csv",), ("--events",)])
@pytest.mark.parametrize("address", ["rtsp://anna:secret@h/x", "rtsp:/anna:secret@h/x.mp4"])
def test_an_address_in_the_wrong_place_is_not_shown(
    capsys: pytest.CaptureFixture[str], option: tuple[str, ...], address: str
) -> None:
    line = said(capsys, *option, address)
    assert "secret" not in line
    assert "--camera" in line


def test_a_command_stands_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert "check comes first" in said(capsys, "--store", "sqlite:///x.db", "check")


def test_nobody_reads_to_the_end() -> None:
    """As in `main.py cameras | head -1`."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, ROOT / "main.py", "--help"],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "argv", [["--help"], ["--version"], ["export", "--help"], ["check", "--help"]]
)
def test_help(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(argv)
    assert caught.value.code == 0
    assert "main.py" in capsys.readouterr().out or argv == ["--version"]


def test_the_version_is_that_of_the_newest_release(capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(.+)\] - \d{4}-\d\d-\d\d$", changes, re.MULTILINE)
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out.split()[-1] == project["version"] == released[0]
