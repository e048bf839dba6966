"""Faces that the recipe `mask_v4` adds: tight crops of WIDER and MAFA, masks worn wrong, and whole
pictures cut out as the live detector cuts.

`labels/` holds what was put right or sorted by eye: `aizoo_chips.csv` (file, label, near_test)
names the chips whose label differs from the set's own, all of `0_wrong` among them;
`worn_wrong.csv` the live detector's boxes in the whole pictures of `worn_wrong`. Labels besides
`chips.LABELS`: `unclear` (scarves, tape, toys, what nobody can tell) and `no_face`. `near_test`
marks a face that shows the same person as a test face does: it takes part in nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from monitor.detect.yunet import YuNet
from monitor.training.pictures import duplicates, splits
from monitor.training.pictures.boxed import read_boxes
from monitor.training.pictures.chips import LABELS, Box, Chip
from monitor.training.pictures.faces import read_picture
from monitor.training.pictures.matching import match_boxes

AIZOO, WORN_WRONG = "aizoo_chips", "worn_wrong"
LABELS_DIR = Path(__file__).with_name("labels")
# the detector's pictures at the size and threshold that the program looks with
SIDE, THRESHOLD = 640, 0.4
WHOLE_PX_MIN = 24.0  # smaller faces show too little
AIZOO_PX = 80.0  # all chips are of this size
# the set of whole pictures -> the source of mask_chips that its pictures come from
WHOLE = {"ilc2021_whole": "ilc2021", "andrewmvd_hd": "andrewmvd"}


@dataclass(frozen=True)
class Parts:
    """Chips of one or more sources by what they are for."""

    train: list[Chip]
    watched: list[Chip]
    test: list[Chip]


def more(data: Path, leave_out: Sequence[str], kept_out: Sequence[Chip]) -> Parts:
    """All of it that lies in `data`.

    Args:
        data: Holds `aizoo_chips`, `worn_wrong` and the sets of whole pictures.
        leave_out: Sources of `mask_chips`: the whole pictures that they come from are left out too.
        kept_out: Chips that are not trained on: what shows the same is left out.

    Raises:
        ConfigError: If a list or a picture cannot be read.
    """
    result = tight(data)
    originals = {chip.original for chip in kept_out}
    for name, source in WHOLE.items():
        if source not in leave_out and (data / name).is_dir():
            result.train.extend(
                whole(data / name, lambda n: not splits.is_test_whole(n) and n not in originals)
            )
            result.test.extend(whole(data / name, splits.is_test_whole))
    same = same_pictures(result.train, kept_out, data)
    return Parts([c for c in result.train if c not in same], result.watched, result.test)


def tight(data: Path) -> Parts:
    """What was put right by eye: `aizoo_chips` and `worn_wrong`, whichever lies in `data`."""
    parts = []
    if (data / AIZOO).is_dir():
        parts.append(aizoo(data / AIZOO))
    if (data / WORN_WRONG).is_dir():
        parts.append(worn_wrong(data / WORN_WRONG))
    return Parts(*([c for p in parts for c in getattr(p, n)] for n in ("train", "watched", "test")))


def same_pictures(chips: Sequence[Chip], others: Sequence[Chip], data: Path) -> set[Chip]:
    """Those of `chips` that show the same as one of `others`: as faces, or, of the pictures of
    andrewmvd, as whole pictures.
    """
    known = set(others)
    pairs = duplicates.find_pairs([*chips, *others])
    same = {a for p in pairs for a, b in ((p.a, p.b), (p.b, p.a)) if b in known and a not in known}
    originals = {c.original for c in others if c.source == "andrewmvd"}
    old = sorted(p for n in originals if (p := data / "andrewmvd" / "images" / n).is_file())
    near = _near({chip.path for chip in chips if chip.source == "andrewmvd_hd"}, old)
    return same | {chip for chip in chips if chip.path in near}


def _near(pictures: Iterable[Path], others: Sequence[Path]) -> set[Path]:
    """Those of `pictures` that are one of `others` at another size."""
    if not others:
        return set()
    known = np.stack([_hash(path) for path in others])
    near = set()
    for path in pictures:
        bits = np.bitwise_count(known ^ _hash(path)).sum(axis=1)
        if bits.min() <= duplicates.DISTANCE_MAX:
            near.add(path)
    return near


def _hash(path: Path) -> duplicates.Hashes:
    grey = cv2.cvtColor(read_picture(path), cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA)
    return duplicates.hash_image(small)  # type: ignore[arg-type]


def aizoo(root: Path) -> Parts:
    """`aizoo_chips` under four names: `aizoo_wider`, `aizoo_covered` (bare behind hands and other
    things), `aizoo_masked` and `aizoo_wrong`.
    """
    sorted_by_eye = {row["file"]: row for row in _rows(LABELS_DIR / "aizoo_chips.csv")}
    parts = Parts([], [], [])
    for row in _rows(root / "index.csv"):
        seen = sorted_by_eye.get(row["file"])
        label = seen["label"] if seen else _own_label(row["label"])
        if label not in LABELS or (seen and seen["near_test"] == "1"):
            continue
        path = root / row["file"]
        height, width = read_picture(path).shape[:2]
        chip = Chip(
            path,
            _aizoo_source(row["kind"], label),
            label,
            (0.0, 0.0, float(width), float(height)),
            None,
            AIZOO_PX,
            row["original"],
            None,
            f"aizoo_chips/{row['original']}",
        )
        _share(chip, splits.is_test_aizoo(row["original"]), row["original"], parts)
    return parts


def worn_wrong(root: Path) -> Parts:
    """The sorted faces of `worn_wrong`."""
    parts = Parts([], [], [])
    for row in _rows(LABELS_DIR / "worn_wrong.csv"):
        if row["label"] not in LABELS or row["near_test"] == "1":
            continue
        box = _box(row[k] for k in ("x_min", "y_min", "x_max", "y_max"))
        chip = _whole_chip(root / row["file"], root.name, row["label"], box)
        _share(chip, splits.is_test_worn_wrong(row["file"]), row["file"], parts)
    return parts


def whole(root: Path, chosen: Callable[[str], bool]) -> list[Chip]:
    """Annotated faces of a set of whole pictures with the live detector's box and landmarks.

    Args:
        root: Holds `boxes.csv` and `images/`.
        chosen: Whether a picture (its file name) is taken.

    Raises:
        ConfigError: If the list or a picture cannot be read.
    """
    detector = YuNet(THRESHOLD, SIDE, 24, 1)
    chips = []
    for path, (boxes, labels) in read_boxes(root).items():
        if not chosen(path.name):
            continue
        found = detector.detect(read_picture(path))
        for row, label in zip(match_boxes(boxes, found.boxes), labels, strict=True):
            if row < 0 or label not in LABELS:
                continue
            assert found.landmarks is not None
            box = _box(found.boxes[row])
            chip = _whole_chip(path, root.name, label, box, found.landmarks[row])
            if chip.face_px >= WHOLE_PX_MIN:
                chips.append(chip)
    return chips


def _share(chip: Chip, is_test: bool, original: str, parts: Parts) -> None:
    if is_test:
        parts.test.append(chip)
    elif splits.is_watched_mask(original):
        parts.watched.append(chip)
    else:
        parts.train.append(chip)


def _own_label(name: str) -> str:
    return "masked" if name == "masked" else "unmasked"


def _aizoo_source(kind: str, label: str) -> str:
    if label == "unmasked":
        return "aizoo_wider" if kind == "0" else "aizoo_covered"
    return "aizoo_masked" if label == "masked" else "aizoo_wrong"


def _box(values: Iterable[str] | np.ndarray) -> Box:
    x0, y0, x1, y1 = (float(v) for v in values)
    return x0, y0, x1, y1


def _whole_chip(
    path: Path, source: str, label: str, box: Box, landmarks: np.ndarray | None = None
) -> Chip:
    longer = max(box[2] - box[0], box[3] - box[1])
    return Chip(
        path, source, label, box, landmarks, longer, path.name, None, f"{source}/{path.name}"
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
