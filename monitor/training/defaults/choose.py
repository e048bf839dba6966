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

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from monitor.config import Config
from monitor.detect import yunet
from monitor.errors import ConfigError
from monitor.training.command import run_main, typed
from monitor.training.defaults import curves as curves
from monitor.training.defaults import vote_curve
from monitor.training.mask.end_to_end import matched
from monitor.training.mask.scoring import load_classifier
from monitor.training.pictures.chips import Chip, load_chips, load_voc
from monitor.training.report.pages import (
    COLOURS,
    markdown_table,
    output_dir,
    save_figure,
    write_json,
    write_text,
)

FACE_MIN_PX = 40.0  # the figures are for faces of this size or more, as issue B has them
UNSURE_BOUNDS = {
    "size, px": (0, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80),
    "sharpness": (0, 2, 5, 10, 20, 50, 100, 200),
    "frontality (minus side_on)": (-3.0, -1.6, -1.2, -1.0, -0.8, -0.6, -0.4, -0.2),
    "confidence of the answer": (0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98),
    "confidence of the detector": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
}
Row = dict[str, Any]


def detector_chart(rows: Sequence[Row]) -> Figure:
    """Bare and masked faces found, and bare faces alarmed, against the threshold, a line for each
    working side.
    """
    figure, panels = plt.subplots(1, 3, figsize=(13, 4))
    wanted = (
        ("unmasked", "found", "bare found"),
        ("masked", "found", "masked found"),
        ("unmasked", "alarmed", "bare alarmed"),
    )
    for axes, (label, key, title) in zip(panels, wanted, strict=True):
        for side, style in zip(
            sorted({r["side"] for r in rows}), ("o-", "s--", "^-.", "d:"), strict=False
        ):
            own = [r for r in rows if r["side"] == side]
            y = [100 * r["rates"][label][key].value for r in own]
            axes.plot(
                [r["threshold"] for r in own],
                y,
                style,
                markersize=4,
                label=f"side {side or 'follows the frame'}",
            )
        axes.axvline(yunet.CONFIDENCE_MIN, color="#777", linewidth=1)
        axes.set_title(f"{title} ({rows[0]['rates'][label][key].count})")
        axes.set_xlabel("threshold (line: the default)")
        axes.set_ylabel("per cent")
        axes.grid(alpha=0.3)
    panels[0].legend()
    return figure


def door_chart(
    rows: Sequence[Row], key: str, series: Sequence[str], x_label: str, default: float
) -> Figure:
    """Bare right, masked right and worn wrong alarmed against a setting; one line style for each
    series of boxes.
    """
    figure, axes = plt.subplots(figsize=(7, 4))
    names = (
        ("bare_right", "unmasked", "bare right"),
        ("masked_right", "masked", "masked right"),
        ("incorrect_alarmed", "incorrect", "worn wrong alarmed"),
    )
    for name, colour, text in names:
        for part, line in zip(series, ("o-", "s--"), strict=False):
            rates = [(r[part] if part else r)[name] for r in rows]
            if rates[0].count:
                label = f"{text}{f', boxes {part}' if part else ''} ({rates[0].count})"
                axes.plot(
                    [r[key] for r in rows],
                    [100 * v.value for v in rates],
                    line,
                    color=COLOURS[colour],
                    markersize=4,
                    label=label,
                )
    axes.axvline(default, color="#777", linewidth=1)
    axes.set_xlabel(x_label)
    axes.set_ylabel("per cent")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1))
    return figure


def unsure_chart(tables: dict[str, list[Row]]) -> Figure:
    """Wrong among what is said against what is left unsaid, for each quality."""
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for (name, rows), line in zip(tables.items(), ("o-", "s--", "^-.", "d:", "v-"), strict=False):
        axes.plot(
            [100 * r["unsure"].value for r in rows],
            [100 * r["wrong"].value for r in rows],
            line,
            markersize=4,
            label=name,
        )
    axes.set_xlabel("faces left unsure, per cent")
    axes.set_ylabel("wrong among the others, per cent")
    axes.set_xlim(-1, 60)
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def vote_chart(rows: Sequence[Row], default: tuple[float, float]) -> Figure:
    """Right states, changes of state, and the delay until a mask that went on is said, against the
    half-life.
    """
    figure, panels = plt.subplots(1, 3, figsize=(13, 4))
    for switch, style in zip(
        sorted({r["switch_above"] for r in rows}), ("o-", "s--", "^-.", "d:"), strict=False
    ):
        own = [
            (r["half_life_s"], vote_curve.pooled(r)) for r in rows if r["switch_above"] == switch
        ]
        x = [h for h, _ in own]
        series = (
            [100 * p["right"].value for _, p in own],
            [p["switches"] for _, p in own],
            [p["masked_after_s"] for _, p in own],
        )
        for axes, y in zip(panels, series, strict=True):
            axes.plot(
                x,
                [float("nan") if v is None else v for v in y],
                style,
                markersize=4,
                label=f"switch_above {switch}",
            )
    titles = (
        "faces with the right state, % of those said",
        "changes of state over all clips",
        "mask on to 'masked', s",
    )
    for axes, title in zip(panels, titles, strict=True):
        axes.set_title(title)
        axes.set_xscale("log")
        axes.axvline(default[0], color="#777", linewidth=1)
        axes.set_xlabel("half_life_s (line: the default)")
        axes.grid(alpha=0.3)
    panels[0].legend()
    return figure


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


