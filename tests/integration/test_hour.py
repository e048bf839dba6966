"""An hour of the program at a camera by RTSP, in its four ways at once: window and headless, masks
alone and names too. Nothing goes anywhere but to the camera, nothing is written outside of the
program's folders, and nothing grows.

Two minutes as it stands. An hour, and what was seen in words:

    MASK_MONITOR_TEST_S=3600 python -m pytest -m long -s tests/integration/test_hour.py
"""

from __future__ import annotations

import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from office import LONG_S, MAIN, WAYS, alone, enrol, store, strange_files, visits, why_not_alone
from traced import Trace, read_trace, under_strace, why_not

SETTLED = 0.3  # of the time: by then all is loaded, and what is kept of late is full
GROWN_MB_MAX = 25.0


def watch(folder: Path, way: str, identify: bool) -> tuple[dict[str, Any], Trace]:
    home, path = folder / "home", folder / "trace.txt"
    words = [MAIN, *WAYS[way], "--camera", "DOOR", *(["--identify"] if identify else [])]
    report = alone(folder, home, LONG_S, *under_strace(path), sys.executable, *words)
    return report, read_trace(path, report["process"], home, report["out"])


def told(name: str, home: Path, report: dict[str, Any], trace: Trace) -> str:
    """What was seen, in words."""
    kinds = Counter(
        str(path).replace(str(home), "~") if path.is_relative_to(home) else str(path)
        for path in trace.written
        if "__pycache__" not in path.parts
    )
    held = "".join(f" {size}" for size in report["sizes"][::11])
    return "\n".join(
        [
            f"{name}: {report['camera']} packets of the camera, {len(report['strange'])} others;",
            f"  {visits(home)} visits; addresses {sorted(trace.addresses)}",
            f"  [s, MB, files, threads]:{held}",
            *(f"  wrote {path}" for path in sorted(kinds)),
        ]
    )


def sizes(report: dict[str, Any]) -> tuple[list[float], list[float]]:
    """Of the run once it had settled, and at its end."""
    found = report["sizes"]
    return found[int(len(found) * SETTLED)], found[-1]


@pytest.mark.long
@pytest.mark.timeout(LONG_S + 480)
def test_an_hour_of_the_program_in_its_four_ways(tmp_path: Path) -> None:
    if why_not() or why_not_alone():
        pytest.skip(f"nothing can be seen: {why_not() or why_not_alone()}")
    ways = {f"{way}-{what}": way for way in WAYS for what in ("masks", "names")}
    for name in ways:
        (tmp_path / name / "home" / "asked").mkdir(parents=True)
        if name.endswith("names"):
            enrol(tmp_path / name, tmp_path / name / "home")
    with ThreadPoolExecutor(len(ways)) as pool:
        running = {
            name: pool.submit(watch, tmp_path / name, way, name.endswith("names"))
            for name, way in ways.items()
        }
    seen = {name: future.result() for name, future in running.items()}
    for name, (report, trace) in seen.items():
        sys.stdout.write(told(name, tmp_path / name / "home", report, trace) + "\n")
    for name, (report, trace) in seen.items():
        home = tmp_path / name / "home"
        assert store(home).is_file(), report["out"]
        assert visits(home) >= LONG_S / 40, (name, report["out"])
        assert report["strange"] == [], name
        assert {host for host, _ in trace.addresses} == {"127.0.0.1"}, trace.addresses
        assert len(trace.addresses) == 1, trace.addresses
        assert trace.other_families == set()
        assert strange_files(trace, home) == [], name
        assert len(trace.programs) == 1, trace.programs
        (_, settled_mb, settled_files, settled_threads), (_, mb, files, threads) = sizes(report)
        assert mb < settled_mb + GROWN_MB_MAX, (name, report["sizes"])
        assert files <= settled_files + 3, (name, report["sizes"])  # a journal that is open now
        assert threads <= settled_threads + 1, (name, report["sizes"])
