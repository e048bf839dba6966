"""What is shipped is what was trained, less sure by what was asked for, and has a card."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.card import load_card
from monitor.detect.yunet import MODEL, YuNet
from monitor.training.detectors import ship
from monitor.training.learning import cards

BARE = Path(__file__).resolve().parents[2] / "data" / "bare.jpg"


def test_a_run_becomes_a_model_with_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, out = tmp_path / "run", tmp_path / "mine"
    run.mkdir()
    (run / "detector.onnx").write_bytes(MODEL.read_bytes())
    files = cards.files_of(run / "detector.onnx")
    cards.write_card(run / "detector", {"files": files, "steps": 7, "left_out": "andrewmvd_hd"})
    arguments = [str(run), "--out", str(out), "--calmer", "1.5"]
    monkeypatch.setattr(sys, "argv", ["ship", *arguments])
    ship.main()
    card = load_card(out.with_suffix(".onnx"))
    assert card["task"] == "detector"
    assert "7 steps" in card["source"]
    assert "andrewmvd_hd" not in card["data"]
    image = cv2.imread(str(BARE))
    assert image is not None
    before = YuNet(0.05, threads=1).detect(image)  # type: ignore[arg-type]
    after = YuNet(0.05, threads=1, model=out.with_suffix(".onnx")).detect(image)  # type: ignore[arg-type]
    np.testing.assert_allclose(after.boxes[0], before.boxes[0], atol=0.01)
    assert after.confidence[0] < before.confidence[0]