def detector_table(rows: Sequence[Row]) -> str:
    """End to end at each threshold of the working side that follows the frame, and of the others at
    the default.
    """
    chosen = [r for r in rows if r["side"] == 0 or r["threshold"] == yunet.CONFIDENCE_MIN]
    head = [
        "side",
        "threshold",
        "bare found",
        "masked found",
        "worn wrong found",
        "bare alarmed",
        "masked falsely alarmed",
        "boxes a picture that match nothing",
    ]
    body = []
    for r in chosen:
        bare, masked, wrong = (r["rates"][n] for n in ("unmasked", "masked", "incorrect"))
        body.append(
            [
                r["side"],
                f"{r['threshold']:g}",
                bare["found"],
                masked["found"],
                wrong["found"],
                bare["alarmed"],
                masked["alarmed"],
                f"{r['spare_boxes_a_picture']:.2f}",
            ]
        )
    return markdown_table(head, body)


def door_table(rows: Sequence[Row], key: str, series: Sequence[str]) -> str:
    """The three door rates at each value of a setting."""
    names = {
        "bare_right": "bare right",
        "masked_right": "masked right",
        "incorrect_alarmed": "worn wrong alarmed",
    }
    head = [
        key,
        *(
            f"{text}{f', boxes {part}' if part else ''}"
            for part in series
            for text in names.values()
        ),
    ]
    return markdown_table(
        head,
        [
            [f"{r[key]:g}", *((r[part] if part else r)[n] for part in series for n in names)]
            for r in rows
        ],
    )


def vote_table(rows: Sequence[Row]) -> str:
    """Every setting over all clips."""
    head = [
        "half_life_s",
        "switch_above",
        "right",
        "unsure",
        "changes of state",
        "sightings too many or few",
        "mask on to 'masked', s",
    ]
    body = []
    for row in rows:
        p = vote_curve.pooled(row)
        delay = None if p["masked_after_s"] is None else f"{p['masked_after_s']:.2f}"
        body.append(
            [
                f"{row['half_life_s']:g}",
                f"{row['switch_above']:g}",
                p["right"],
                p["unsure"],
                p["switches"],
                p["sightings_wrong"],
                delay,
            ]
        )
    return markdown_table([str(h) for h in head], body)


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
    config = Config()
    output_dir(out)
    write_json(out / f"{name}.json", {"command": command, **result})
    save_figure(detector_chart(result["detector"]), out / f"{name}_detector.svg")
    save_figure(
        door_chart(
            result["margin"],
            "margin",
            ("annotated", "detector"),
            "crop margin",
            result["card_margin"],
        ),
        out / f"{name}_margin.svg",
    )
    save_figure(
        door_chart(
            result["jitter"],
            "jitter",
            ("",),
            "box moved and scaled by up to this part of its side",
            0,
        ),
        out / f"{name}_jitter.svg",
    )
    save_figure(unsure_chart(result["unsure"]), out / f"{name}_unsure.svg")
    c = config.classify
    text = (
        f"# Defaults, and why: {result['model']}\n\n    {command}\n\n"
        f"Whole pictures of andrewmvd, one look at each as at a camera's "
        f"frame, faces of {FACE_MIN_PX:g} px or more unless said otherwise.\n\n"
        f"## Detector: threshold {yunet.CONFIDENCE_MIN}, side that follows the frame\n\n"
        f"![detector]({name}_detector.svg)\n\n{detector_table(result['detector'])}\n"
        f"## Crop margin: {result['card_margin']:g}\n\nThe model was trained at its card's margin; "
        f"the curve shows how far another may be "
        f"off. Boxes as annotated, and the detector's own of the same "
        f"faces.\n\n![margin]({name}_margin.svg)\n\n"
        f"{door_table(result['margin'], 'margin', ('annotated', 'detector'))}\n"
    )
    if "margin_ilc2021" in result:
        text += f"ilc2021, boxes by hand:\n\n{door_table(result['margin_ilc2021'], 'margin', ('annotated',))}\n"
    text += (
        f"Boxes that "
        f"shake:\n\n![jitter]({name}_jitter.svg)\n\n{door_table(result['jitter'], 'jitter', ('',))}\n"
        f"## Unsure: size {c.unsure_face_px} px, sharpness {c.unsure_sharpness:g}, side-on "
        f"{c.unsure_side_on:g}, "
        f"confidence {c.unsure_below:g}\n\n{result['judged']} faces of any size that the detector "
        f"found; "
        f"wrong: masked taken for an alarm or the other way round.\n\n"
        f"![unsure]({name}_unsure.svg)\n\n"
    )
    for key, rows in result["unsure"].items():
        text += (
            markdown_table(
                [f"{key}, at least", "left unsure", "wrong among the others"],
                [[f"{r['bound']:g}", r["unsure"], r["wrong"]] for r in rows],
            )
            + "\n"
        )
    if result.get("vote"):
        vote = config.vote
        save_figure(
            vote_chart(result["vote"], (vote.half_life_s, vote.switch_above)),
            out / f"{name}_vote.svg",
        )
        clips = ", ".join(clip["clip"] for clip in result["vote"][0]["clips"])
        text += (
            f"## Vote: half-life {vote.half_life_s:g} s, switch above "
            f"{vote.switch_above:g}\n\nClips: {clips}.\n\n"
            f"![vote]({name}_vote.svg)\n\n{vote_table(result['vote'])}"
        )
    write_text(out / f"{name}.md", text)


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
