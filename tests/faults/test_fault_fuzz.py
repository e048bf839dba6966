"""Mutated pictures and settings for a bounded time: each is read or refused, none crashes, hangs or
eats the memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from program import ROOT, environment

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
    assert report["inputs"] > 20 * seconds, f"too few inputs to mean anything: {report}"
    assert 0 < report["read"] < report["inputs"], f"all or none were read: {report}"
    assert report["slowest_s"] < 20, f"{report} at {where}"
    assert report["peak_mb"] < 1200, f"{report} at {where}"


@pytest.mark.skipif(sys.platform == "win32", reason="the fuzzer reads its memory as POSIX tells it")
@pytest.mark.parametrize("kind", ["pictures", "settings"])
def test_two_seconds_of_broken_files(tmp_path: Path, kind: str) -> None:
    fuzz(tmp_path, kind, seed=1, seconds=2)


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform == "win32", reason="the fuzzer reads its memory as POSIX tells it")
@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("kind", ["pictures", "settings"])
def test_half_a_minute_of_broken_files(tmp_path: Path, kind: str, seed: int) -> None:
    fuzz(tmp_path, kind, seed, seconds=30)
