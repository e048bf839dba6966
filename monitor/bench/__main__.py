"""python -m monitor.bench [--video FILE] [--against script,haar] [--json FILE]
[--parts frames,detectors,faces,cameras,window,startup,serve,zones,visits,scan]

Frame costs are measured as fast as it goes, live costs at a camera's pace. Every figure in the
README comes from here.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.app import DEMO_CLIP
from monitor.bench.frames import CAMERA, measure_frames
from monitor.bench.live import LiveTask, measure_live
from monitor.bench.measure import summary, table
from monitor.bench.painting import offscreen_painter
from monitor.bench.peers import make_peers
from monitor.bench.pictures import clip_frames, crowd, one_in_the_middle
from monitor.bench.startup import measure_startup
from monitor.bench.visits import TRUTH, measure_visits
from monitor.camera.zones import Zones
from monitor.camera.zones_file import save_zones
from monitor.config import Config, load_config
from monitor.declared import detectors
from monitor.errors import ConfigError, MonitorError

PARTS = ("frames", "detectors", "faces", "cameras", "window", "startup")
# serve needs requirements-web.txt, and Flask; scan needs requirements-scan.txt
ON_WISH = ("serve", "zones", "visits", "scan")
# where it counts: the parts of the picture's width and height
COUNTING = {"all of it": (1.0, 1.0), "half of it": (0.5, 1.0), "a doorway": (0.3, 0.6)}
FACES = (0, 1, 2, 5, 10, 20)
CAMERAS = (1, 2, 3, 4)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m monitor.bench",
        description="Measures what Mask Monitor costs on this machine.",
    )
    parser.add_argument(
        "--video",
        type=Path,
        default=DEMO_CLIP,
        help="clip whose frames are measured (the bundled one)",
    )
    parser.add_argument(
        "--frames", type=int, default=200, help="how many frames of it, and of each crowd (200)"
    )
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="how long each live measurement takes (10)"
    )
    parser.add_argument(
        "--runs",
        type=int,
        default=5,
        help="how often the window is started, or the clip scanned (5)",
    )
    parser.add_argument(
        "--parts",
        default=",".join(PARTS),
        help="what to measure, with commas (all but serve, zones, visits, scan)",
    )
    parser.add_argument(
        "--against", default="", help="the loops of tutorials on the same frames: script, haar"
    )
    parser.add_argument("--identify", action="store_true", help="make embeddings, too")
    parser.add_argument("--config", type=Path, help="settings in TOML")
    parser.add_argument(
        "--truth", type=Path, default=TRUTH, help="what a person sees in the clips, for visits"
    )
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    arguments = parser.parse_args()
    try:
        return _run(arguments)
    except MonitorError as error:
        print(f"monitor.bench: {error}", file=sys.stderr)
        return 2


def _run(arguments: argparse.Namespace) -> int:
    wanted = [name.strip() for name in arguments.parts.split(",")]
    for name in wanted:
        if name not in PARTS + ON_WISH:
            raise ConfigError(f"--parts {name!r}: give some of {', '.join(PARTS + ON_WISH)}")
    config = load_config(arguments.config)
    result: dict[str, Any] = {"machine": _machine()}
    print(f"{result['machine']}\n")
    if "frames" in wanted:
        result["frames"] = _frames(config, arguments)
    if "detectors" in wanted:
        result["detectors"] = _detectors(config, arguments)
    if "faces" in wanted:
        result["faces"] = _faces(config, arguments.frames)
    if "cameras" in wanted:
        tasks = {
            f"{n} cameras 720p": LiveTask(cameras=n, frames_per_s=15, seconds=arguments.seconds)
            for n in CAMERAS
        }
        result["cameras"] = _live(
            "live cameras at 15 frames a second, 2 people each, no window", tasks
        )
    if "window" in wanted:
        tasks = {
            f"{n} people": LiveTask(faces=n, seconds=arguments.seconds, window=True)
            for n in (0, 2, 10)
        }
        result["window"] = _live(
            "one live 720p camera, 30 frames a second, in the window; latency is capture to screen",
            tasks,
        )
    if "startup" in wanted:
        result["startup"] = measure_startup(arguments.video, arguments.runs)
        print(
            table(
                f"start of the window on {arguments.video.name}, {arguments.runs} times",
                {"": result["startup"]},
            )
        )
    if "zones" in wanted:
        result["zones"] = _zones(config, arguments.frames)
    if "visits" in wanted:
        result["visits"] = _visits(config, arguments.truth)
    if "serve" in wanted:
        result["serve"] = _serve(arguments)
    if "scan" in wanted:
        from monitor.bench.scanning import measure_scan

        result["scan"] = measure_scan(config, arguments.video, arguments.runs)
        title = f"{arguments.video.name} scanned {arguments.runs} times, one thread a worker"
        print(table(title, result["scan"]))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    failed = "error" in result.get("startup", {}) or any(
        "error" in row for part in ("cameras", "window") for row in result.get(part, {}).values()
    )
    return 1 if failed else 0


def _machine() -> str:
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}"
    )


def _frames(config: Config, arguments: argparse.Namespace) -> dict[str, Any]:
    images, times, read_s = clip_frames(arguments.video, arguments.frames)
    height, width = images[0].shape[:2]
    result = measure_frames(
        config, images, times, identify=arguments.identify, draw=offscreen_painter()
    )
    result["stages"] = {"read": summary(read_s)} | result["stages"]
    print(
        table(
            f"{arguments.video.name}, {width}x{height}, {len(images)} frames, as fast as it goes",
            result["stages"],
        )
    )
    print(table("", {"ours": result["usage"]}))
    if arguments.against:
        peers = make_peers(arguments.against)
        result["against"] = stages = measure_frames(config, images, times, peers)["stages"]
        ours = stages["frame"]["median_ms"]
        rows = {"ours": stages["frame"]} | {peer.name: stages[peer.name] for peer in peers}
        for row in rows.values():
            row["times ours"] = round(row["median_ms"] / ours, 1)
        print(table("interleaved with the loops of tutorials", rows))
    return result


def _detectors(config: Config, arguments: argparse.Namespace) -> dict[str, Any]:
    images, times, _ = clip_frames(arguments.video, arguments.frames)
    rows = {}
    for name in detectors():
        chosen = replace(config, detect=replace(config.detect, name=name))
        rows[name] = measure_frames(chosen, images, times)["stages"]["detect"]
    print(table(f"each detector on {arguments.video.name}, where a frame is searched", rows))
    return rows


def _faces(config: Config, frames: int) -> dict[str, Any]:
    rows = {}
    for count in FACES:
        times = [k / 30 for k in range(frames)]
        rows[f"{count} faces"] = measure_frames(config, crowd(count, frames), times)["stages"][
            "frame"
        ]
    print(table("composed 720p frames, 30 a second of their own time, all of ours a frame", rows))
    return rows


def _zones(config: Config, frames: int) -> dict[str, Any]:
    """A frame of a picture of which only a part counts; one person stands in the middle."""
    rows, times = {}, [k / 10 for k in range(frames)]
    for name, (width, height) in COUNTING.items():
        left, top = 0.5 - width / 2, 0.5 - height / 2
        right, bottom = left + width, top + height
        zone = ((left, top), (right, top), (right, bottom), (left, bottom))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "zones.json"
            save_zones(path, CAMERA, Zones(counting=(zone,)))
            chosen = replace(config, detect=replace(config.detect, zones=str(path)))
            measured = measure_frames(chosen, one_in_the_middle(frames), times)
        rows[name] = {
            f"{stage}_median_ms": measured["stages"][stage]["median_ms"]
            for stage in ("detect", "frame")
        } | {"cpu_s_per_video_s": measured["usage"]["cpu_s_per_video_s"]}
    print(table("composed 720p frames of which a part counts, each of them searched", rows))
    return rows


def _visits(config: Config, truth: Path) -> dict[str, Any]:
    rows = measure_visits(config, truth)
    figures = {name: {k: v for k, v in row.items() if k != "told"} for name, row in rows.items()}
    print(table("visits and sightings against what a person counts", figures))
    for name, row in rows.items():
        for line in row.get("told", ()):
            print(f"{name}: {line}")
    return rows


def _serve(arguments: argparse.Namespace) -> dict[str, Any]:
    from monitor.bench.serving import measure_serving

    rows = measure_serving(arguments.video, arguments.seconds)
    title = (
        f"the endpoint, a frame a second of {arguments.video.name} as JPEG, by number of clients"
    )
    print(table(title, rows))
    return rows


def _live(title: str, tasks: dict[str, LiveTask]) -> dict[str, Any]:
    rows = {name: measure_live(task) for name, task in tasks.items()}
    print(table(title, rows))
    return rows


if __name__ == "__main__":
    sys.exit(main())
