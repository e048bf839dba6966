"""Folders of whole pictures: the faces in them are found by the live detector, once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.records import Image
from monitor.training.pictures import explore, whole
from monitor.training.pictures.chips import Chip, load_class_folders, load_data, split
from monitor.training.pictures.splits import original_of
from monitor.training.pictures.whole import find_faces

BARE = (178, 63, 269, 173)  # the face of tests/data/bare.jpg, by hand
PORTRAITS = Path(__file__).resolve().parents[3] / "assets" / "portraits"


def put(path: Path, image: Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def picture(path: Path) -> Image:
    image = cv2.imread(str(path))
    assert image is not None
    return image  # type: ignore[return-value]


@pytest.fixture
def bare(data: Path) -> Image:
    return picture(data / "bare.jpg")


@pytest.fixture
def papers(tmp_path: Path, data: Path, bare: Image) -> Path:
    """The papers' layout: five whole pictures, one of them without a face."""
    root = tmp_path / "papers"
    masked = picture(data / "masked.jpg")
    put(root / "with_mask" / "1.png", masked)
    put(root / "with_mask" / "Augmented_1_48213.png", np.ascontiguousarray(masked[:, ::-1]))
    put(root / "with_mask" / "empty.png", picture(data / "no_face.jpg"))
    put(root / "without_mask" / "2.png", bare)
    put(root / "without_mask" / "hopper.png", picture(PORTRAITS / "hopper.jpg"))
    return root


def by_name(chips: Sequence[Chip]) -> dict[str, list[Chip]]:
    result: dict[str, list[Chip]] = {}
    for chip in chips:
        result.setdefault(chip.path.name, []).append(chip)
    return result


def test_the_face_is_taken_and_not_the_picture(papers: Path, tmp_path: Path) -> None:
    chips = by_name(load_data(papers, tmp_path / "found.json"))
    assert sorted(chips) == ["1.png", "2.png", "Augmented_1_48213.png", "hopper.png"]
    (chip,) = chips["2.png"]
    assert np.abs(np.subtract(chip.box, BARE)).max() < 12
    assert chip.label == "unmasked"
    assert chip.face_px == pytest.approx(max(chip.box[2] - chip.box[0], chip.box[3] - chip.box[1]))
    assert chip.landmarks is not None
    x0, y0, x1, y1 = chip.box
    assert ((chip.landmarks > (x0, y0)) & (chip.landmarks < (x1, y1))).all()


