"""Labelled faces from disk: one loader for each common form, and splits that keep what belongs
together on one side.

A picture never leaves its file here: a `Chip` says where it lies and which box in it is the face,
so that the crop is made by the same code as in the program (`monitor.faces.boxes.crop_square`).
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image as PilImage
from PIL import UnidentifiedImageError

from monitor.errors import ConfigError
from monitor.records import FloatArray
from monitor.training.pictures.splits import is_held_out, original_of

LABELS = ("masked", "unmasked", "incorrect")
FOUND_FACES = Path("runs") / "found_faces.json"  # of whole pictures: see `whole.find_faces`
PARTS = ("train", "training", "val", "valid", "validation", "test", "testing")
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")

# Class names of public sets, lower case without spaces, dashes and underscores.
_ALIASES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "masked",
            "withmask",
            "mask",
            "facemask",
            "wearingmask",
            "wearmask",
            "correct",
            "correctmask",
        ),
        "masked",
    ),
    **dict.fromkeys(
        ("unmasked", "withoutmask", "nomask", "face", "bare", "without", "notmasked"), "unmasked"
    ),
    **dict.fromkeys(
        (
            "incorrect",
            "maskwearedincorrect",
            "incorrectmask",
            "maskincorrect",
            "wrongmask",
            "badmask",
            "improper",
            "impropermask",
        ),
        "incorrect",
    ),
}

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Chip:
    """One labelled face. Compares by identity: it holds an array."""

    path: Path
    source: str  # the data set that it came from
    label: str  # "masked", "unmasked" or "incorrect"
    box: Box  # xyxy, pixels of the picture at `path`
    # (5, 2) pixels of that picture: right eye, left eye, nose, right and left mouth corner
    landmarks: FloatArray | None
    face_px: float  # longer side of the face in the original picture
    original: str  # file name of the original picture; several chips may share it
    identity: str | None  # who it is, where the set says so
    group: str  # what a split keeps on one side


def label_of(name: str) -> str | None:
    """The label that a public set's class name stands for, or None."""
    return _ALIASES.get(re.sub(r"[\s_-]", "", name.lower()))


def load_chips(root: Path) -> list[Chip]:
    """Chips listed in `root/index.csv` (file, source, label, identity, x_min..y_max, face_px,
    landmarks, original), without the people of `splits.HELD_OUT`.

    Raises:
        ConfigError: If the index is missing, or a row cannot be read.
    """
    index = root / "index.csv"
    if not index.is_file():
        raise ConfigError(f"{index} is missing: name the folder that holds index.csv")
    chips = []
    with index.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            try:
                box = tuple(float(row[k]) for k in ("x_min", "y_min", "x_max", "y_max"))
                marks = (
                    np.array(row["landmarks"].split(), np.float32).reshape(5, 2)
                    if row["landmarks"]
                    else None
                )
                if row["label"] not in LABELS:
                    raise ValueError(f"label {row['label']!r}")
                who = row["identity"] or None
                if who and is_held_out(who):
                    continue
                chips.append(
                    Chip(
                        path=root / row["file"],
                        source=row["source"],
                        label=row["label"],
                        box=(box[0], box[1], box[2], box[3]),
                        landmarks=marks,
                        face_px=float(row["face_px"]),
                        original=row["original"],
                        identity=who,
                        group=f"{row['source']}/{who or row['original']}",
                    )
                )
            except (KeyError, ValueError, AttributeError, TypeError) as error:
                raise ConfigError(
                    f"{index.name}, line {line} cannot be read ({error}): repair or remove that "
                    f"line"
                ) from None
    return chips


def load_class_folders(root: Path) -> list[Chip]:
    """Pictures in folders that are named after their class, or in such folders within parts as
    `train` and `test`; each picture from edge to edge. `whole.find_faces` finds the faces in them.

    What is made of one original (`original_of`) is one group, whatever its label and part.

    Raises:
        ConfigError: If no folder in `root` has the name of a class, or a picture cannot be read.
    """
    chips = []
    source = root.resolve().name
    for folder in class_folders(root):
        label = label_of(folder.name)
        assert label is not None
        for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES):
            width, height = _size_wh(path)
            chip = _chip(path, source, label, (0.0, 0.0, float(width), float(height)))
            chips.append(replace(chip, group=f"{source}/{original_of(path.name)}"))
    if not chips:
        raise ConfigError(
            f"{root} holds no class folders with pictures: name them {', '.join(LABELS)}"
        )
    return chips


