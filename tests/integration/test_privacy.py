"""Nothing leaves the PC, and nothing is written outside of the program's own folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from program import ROOT, environment


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
    )
    return {name: value for name, value in environment(home).items() if name not in hidden}


def test_a_run_leaves_no_file_but_its_own(tmp_path: Path, demo_clip: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    command = [
        sys.executable,
        ROOT / "main.py",
        "--headless",
        "--video",
        demo_clip,
        "--csv",
        home / "s.csv",
        "--into-store",
    ]
    subprocess.run(
        command, env=outside(home), cwd=home, check=True, capture_output=True, timeout=100
    )
    left = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    own = {"s.csv", ".local/share/mask-monitor/monitor.db"}
    assert left - {name + end for name in own for end in ("-wal", "-shm")} == own


def test_telemetry_is_off_before_onnx_runtime_is_loaded(tmp_path: Path) -> None:
    script = (
        "import monitor.engine, os, sys; assert 'onnxruntime' not in sys.modules;"
        "monitor.engine.onnx_runtime(); print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=outside(tmp_path),
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["1"]
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1", "the tests themselves run with it off"
