"""What is shipped lies between YuNet and what was trained, and has a card."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from monitor.card import load_card
from monitor.detect.yunet import MODEL
from monitor.training.detectors import ship
from monitor.training.learning import cards


def weights_of(path: Path) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    return {i.name: numpy_helper.to_array(i) for i in onnx.load(path).graph.initializer}


@pytest.mark.parametrize("part", [0.0, 0.25, 1.0])
def test_a_run_becomes_a_model_with_a_card(
    part: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, out = tmp_path / "run", tmp_path / "mine"
    run.mkdir()
    file = onnx.load(MODEL)
    for one in file.graph.initializer:
        value = numpy_helper.to_array(one)
        if value.dtype == np.float32:
            one.CopyFrom(numpy_helper.from_array(value + np.float32(1), one.name))
    onnx.save(file, run / "detector.onnx")
    files = cards.files_of(run / "detector.onnx")
    cards.write_card(run / "detector", {"files": files, "steps": 7, "left_out": "andrewmvd_hd"})
    arguments = [str(run), "--out", str(out), "--part", str(part)]
    monkeypatch.setattr(sys, "argv", ["ship", *arguments])
    ship.main()
    card = load_card(out.with_suffix(".onnx"))
    assert card["task"] == "detector"
    assert "7 steps" in card["source"]
    assert "andrewmvd_hd" not in card["data"]
    first, mixed = weights_of(MODEL), weights_of(out.with_suffix(".onnx"))
    for name, value in first.items():
        more = part if value.dtype == np.float32 else 0
        np.testing.assert_allclose(mixed[name], value + more, atol=1e-5)
