"""What a frame costs, stage by stage, one after the other as fast as it goes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitor.analysis.worker import Parts
from monitor.app import RunOptions, build_parts
from monitor.bench.measure import Usage, summary
from monitor.bench.peers import Peer
from monitor.config import Config, StoreConfig
from monitor.records import Frame, FrameResult, Image

# `resize` is a part of `detect`; `draw` is the window's and not in `frame`
STAGES = ("frame", "resize", "detect", "track", "classify", "identify", "store", "draw")
CAMERA = "bench"  # the frames' source
WARM = 10  # frames that are not counted: caches fill, threads start


def options_for(config: Config, folder: str, identify: bool = False) -> RunOptions:
    """A run whose store, and gallery, lie in a folder of its own."""
    store = StoreConfig(url=f"sqlite:///{Path(folder) / 'bench.db'}")
    return RunOptions(
        replace(config, store=store),
        identify=identify,
        gallery=Path(folder) / "gallery" if identify else None,
        into_store=True,
    )


def as_frames(images: Sequence[Image], times: Sequence[float], name: str) -> list[Frame]:
    now = datetime.now(UTC)
    return [
        Frame(image, k, t, 0.0, now, name, live=False)
        for k, (image, t) in enumerate(zip(images, times, strict=True))
    ]


def measure_frames(
    config: Config,
    images: Sequence[Image],
    times: Sequence[float],
    peers: Sequence[Peer] = (),
    identify: bool = False,
    draw: Callable[[FrameResult], float] | None = None,
) -> dict[str, Any]:
    """Run the pipeline, the ledger and the peers over the same frames, interleaved.

    Returns:
        Stage name to median, p95 and p99 in ms; `frame` is all of ours; `usage` is ours alone where
        there are no peers.
    """
    stages: dict[str, list[float]] = {name: [] for name in STAGES}
    others: dict[str, list[float]] = {peer.name: [] for peer in peers}
    with tempfile.TemporaryDirectory() as folder:
        parts = build_parts(options_for(config, folder, identify))
        usage = Usage()
        for k, frame in enumerate(as_frames(images, times, CAMERA)):
            taken = _one(parts, frame, draw)
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
    result: dict[str, Any] = {
        "stages": {name: summary(values) for name, values in (stages | others).items()}
    }
    video_s = times[-1] - times[0] if len(times) > 1 else 0.0
    if not peers and video_s > 0:
        rate = round(len(images) / used["wall_s"], 1) if used["wall_s"] else 0.0
        result["usage"] = (
            {"frames_per_s": rate} | used | {"cpu_s_per_video_s": round(used["cpu_s"] / video_s, 3)}
        )
    return result


def _one(
    parts: Parts, frame: Frame, draw: Callable[[FrameResult], float] | None
) -> dict[str, float]:
    started = time.perf_counter()
    result = parts.pipeline.process([frame])[0]
    processed = time.perf_counter()
    parts.ledger.record(result)
    ended = time.perf_counter()
    return {
        "frame": ended - started,
        "resize": getattr(parts.pipeline.detector, "resize_s", 0.0)
        if result.timings.detect_s
        else 0.0,
        "detect": result.timings.detect_s,
        "track": result.timings.track_s,
        "classify": result.timings.classify_s,
        "identify": result.timings.identify_s,
        "store": ended - processed,
        "draw": draw(result) if draw is not None else 0.0,
    }
