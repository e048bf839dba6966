"""Ordinary clips of people at doors: the camera doctor finds their light, their sharpness and the
size of their faces good. `pytest -s` prints what it measured.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.app import RunOptions, build_pipeline
from monitor.camera.source import recording
from monitor.config import CameraConfig, ClassifyConfig
from monitor.doctor.examine import examine
from monitor.doctor.judge import Fault, bad, judge

pytestmark = [pytest.mark.shared, pytest.mark.long]

CLIPS = sorted((Path(__file__).resolve().parents[3] / "shared" / "data" / "videos").glob("*.[mg]*"))
OF_THE_SCENE = {
    *(Fault.DARK, Fault.DIM, Fault.BRIGHT, Fault.BACKLIT),
    *(Fault.NOTHING_TO_SEE, Fault.BLURRED, Fault.FACES_SMALL, Fault.TURNED),
}


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.stem)
def test_an_ordinary_clip_is_found_good(clip: Path) -> None:
    pipeline, camera = build_pipeline(RunOptions(), "doctor"), CameraConfig()
    seen = examine(recording("video", clip, camera), pipeline, camera, 5.0)
    pipeline.close()
    print(f"\n{clip.name}: {seen.light} {seen.focus} {seen.people}")
    assert not {f.fault for f in bad(judge(seen, ClassifyConfig()))} & OF_THE_SCENE
