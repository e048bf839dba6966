"""Times, processor seconds and memory, and how they are summed up."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import psutil

OPENCV_SETS = ("LD_LIBRARY_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")


def summary(seconds: Iterable[float]) -> dict[str, float]:
    """Median, p95 and p99 in milliseconds."""
    values = np.asarray(list(seconds)) * 1e3
    if not len(values):
        return {}
    return {
        f"{name}_ms": round(float(np.quantile(values, q)), 2)
        for name, q in (("median", 0.5), ("p95", 0.95), ("p99", 0.99))
    }


def in_own_process(module: str, *arguments: str) -> dict[str, Any]:
    """Run `python -m module` and read the JSON of its last line; a failure comes back as {"error":
    its last words}.
    """
    # OpenCV adds its own libraries and its own Qt to the environment when it is imported; a child
    # must not inherit them.
    environment = {name: value for name, value in os.environ.items() if name not in OPENCV_SETS}
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    if done.returncode or not lines:
        return {"error": (lines or [f"status {done.returncode}"])[-1]}
    result: dict[str, Any] = json.loads(lines[-1])
    return result


def peak_bytes(process: psutil.Process) -> int:
    """The most memory that a process has held; where the system does not tell, what it holds
    now.
    """
    memory = process.memory_info()
    if hasattr(memory, "peak_wset"):  # Windows
        return int(memory.peak_wset)
    # of this process alone; getrusage counts what its parent had when it forked
    status = Path("/proc/self/status")
    if process.pid == os.getpid() and status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        return int(found[1]) * 1024 if found else int(memory.rss)
    return int(memory.rss)


class Usage:
    """Processor seconds and wall seconds since it was made, and the memory of this process now."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._cpu, self._wall = self._cpu_s(), time.perf_counter()

    def _cpu_s(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def read(self) -> dict[str, float]:
        wall_s = time.perf_counter() - self._wall
        cpu_s = self._cpu_s() - self._cpu
        return {
            "wall_s": round(wall_s, 2),
            "cpu_s": round(cpu_s, 2),
            "core_percent": round(100 * cpu_s / wall_s, 1),
            "resident_mb": round(self._process.memory_info().rss / 1e6, 1),
            "peak_mb": round(peak_bytes(self._process) / 1e6, 1),
        }


def table(title: str, rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Rows by name, columns by the first row's keys, as plain text."""
    if not rows:
        return ""
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    cells = [
        ["", *columns],
        *([name, *(str(row.get(c, "")) for c in columns)] for name, row in rows.items()),
    ]
    widths = [max(len(line[k]) for line in cells) for k in range(len(columns) + 1)]
    lines = [
        "  ".join(
            text.ljust(w) if k == 0 else text.rjust(w)
            for k, (text, w) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    ]
    return "\n".join([title, *lines, ""])
