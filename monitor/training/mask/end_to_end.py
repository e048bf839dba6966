r"""The program itself on whole pictures with boxes: what is found, what sets off an alarm, what is
right.

    python -m monitor.training.mask.evaluate models/mask_v3.onnx ../shared/data/andrewmvd \
        --end-to-end --min-face 40

runs `main.py --images ... --headless --events FILE` and matches its faces to the boxes: one to one,
so that the sum of IoU is greatest, and only pairs of `IOU_MIN` or more. A face that is not found is
not alarmed and not right.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.errors import ConfigError, MonitorError
from monitor.faces.boxes import as_boxes
from monitor.training.pictures.chips import Chip, load_data
from monitor.training.pictures.matching import IOU_MIN, match_boxes
from monitor.training.report.metrics import Rate, rate
from monitor.training.report.pages import markdown_table, write_json, write_text

# the boxes of the sets are cut by hand, some with hair and neck: at 0.5 a tenth of the right
# ones would miss
MAIN = Path(__file__).resolve().parents[3] / "main.py"
NAMES = {"unmasked": "bare", "masked": "masked", "incorrect": "worn wrong"}


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
    """Run `main.py --images` and return the faces of each picture, by file name.

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
        return {Path(line["file"]).name: line["faces"] for line in lines}


def matched(
    chips: Sequence[Chip], faces: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[Mapping[str, Any] | None]:
    """The face that each chip's box got, or None, in the order of the chips."""
    by_picture: dict[Path, list[int]] = {}
    for i, chip in enumerate(chips):
        by_picture.setdefault(chip.path, []).append(i)
    result: list[Mapping[str, Any] | None] = [None] * len(chips)
    for path, indices in by_picture.items():
        found = faces.get(path.name, [])
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


def measure(
    model: Path,
    data: Path,
    min_face: float,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    detector: str = "yunet",
) -> dict[str, Any]:
    """Run the program with `model` on `data` (VOC or YOLO) and return the figures.

    Raises:
        ConfigError: If `data` holds no whole pictures.
        RunError: If the program fails.
    """
    if not (data / "images").is_dir():
        raise ConfigError(
            f"{data} has no images folder: --end-to-end wants whole pictures with VOC or YOLO boxes"
        )
    chips = load_data(data)
    changed = {k: dict(v) for k, v in (settings or {}).items()}
    changed.setdefault("classify", {})["model"] = str(model.with_suffix("").resolve())
    faces = run_program(data / "images", changed, detector)
    found = matched(chips, faces)
    total = sum(len(f) for f in faces.values())
    return {
        "pictures": len(faces),
        "boxes_reported": total,
        "boxes_that_match_nothing": total - sum(f is not None for f in found),
        "min_face_px": min_face,
        "iou_min": IOU_MIN,
        "detector": detector,
        "raw_state": tally(chips, found, min_face, "raw_state"),
        "state": tally(chips, found, min_face, "state"),
    }


def table(result: Mapping[str, Any], field: str) -> str:
    """The figures as Markdown."""
    head = ["faces", "found", "alarmed", "right", "right among found", "alarmed among found"]
    rows = [[NAMES[label], *values.values()] for label, values in result[field].items()]
    return markdown_table(head, rows)


def report(args: argparse.Namespace, command: str) -> int:
    """`evaluate --end-to-end`."""
    if args.model.suffix not in (".onnx", ".keras"):
        raise ConfigError(
            f"{args.model} is no model: give a .onnx or .keras file that has its card beside it"
        )
    result = measure(args.model, args.data, args.min_face, detector=args.detector)
    result["command"] = command
    text = (
        f"# End to end: {args.model.stem} on {args.data.name}\n\n{result['pictures']} pictures, "
        f"faces of {args.min_face:g} px or more, "
        f"detector {args.detector}; {result['boxes_that_match_nothing']} of "
        f"{result['boxes_reported']} reported boxes match no annotated "
        f"face (IoU {IOU_MIN}).\n\n    {command}\n\nBy "
        f"`raw_state`:\n\n{table(result, 'raw_state')}\n"
        f"By `state` (`unsure` is neither alarmed nor right):\n\n{table(result, 'state')}"
    )
    print(text)
    if args.summary:
        write_text(args.summary / f"{args.name}.md", text)
    for path in (args.json, args.out / "end_to_end.json" if args.out else None):
        if path:
            write_json(path, result)
    return 0
