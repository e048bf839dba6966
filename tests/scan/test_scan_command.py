"""`main.py scan` as a user runs it: real workers, one of which is killed."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from footage import FIRST, SECOND, looked_at, scanned, write_footage
from program import ROOT, environment, run, started

from monitor.errors import ConfigError, PlaceTakenError
from monitor.records import Visit
from monitor.scan.command import run_scan
from monitor.storage.store import Store

START_S = 200.0  # Ray is slow to start where the machine is busy
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason="Ray is not installed: pip install -r requirements-scan.txt",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of two cameras, a copy of one, and what is none."""
    site = tmp_path_factory.mktemp("site")
    first = write_footage(site / "front" / "2026-11-21_08-30-00.mp4", [1.0, FIRST])
    write_footage(site / "yard" / "2026-11-22_08-30-00.mp4", [1.0, SECOND, 2.0])
    (site / "yard" / "copy.mp4").write_bytes(first.read_bytes())
    (site / "yard" / "torn.mp4").write_bytes(first.read_bytes()[:2000])
    return site


def family(pid: int) -> Iterator[psutil.Process]:
    """A process and all that it has started."""
    try:
        parent = psutil.Process(pid)
        yield from (parent, *parent.children(recursive=True))
    except psutil.NoSuchProcess:
        return


def analysing(pid: int) -> list[psutil.Process]:
    found = []
    for process in family(pid):
        try:
            if "".join(process.cmdline()[:1]).startswith("ray::analyse"):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found


def listening(pid: int) -> set[str]:
    """Addresses that a process, and all that it has started, listen on."""
    found = set()
    for process in family(pid):
        try:
            found |= {
                c.laddr.ip
                for c in process.net_connections("inet")
                if c.status == psutil.CONN_LISTEN
            }
        except psutil.Error:
            continue
    return found


def rows(url: str) -> list[object]:
    store = Store(url)
    try:
        shifts = [(s.shift_id, s.started) for s in store.read_shifts()]
        return [*shifts, *store.read_visits(), *store.read_sightings()]
    finally:
        store.close()


@needs_ray
def test_a_worker_that_is_killed_changes_nothing(site: Path, tmp_path: Path) -> None:
    url, report = f"sqlite:///{tmp_path / 'm.db'}", tmp_path / "report.csv"
    arguments = ("scan", site, "--workers", "2", "--store", url, "--report", report)
    with started(tmp_path, *arguments) as monitor:
        pid, limit = monitor.pid, time.monotonic() + START_S
        while not (found := analysing(pid)):
            assert time.monotonic() < limit, monitor.lines
            assert "<end>" not in monitor.lines, monitor.lines
            time.sleep(0.05)
        addresses = listening(pid)
        os.kill(found[0].pid, signal.SIGKILL)
        done = monitor.wait()
    assert done.code == 1, done.err  # for what was passed over
    assert addresses <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}, addresses
    assert addresses
    expected: list[object] = []
    for path in sorted(site.rglob("2026*.mp4")):
        (shift, visits, sightings), _ = scanned(looked_at(path, math.inf))
        expected += [(shift.shift_id, shift.started)]
        camera = path.parent.name
        assert visits
        assert {v.camera for v in visits} == {camera}
        desk = platform.node()
        expected += [replace(row, desk=desk) for row in (*visits, *sightings)]
    assert sorted(map(str, rows(url))) == sorted(map(str, expected))
    assert "the same clip twice, counted once" in done.out
    assert "passed over" in done.out
    assert "torn.mp4" in done.out
    assert "2 clips scanned into the store, 1 passed over" in done.out
    lines = report.read_text("utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["front", "2026-11-21"],
        ["yard", "2026-11-22"],
    ]
    left = [p.name for p in (tmp_path / "mask-monitor" / "scan").rglob("*") if p.is_file()]
    assert left == ["lock"]
    assert not list(Path(tempfile.gettempdir()).glob(f"mask-monitor-scan-{pid}-*"))


@needs_ray
@pytest.mark.long
def test_ctrl_c_ends_it_and_the_same_command_goes_on(site: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'm.db'}"
    arguments = ("scan", site, "--workers", "2", "--store", url, "--piece", "0.1")
    with started(tmp_path, *arguments) as monitor:
        while not analysing(monitor.pid):
            time.sleep(0.05)
        began = time.monotonic()
        done = monitor.end(signal.SIGINT)
    assert done.code == 1
    assert "The same command goes on from here" in done.err
    assert time.monotonic() - began < 30
    done = run(tmp_path, *arguments)
    assert "2 clips scanned into the store" in done.out or "there already" in done.out
    booked = rows(url)
    done = run(tmp_path, *arguments)
    assert "2 clips there already" in done.out
    assert rows(url) == booked


