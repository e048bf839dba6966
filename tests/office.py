"""The program as it runs on an office PC, and what it may reach for there."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from program import ROOT, environment
from traced import Trace, run_traced

MAIN = ROOT / "main.py"
PERSON = ROOT / "tests" / "data" / "bare.jpg"
# ONNX Runtime was seen to ask for its maker's address between 9 and 90 s after the start. For an
# hour: MASK_MONITOR_TEST_S=3600
LONG_S = float(os.environ.get("MASK_MONITOR_TEST_S", "120"))


def outside(home: Path) -> dict[str, str]:
    """An environment as on an office PC: ONNX Runtime keeps its telemetry off by itself where it
    sees a CI's variables.
    """
    hidden = (
        "CI",
        "GITHUB_ACTIONS",
        "TF_BUILD",
        "ORT_DISABLE_TELEMETRY",
        "XDG_DATA_HOME",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
    )
    shown = {name: value for name, value in environment(home).items() if name not in hidden}
    return shown | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}


WAYS = {
    "headless": ("--headless", "--csv", "asked/s.csv", "--events", "asked/e.jsonl"),
    "window": (),
}


def store(home: Path) -> Path:
    return home / ".local" / "share" / "mask-monitor" / "monitor.db"


def visits(home: Path) -> int:
    """How many visits are booked. The program is at work meanwhile: it is only looked at."""
    with closing(sqlite3.connect(f"file:{store(home)}?mode=ro", uri=True)) as database:
        try:
            return int(database.execute("SELECT count(*) FROM visits").fetchone()[0])
        except sqlite3.OperationalError:  # it is being made
            return 0


def strange_files(trace: Trace, home: Path) -> list[str]:
    """What was written outside of the program's own folders and what the user named."""
    own = (
        home / ".local/share/mask-monitor",
        home / ".config/mask-monitor",
        home / "asked",
        # The desktop's own list of fonts, which fontconfig, a library of the system, brings up to
        # date for every program with a window: the system's, or the user's where that is old.
        Path("/var/cache/fontconfig"),
        home / ".cache/fontconfig",
    )
    made = {home / folder for folder in (".local", ".local/share", ".config", ".cache")}
    installed = (ROOT, Path(sys.prefix), Path(sys.base_prefix))

    def fine(path: Path) -> bool:
        if path in made or path == Path("/dev/null") or any(path.is_relative_to(o) for o in own):
            return True
        return "__pycache__" in path.parts and any(path.is_relative_to(i) for i in installed)

    return sorted(str(path) for path in trace.written if not fine(path))


def check(trace: Trace, home: Path, camera_port: int | None) -> None:
    allowed = set() if camera_port is None else {("127.0.0.1", camera_port)}
    assert trace.addresses == allowed, trace.out
    assert trace.other_families == set()
    assert strange_files(trace, home) == []
    assert len(trace.programs) == 1, f"it started {trace.programs}"


def enrol(tmp_path: Path, home: Path) -> Trace:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(3):
        shutil.copy(PERSON, pictures / f"{number}.jpg")
    words = ("enrol", "Ann", "--images", pictures, "--consent", "told on paper")
    return run_traced(tmp_path, outside(home), MAIN, *words)


@cache
def why_not_alone() -> str:
    if sys.platform != "linux" or not shutil.which("unshare") or not shutil.which("ip"):
        return "this is no Linux with unshare and ip"
    done = subprocess.run(
        ["unshare", "--net", "ip", "link", "set", "lo", "up"],
        capture_output=True,
        check=False,
    )
    return "" if done.returncode == 0 else "only root may make a network namespace here"


def alone(folder: Path, home: Path, seconds: float, *command: str | Path) -> dict[str, Any]:
    """What `alone.py` tells of a command that ran for so long where every packet is heard."""
    if why_not_alone():
        pytest.skip(f"packets cannot be seen: {why_not_alone()}")
    listening = ["unshare", "--net", sys.executable, ROOT / "tests" / "alone.py"]
    done = subprocess.run(
        [*listening, folder, str(seconds), *command],
        env=outside(home),
        capture_output=True,
        text=True,
        timeout=seconds + 120,
        check=True,
    )
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def packets(folder: Path, home: Path, seconds: float, *words: str) -> tuple[list[list[Any]], int]:
    """The packets of Python that were not the camera's, and the number of those that were."""
    report = alone(folder, home, seconds, sys.executable, *words)
    return report["strange"], report["camera"]
