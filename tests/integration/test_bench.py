"""`python -m monitor.bench` measures the real parts; what it measures is not judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.declared import detectors

ROOT = Path(__file__).resolve().parents[2]
STAGES = ["read", "frame", "resize", "detect", "track", "classify", "identify", "store", "draw"]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "monitor.bench", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_stage_of_a_frame_is_measured(tmp_path: Path) -> None:
    done = bench("--parts", "frames", "--frames", "70", "--json", str(tmp_path / "bench.json"))
    assert done.returncode == 0, done.stderr
    stages = json.loads((tmp_path / "bench.json").read_text())["frames"]["stages"]
    assert list(stages) == STAGES
    for name in ("read", "frame", "detect", "classify", "draw"):
        assert stages[name]["p99_ms"] > 0, name
    assert stages["identify"]["p99_ms"] == 0  # mask-only
    assert "p95_ms" in done.stdout


def test_every_detector_is_measured(tmp_path: Path) -> None:
    done = bench("--parts", "detectors", "--frames", "20", "--json", str(tmp_path / "bench.json"))
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "bench.json").read_text())["detectors"]
    assert list(rows) == list(detectors())
    assert all(row["p99_ms"] > 0 for row in rows.values())


@pytest.mark.long
def test_start_and_window_are_measured(tmp_path: Path) -> None:
    parts = ("--parts", "startup,window", "--runs", "1", "--seconds", "1")
    done = bench(*parts, "--json", str(tmp_path / "bench.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "bench.json").read_text())
    assert 0 < figures["startup"]["window_median_ms"] < figures["startup"]["boxed_median_ms"]
    for people, row in figures["window"].items():
        assert row["latency_median_ms"] > 0, people
        assert row["frames_per_s_of_slowest"] > 0, people


def test_zones_are_measured(tmp_path: Path) -> None:
    done = bench("--parts", "zones", "--frames", "30", "--json", str(tmp_path / "bench.json"))
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "bench.json").read_text())["zones"]
    assert list(rows) == ["all of it", "half of it", "a doorway"]
    assert all(row["detect_median_ms"] > 0 for row in rows.values())


@pytest.mark.long
def test_visits_are_scored_and_what_is_wrong_is_told(tmp_path: Path) -> None:
    clips = json.loads((ROOT / "tests" / "data" / "visits.json").read_text())["clips"]
    right = clips["assets/demo.mp4"]
    wrong = [{**right[0], "who": "the first", "seen": [[[2.25, 900, 100, 90], [9, 900, 100, 90]]]}]
    for name, people, lines in (("right", right, 0), ("wrong", [*wrong, right[1]], 2)):
        truth = tmp_path / f"{name}.json"
        truth.write_text(json.dumps({"clips": {"assets/demo.mp4": people, "gone.mp4": []}}))
        done = bench("--parts", "visits", "--truth", str(truth), "--json", str(truth) + ".out")
        assert done.returncode == 0, done.stderr
        rows = json.loads(Path(str(truth) + ".out").read_text())["visits"]
        assert rows["gone.mp4"] == {"visits": "not there"}
        assert rows["demo.mp4"]["visits"] == rows["all"]["visits"] == 2
        assert len(rows["demo.mp4"]["told"]) == lines
        assert ("the first: no visit" in done.stdout) is (name == "wrong")


def test_an_unknown_part_is_one_line() -> None:
    done = bench("--parts", "framse")
    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert "frames" in done.stderr
