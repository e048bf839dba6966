r"""Measure a mask classifier on labelled faces.

    python -m monitor.training.mask.evaluate models/mask_v5.onnx ../shared/data/mask_chips \
        --min-face 40 --out runs/evaluation
    python -m monitor.training.mask.evaluate models/mask_v5.onnx ../shared/data/utkface_aligned \
        --json utkface.json
    python -m monitor.training.mask.evaluate models/mask_v5.onnx ../shared/data/andrewmvd \
        --end-to-end
    python -m monitor.training.mask.evaluate - ../shared/data/mask_chips --leave-one-out \
        --min-face 40

The first writes `report.html` (one file, charts and worst mistakes inside) and `report.json`:
precision, recall, F1 and support by class, confusion matrix, ROC and AUC, reliability and ECE
before and after temperature scaling, and how the rates fall with the size of the face and with
blur. Names as in UTKFace add race, gender and age. `--summary DIR` writes the same as Markdown with
charts and without any face. Boxes are given, except with `--end-to-end`, which runs the program
itself on whole pictures, and `--leave-one-out`, which trains without each source and tests on it.

Figures on pictures that the model was trained on say nothing: `--source` and `--held-out` choose
others. Of aligned UTKFace faces only those that training leaves aside are taken.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.errors import ConfigError
from monitor.records import FloatArray
from monitor.training.command import run_main, typed
from monitor.training.mask import conditions
from monitor.training.mask.evaluate_report import (
    Result,
    headline,
    tables,
    write_html,
    write_summary,
)
from monitor.training.mask.scoring import (
    Classifier,
    load_classifier,
    predict,
    truth_of,
)
from monitor.training.pictures.chips import FOUND_FACES, Chip, load_data, merge_groups, split
from monitor.training.pictures.duplicates import find_pairs, path_pairs
from monitor.training.report import metrics
from monitor.training.report.pages import (
    markdown_table,
    output_dir,
    write_json,
)

TRAINED_ON = 0.95  # the part of the groups that train_mask trains on


def choose(
    chips: Sequence[Chip], min_face: float, sources: Sequence[str], held_out: int | None
) -> list[Chip]:
    """The faces to test on.

    Args:
        chips: All of them.
        min_face: Least native size of a face, px.
        sources: Sources to keep; empty keeps all.
        held_out: Seed of a training whose validation part is kept: `train_mask` splits the same
            way.

    Raises:
        ConfigError: If a source is unknown, or nothing is left.
    """
    unknown = set(sources) - {c.source for c in chips}
    if unknown:
        known = ", ".join(sorted({c.source for c in chips}))
        raise ConfigError(
            f"no pictures of source {', '.join(sorted(unknown))}: choose among {known}"
        )
    kept = list(chips)
    if held_out is not None:
        kept = split(merge_groups(kept, path_pairs(find_pairs(kept))), TRAINED_ON, held_out)[1]
    kept = [c for c in kept if c.face_px >= min_face and (not sources or c.source in sources)]
    if not kept:
        raise ConfigError("no face is left to test on: lower --min-face or choose another source")
    return kept


def load_faces(path: Path, seen: bool = False, cache: Path = FOUND_FACES) -> list[Chip]:
    """Chips of any form that `data.load_data` knows, or UTKFace's aligned faces (those held out,
    with `seen` all).
    """
    if conditions.is_utkface(path):
        return conditions.load_utkface(path, seen)
    return load_data(path, cache)


def evaluate(
    classifier: Classifier, chips: Sequence[Chip], sample: int = 1500, seed: int = 0
) -> tuple[Result, FloatArray]:
    """All figures, and the confidences (N, C) behind them.

    Args:
        classifier: What to test.
        chips: Faces with their boxes.
        sample: Faces that the changed pictures (size, blur) are measured on; 0 leaves these curves
            out.
        seed: Of that choice and of the halves between which the temperature is cross-fitted.
    """
    classes = classifier.classes
    truth, confidence = truth_of(chips, classes), predict(classifier, chips)
    result: Result = {
        "model": classifier.name,
        "faces": len(chips),
        "report": metrics.per_class(truth, confidence, classes),
        "door": metrics.door_rates(truth, confidence, classes),
        "by_source": _by_source(chips, truth, confidence, classes),
        "roc": metrics.roc(truth, confidence, classes),
        "native_size": conditions.by_native_size(chips, truth, confidence, classes),
    }
    first = {id(c) for c in split(chips, 0.5, seed)[0]}
    halves = np.array([id(c) in first for c in chips])
    scaled, temperature = metrics.crossfit_temperature(truth, confidence, halves)
    result["calibration"] = {
        "temperature": temperature,
        "before": metrics.reliability(truth, confidence),
        "after": metrics.reliability(truth, scaled),
    }
    large = (
        conditions.large_faces(chips, max(conditions.SYNTHETIC_SIZES), sample, seed)
        if sample
        else []
    )
    if large:
        result["synthetic_size"] = conditions.by_change(
            classifier, large, conditions.SYNTHETIC_SIZES, conditions.shrunk_to, "px"
        )
        result["blur"] = conditions.by_change(
            classifier, large, conditions.BLURS, conditions.blurred, "sigma"
        )
        result["motion"] = conditions.by_change(
            classifier, large, conditions.MOTIONS, conditions.smeared, "length"
        )
    people = [
        i for i, c in enumerate(chips) if c.label == "unmasked" and conditions.person_of(c.original)
    ]
    if people:
        right = confidence[people].argmax(axis=1) == truth[people]
        result["groups"] = conditions.by_group([chips[i] for i in people], right)
    return result, confidence


def _by_source(
    chips: Sequence[Chip], truth: npt.NDArray[Any], confidence: FloatArray, classes: Sequence[str]
) -> Result:
    sources = np.array([c.source for c in chips])
    return {
        s: metrics.door_rates(truth[sources == s], confidence[sources == s], classes)
        for s in sorted(set(sources.tolist()))
    }


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="python -m monitor.training.mask.evaluate",
        description="Measure a mask classifier on labelled faces.",
    )
    p.add_argument(
        "model", type=Path, help=".onnx or .keras with its card beside it (- with --leave-one-out)"
    )
    p.add_argument(
        "data",
        type=Path,
        help="chips with index.csv, VOC, YOLO, class folders, or UTKFace pictures",
    )
    p.add_argument("--out", type=Path, help="folder for report.html and report.json")
    p.add_argument("--json", type=Path, help="file for the figures alone")
    p.add_argument("--summary", type=Path, help="folder for Markdown and charts without faces")
    p.add_argument("--name", default="evaluation", help="name of the summary's files")
    p.add_argument(
        "--min-face", type=float, default=0, help="least native size of a face, px (default 0)"
    )
    p.add_argument("--source", default="", help="sources to test on, with commas (default all)")
    p.add_argument(
        "--held-out",
        type=int,
        metavar="SEED",
        help="test on what train_mask with this seed held out alone",
    )
    p.add_argument(
        "--seen",
        action="store_true",
        help="of aligned UTKFace faces also those that training may take",
    )
    p.add_argument(
        "--sample",
        type=int,
        default=1500,
        help="faces for the size and blur curves; 0 leaves them out (default 1500)",
    )
    p.add_argument(
        "--leave-one-out",
        action="store_true",
        help="train without each source and test on it (long)",
    )
    p.add_argument(
        "--train-args",
        default="",
        help="further arguments for each training of --leave-one-out, in one text",
    )
    _add_end_to_end(p)
    return p


def _add_end_to_end(p: argparse.ArgumentParser) -> None:
    """What the run of the whole program takes."""
    p.add_argument(
        "--end-to-end",
        action="store_true",
        help="run main.py --images on whole pictures (VOC, YOLO or class folders)",
    )
    p.add_argument("--detector", default="yunet", help="detector for --end-to-end (default yunet)")
    p.add_argument(
        "--detector-confidence",
        type=float,
        metavar="MIN",
        help="least confidence of a face for --end-to-end, in place of the program's own",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""

    args = parser().parse_args(argv)
    command = typed("mask.evaluate", argv)
    if args.end_to_end:
        from monitor.training.mask import end_to_end

        return end_to_end.report(args, command)
    sources = [s for s in args.source.split(",") if s]
    if args.leave_one_out:
        from monitor.training.mask import leave_one_out

        return leave_one_out.report(args, sources, command)
    classifier = load_classifier(args.model)
    faces = load_faces(args.data, args.seen, found_faces(args.out))
    chips = choose(faces, args.min_face, sources, args.held_out)
    result, confidence = evaluate(classifier, chips, args.sample)
    result["command"] = command
    print(headline(result))
    for title, head, rows in tables(result)[:3]:
        print(f"\n{title}\n{markdown_table(head, rows)}", end="")
    if args.out:
        write_html(
            output_dir(args.out) / "report.html", result, classifier, chips, confidence, command
        )
        print(f"\nsee {args.out / 'report.html'}")
    for path in (args.json, args.out / "report.json" if args.out else None):
        if path:
            write_json(path, _without_curves(result))
    if args.summary:
        write_summary(args.summary, args.name, result, classifier.classes, command)
    return 0


def found_faces(out: Path | None) -> Path:
    """Where the faces found in whole pictures are kept: beside the output."""
    return out.parent / FOUND_FACES.name if out else FOUND_FACES


def _without_curves(result: Result) -> Result:
    """The figures with the ROC's points thinned to 200: the curves of 16,000 faces would be the
    whole file.
    """
    thin = {}
    for name, curve in result["roc"].items():
        step = max(1, len(curve["false_positive_rate"]) // 200)
        thin[name] = {k: v[::step] if isinstance(v, np.ndarray) else v for k, v in curve.items()}
    return {**result, "roc": thin}


if __name__ == "__main__":
    run_main(main)
