"""The aligner: what it is taught, and the file that is written."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from monitor.card import load_card
from monitor.errors import ConfigError
from monitor.faces.align import SIZE, TEMPLATE
from monitor.identity.straighten import Aligner
from monitor.training.identity import aligner as ta

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and tf2onnx warn about themselves


def test_parts_say_how_far_each_point_is_moved() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        matrix = ta.misplacement(ta.MASKED, rng)
        there = ta.POINTS @ matrix[:2, :2].T + matrix[:2, 2]
        assert ta.moved(ta.to_parts(matrix)[None])[0] == pytest.approx(there - ta.POINTS, abs=1e-3)


def test_the_file_says_what_the_network_says(tmp_path: Path) -> None:
    matrix = ta.misplacement(ta.MASKED, np.random.default_rng(3))
    model = ta.build()
    kernel, _ = model.get_layer("placed").get_weights()
    model.get_layer("placed").set_weights([np.zeros_like(kernel), ta.to_parts(matrix).ravel()])
    ta.to_onnx(model, tmp_path / "a.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx", providers=["CPUExecutionProvider"])
    (maps,) = session.run(None, {"faces": np.full((3, SIZE, SIZE, 3), 128, np.float32)})
    assert maps == pytest.approx(np.stack([matrix[:2]] * 3), abs=1e-3)


@pytest.mark.long
def test_training_begins_at_what_it_was_given_and_writes_a_network(
    write_chips: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = write_chips(tmp_path / "data" / "mask_chips", {"masked": 4, "unmasked": 12})
    _give_landmarks(root / "index.csv")
    out = tmp_path / "models" / "aligner"
    assert (
        ta.main(
            ["--data", str(tmp_path / "data"), "--out", str(out), "--steps", "4", "--batch", "8"]
        )
        == 0
    )
    card = load_card(Path(f"{out}.onnx"))
    assert card["task"] == "aligner"
    assert set(card["figures"]["px_missed_50_75_90"]) == {"as_laid", "after_1", "after_3"}
    assert Aligner.load(str(out), threads=1)(np.zeros((2, SIZE, SIZE, 3), np.uint8)).shape == (
        2,
        SIZE,
        SIZE,
        3,
    )
    assert (tmp_path / "runs" / "aligner" / "checkpoint.npz").is_file()


def _give_landmarks(index: Path) -> None:
    rows = list(csv.DictReader(index.open(encoding="utf-8")))
    marks = (TEMPLATE - [56, 66]) + [96, 96]
    for row in rows:
        row["landmarks"] = " ".join(f"{v:.1f}" for v in marks.ravel())
    with index.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def test_mistakes_are_one_line(write_chips: Callable[..., Path], tmp_path: Path) -> None:
    write_chips(tmp_path / "mask_chips", {"unmasked": 2})
    with pytest.raises(ConfigError, match="holds no bare faces with landmarks"):
        ta.main(["--data", str(tmp_path), "--out", str(tmp_path / "a")])