def test_one_line_says_what_was_left_out(
    papers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load_data(papers, tmp_path / "found.json")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("5 whole pictures: 4 faces")
    assert line.endswith("Left out: pictures without a face that is found 1, smaller faces 0")


def test_it_is_looked_once(
    papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare: Image
) -> None:
    cache = tmp_path / "runs" / "found.json"
    first = load_data(papers, cache)
    # renamed, it is the same picture still
    (papers / "without_mask" / "2.png").rename(papers / "without_mask" / "3.png")
    looked: list[tuple[int, ...]] = []
    really = whole._look
    monkeypatch.setattr(
        whole, "_look", lambda image, d: looked.append(image.shape) or really(image, d)
    )
    second = load_data(papers, cache)
    assert looked == []
    assert sorted(c.box for c in second) == sorted(c.box for c in first)
    put(papers / "without_mask" / "new.png", bare[:300])
    load_data(papers, cache)
    assert looked == [(300, 512, 3)]


def test_several_large_faces_have_the_label_and_small_ones_have_none(
    tmp_path: Path, bare: Image
) -> None:
    half = cv2.resize(bare, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    below = np.zeros_like(bare)
    below[: half.shape[0], : half.shape[1]] = half
    put(tmp_path / "s" / "without_mask" / "a.png", np.hstack([bare, bare, below]))
    found = find_faces(load_class_folders(tmp_path / "s"), tmp_path / "found.json")
    assert sorted(c.box[0] // 512 for c in found.labelled) == [0, 1]
    assert [c.box[0] // 512 for c in found.beside] == [2]


def test_a_crop_of_a_face_is_taken_edge_to_edge(tmp_path: Path, bare: Image) -> None:
    x0, y0, x1, y1 = BARE
    crop = bare[y0:y1, x0:x1]
    grey = np.full((90, 80, 3), 128, np.uint8)
    put(tmp_path / "crops" / "no_mask" / "a.png", crop)
    put(tmp_path / "crops" / "no_mask" / "b.png", grey)
    found = find_faces(load_class_folders(tmp_path / "crops"), tmp_path / "found.json")
    # most are crops, so that the one in which nothing is found is taken for one as well
    assert [c.box for c in found.labelled] == [(0, 0, x1 - x0, y1 - y0), (0, 0, 80, 90)]
    assert found.edge_to_edge == 2
    put(tmp_path / "wholes" / "no_mask" / "a.png", bare)
    put(tmp_path / "wholes" / "no_mask" / "b.png", grey)
    found = find_faces(load_class_folders(tmp_path / "wholes"), tmp_path / "found.json")
    assert [c.path.name for c in found.labelled] == ["a.png"]
    assert [c.box for c in found.without] == [(0, 0, 80, 90)]


def test_nothing_found_is_named(tmp_path: Path, data: Path) -> None:
    put(tmp_path / "s" / "masked" / "a.png", picture(data / "no_face.jpg"))
    with pytest.raises(ConfigError, match=r"no face is found in any of the 1 pictures"):
        load_data(tmp_path / "s", tmp_path / "found.json")


@pytest.mark.parametrize("content", ["no json", '{"what": "my notes"}', "[]"])
def test_another_file_is_not_overwritten(papers: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "found.json").write_text(content)
    with pytest.raises(ConfigError, match=r"found\.json cannot be read as found faces"):
        load_data(papers, tmp_path / "found.json")
    assert (tmp_path / "found.json").read_text() == content


def test_another_detector_looks_anew(papers: Path, tmp_path: Path) -> None:
    cache = tmp_path / "found.json"
    load_data(papers, cache)
    kept = json.loads(cache.read_text())
    stale = {**kept, "detector": "0", "pictures": {}}
    cache.write_text(json.dumps(stale))
    assert len(load_data(papers, cache)) == 4
    assert json.loads(cache.read_text()) == kept


@pytest.mark.parametrize(
    ("name", "original"),
    [
        ("12.png", "12"),
        ("Augmented_12_4569574.png", "12"),
        ("augmented_image_12.jpg", "12"),
        ("12-with-mask.jpg", "12"),
        ("without_mask_12.jpg", "12"),
        ("door_jpg.rf.0a1b2c3d.jpg", "door"),
        ("2021_000123.jpg", "2021_000123"),
        ("with_mask.png", "with_mask"),
    ],
)
def test_names_of_one_original(name: str, original: str) -> None:
    assert original_of(name) == original


def test_copies_stay_on_one_side(papers: Path, tmp_path: Path) -> None:
    chips = load_data(papers, tmp_path / "found.json")
    for seed in range(20):
        first, _ = split(chips, 0.5, seed)
        names = {c.path.name for c in first}
        assert ("1.png" in names) == ("Augmented_1_48213.png" in names)


def test_parts_are_read_together(tmp_path: Path, bare: Image) -> None:
    for part in ("Train", "Validation"):
        put(tmp_path / part / "WithMask" / f"{part}.png", bare)
    assert [c.path.name for c in load_class_folders(tmp_path)] == ["Train.png", "Validation.png"]
    assert {c.label for c in load_class_folders(tmp_path)} == {"masked"}


def test_explore_reports_the_faces(papers: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs" / "explore"
    assert explore.main([str(papers), "--out", str(out)]) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["classes"] == {"masked": 2, "unmasked": 2}
    assert 90 < report["face_px"]["p50"] < 220  # and not the pictures' 512
    assert report["groups"] == 3
    assert report["duplicates"]["mirrored"] == 1
    assert (tmp_path / "runs" / "found_faces.json").is_file()
