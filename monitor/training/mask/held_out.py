r"""Mask models side by side on what no training of theirs saw.

    python -m monitor.training.mask.held_out models/mask_v3.onnx models/mask_v5.onnx \\
        --data ../shared/data --summary docs/training

Faces of 40 px or more, boxes given (of whole pictures the live detector's). `mask_v3` was trained
on other crops of most pictures of `ilc2021_whole` and `andrewmvd_hd`, `mask_v5` on those of mask_v3
and on nine tenths of these sets; the tenth that is tested on is the same for both.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from monitor.training.command import first_words, run_main, typed
from monitor.training.mask import conditions, sources
from monitor.training.mask.evaluate import choose
from monitor.training.mask.scoring import Classifier, load_classifier, predict, truth_of
from monitor.training.mask.sets import FACE_MIN_PX
from monitor.training.pictures import splits
from monitor.training.pictures.chips import Chip, load_data
from monitor.training.report import metrics
from monitor.training.report.metrics import Rate
from monitor.training.report.pages import markdown_table, write_json, write_text

FIGURES = {
    "bare_alarmed": "bare alarmed",
    "masked_alarmed": "masked falsely alarmed",
    "incorrect_alarmed": "worn wrong alarmed",
}


def watched(data: Path) -> list[Chip]:
    """What the choices of a training are made by: a tenth of the tight crops."""
    return sources.tight(data).watched


def validation(data: Path) -> list[Chip]:
    """The twentieth of `mask_chips` that no training sees."""
    return choose(load_data(data), FACE_MIN_PX, [], 0)


def _of(name: str) -> Callable[[Path], list[Chip]]:
    return lambda data: [c for c in sources.tight(data).test if c.source == name]


def _whole(name: str) -> Callable[[Path], list[Chip]]:
    return lambda data: sources.whole(data / name, splits.is_test_whole)


TABLES: dict[str, Callable[[Path], list[Chip]]] = {
    "aizoo_covered": _of("aizoo_covered"),
    "aizoo_wider": _of("aizoo_wider"),
    "aizoo_masked": _of("aizoo_masked"),
    "aizoo_wrong": _of("aizoo_wrong"),
    "worn_wrong": _of("worn_wrong"),
    "ilc2021_whole": _whole("ilc2021_whole"),
    "andrewmvd_hd": _whole("andrewmvd_hd"),
    "mask_chips": validation,
    "utkface_aligned": lambda data: conditions.load_utkface(data / "utkface_aligned", False),
    "watched": watched,
}
WORDS = {
    "aizoo_covered": "bare, behind hands and other things",
    "aizoo_wider": "bare, WIDER: side-on, dark, blurred",
    "aizoo_masked": "masked, MAFA",
    "aizoo_wrong": "worn wrong, tight crops",
    "worn_wrong": "worn wrong, live detector",
    "ilc2021_whole": "ilc2021, a tenth of the pictures, live detector",
    "andrewmvd_hd": "andrewmvd, a tenth of the pictures, live detector",
    "mask_chips": "a twentieth of mask_chips",
    "utkface_aligned": "UTKFace, test part",
    "watched": "what the choices were made by",
}


def rates(classifier: Classifier, chips: Sequence[Chip]) -> dict[str, Rate]:
    """Alarms by label, and for UTKFace the group that is found least of all."""
    truth = truth_of(chips, classifier.classes)
    confidence = predict(classifier, chips)
    measured = metrics.door_rates(truth, confidence, classifier.classes)
    found = {name: measured[name] for name in FIGURES if measured[name].count}
    alarmed = confidence.argmax(axis=1) != classifier.classes.index("masked")
    people = [conditions.person_of(chip.original) for chip in chips]
    for race in conditions.RACES if all(people) else ():
        group = np.array([p is not None and p.race == race for p in people])
        found[f"bare alarmed, {race}"] = metrics.rate(alarmed[group])
    return found


def table(results: dict[str, dict[str, dict[str, Rate]]], names: Sequence[str]) -> str:
    """Set by set, a column a model, as Markdown."""
    rows = [
        [WORDS[key], FIGURES.get(figure, figure), *(_shown(results[key][n][figure]) for n in names)]
        for key in results
        for figure in results[key][names[0]]
    ]
    return markdown_table(["faces", "figure", *names], rows)


def _shown(rate: Rate) -> str:
    low, high = rate.interval
    return f"{rate}, {100 * low:.1f} to {100 * high:.1f}"


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m monitor.training.mask.held_out", description=first_words(__doc__)
    )
    parser.add_argument("models", type=Path, nargs="+", help=".onnx or .keras with its card")
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--tables", default=",".join(TABLES), help="which (default: all)")
    parser.add_argument("--summary", type=Path, help="folder for held_out.md and held_out.json")
    options = parser.parse_args(argv)
    command = typed("mask.held_out", argv)
    classifiers = [load_classifier(path) for path in options.models]
    results: dict[str, dict[str, dict[str, Rate]]] = {}
    for key in options.tables.split(","):
        chips = [c for c in TABLES[key](options.data) if c.face_px >= FACE_MIN_PX]
        results[key] = {c.name: rates(c, chips) for c in classifiers}
    text = table(results, [c.name for c in classifiers])
    print(text)
    if options.summary:
        head = f"# Held out: {' and '.join(c.name for c in classifiers)}\n\n    {command}\n\n"
        write_text(options.summary / "held_out.md", head + text)
        figures: dict[str, Any] = {
            key: {n: {f: r.as_json() for f, r in found.items()} for n, found in by_model.items()}
            for key, by_model in results.items()
        }
        write_json(options.summary / "held_out.json", {"command": command, "figures": figures})
    return 0


if __name__ == "__main__":
    run_main(main)
