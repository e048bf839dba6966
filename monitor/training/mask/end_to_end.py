r"""The program itself on whole pictures with boxes: what is found, what sets off an alarm, what is
right.

    python -m monitor.training.mask.evaluate models/mask_v5.onnx ../shared/data/andrewmvd \
        --end-to-end --min-face 40

runs `main.py --images ... --headless --events FILE` and matches its faces to the boxes: one to one,
so that the sum of IoU is greatest, and only pairs of `IOU_MIN` or more. A face that is not found is
not alarmed and not right. `detection_figures` holds the same answers against papers that give AP.

Folders named after classes have no boxes: those that the live detector finds stand in for them
(`pictures.whole`), and a picture without any counts as a face that is not found.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.errors import ConfigError, MonitorError
from monitor.faces.boxes import as_boxes
from monitor.training.pictures.boxed import read_boxes
from monitor.training.pictures.chips import (
    FOUND_FACES,
    Chip,
    class_folders,
    load_class_folders,
    load_data,
)
from monitor.training.pictures.matching import IOU_MIN, match_boxes
from monitor.training.report import average_precision
from monitor.training.report.metrics import Rate, rate
from monitor.training.report.pages import markdown_table, write_json, write_text

# the boxes of the sets are cut by hand, some with hair and neck: at 0.5 a tenth of the right
# ones would miss
MAIN = Path(__file__).resolve().parents[3] / "main.py"
NAMES = {"unmasked": "bare", "masked": "masked", "incorrect": "worn wrong"}


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """Whole pictures with their faces."""

    folder: Path  # what `main.py --images` is given
    chips: list[Chip]  # faces with a label
    beside: list[Chip]  # faces that nobody labelled
    annotated: bool  # whether somebody drew the boxes
    without_face: int = 0  # pictures in which no face was found: `chips` has them edge to edge

    def key(self, path: Path) -> str:
        """What the program calls a picture."""
        return path.relative_to(self.folder).as_posix()


class RunError(MonitorError):
    """The program ended with an error."""


def toml(settings: Mapping[str, Mapping[str, Any]]) -> str:
    """Section to name to value as TOML text (numbers, texts and truth values)."""
    lines = []
    for section, entries in settings.items():
        lines += [
            f"[{section}]",
            *(f"{name} = {json.dumps(value)}" for name, value in entries.items()),
        ]
    return "\n".join(lines) + "\n"


def run_program(
    images: Path, settings: Mapping[str, Mapping[str, Any]], detector: str = "yunet"
) -> dict[str, list[dict[str, Any]]]:
    """Run `main.py --images` and return the faces of each picture, by its path below `images`.

    Raises:
        RunError: If the program fails; its own line is in the message.
    """
    with tempfile.TemporaryDirectory() as folder:
        events, config = Path(folder) / "events.jsonl", Path(folder) / "config.toml"
        config.write_text(toml(settings), encoding="utf-8")
        command = [
            sys.executable,
            str(MAIN),
            "--images",
            str(images),
            "--headless",
            "--detector",
            detector,
        ]
        command += [
            "--events",
            str(events),
            "--config",
            str(config),
            "--store",
            f"sqlite:///{folder}/store.db",
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip() or "no message").splitlines()[-1]
            raise RunError(f"main.py ended with status {done.returncode}: {last}")
        lines = (json.loads(line) for line in events.read_text(encoding="utf-8").splitlines())
        return {line["file"]: line["faces"] for line in lines}


def matched(
    chips: Sequence[Chip],
    faces: Mapping[str, Sequence[Mapping[str, Any]]],
    folder: Path | None = None,
) -> list[Mapping[str, Any] | None]:
    """The face that each chip's box got, or None, in the order of the chips.

    Args:
        chips: The faces that are there.
        faces: What was found in each picture, by its path below `folder`, without one by its name.
        folder: That holds all pictures.
    """
    by_picture: dict[Path, list[int]] = {}
    for i, chip in enumerate(chips):
        by_picture.setdefault(chip.path, []).append(i)
    result: list[Mapping[str, Any] | None] = [None] * len(chips)
    for path, indices in by_picture.items():
        name = path.name if folder is None else path.relative_to(folder).as_posix()
        found = faces.get(name, [])
        truth = as_boxes([chips[i].box for i in indices])
        for index, row in zip(
            indices, match_boxes(truth, as_boxes([f["box"] for f in found])), strict=True
        ):
            result[index] = found[row] if row >= 0 else None
    return result


def tally(
    chips: Sequence[Chip], found: Sequence[Mapping[str, Any] | None], min_face: float, field: str
) -> dict[str, dict[str, Rate]]:
    """Found, alarmed, right and right among found for each label.

    Args:
        chips: All annotated faces, small ones too: they take their own boxes and are left out only
            here.
        found: As `matched` returns.
        min_face: Least longer side of a box, px.
        field: "raw_state" or "state" of the events.
    """
    result = {}
    for label in NAMES:
        faces = [
            f
            for c, f in zip(chips, found, strict=True)
            if c.label == label and c.face_px >= min_face
        ]
        seen = [f for f in faces if f is not None]
        right = [f is not None and f[field] == label for f in faces]
        result[label] = {
            "found": rate([f is not None for f in faces]),
            "alarmed": rate(
                [f is not None and f[field] in ("unmasked", "incorrect") for f in faces]
            ),
            "right": rate(right),
            "right_among_found": rate([f[field] == label for f in seen]),
            "alarmed_among_found": rate([f[field] in ("unmasked", "incorrect") for f in seen]),
        }
    return result


def detection_figures(
    whole: Whole, faces: Mapping[str, Sequence[Mapping[str, Any]]], min_face: float
) -> dict[str, Any]:
    """Precision, recall and AP by class as detection papers give them (`by_class`).

    Each reported face has the class `raw_state`, and as its score the detector's confidence times
    the probability of that class. Smaller faces than `min_face` px, and what is reported of them,
    are left out.
    """
    annotated = [
        average_precision.Annotated(
            whole.key(c.path), c.box, label, c.face_px >= min_face and label is not None
        )
        for c, label in (*((c, c.label) for c in whole.chips), *((c, None) for c in whole.beside))
    ]
    answers = []
    for picture, reported in faces.items():
        for face in reported:
            x0, y0, x1, y1 = face["box"]
            score = face["confidence"] * face["state_confidence"]  # pictures alone: of `raw_state`
            large = max(x1 - x0, y1 - y0) >= min_face
            answers.append(
                average_precision.Answer(picture, (x0, y0, x1, y1), face["raw_state"], score, large)
            )
    return average_precision.by_class(annotated, answers, tuple(NAMES))


def load_whole_pictures(data: Path, cache: Path = FOUND_FACES) -> Whole:
    """VOC, YOLO, `boxes.csv` or class folders.

    Args:
        data: The set.
        cache: Where the faces found in class folders are kept.

    Raises:
        ConfigError: If `data` holds no whole pictures.
    """
    if (data / "boxes.csv").is_file():
        return _boxed(data)
    if (data / "images").is_dir():
        return Whole(data / "images", load_data(data), [], annotated=True)
    if not (data / "index.csv").exists() and class_folders(data):
        from monitor.training.pictures.whole import find_faces  # loads the detector

        found = find_faces(load_class_folders(data), cache)
        chips = [*found.labelled, *found.without]
        return Whole(data, chips, found.beside, annotated=False, without_face=len(found.without))
    raise ConfigError(
        f"{data} holds no whole pictures: --end-to-end wants images with VOC or YOLO boxes or "
        f"boxes.csv, or folders named as with_mask and without_mask"
    )


def _boxed(data: Path) -> Whole:
    """A set with one list of all boxes; those of other labels take their boxes alone."""
    chips = [
        Chip(
            path,
            data.name,
            label,
            (float(x0), float(y0), float(x1), float(y1)),
            None,
            float(max(x1 - x0, y1 - y0)),
            path.name,
            None,
            path.name,
        )
        for path, (boxes, labels) in read_boxes(data).items()
        for (x0, y0, x1, y1), label in zip(boxes, labels, strict=True)
    ]
    known = [chip for chip in chips if chip.label in NAMES]
    beside = [chip for chip in chips if chip.label not in NAMES]
    return Whole(data / "images", known, beside, annotated=True)


def measure(
    model: Path,
    whole: Whole,
    min_face: float,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    detector: str = "yunet",
) -> dict[str, Any]:
    """Run the program with `model` on whole pictures and return the figures.

    Raises:
        RunError: If the program fails.
    """
    chips = whole.chips
    changed = {k: dict(v) for k, v in (settings or {}).items()}
    changed.setdefault("classify", {})["model"] = str(model.with_suffix("").resolve())
    faces = run_program(whole.folder, changed, detector)
    if not whole.annotated:  # the folder may hold others
        of_set = {whole.key(c.path) for c in chips}
        faces = {name: found for name, found in faces.items() if name in of_set}
    # those beside take their own boxes
    all_found = matched([*chips, *whole.beside], faces, whole.folder)
    found = all_found[: len(chips)]
    total = sum(len(f) for f in faces.values())
    return {
        "pictures": len(faces),
        "pictures_without_face": whole.without_face,
        "boxes_are_annotated": whole.annotated,
        "boxes_reported": total,
        "boxes_that_match_nothing": total - sum(f is not None for f in all_found),
        "min_face_px": min_face,
        "iou_min": IOU_MIN,
        "detector": detector,
        "raw_state": tally(chips, found, min_face, "raw_state"),
        "state": tally(chips, found, min_face, "state"),
        "detection": detection_figures(whole, faces, min_face),
    }


def table(result: Mapping[str, Any], field: str) -> str:
    """The figures as Markdown."""
    head = ["faces", "found", "alarmed", "right", "right among found", "alarmed among found"]
    rows = [[NAMES[label], *values.values()] for label, values in result[field].items()]
    return markdown_table(head, rows)


def detection_table(figures: Mapping[str, Any]) -> str:
    """Precision, recall and AP by class as Markdown."""
    rows: list[list[object]] = [
        [
            NAMES[label],
            one["faces"],
            one["answers"],
            *(_part(one[name]) for name in ("precision", "recall", "ap50", "ap50_95")),
        ]
        for label, one in figures["classes"].items()
    ]
    rows.append(["mean", "", "", "", "", _part(figures["map50"]), _part(figures["map50_95"])])
    head = ["faces", "count", "answers", "precision", "recall", "AP 0.5", "AP 0.5 to 0.95"]
    return markdown_table(head, rows)


def _part(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _stand_in(result: Mapping[str, Any]) -> str:
    """What must be known of boxes that nobody drew."""
    if result["boxes_are_annotated"]:
        return ""
    return (
        f"The pictures carry one label each and no boxes. YuNet's own stand in for them, so that "
        f"YuNet is not judged by where it puts them. Pictures in which it finds no face, each of "
        f"which counts as a face that is not found: {result['pictures_without_face']}.\n\n"
    )


def report(args: argparse.Namespace, command: str) -> int:
    """`evaluate --end-to-end`."""
    if args.model.suffix not in (".onnx", ".keras"):
        raise ConfigError(
            f"{args.model} is no model: give a .onnx or .keras file that has its card beside it"
        )
    cache = args.out.parent / FOUND_FACES.name if args.out else FOUND_FACES
    whole = load_whole_pictures(args.data, cache)
    least = args.detector_confidence
    settings = {} if least is None else {"detect": {"confidence_min": least}}
    result = measure(args.model, whole, args.min_face, settings, args.detector)
    result["command"] = command
    text = (
        f"# End to end: {args.model.stem} on {args.data.name}\n\n{result['pictures']} pictures, "
        f"faces of {args.min_face:g} px or more, "
        f"detector {args.detector}; {result['boxes_that_match_nothing']} of "
        f"{result['boxes_reported']} reported boxes match no annotated "
        f"face (IoU {IOU_MIN}).\n\n    {command}\n\n{_stand_in(result)}By "
        f"`raw_state`:\n\n{table(result, 'raw_state')}\n"
        f"By `state` (`unsure` is neither alarmed nor right):\n\n{table(result, 'state')}\n"
        f"As detection papers count (COCO's rules; `raw_state`, scored by the detector's "
        f"confidence times the probability of the class; precision and recall of all answers at "
        f"IoU 0.5):\n\n"
        f"{detection_table(result['detection'])}"
    )
    print(text)
    if args.summary:
        write_text(args.summary / f"{args.name}.md", text)
    for path in (args.json, args.out / "end_to_end.json" if args.out else None):
        if path:
            write_json(path, result)
    return 0
