"""A short training learns what its scenes say, goes on after a stop, and leaves a file that the
program loads.
"""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.detect.yunet import MODEL, YuNet
from monitor.training.detectors import train
from monitor.training.detectors.scenes import SIDE, Scene
from monitor.training.detectors.targets import Targets, Teacher
from monitor.training.detectors.teach import Known

BARE = Path(__file__).resolve().parents[2] / "data" / "bare.jpg"


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen scenes; half of them, of the set `ilc2021_whole`, say that the face is none."""
    folder = tmp_path_factory.mktemp("scenes")
    image = cv2.resize(cv2.imread(str(BARE)), (SIDE, SIDE))  # type: ignore[arg-type]
    found = YuNet(threads=1).detect(image)  # type: ignore[arg-type]
    assert found.landmarks is not None
    teacher = Teacher(MODEL)
    face = Known(found.boxes[:1], found.landmarks[:1], np.ones(1, bool))
    nothing = Known(
        np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32), np.empty(0, bool)
    )
    rows = [
        teacher.targets(Scene(image, face if i % 2 else nothing, frozenset()))  # type: ignore[arg-type]
        for i in range(2 * train.BATCH)
    ]
    arrays = {f.name: np.stack([getattr(row, f.name) for row in rows]) for f in fields(Targets)}
    sources = np.array([0 if i % 2 else 1 for i in range(len(rows))], np.uint8)
    np.savez(folder / "0000.npz", sources=sources, **arrays)  # type: ignore[arg-type]
    return folder


def run(monkeypatch: pytest.MonkeyPatch, scenes: Path, out: Path, steps: int) -> None:
    arguments = ["--scenes", str(scenes), "--out", str(out), "--steps", str(steps)]
    monkeypatch.setattr(sys, "argv", ["train", *arguments, "--leave-out", "ilc2021_whole"])
    train.main()


def test_scenes_of_a_set_are_left_out(scenes: Path) -> None:
    assert len(train.gather_scenes(scenes, None)["cells"]) == 2 * train.BATCH
    kept = train.gather_scenes(scenes, "ilc2021_whole")
    assert len(kept["cells"]) == train.BATCH
    assert (kept["cells"][:, 0] >= 0).all()


def test_no_scenes_are_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="has no scenes"):
        train.gather_scenes(tmp_path, None)


@pytest.mark.long
def test_a_training_leaves_a_detector_and_goes_on_after_a_stop(
    scenes: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(monkeypatch, scenes, tmp_path, steps=2)
    first = (tmp_path / "detector.onnx").read_bytes()
    run(monkeypatch, scenes, tmp_path, steps=4)
    assert "going on from step 2" in capsys.readouterr().out
    assert (tmp_path / "detector.onnx").read_bytes() != first
    image = cv2.imread(str(BARE))
    assert image is not None
    found = YuNet(threads=1, model=tmp_path / "detector.onnx").detect(image)  # type: ignore[arg-type]
    assert len(found) == 1
