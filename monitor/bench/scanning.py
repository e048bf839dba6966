"""What a scan costs, and what a second worker brings: the same clip again and again, by Ray on this
computer; each worker has loaded the networks before anything is measured.
"""

from __future__ import annotations

import math
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitor.config import Config
from monitor.errors import CameraError
from monitor.scan.find import find_clips
from monitor.scan.recipe import recipe_of
from monitor.scan.records import Recipe, Refused, Task
from monitor.scan.work import analyse, look
from monitor.scan.workers import Workers, local_workers

WORKERS = (1, 2)


def timed(task: Task, recipe: Recipe) -> float:
    """Analyse; the processor's seconds that it took. In a worker."""
    began = time.process_time()
    found = analyse(task, recipe)
    if isinstance(found, Refused):
        raise CameraError(f"{found.path}: {found.why}")
    return time.process_time() - began


def measure_scan(config: Config, video: Path, times: int) -> dict[str, dict[str, Any]]:
    """Analyse a clip so many times by one worker and by two.

    Raises:
        MonitorError: If the clip cannot be read, or Ray is not there.
    """
    (clip,) = find_clips([video]).clips
    looked = look(clip, math.inf, None, datetime.now(UTC))
    if isinstance(looked, Refused):
        raise CameraError(looked.why)
    task, recipe = Task(looked, None), recipe_of(config, ())
    rows: dict[str, dict[str, Any]] = {}
    for number in WORKERS:
        with local_workers(number) as workers:
            _all(workers, task, recipe, number)
            began = time.perf_counter()
            cpu_s = _all(workers, task, recipe, times)
            wall_s = time.perf_counter() - began
        footage_s = times * looked.length_s
        rows[f"{number} workers" if number > 1 else "1 worker"] = {
            "wall_s": round(wall_s, 1),
            "cpu_s": round(cpu_s, 1),
            "footage_s": round(footage_s, 1),
            "cpu_min_an_hour": round(60 * cpu_s / footage_s, 1),
            "footage_a_second": round(footage_s / wall_s, 2),
            "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else 0.0,
        }
    one, two = rows.values()
    two["times one"] = round(one["wall_s"] / two["wall_s"], 2)
    return rows


def _all(workers: Workers, task: Task, recipe: Recipe, times: int) -> float:
    """Processor seconds of so many tasks together."""
    for number in range(times):
        workers.submit(number, timed, task, recipe)
    cpu_s = 0.0
    while workers.busy:
        for answer in workers.answers(60.0):
            if answer.fault is not None:
                raise answer.fault
            cpu_s += answer.result
    return cpu_s