@needs_ray
@pytest.mark.long
@pytest.mark.parametrize("kills", [2])
def test_a_driver_that_is_killed_is_gone_on_with(site: Path, tmp_path: Path, kills: int) -> None:
    url = f"sqlite:///{tmp_path / 'm.db'}"
    arguments = ("scan", site, "--workers", "1", "--store", url)
    for _ in range(kills):
        with started(tmp_path, *arguments) as monitor:
            while not (found := analysing(monitor.pid)):
                time.sleep(0.05)
            own = [process.pid for process in family(monitor.pid)]
            os.kill(found[0].pid, signal.SIGKILL)
            while not analysing(monitor.pid):
                time.sleep(0.05)
            monitor.end(signal.SIGKILL)
        limit = time.monotonic() + 150  # two of Ray's helpers notice after a minute
        while any(psutil.pid_exists(pid) for pid in own) and time.monotonic() < limit:
            time.sleep(0.1)
        assert not [pid for pid in own if psutil.pid_exists(pid)]
    assert run(tmp_path, *arguments).code == 1
    other = f"sqlite:///{tmp_path / 'other.db'}"
    assert run(tmp_path, "scan", site, "--workers", "1", "--store", other).code == 1
    assert rows(url) == rows(other)


@needs_ray
@pytest.mark.long
def test_a_month_of_clips_comes_out_right_whoever_is_killed(tmp_path: Path) -> None:
    """60 clips; a worker is killed five times, the scan itself once, and gone on with."""
    site = tmp_path / "site"
    for number in range(60):
        since = 0.25 * (number % 48)
        day, hour = 1 + number // 4, 8 + 2 * (number % 4)
        name = f"2026-11-{day:02}_{hour:02}-00-{number % 60:02}.mp4"
        write_footage(site / f"door {number % 3}" / name, [0.5, (since, since + 3.5)])
    url, other = (f"sqlite:///{tmp_path / name}" for name in ("m.db", "other.db"))
    arguments = ("scan", site, "--workers", "2", "--store", url)
    with started(tmp_path, *arguments) as monitor:
        own = []
        for _ in range(5):
            while not (found := analysing(monitor.pid)):
                assert "<end>" not in monitor.lines, monitor.lines
                time.sleep(0.02)
            own += [process.pid for process in family(monitor.pid)]
            with contextlib.suppress(ProcessLookupError):
                os.kill(found[0].pid, signal.SIGKILL)
            time.sleep(1.0)
        monitor.end(signal.SIGKILL)
    limit = time.monotonic() + 150
    while any(psutil.pid_exists(pid) for pid in own) and time.monotonic() < limit:
        time.sleep(0.1)
    assert "60 clips" not in "".join(monitor.lines)
    assert run(tmp_path, *arguments).code == 0
    assert run(tmp_path, "scan", site, "--workers", "2", "--store", other).code == 0
    assert len([row for row in rows(other) if isinstance(row, Visit)]) >= 60
    assert sorted(map(str, rows(url))) == sorted(map(str, rows(other)))


@needs_ray
def test_a_second_scan_of_one_process_has_workers_too(tmp_path: Path) -> None:
    """Each has a password of its own."""
    script = """
import os.path
from monitor.scan.workers import local_workers
for name in ("a", "b"):
    with local_workers(1) as workers:
        workers.submit(name, os.path.basename, f"/footage/{name}")
        answers = []
        while not answers:
            answers = workers.answers(60.0)
        print(answers[0].result)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(tmp_path),
        timeout=START_S,
    )
    assert done.stdout.split() == ["a", "b"], done.stderr


def test_without_ray_one_line_says_what_to_install(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.scan.command._has_ray", lambda: False)
    with pytest.raises(ConfigError, match=r"pip install -r requirements-scan\.txt"):
        run_scan([str(site)])


def test_mistakes_are_said_before_anything_is_started(site: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no clip in"):
        run_scan([str(tmp_path)])
    with pytest.raises(ConfigError, match="--recorded-at dates one clip, and there are 4"):
        run_scan([str(site), "--recorded-at", "2026-11-21T08:00"])
    with pytest.raises(ConfigError, match="give a number from 1 to 1024"):
        run_scan([str(site), "--workers", "0"])
    (tmp_path / "report.csv").write_text("mine")
    with pytest.raises(PlaceTakenError, match="--force"):
        run_scan([str(site), "--report", str(tmp_path / "report.csv")])


def test_ray_is_not_loaded_on_the_way_to_anything_else() -> None:
    script = (
        "import sys, monitor.cli, monitor.app, monitor.headless, monitor.scan.command; "
        "print('ray' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "False", done.stderr
