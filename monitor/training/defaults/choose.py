r"""The program's defaults, with the curves that show why.

    python -m monitor.training.defaults.choose models/mask_v3.onnx --data ../shared/data --out \
        docs/training

measures, on the whole pictures of `DATA/andrewmvd` and the clips of `DATA/videos`: the detector's
threshold and working side (end to end), the crop's margin and the jitter of boxes, the bounds below
which a face is `unsure`, and the vote over a track. Writes `defaults.md`, `defaults.json` and
charts without faces into --out. About six minutes on two cores.

A model that was trained on andrewmvd looks better there than it is: give one that was trained with
`--leave-out andrewmvd`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.config import Config
from monitor.detect import yunet
from monitor.errors import ConfigError
from monitor.training.command import run_main, typed
from monitor.training.defaults import curves as curves
from monitor.training.defaults import vote_curve
from monitor.training.defaults.charts import (
    FACE_MIN_PX,
    detector_chart,
    detector_table,
    door_chart,
    door_table,
    unsure_chart,
    vote_chart,
    vote_table,
)
from monitor.training.mask.end_to_end import matched
from monitor.training.mask.scoring import load_classifier
from monitor.training.pictures.chips import Chip, load_chips, load_voc
from monitor.training.report.pages import (
    markdown_table,
    output_dir,
    save_figure,
    write_json,
    write_text,
)

UNSURE_BOUNDS = {
    "size, px": (0, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80),
    "sharpness": (0, 2, 5, 10, 20, 50, 100, 200),
    "frontality (minus side_on)": (-3.0, -1.6, -1.2, -1.0, -0.8, -0.6, -0.4, -0.2),
    "confidence of the answer": (0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98),
    "confidence of the detector": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
}


def detected_chips(
    chips: Sequence[Chip], faces: curves.Faces, threshold: float
) -> tuple[list[Chip], list[Chip]]:
    """Faces of `FACE_MIN_PX` or more that the detector found: with their annotated boxes, and with
    the detector's.
    """
    kept = {name: [f for f in seen if f["confidence"] >= threshold] for name, seen in faces.items()}
    pairs = [
        (c, f)
        for c, f in zip(chips, matched(chips, kept), strict=True)
        if f is not None and c.face_px >= FACE_MIN_PX
    ]
    own = []
    for chip, face in pairs:
        x0, y0, x1, y1 = (float(v) for v in face["box"])
        own.append(replace(chip, box=(x0, y0, x1, y1)))
    return [c for c, _ in pairs], own


def measure(model: Path, data: Path, sides: Sequence[int]) -> dict[str, Any]:
    """All curves.

    Raises:
        ConfigError: If DATA does not hold andrewmvd with its boxes.
    """
    folder = data / "andrewmvd"
    if not (folder / "annotations").is_dir():
        raise ConfigError(
            f"{folder} holds no annotations: --data is the folder that holds andrewmvd and videos"
        )
    classifier, config = load_classifier(model), Config()
    chips = load_voc(folder / "images", folder / "annotations")
    pictures = sorted({c.path for c in chips})
    by_side = {
        side: curves.look(classifier, pictures, side, config.detect.min_face_px) for side in sides
    }
    default = by_side[sides[0]]
    annotated, detected = detected_chips(chips, default, yunet.CONFIDENCE_MIN)
    faces = curves.judged(chips, default, yunet.CONFIDENCE_MIN)
    result: dict[str, Any] = {
        "model": classifier.name,
        "detector": curves.detector_curve(chips, by_side, FACE_MIN_PX),
        "margin": curves.margin_curve(classifier, annotated, detected),
        "card_margin": classifier.margin,
        "jitter": curves.jitter_curve(classifier, annotated),
        "unsure": {
            key: curves.unsure_curve(faces, key, bounds) for key, bounds in UNSURE_BOUNDS.items()
        },
        "judged": len(faces.right),
    }
    index = data / "mask_chips" / "index.csv"
    other = (
        [c for c in load_chips(index.parent) if c.source == "ilc2021" and c.face_px >= FACE_MIN_PX]
        if index.is_file()
        else []
    )
    if other:
        result["margin_ilc2021"] = [
            {"margin": r["margin"], "annotated": r["annotated"]}
            for r in curves.margin_curve(classifier, other, other[:1])
        ]
    if (data / "videos").is_dir():
        result["vote"] = vote_curve.curve(data / "videos", model)
    return result


def write(result: dict[str, Any], out: Path, name: str, command: str) -> None:
    """Markdown, JSON and charts."""
    output_dir(out)
    write_json(out / f"{name}.json", {"command": command, **result})
    _draw(result, out, name)
    parts = (
        f"# Defaults, and why: {result['model']}\n\n    {command}\n\n"
        "Whole pictures of andrewmvd, one look at each as at a camera's frame, faces of "
        f"{FACE_MIN_PX:g} px or more unless said otherwise.\n\n",
        _about_detector(result, name),
        _about_margin(result, name),
        _about_unsure(result, name),
        _about_vote(result, name) if result.get("vote") else "",
    )
    write_text(out / f"{name}.md", "".join(parts))


def _draw(result: dict[str, Any], out: Path, name: str) -> None:
    """The charts."""
    vote = Config().vote
    moved = "box moved and scaled by up to this part of its side"
    series, card_margin = ("annotated", "detector"), result["card_margin"]
    margin = door_chart(result["margin"], "margin", series, "crop margin", card_margin)
    charts = {
        "detector": detector_chart(result["detector"]),
        "margin": margin,
        "jitter": door_chart(result["jitter"], "jitter", ("",), moved, 0),
        "unsure": unsure_chart(result["unsure"]),
    }
    if result.get("vote"):
        charts["vote"] = vote_chart(result["vote"], (vote.half_life_s, vote.switch_above))
    for key, figure in charts.items():
        save_figure(figure, out / f"{name}_{key}.svg")


def _about_detector(result: dict[str, Any], name: str) -> str:
    return (
        f"## Detector: threshold {yunet.CONFIDENCE_MIN}, side that follows the frame\n\n"
        f"![detector]({name}_detector.svg)\n\n{detector_table(result['detector'])}\n"
    )


def _about_margin(result: dict[str, Any], name: str) -> str:
    text = (
        f"## Crop margin: {result['card_margin']:g}\n\nThe model was trained at its card's margin; "
        "the curve shows how far another may be off. Boxes as annotated, and the detector's own of "
        f"the same faces.\n\n![margin]({name}_margin.svg)\n\n"
        f"{door_table(result['margin'], 'margin', ('annotated', 'detector'))}\n"
    )
    if "margin_ilc2021" in result:
        table = door_table(result["margin_ilc2021"], "margin", ("annotated",))
        text += f"ilc2021, boxes by hand:\n\n{table}\n"
    return text + (
        f"Boxes that shake:\n\n![jitter]({name}_jitter.svg)\n\n"
        f"{door_table(result['jitter'], 'jitter', ('',))}\n"
    )


def _about_unsure(result: dict[str, Any], name: str) -> str:
    c = Config().classify
    text = (
        f"## Unsure: size {c.unsure_face_px} px, sharpness {c.unsure_sharpness:g}, side-on "
        f"{c.unsure_side_on:g}, confidence {c.unsure_below:g}\n\n{result['judged']} faces of any "
        "size that the detector found; wrong: masked taken for an alarm or the other way "
        f"round.\n\n![unsure]({name}_unsure.svg)\n\n"
    )
    for key, rows in result["unsure"].items():
        head = [f"{key}, at least", "left unsure", "wrong among the others"]
        text += markdown_table(head, [[f"{r['bound']:g}", r["unsure"], r["wrong"]] for r in rows])
        text += "\n"
    return text


def _about_vote(result: dict[str, Any], name: str) -> str:
    vote = Config().vote
    clips = ", ".join(clip["clip"] for clip in result["vote"][0]["clips"])
    return (
        f"## Vote: half-life {vote.half_life_s:g} s, switch above {vote.switch_above:g}\n\n"
        f"Clips: {clips}.\n\n![vote]({name}_vote.svg)\n\n{vote_table(result['vote'])}"
    )


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="python -m monitor.training.defaults.choose",
        description="Curves behind the program's defaults.",
    )
    p.add_argument("model", type=Path, help=".onnx or .keras with its card beside it")
    p.add_argument(
        "--data",
        type=Path,
        required=True,
        help="folder that holds andrewmvd, and mask_chips and videos where they are there",
    )
    p.add_argument(
        "--out", type=Path, required=True, help="folder for the Markdown, the JSON and the charts"
    )
    p.add_argument("--name", default="defaults", help="name of the files (default: defaults)")
    p.add_argument(
        "--sides",
        default=",".join(map(str, curves.SIDES)),
        help="working sides, the default first (default 0,640,960,1280)",
    )
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    args = parser().parse_args(argv)
    command = typed("defaults.choose", argv)
    try:
        sides = [int(s) for s in args.sides.split(",")]
    except ValueError:
        raise ConfigError(
            f"--sides {args.sides} are no whole numbers with commas: give them as 0,640,960"
        ) from None
    write(measure(args.model, args.data, sides), args.out, args.name, command)
    print(f"see {args.out / args.name}.md")
    return 0


if __name__ == "__main__":
    run_main(main)
