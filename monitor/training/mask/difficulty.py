r"""Mask models by what makes a face hard: pose, light, kind of mask, blur.

    python -m monitor.training.mask.difficulty models/mask_v3.onnx models/mask_v5.onnx \
        --data ../shared/data --summary docs/training

tells of a sample of the faces of `held_out` (`SAMPLE`, drawn by CRC32, from test parts alone) how
many are found and how many are alarmed, by what `labels/difficulty.csv` says of each. `--sheets
DIR` writes the sample as numbered sheets and a list to fill in, which is how that file was made.

Pose is `frontal`, `half` (one cheek narrow) or `profile` (one eye), `down` where the head is bent
or lies; light `even`, `dark` or `harsh` (hard shadow, against the light, colour cast); kind what
is before nose or mouth or hangs at the chin, `none` and `thing` (hand, cup, scarf) besides masks;
blur `sharp`, `soft` or `blurred` (eyes are no longer lines).
"""

from __future__ import annotations

import argparse
import csv
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from monitor.detect.yunet import YuNet
from monitor.errors import ConfigError
from monitor.faces.boxes import crop_square
from monitor.records import FloatArray, Image
from monitor.training.command import first_words, run_main, typed
from monitor.training.mask import held_out, sources
from monitor.training.mask.scoring import load_classifier, predict
from monitor.training.mask.sets import FACE_MIN_PX
from monitor.training.pictures.chips import Chip
from monitor.training.pictures.faces import read_picture
from monitor.training.pictures.matching import match_boxes
from monitor.training.report.metrics import Rate, rate
from monitor.training.report.pages import grid, markdown_table, output_dir, write_json, write_text

FILE = sources.LABELS_DIR / "difficulty.csv"
# faces of each table of `held_out`
SAMPLE = {
    "aizoo_covered": 24,
    "aizoo_wider": 40,
    "aizoo_masked": 60,
    "aizoo_wrong": 30,
    "worn_wrong": 30,
    "ilc2021_whole": 40,
    "andrewmvd_hd": 24,
    "mask_chips": 32,
}
VALUES = {
    "pose": ("frontal", "half", "profile", "down"),
    "light": ("even", "dark", "harsh"),
    "kind": (
        "surgical",
        "cloth",
        "n95",
        "print",
        "black",
        "skin",
        "shield",
        "thing",
        "none",
    ),
    "blur": ("sharp", "soft", "blurred"),
}
# whose boxes are not the live detector's own, so that not all of them are found
NOT_FOUND_YET = ("aizoo_covered", "aizoo_wider", "aizoo_masked", "aizoo_wrong", "mask_chips")
COLUMNS = ("set", "file", "x_min", "y_min", "x_max", "y_max", *VALUES)
FIGURES = {"unmasked": "bare alarmed", "masked": "masked falsely alarmed"}
FIGURES |= {"incorrect": "worn wrong alarmed"}
_GREY, _ROOM = 110, 80  # round a tight crop, px: a detector wants to see where a face ends
_SHEET, _COLUMNS, _TILE = 36, 6, 190  # faces a sheet, in a row, and the side of each, px


@dataclass(frozen=True, eq=False)
class Sampled:
    """A face of the sample with what was seen of it by eye."""

    table: str
    chip: Chip
    seen: Mapping[str, str]  # an entry for each of VALUES


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m monitor.training.mask.difficulty", description=first_words(__doc__)
    )
    parser.add_argument("models", type=Path, nargs="*", help=".onnx or .keras with its card")
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--sheets", type=Path, help="write the sample there and end")
    parser.add_argument("--summary", type=Path, help="folder for difficulty.md and .json")
    options = parser.parse_args(argv)
    tables = {
        name: _large(make(options.data)) for name, make in held_out.TABLES.items() if name in SAMPLE
    }
    if options.sheets:
        write_sheets({k: sample(chips, SAMPLE[k]) for k, chips in tables.items()}, options)
        return 0
    faces = read(FILE, tables, options.data)
    found = np.array([is_found(f) for f in faces])
    alarmed: dict[str, np.ndarray] = {}
    for path in options.models:
        classifier = load_classifier(path)
        confidence = predict(classifier, [f.chip for f in faces])
        masked = classifier.classes.index("masked")
        alarmed[classifier.name] = confidence.argmax(axis=1) != masked
    rows = figures(faces, found, alarmed)
    text = table(rows, list(alarmed))
    print(text)
    if options.summary:
        command = typed("mask.difficulty", argv)
        head = f"# By difficulty: {' and '.join(alarmed)}\n\n    {command}\n\n"
        write_text(options.summary / "difficulty.md", head + text)
        made = [[*key, {n: r.as_json() for n, r in of.items()}] for key, of in rows.items()]
        write_json(options.summary / "difficulty.json", {"command": command, "rows": made})
    return 0


def sample(chips: Sequence[Chip], count: int) -> list[Chip]:
    """`count` of the faces, the same each time and whatever else the set holds."""
    return sorted(chips, key=lambda c: zlib.crc32(f"{c.path.name}:{_ints(c)}".encode()))[:count]