def class_folders(root: Path) -> list[Path]:
    """The folders in `root` that have the name of a class; without any, those in its `PARTS`."""
    folders = _folders(root)
    named = [p for p in folders if label_of(p.name)] or [
        p for part in folders if part.name.lower() in PARTS for p in _folders(part)
    ]
    return sorted(p for p in named if label_of(p.name))


def load_voc(images_dir: Path, annotations_dir: Path) -> list[Chip]:
    """Pascal VOC: one XML file a picture. Objects of other classes, and boxes without area, are
    left out.

    Raises:
        ConfigError: If a folder is missing, an annotation is no VOC XML, or its picture is missing.
    """
    pictures = _by_stem(images_dir)
    chips = []
    for annotation in sorted(_require(annotations_dir).glob("*.xml")):
        try:
            tree = ElementTree.parse(annotation).getroot()
            named = [
                (
                    label_of(item.findtext("name", "")),
                    [
                        float(item.findtext(f"bndbox/{k}", ""))
                        for k in ("xmin", "ymin", "xmax", "ymax")
                    ],
                )
                for item in tree.iter("object")
            ]
        except (ElementTree.ParseError, ValueError) as error:
            raise ConfigError(
                f"{annotation.name} is no Pascal VOC annotation ({error}): repair or remove it"
            ) from None
        stem = Path(tree.findtext("filename", annotation.stem)).stem
        path = pictures.get(stem) or pictures.get(annotation.stem)
        if path is None:
            raise ConfigError(
                f"{annotation.name} has no picture {stem} in {images_dir}: add it or remove the "
                f"annotation"
            )
        source = images_dir.resolve().parent.name
        for label, (x0, y0, x1, y1) in named:
            if label and x1 > x0 and y1 > y0:
                chips.append(_chip(path, source, label, (x0, y0, x1, y1)))
    return chips


def load_yolo(images_dir: Path, labels_dir: Path, names: Sequence[str]) -> list[Chip]:
    """YOLO: one text file a picture with lines `class x_centre y_centre width height`, parts of the
    picture's size.

    Args:
        names: Class names in the order of their numbers; those that are no mask class are left out.

    Raises:
        ConfigError: If a folder or a picture is missing, or a line cannot be read.
    """
    pictures = _by_stem(images_dir)
    chips = []
    source = images_dir.resolve().parent.name
    for text in sorted(p for p in _require(labels_dir).glob("*.txt") if p.name != "classes.txt"):
        path = pictures.get(text.stem)
        if path is None:
            raise ConfigError(
                f"{text.name} has no picture in {images_dir}: add it or remove the file"
            )
        width, height = _size_wh(path)
        for number, line in enumerate(text.read_text(encoding="utf-8").splitlines(), start=1):
            if not line.strip():
                continue
            try:
                kind, cx, cy, w, h = line.split()[:5]
                label = label_of(names[int(kind)])
                x = float(cx) * width
                y = float(cy) * height
                half_w = float(w) * width / 2
                half_h = float(h) * height / 2
            except (ValueError, IndexError) as error:
                raise ConfigError(
                    f"{text.name}, line {number} is no YOLO box of the {len(names)} classes "
                    f"({error})"
                ) from None
            if label and half_w > 0 and half_h > 0:
                chips.append(
                    _chip(path, source, label, (x - half_w, y - half_h, x + half_w, y + half_h))
                )
    return chips


def load_data(path: Path, cache: Path = FOUND_FACES) -> list[Chip]:
    """Chips, VOC, YOLO or class folders, whichever `path` holds. A folder that holds `mask_chips`
    stands for that. The faces in class folders are found first (`whole.load_whole`).

    Args:
        path: Of the set.
        cache: Where the faces found in whole pictures are kept.

    Raises:
        ConfigError: If it is none of them, or what it holds cannot be read.
    """
    _require(path)
    if (path / "mask_chips" / "index.csv").is_file():
        return load_chips(path / "mask_chips")
    if (path / "index.csv").is_file():
        return load_chips(path)
    if (path / "images").is_dir() and (path / "annotations").is_dir():
        return load_voc(path / "images", path / "annotations")
    if (path / "images").is_dir() and (path / "labels").is_dir():
        return load_yolo(path / "images", path / "labels", _yolo_names(path))
    if class_folders(path):
        # here: it goes by chips itself, and only whole pictures need the detector
        from monitor.training.pictures.whole import load_whole

        return load_whole(path, cache).labelled
    raise ConfigError(
        f"{path} holds no pictures in a known form: wanted index.csv, images/ with annotations/ "
        f"(VOC) or labels/ (YOLO),"
        f" or folders named {', '.join(LABELS)}"
    )


