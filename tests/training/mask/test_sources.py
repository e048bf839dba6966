"""The faces that mask_v4 adds: labels sorted by eye win, test pictures are not learnt from."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.records import Image
from monitor.training.mask import sources
from monitor.training.pictures import splits
from monitor.training.pictures.chips import LABELS, load_chips

WRONG = "0_wrong_a.jpg"


def write_csv(path: Path, head: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])


@pytest.fixture
def aizoo(tmp_path: Path, face: Callable[..., Image], monkeypatch: pytest.MonkeyPatch) -> Path:
    """40 bare chips, 40 masked ones, and one of each kind that was sorted by eye."""
    root, labels = tmp_path / "aizoo_chips", tmp_path / "labels"
    root.mkdir()
    labels.mkdir()
    kinds = [("0", "not_masked")] * 40 + [("1_test", "masked")] * 40 + [("0_wrong", "not_masked")]
    rows: list[list[object]] = []
    for i, (kind, label) in enumerate(kinds):
        name = f"{kind}_{i}.jpg" if kind != "0_wrong" else WRONG
        cv2.imwrite(str(root / name), cv2.resize(face("masked", i), (80, 70)))
        rows.append([name, kind, label, f"{i}.jpg"])
    write_csv(root / "index.csv", ["file", "kind", "label", "original"], rows)
    by_eye = [[WRONG, "incorrect", 0], ["0_3.jpg", "unclear", 0], ["0_4.jpg", "masked", 1]]
    write_csv(labels / "aizoo_chips.csv", ["file", "label", "near_test"], by_eye)
    monkeypatch.setattr(sources, "LABELS_DIR", labels)
    return root


def test_what_was_sorted_by_eye_wins_over_the_set(aizoo: Path) -> None:
    parts = sources.aizoo(aizoo)
    chips = {c.path.name: c for c in (*parts.train, *parts.watched, *parts.test)}
    assert chips[WRONG].label == "incorrect"
    assert chips[WRONG].source == "aizoo_wrong"
    assert not {"0_3.jpg", "0_4.jpg"} & set(chips)
    assert len(chips) == 79
    assert chips["0_5.jpg"].box == (0, 0, 80, 70)


def test_each_original_is_on_one_side(aizoo: Path) -> None:
    parts = sources.aizoo(aizoo)
    assert {splits.is_test_aizoo(c.original) for c in parts.test} == {True}
    for part in (parts.train, parts.watched):
        assert {splits.is_test_aizoo(c.original) for c in part} == {False}
    assert {splits.is_watched_mask(c.original) for c in parts.train} == {False}
    assert len(parts.watched) > 0


def test_pictures_that_are_kept_out_are_found_at_another_size(
    tmp_path: Path, write_chips: Callable[..., Path]
) -> None:
    """A picture of andrewmvd comes back in andrewmvd_hd, larger: no face of it is learnt from."""
    rng = np.random.default_rng(0)
    old, new = tmp_path / "andrewmvd" / "images", tmp_path / "andrewmvd_hd" / "images"
    old.mkdir(parents=True)
    new.mkdir(parents=True)
    pictures = [
        cv2.resize(rng.integers(0, 255, (9, 12, 3), np.uint8), (400, 300)) for _ in range(2)
    ]
    cv2.imwrite(str(old / "kept.png"), pictures[0])
    for name, picture in zip(("same.jpg", "other.jpg"), pictures, strict=True):
        cv2.imwrite(str(new / name), cv2.resize(picture, (640, 480)))
    chips = [
        sources._whole_chip(new / name, "andrewmvd_hd", "masked", (float(x), 40.0, x + 90.0, 150.0))
        for name, x in (("same.jpg", 30), ("same.jpg", 300), ("other.jpg", 200))
    ]
    (left_out,) = load_chips(write_chips(tmp_path / "chips", {"masked": 1}, "andrewmvd"))
    left_out = replace(left_out, original="kept.png")
    same = sources.same_pictures(chips, [left_out], tmp_path)
    assert {c.path.name for c in same} == {"same.jpg"}
    assert len(same) == 2


def test_the_lists_that_ship_are_whole() -> None:
    for name in ("aizoo_chips.csv", "worn_wrong.csv"):
        rows = sources._rows(sources.LABELS_DIR / name)
        files = [tuple(row.values())[:5] for row in rows]
        assert len(set(files)) == len(files) > 300
        assert {row["label"] for row in rows} <= {*LABELS, "unclear", "no_face"}
        assert {row["near_test"] for row in rows} == {"0", "1"}
