"""Loaders and splits, on files made here."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.training.pictures import chips as data
from monitor.training.pictures.chips import Chip

HEAD = "file,source,label,identity,x_min,y_min,x_max,y_max,face_px,landmarks,original\n"


def picture(path: Path, width: int = 40, height: int = 30) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), 90, np.uint8))
    return path


def chip(name: str, group: str, source: str = "a", label: str = "masked") -> Chip:
    return Chip(Path(name), source, label, (0, 0, 9, 9), None, 9.0, name, None, group)


def test_chips_index(tmp_path: Path) -> None:
    rows = (
        "a/m/1.jpg,a,masked,,1,2,31,42,80,1 2 3 4 5 6 7 8 9 "
        "10,one.png\na/u/2.jpg,a,unmasked,Ann,0,0,9,9,20,,two.png\n"
    )
    (tmp_path / "index.csv").write_text(HEAD + rows)
    first, second = data.load_data(tmp_path)
    assert first.box == (1, 2, 31, 42)
    assert first.landmarks is not None
    assert first.landmarks.tolist()[4] == [9, 10]
    assert (first.group, first.identity, first.face_px) == ("a/one.png", None, 80)
    assert (second.group, second.landmarks, second.label) == ("a/Ann", None, "unmasked")


@pytest.mark.parametrize(
    "row",
    [
        "a.jpg,a,hat,,1,2,3,4,80,,o",
        "a.jpg,a,masked,,1,x,3,4,80,,o",
        "a.jpg,a,masked,,1,2,3,4,80,1 2 3,o",
        "a.jpg,a",
    ],
)
def test_chips_index_with_a_bad_row_names_the_line(tmp_path: Path, row: str) -> None:
    (tmp_path / "index.csv").write_text(HEAD + row + "\n")
    with pytest.raises(ConfigError, match="line 2"):
        data.load_chips(tmp_path)


def test_class_folders(tmp_path: Path) -> None:
    picture(tmp_path / "With_Mask" / "a.jpg", 50, 20)
    picture(tmp_path / "without_mask" / "deep" / "b.png")
    picture(tmp_path / "other" / "c.jpg")
    chips = data.load_class_folders(tmp_path)
    assert [(c.label, c.box) for c in chips] == [
        ("masked", (0, 0, 50, 20)),
        ("unmasked", (0, 0, 40, 30)),
    ]


def test_voc(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "p.png", 100, 80)
    item = (
        "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>2</ymin><xmax>{}</xmax>"
        "<ymax>22</ymax></bndbox></object>"
    )
    objects = (
        item.format("with_mask", 1, 11)
        + item.format("mask_weared_incorrect", 3, 13)
        + item.format("dog", 1, 9)
    )
    objects += item.format("with_mask", 9, 9)
    xml = f"<annotation><filename>p.png</filename>{objects}</annotation>"
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "p.xml").write_text(xml)
    chips = data.load_data(tmp_path)
    assert [(c.label, c.box, c.face_px) for c in chips] == [
        ("masked", (1, 2, 11, 22), 20),
        ("incorrect", (3, 2, 13, 22), 20),
    ]
    assert len({c.group for c in chips}) == 1


def test_voc_without_its_picture(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "p.xml").write_text(
        "<annotation><filename>p.png</filename></annotation>"
    )
    with pytest.raises(ConfigError, match=r"p\.xml has no picture"):
        data.load_data(tmp_path)
    (tmp_path / "annotations" / "p.xml").write_text("no xml")
    with pytest.raises(ConfigError, match="no Pascal VOC"):
        data.load_data(tmp_path)


@pytest.mark.parametrize(
    "yaml",
    [
        "names: ['no-mask', mask]\n",
        "nc: 2\nnames:\n  - no-mask\n  - mask\n",
        "names:\n  0: no-mask\n  1: mask\n",
    ],
)
def test_yolo(tmp_path: Path, yaml: str) -> None:
    picture(tmp_path / "images" / "p.jpg", 100, 50)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "p.txt").write_text("1 0.5 0.5 0.2 0.4\n\n0 0.1 0.2 0.1 0.2\n")
    (tmp_path / "data.yaml").write_text(yaml)
    chips = data.load_data(tmp_path)
    assert [c.label for c in chips] == ["masked", "unmasked"]
    assert chips[0].box == pytest.approx((40, 15, 60, 35))


def test_yolo_mistakes(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "p.jpg")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "p.txt").write_text("7 0.5 0.5 0.2 0.4\n")
    with pytest.raises(ConfigError, match=r"classes\.txt"):
        data.load_data(tmp_path)
    (tmp_path / "classes.txt").write_text("mask\n")
    with pytest.raises(ConfigError, match="line 1"):
        data.load_data(tmp_path)


def test_unknown_form(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="known form"):
        data.load_data(tmp_path)
    with pytest.raises(ConfigError, match="no folder"):
        data.load_data(tmp_path / "not there")


def test_split_keeps_groups_whole_and_repeats() -> None:
    chips = [chip(f"{i}.jpg", f"g{i // 3}") for i in range(900)]
    first, rest = data.split(chips, 0.7, seed=1)
    assert not {c.group for c in first} & {c.group for c in rest}
    assert 0.6 < len(first) / 900 < 0.8
    assert data.split(chips, 0.7, seed=1)[0] == first
    assert data.split(chips, 0.7, seed=2)[0] != first
    fewer = data.split(chips[:300], 0.7, seed=1)[0]
    assert fewer == [c for c in first if c in chips[:300]]


def test_leave_sources_out_drops_what_shares_a_group() -> None:
    chips = [chip("1", "x", "a"), chip("2", "x", "b"), chip("3", "y", "b"), chip("4", "y", "c")]
    train, test = data.leave_sources_out(chips, ["a"])
    assert [c.original for c in train] == ["3", "4"]
    assert [c.original for c in test["a"]] == ["1"]
    # what is left out together is tested on whole, also what the two share
    train, test = data.leave_sources_out(chips, ["a", "b"])
    assert train == []
    assert [[c.original for c in test[s]] for s in ("a", "b")] == [["1"], ["2", "3"]]
    with pytest.raises(ConfigError, match="choose one of a, b, c"):
        data.leave_sources_out(chips, ["a", "d"])


def test_merge_groups_joins_chains() -> None:
    chips = [chip(str(i), f"g{i}") for i in range(5)]
    merged = data.merge_groups(
        chips, [(Path("0"), Path("1")), (Path("1"), Path("3")), (Path("9"), Path("0"))]
    )
    assert merged[0].group == merged[1].group == merged[3].group
    assert len({c.group for c in merged}) == 3