def split(chips: Sequence[Chip], fraction: float, seed: int) -> tuple[list[Chip], list[Chip]]:
    """Two parts, the first with about `fraction` of the groups; no group is on both sides.

    The side hangs on the group's name and the seed alone, so adding pictures moves none of the
    others.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction must be in 0..1, not {fraction}")
    first: list[Chip] = []
    rest: list[Chip] = []
    for chip in chips:
        (first if _unit_hash(chip.group, seed) < fraction else rest).append(chip)
    return first, rest


def leave_sources_out(
    chips: Sequence[Chip], sources: Sequence[str]
) -> tuple[list[Chip], dict[str, list[Chip]]]:
    """All other sources, and these by name; what shares a group with one of them is in neither.

    Raises:
        ConfigError: If no chip is of one of the sources.
    """
    test = {source: [c for c in chips if c.source == source] for source in sources}
    for source, found in test.items():
        if not found:
            known = ", ".join(sorted({c.source for c in chips}))
            raise ConfigError(f"no pictures of source {source!r}: choose one of {known}")
    groups = {c.group for found in test.values() for c in found}
    return [c for c in chips if c.source not in test and c.group not in groups], test


def merge_groups(chips: Sequence[Chip], pairs: Iterable[tuple[Path, Path]]) -> list[Chip]:
    """The same chips with the groups of each pair of near-duplicate files made one."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.get(name, name) != name:
            name = parent[name]
        return name

    by_path: dict[Path, str] = {c.path: c.group for c in chips}
    for a, b in pairs:
        if a in by_path and b in by_path:
            low, high = sorted((root(by_path[a]), root(by_path[b])))
            parent[high] = low
    return [replace(c, group=root(c.group)) for c in chips]


def _unit_hash(text: str, seed: int) -> float:
    digest = hashlib.sha256(f"{seed}:{text}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _chip(path: Path, source: str, label: str, box: Box) -> Chip:
    longer = max(box[2] - box[0], box[3] - box[1])
    return Chip(path, source, label, box, None, longer, path.name, None, f"{source}/{path.name}")


def _size_wh(path: Path) -> tuple[int, int]:
    try:
        with PilImage.open(path) as picture:
            return picture.size
    except (OSError, UnidentifiedImageError) as error:
        raise ConfigError(
            f"{path.name} cannot be read as a picture ({error}): repair or remove it"
        ) from None


def _by_stem(folder: Path) -> dict[str, Path]:
    return {p.stem: p for p in sorted(_require(folder).iterdir()) if p.suffix.lower() in PICTURES}


def _require(folder: Path) -> Path:
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder: check the path")
    return folder


def _folders(path: Path) -> list[Path]:
    return [p for p in _require(path).iterdir() if p.is_dir()]


def _yolo_names(path: Path) -> list[str]:
    """Class names from classes.txt, or from the `names:` of a data.yaml (list or numbered
    lines).
    """
    for file in (path / "classes.txt", path / "labels" / "classes.txt"):
        if file.is_file():
            return [
                line.strip()
                for line in file.read_text(encoding="utf-8").splitlines()
                if line.strip()
            ]
    if (path / "data.yaml").is_file():
        after = re.split(
            r"^names\s*:", (path / "data.yaml").read_text(encoding="utf-8"), flags=re.MULTILINE
        )
        if len(after) == 2:
            inline = re.match(r"\s*\[(.*?)\]", after[1], re.DOTALL)
            entries = (
                inline[1].split(",")
                if inline
                else re.findall(r"^\s+(?:-|\d+\s*:)\s*(\S.*)$", after[1], re.MULTILINE)
            )
            if entries:
                return [e.strip().strip("'\"") for e in entries]
    raise ConfigError(
        f"{path} looks like YOLO but names no classes: add classes.txt with one name a line"
    )
