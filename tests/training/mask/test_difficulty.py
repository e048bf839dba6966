"""What makes a face hard: the list names test faces alone, and each value has its figures."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.card import MODELS_DIR
from monitor.detect.yunet import YuNet
from monitor.errors import ConfigError
from monitor.training.mask import difficulty, held_out
from monitor.training.pictures.chips import Chip


@pytest.fixture
def tables(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Chip]]:
    """One table: a bare and a masked face, each twice in its picture."""
    chips = []
    for name, label in (("bare", "unmasked"), ("masked", "masked")):
        image = cv2.imread(str(data / f"{name}.jpg"))
        face = YuNet(0.4, 640, 24, 1).detect(image).boxes[0]  # type: ignore[arg-type]
        path = tmp_path / "set" / f"{name}.jpg"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), np.concatenate([image, image], axis=1))
        for x in (0, image.shape[1]):
            x0, y0, x1, y1 = (float(v) for v in face + np.array([x, 0, x, 0]))
            chips.append(
                Chip(path, "set", label, (x0, y0, x1, y1), None, 200.0, path.name, None, name)
            )
    monkeypatch.setattr(held_out, "TABLES", {"worn_wrong": lambda _: chips})
    return {"worn_wrong": chips}


def fill(path: Path, **seen: str) -> None:
    """Give all faces of a list these values."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, difficulty.COLUMNS)
        writer.writeheader()
        writer.writerows({**row, **seen} for row in rows)


SEEN = {"pose": "half", "light": "dark", "kind": "black", "blur": "soft"}


def test_a_list_that_was_filled_in_is_told_by_value(
    tables: dict[str, list[Chip]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sheets, path = tmp_path / "sheets", tmp_path / "sheets" / difficulty.FILE.name
    assert difficulty.main(["--data", str(tmp_path), "--sheets", str(sheets)]) == 0
    assert (sheets / "01.png").is_file()
    fill(path, **SEEN)
    monkeypatch.setattr(difficulty, "FILE", path)
    command = [str(MODELS_DIR / "mask_v5.onnx"), "--data", str(tmp_path)]
    assert difficulty.main([*command, "--summary", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    row = "| pose | half | no faces | mask_v5 | 100.0 % (2/2) | 0.0 % (0/2) | no faces |"
    assert row in shown
    assert "profile" not in shown
    assert row in (tmp_path / "difficulty.md").read_text()


def test_two_faces_of_one_picture_are_told_apart_by_their_boxes(
    tables: dict[str, list[Chip]], tmp_path: Path
) -> None:
    difficulty.main(["--data", str(tmp_path), "--sheets", str(tmp_path)])
    fill(tmp_path / difficulty.FILE.name, **SEEN)
    faces = difficulty.read(tmp_path / difficulty.FILE.name, tables, tmp_path)
    assert {face.chip for face in faces} == set(tables["worn_wrong"])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"pose": "sideways"}, "line 2: 'sideways'"),
        ({"file": "set/other.jpg"}, "no such test face"),
    ],
)
def test_a_mistake_in_the_list_is_one_line(
    tables: dict[str, list[Chip]], tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    difficulty.main(["--data", str(tmp_path), "--sheets", str(tmp_path)])
    fill(tmp_path / difficulty.FILE.name, **{**SEEN, **changed})
    with pytest.raises(ConfigError, match=said):
        difficulty.read(tmp_path / difficulty.FILE.name, tables, tmp_path)


def test_the_shipped_list_has_known_values_and_no_face_twice() -> None:
    with difficulty.FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter(row["set"] for row in rows) == difficulty.SAMPLE
    assert len({tuple(row[k] for k in difficulty.COLUMNS[:6]) for row in rows}) == len(rows)
    for name, values in difficulty.VALUES.items():
        assert {row[name] for row in rows} <= set(values)