def read(path: Path, tables: Mapping[str, Sequence[Chip]], data: Path) -> list[Sampled]:
    """The faces of the list that lie in `data`.

    Raises:
        ConfigError: If a value is none of VALUES, or a face of the list is no test face.
    """
    by_file: dict[tuple[str, str], list[Chip]] = {}
    for table_name, chips in tables.items():
        for chip in chips:
            key = table_name, chip.path.relative_to(data).as_posix()
            by_file.setdefault(key, []).append(chip)
    faces = []
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            seen = {name: row[name] for name in VALUES}
            wrong = [v for name, v in seen.items() if v not in VALUES[name]]
            beside = by_file.get((row["set"], row["file"]), [])
            box = np.array([[float(row[k]) for k in COLUMNS[2:6]]], np.float32)
            best = match_boxes(box, _boxes(beside))[0] if beside else -1
            if wrong or best < 0:
                what = f"{wrong[0]!r} is no value of it" if wrong else "no such test face"
                raise ConfigError(f"{path.name}, line {number}: {what}")
            faces.append(Sampled(row["set"], beside[best], seen))
    return faces


def is_found(face: Sampled) -> bool:
    """Whether the live detector finds it. Those of whole pictures are its own boxes."""
    if face.table not in NOT_FOUND_YET:
        return True
    room = _ROOM if face.table != "mask_chips" else 0
    around = ((room, room), (room, room), (0, 0))
    image = np.pad(read_picture(face.chip.path), around, constant_values=_GREY)
    boxes = YuNet(sources.THRESHOLD, sources.SIDE, 24, 1).detect(image).boxes
    return bool(match_boxes(_boxes([face.chip]) + room, boxes)[0] >= 0)


def figures(
    faces: Sequence[Sampled], found: np.ndarray, alarmed: Mapping[str, np.ndarray]
) -> dict[tuple[str, str], dict[str, Rate]]:
    """By (difficulty, value): `masked found`, and for each model the alarms of each label."""
    labels = np.array([f.chip.label for f in faces])
    asked = np.array([f.table in NOT_FOUND_YET for f in faces])
    rows: dict[tuple[str, str], dict[str, Rate]] = {}
    groups = [("all", "", np.ones(len(faces), bool))]
    for name, values in VALUES.items():
        groups += [(name, v, np.array([f.seen[name] == v for f in faces])) for v in values]
    for name, value, rows_of in groups:
        cell = {"masked found": rate(found[rows_of & asked & (labels == "masked")])}
        for model, answers in alarmed.items():
            for label in FIGURES:
                cell[f"{FIGURES[label]}, {model}"] = rate(answers[rows_of & (labels == label)])
        rows[name, value] = cell
    return rows


def table(rows: Mapping[tuple[str, str], Mapping[str, Rate]], models: Sequence[str]) -> str:
    """A row a model and value that the sample has, as Markdown."""
    head = ["", "", "masked found", "model", *FIGURES.values()]
    lines = []
    for (name, value), cell in rows.items():
        for model in models:
            shown = [cell[f"{words}, {model}"] for words in FIGURES.values()]
            if any(one.count for one in shown):
                found = cell["masked found"] if model == models[0] else ""
                lines.append([name, value, found, model, *shown])
    return markdown_table(head, lines)


def write_sheets(drawn: Mapping[str, Sequence[Chip]], options: argparse.Namespace) -> None:
    """The sample as sheets `01.png`…, and `difficulty.csv` with empty columns."""
    folder = output_dir(options.sheets)
    everything = [(name, chip) for name, chips in drawn.items() for chip in chips]
    tiles = [_tile(chip) for _, chip in everything]
    notes = [f"{i} {chip.label} {chip.face_px:.0f}" for i, (_, chip) in enumerate(everything)]
    for first in range(0, len(tiles), _SHEET):
        part = slice(first, first + _SHEET)
        sheet = grid(tiles[part], _COLUMNS, notes[part])
        cv2.imwrite(str(folder / f"{first // _SHEET + 1:02}.png"), sheet)
    with (folder / FILE.name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for name, chip in everything:
            path = chip.path.relative_to(options.data).as_posix()
            writer.writerow([name, path, *_ints(chip), *[""] * len(VALUES)])
    print(f"{len(everything)} faces in {folder}: fill in {FILE.name}")


def _tile(chip: Chip) -> Image:
    return crop_square(read_picture(chip.path), np.array(chip.box, np.float32), 0.5, _TILE)


def _large(chips: Sequence[Chip]) -> list[Chip]:
    return [chip for chip in chips if chip.face_px >= FACE_MIN_PX]


def _ints(chip: Chip) -> list[int]:
    return [round(v) for v in chip.box]


def _boxes(chips: Sequence[Chip]) -> FloatArray:
    return np.array([chip.box for chip in chips], np.float32).reshape(-1, 4)


if __name__ == "__main__":
    run_main(main)
