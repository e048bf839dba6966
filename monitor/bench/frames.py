"""What a frame costs, stage by stage, one after the other as fast as it goes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitor.app import RunOptions, build_parts
from monitor.bench.measure import Usage, summary
from monitor.bench.peers import Peer
from monitor.config import Config, StoreConfig
from monitor.records import Frame, Image
from monitor.worker import Parts

WARM = 10  # frames that are not counted: caches fill, threads start


def options_for(config: Config, folder: str) -> RunOptions:
    """A run whose store lies in a folder of its own."""
    return RunOptions(replace(config, store=StoreConfig(url=f"sqlite:///{Path(folder) / 'bench.db'}")))


def as_frames(images: Sequence[Image], times: Sequence[float], name: str) -> list[Frame]:
    now = datetime.now(UTC)
    return [
        Frame(image, k, t, 0.0, now, name, live=False) for k, (image, t) in enumerate(zip(images, times, strict=True))
    ]


def measure_frames(
    config: Config, images: Sequence[Image], times: Sequence[float], peers: Sequence[Peer] = ()
) -> dict[str, Any]:
    """Run the pipeline, the ledger and the peers over the same frames, interleaved.

    Returns:
        Stage name to median, p95 and p99 in ms; `frame` is all of ours; `usage` is ours alone where there are no peers.
    """
    stages: dict[str, list[float]] = {name: [] for name in ("frame", "detect", "track", "classify", "store")}
    others: dict[str, list[float]] = {peer.name: [] for peer in peers}
    with tempfile.TemporaryDirectory() as folder:
        parts = build_parts(options_for(config, folder))
        usage = Usage()
        for k, frame in enumerate(as_frames(images, times, "bench")):
            taken = _one(parts, frame)
            for peer in peers:
                started = time.perf_counter()
                peer(frame.image)
                if k >= WARM:
                    others[peer.name].append(time.perf_counter() - started)
            if k >= WARM:
                for name, seconds in taken.items():
                    stages[name].append(seconds)
        used = usage.read()
        parts.ledger.close()
    result: dict[str, Any] = {"stages": {name: summary(values) for name, values in (stages | others).items()}}
    video_s = times[-1] - times[0] if len(times) > 1 else 0.0
    if not peers and video_s > 0:
        result["usage"] = used | {"cpu_s_per_video_s": round(used["cpu_s"] / video_s, 3)}
    return result


def _one(parts: Parts, frame: Frame) -> dict[str, float]:
    started = time.perf_counter()
    result = parts.pipeline.process([frame])[0]
    processed = time.perf_counter()
    parts.ledger.record(result)
    ended = time.perf_counter()
    return {
        "frame": ended - started,
        "detect": result.timings.detect_s,
        "track": result.timings.track_s,
        "classify": result.timings.classify_s,
        "store": ended - processed,
    }
