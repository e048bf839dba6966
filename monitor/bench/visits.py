"""Whether the visits and sightings of clips are those that a person would count."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from monitor.analysis.pipeline import Pipeline
from monitor.app import build_parts
from monitor.bench.frames import as_frames, options_for
from monitor.bench.truth import Person, Score, Seen, read_truth, score
from monitor.camera.clip import ClipSource
from monitor.config import Config
from monitor.records import FrameResult

ROOT = Path(__file__).resolve().parents[2]
TRUTH = ROOT / "tests" / "data" / "visits.json"


def measure_visits(config: Config, truth: Path = TRUTH) -> dict[str, dict[str, Any]]:
    """Score all clips of a truth file that are there, and in all.

    Returns:
        What `Score` holds, by the clip's name; of a clip that is not there, "not there" alone.

    Raises:
        ConfigError: If the truth file cannot be read.
        CameraError: If a clip that is there cannot.
    """
    rows: dict[str, dict[str, Any]] = {}
    for name, people in read_truth(truth).items():
        path = ROOT / name
        rows[path.name] = (
            asdict(score_clip(config, path, people)) if path.is_file() else {"visits": "not there"}
        )
    scored = [row for row in rows.values() if "told" in row]
    rows["all"] = {
        key: round(sum(row[key] for row in scored), 2)
        for key in Score.__dataclass_fields__
        if key != "told"
    } | {"told": ()}
    return rows


def score_clip(config: Config, path: Path, people: tuple[Person, ...]) -> Score:
    """Run a clip through the program, without a window, and compare.

    Raises:
        CameraError: If the clip cannot be read.
    """
    with tempfile.TemporaryDirectory() as folder:
        parts = build_parts(options_for(config, folder))
        try:
            seen, sightings, step_s = _watch(parts.pipeline, path)
        finally:
            parts.ledger.close()
            parts.pipeline.close()
    return score(people, seen, sightings, step_s)


def _watch(pipeline: Pipeline, path: Path) -> tuple[list[Seen], Counter[str], float]:
    """All faces shown, the number of sightings by visit, the time between two frames (s)."""
    seen: list[Seen] = []
    visit_of: dict[str, str] = {}  # by sighting
    times: list[float] = []

    def take(result: FrameResult) -> None:
        for one in result.sightings:
            visit_of[one.sighting_id] = one.visit_id
        for face in result.faces:
            if face.visit_id is not None:
                seen.append(Seen(result.frame.t, face.visit_id, face.xyxy, face.state))

    source = ClipSource(path)
    source.open()
    try:
        while (picture := source.read()) is not None:
            times.append(picture.t)
            (frame,) = as_frames([picture.image], [picture.t], path.name)
            take(pipeline.process([frame])[0])
    finally:
        source.close()
    pipeline.end(path.name)
    step_s = (times[-1] - times[0]) / max(1, len(times) - 1) if times else 0.0
    return seen, Counter(visit_of.values()), step_s
