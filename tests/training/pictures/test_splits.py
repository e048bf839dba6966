"""Who is kept out of training stays the same for ever, and is kept out everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.training.pictures import pool, splits
from monitor.training.pictures.chips import load_chips

NAMES = (
    "Aaron_Peirsol",
    "Aaron_Sorkin",
    "Ben_Affleck",
    "Madonna",
    "George_W_Bush",
    "Abba_Eban",
    "Zach_Pillar",
    "Zhang_Ziyi",
    "Yao_Ming",
    "Jet_Li",
)
ODD = [n for n in NAMES if n != "Zhang_Ziyi"]


def utkface(number: int) -> str:
    return f"{20 + number % 60}_{number % 2}_{number % 5}_201701{number:011d}.jpg"


@pytest.mark.parametrize(
    ("rule", "kept_out"),
    [
        (lambda n: splits.is_test_person(n, "lfw"), ODD),
        (lambda n: splits.is_test_person(n, "rmfrd"), ["Aaron_Peirsol", "Jet_Li"]),
        (splits.is_kept_aside, ODD),
        (splits.is_test_figure, ODD),
    ],
)
def test_people_stay_on_their_side(rule: Callable[[str], bool], kept_out: list[str]) -> None:
    assert [n for n in NAMES if rule(n)] == kept_out


@pytest.mark.parametrize(
    ("rule", "name", "kept_out"),
    [
        (splits.is_watched_person, "person{}".format, [4, 15, 22, 32]),
        (splits.is_watched_original, "{}.jpg".format, [30, 31, 32, 33, 34, 35, 36, 37]),
        (
            splits.is_test_worn_wrong,
            "{}.jpg".format,
            [6, 10, 15, 16, 29, 33, 35, 37, 38, 41, 42, 43, 59],
        ),
        (splits.is_watched_mask, "{}.jpg".format, [3, 4, 7, 28, 40]),
        (splits.is_test_utkface, utkface, [0, 3, 7, 8, 11]),
        (splits.is_watched_utkface, utkface, [34, 54, 58]),
    ],
)
def test_pictures_stay_on_their_side(
    rule: Callable[[str], bool], name: Callable[[int], str], kept_out: list[int]
) -> None:
    last = 12 if rule is splits.is_test_utkface else 60
    assert [i for i in range(last) if rule(name(i))] == kept_out


def test_halves_are_all_people_and_share_none() -> None:
    test, train = (splits.people_of(NAMES, half, "rmfrd") for half in ("test", "train"))
    assert not set(test) & set(train)
    assert sorted(test + train) == splits.people_of(NAMES, "all", "rmfrd") == sorted(NAMES)


def test_all_cuts_of_a_picture_of_utkface_are_on_one_side() -> None:
    names = [utkface(i) for i in range(400)]
    held = [splits.is_test_utkface(n) for n in names]
    assert 0.3 < np.mean(held) < 0.5
    assert held == [splits.is_test_utkface(f"{n}.chip.jpg") for n in names]
    assert {splits.utkface_key(n) for n in ("2_0_0_9.jpg.chip.jpg", "2_0_0_9.jpg")} == {"2_0_0_9"}


def test_whoever_is_held_out_takes_part_in_no_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [n for n in map(str, range(99)) if not splits.is_test_figure(n)][:2]
    for name in names:
        for folder in ("lfw/{}", "rmfrd/{}/masked", "chips"):
            (tmp_path / folder.format(name)).mkdir(parents=True, exist_ok=True)
            path = tmp_path / folder.format(name) / f"{name}.jpg"
            cv2.imwrite(str(path), np.zeros((112, 112, 3), np.uint8))
    rows = ["file,source,label,identity,x_min,y_min,x_max,y_max,face_px,landmarks,original"]
    rows += [f"{n}.jpg,s,unmasked,{n},1,1,9,9,8,,{n}.jpg" for n in names]
    (tmp_path / "chips" / "index.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")

    def learnt_from() -> list[set[str]]:
        return [
            {c.path.parent.name for c in pool.aligned(tmp_path / "lfw")},
            {c.identity or "" for c in pool.rmfrd(tmp_path / "rmfrd")},
            {c.identity or "" for c in load_chips(tmp_path / "chips")},
            set(splits.people_of(names, "train", "lfw")),
            set(splits.people_of(names, "train", "rmfrd")),
            {n for n in names if not splits.is_test_figure(n)},
        ]

    assert learnt_from() == [set(names)] * 6
    monkeypatch.setattr(splits, "HELD_OUT", frozenset({names[0]}))
    assert learnt_from() == [{names[1]}] * 6
