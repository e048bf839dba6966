"""Very many frames in a row: no memory, thread, open file or row is leaked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from endurance import PERIOD
from program import ROOT, environment

SCRIPT = Path(__file__).with_name("endurance.py")


def endure(folder: Path, kind: str, frames: int, baseline: int, limit_s: float) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, SCRIPT, kind, str(frames), str(baseline), folder],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(folder),
        timeout=limit_s,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr == "", done.stderr[-3000:]
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    people = -(-frames // PERIOD)
    bare = -(-people // 2)
    assert report["done"] == report["event_lines"] == frames
    assert report["rows"] == {"visits": people, "sightings": bare, "shifts": 1}, report
    assert report["csv_lines"] == bare + 1
    assert report["count"] == [people - bare, bare, 0, 0]
    assert report["problem"] == ""
    before, after = report["baseline"], report["end"]
    assert after["threads"] <= before["threads"], report
    assert after["files"] <= before["files"], report
    assert report["threads_left"] == []
    assert report["files_left"] < after["files"], "store, CSV and events are closed"
    return report


def grown(report: dict[str, Any]) -> float:
    """By what part the memory has grown since the baseline."""
    return float(report["end"]["mb"] / report["baseline"]["mb"] - 1)


@pytest.mark.long
def test_six_thousand_frames(tmp_path: Path) -> None:
    report = endure(tmp_path, "fake", 6000, 3000, 100)
    assert grown(report) < 0.03, report


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_hundred_thousand_frames(tmp_path: Path) -> None:
    report = endure(tmp_path, "fake", 100_000, 5000, 1100)
    assert grown(report) < 0.03, report


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_ten_thousand_frames_through_the_real_networks(tmp_path: Path) -> None:
    report = endure(tmp_path, "real", 10_000, 5000, 1100)
    assert grown(report) < 0.03, report
