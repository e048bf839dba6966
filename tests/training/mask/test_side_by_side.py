"""Models beside each other through the program itself, on whole pictures with one list of boxes."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from monitor.card import MODELS_DIR
from monitor.detect.yunet import YuNet
from monitor.training.mask import end_to_end, side_by_side
from monitor.training.pictures.faces import read_picture


@pytest.fixture
def sets(tmp_path: Path, data: Path) -> Path:
    """A set of two faces in three pictures and a third face that is none of the labels."""
    root = tmp_path / "sets" / "mine"
    (root / "images").mkdir(parents=True)
    detector = YuNet(0.4, 640, 24, 1)
    rows = []
    for name, label in (("bare", "unmasked"), ("masked", "masked"), ("again", "unknown")):
        source = data / f"{'bare' if name == 'again' else name}.jpg"
        shutil.copy(source, root / "images" / f"{name}.jpg")
        rows.append([f"{name}.jpg", *detector.detect(read_picture(source)).boxes[0], label])
    with (root / "boxes.csv").open("w", newline="", encoding="utf-8") as file:
        head = ["file", "x_min", "y_min", "x_max", "y_max", "label"]
        csv.writer(file).writerows([head, *rows])
    return root.parent


def test_each_model_is_run_once_on_each_set(
    sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [str(MODELS_DIR / "mask_v3.onnx"), str(MODELS_DIR / "mask_v5.onnx")]
    command += ["--data", str(sets), "--sets", "mine", "--out", str(tmp_path / "kept")]
    assert side_by_side.main([*command, "--summary", str(tmp_path), "--name", "both"]) == 0
    runs = json.loads((tmp_path / "both.json").read_text())["runs"]
    assert [run["model"] for run in runs] == ["models/mask_v3", "models/mask_v5"]
    for run in runs:
        assert (run["bare alarmed"]["hits"], run["bare alarmed"]["count"]) == (1, 1)
        assert (run["masked found"]["hits"], run["masked found"]["count"]) == (1, 1)
        assert run["masked falsely alarmed"]["hits"] == 0
        assert run["worn wrong alarmed"]["count"] == 0
    text = (tmp_path / "both.md").read_text()
    assert "| mine | yunet | models/mask_v5 | 100.0 % (1/1), 20.7 to 100.0 |" in text
    assert text.count("no faces") == 2
    # what was measured stays
    monkeypatch.setattr(end_to_end, "MAIN", tmp_path / "no_program.py")
    assert side_by_side.main(command) == 0
    with pytest.raises(end_to_end.RunError):
        side_by_side.main([*command, "--detectors", "haar"])


def test_faces_of_other_labels_only_take_their_boxes(sets: Path) -> None:
    whole = end_to_end.load_whole_pictures(sets / "mine")
    assert [chip.label for chip in whole.chips] == ["unmasked", "masked"]
    assert [chip.label for chip in whole.beside] == ["unknown"]
    assert whole.annotated


def test_all_sets_together_are_their_sums() -> None:
    one = {
        "raw": {
            k: {"found": {"hits": 1, "count": 2}, "alarmed": {"hits": 0, "count": 2}}
            for k in ("masked", "unmasked", "incorrect")
        }
    }["raw"]
    rates = side_by_side.figures(one)
    results = {("a", "yunet", "m"): rates, ("b", "yunet", "m"): rates}
    pooled = side_by_side.pooled(results)
    assert str(pooled["all of them", "yunet", "m"]["masked found"]) == "50.0 % (2/4)"
    assert len(side_by_side.pooled({("a", "yunet", "m"): rates})) == 1
