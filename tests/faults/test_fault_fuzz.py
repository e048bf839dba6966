"""Mutated files of every kind that is read, for a bounded time: each is read or refused, none
crashes, hangs or eats the memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from program import ROOT, environment

PEAK_MB = 1000
PER_S = {"clips": 1}  # inputs of a second at least, to mean anything; 20 of the others
FUZZER = Path(__file__).with_name("fuzz_readers.py")


def fuzz(folder: Path, kind: str, seed: int, seconds: float) -> None:
    command = [sys.executable, "-X", "faulthandler", FUZZER, kind, str(seed), str(seconds), folder]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        cwd=ROOT,
        env=environment(folder),
        timeout=seconds + 90,
    )
    number = (folder / "number").read_text() if (folder / "number").exists() else "none"
    where = f"{kind}, seed {seed}, input {number}: {folder / 'input'}"
    assert done.returncode == 0, (
        f"the process died with {done.returncode} at {where}\n{done.stderr[-2000:]}"
    )
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["failure"] == "", f"{report['failure']} at {where}"
    assert report["inputs"] > PER_S.get(kind, 20) * seconds, (
        f"too few inputs to mean anything: {report}"
    )
    assert 0 < report["read"] < report["inputs"], f"all or none were read: {report}"
    assert report["slowest_s"] < 20, f"{report} at {where}"
    assert report["peak_mb"] < PEAK_MB, f"{report} at {where}"


posix = pytest.mark.skipif(
    sys.platform == "win32", reason="the fuzzer reads its memory as POSIX tells it"
)


@posix
@pytest.mark.parametrize(
    ("kind", "seconds"),
    [
        ("pictures", 2),
        ("clips", 5),
        ("galleries", 3),
        ("lists", 2),
        ("settings", 7),
        ("cards", 7),
    ],
)
def test_some_seconds_of_broken_files(tmp_path: Path, kind: str, seconds: float) -> None:
    fuzz(tmp_path, kind, seed=1, seconds=seconds)


@posix
@pytest.mark.long
@pytest.mark.timeout(500)
@pytest.mark.parametrize("kind", ["pictures", "clips", "galleries", "lists", "settings", "cards"])
def test_five_minutes_of_broken_files(tmp_path: Path, kind: str) -> None:
    fuzz(tmp_path, kind, seed=2, seconds=300)
