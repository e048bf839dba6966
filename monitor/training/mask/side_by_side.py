r"""Mask models side by side through the program itself, on whole pictures.

    python -m monitor.training.mask.side_by_side runs/without-both/mask.onnx \
        runs/v4-without-both/part_25.onnx --data ../shared/data --summary docs/training

runs `main.py --images` (see `end_to_end`) with each model and detector on each set and tells of the
faces of 40 px or more how many masked ones are found, and how many of each class are alarmed, by
`raw_state`. OUT keeps each run by the SHA-256 of its model, so that what was stopped goes on.
`{source}` in a model's path stands for the source that a set is of, so that each set is judged by
the model that left it out: `runs/v5-without-{source}/mask.onnx`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.training.command import first_words, run_main, typed
from monitor.training.mask import end_to_end
from monitor.training.mask.sets import FACE_MIN_PX
from monitor.training.mask.sources import WHOLE
from monitor.training.report.metrics import Rate
from monitor.training.report.pages import markdown_table, write_json, write_text

# what is told: (label, figure of `end_to_end.tally`, words)
FIGURES = (
    ("masked", "found", "masked found"),
    ("unmasked", "alarmed", "bare alarmed"),
    ("masked", "alarmed", "masked falsely alarmed"),
    ("incorrect", "alarmed", "worn wrong alarmed"),
)

SOURCE = "{source}"  # in a model's path

Run = tuple[str, str, str]  # set, detector, model
Rates = dict[str, Rate]  # by the words of FIGURES


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m monitor.training.mask.side_by_side", description=first_words(__doc__)
    )
    parser.add_argument("models", nargs="+", help=".onnx with its card; {source}: see above")
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--sets", default="andrewmvd,ilc2021_whole", help="with commas")
    parser.add_argument("--detectors", default="yunet", help="with commas")
    parser.add_argument("--out", type=Path, default=Path("runs/side_by_side"))
    parser.add_argument("--summary", type=Path, help="folder for NAME.md and NAME.json")
    parser.add_argument("--name", default="side_by_side", help="of the summary")
    options = parser.parse_args(argv)
    sets = {name: end_to_end.load_whole_pictures(options.data / name) for name in _of(options.sets)}
    options.out.mkdir(parents=True, exist_ok=True)
    results: dict[Run, Rates] = {}
    for detector in _of(options.detectors):
        for key, whole in sets.items():
            for given in options.models:
                model = Path(given.replace(SOURCE, WHOLE.get(key, key)))
                kept = options.out / f"{key}-{detector}-{_digest(model)}.json"
                if not kept.is_file():
                    measured = end_to_end.measure(model, whole, FACE_MIN_PX, None, detector)
                    write_json(kept, measured)
                rates = figures(json.loads(kept.read_text(encoding="utf-8"))["raw_state"])
                results[key, detector, called(given)] = rates
                print(f"{key}, {detector}, {called(given)}: " + _line(rates), flush=True)
    text = table(pooled(results))
    print(text)
    if options.summary:
        _summary(options, typed("mask.side_by_side", argv), results, text)
    return 0


def called(given: str) -> str:
    """A model's name in the table: its folder's tells what it learnt."""
    model = Path(given.replace(SOURCE, "it"))
    return f"{model.parent.name}/{model.stem}"


def figures(by_label: Mapping[str, Mapping[str, Any]]) -> Rates:
    """The rates of `FIGURES`, out of a result's `raw_state` as it stands in its file."""
    found = {words: by_label[label][name] for label, name, words in FIGURES}
    return {words: Rate(one["hits"], one["count"]) for words, one in found.items()}


def pooled(results: Mapping[Run, Rates]) -> dict[Run, Rates]:
    """The runs, and where there are several sets all of them together."""
    sets = list(dict.fromkeys(key for key, _, _ in results))
    everything = dict(results)
    for _, detector, model in [run for run in results if run[0] == sets[0] and len(sets) > 1]:
        each = [results[key, detector, model] for key in sets]
        everything["all of them", detector, model] = {
            words: Rate(sum(r[words].hits for r in each), sum(r[words].count for r in each))
            for words in each[0]
        }
    return everything


def table(results: Mapping[Run, Rates]) -> str:
    """A row a run, as Markdown."""
    rows = [[*run, *map(_shown, rates.values())] for run, rates in results.items()]
    return markdown_table(["set", "detector", "model", *(words for *_, words in FIGURES)], rows)


def _of(names: str) -> list[str]:
    return [name for name in names.split(",") if name]


def _digest(model: Path) -> str:
    return hashlib.sha256(model.read_bytes()).hexdigest()[:12]


def _shown(rate: Rate) -> str:
    low, high = rate.interval
    return f"{rate}, {100 * low:.1f} to {100 * high:.1f}"


def _line(rates: Rates) -> str:
    return ", ".join(f"{words} {rate}" for words, rate in rates.items())


def _summary(
    options: argparse.Namespace, command: str, results: Mapping[Run, Rates], text: str
) -> None:
    head = (
        f"# Side by side through the program\n\nFaces of {FACE_MIN_PX} px or more in whole "
        f"pictures, by `raw_state`, with Wilson's 95 % interval.\n\n    {command}\n\n"
    )
    write_text(options.summary / f"{options.name}.md", head + text)
    rows = [
        {"set": key, "detector": detector, "model": model}
        | {words: rate.as_json() for words, rate in rates.items()}
        for (key, detector, model), rates in results.items()
    ]
    write_json(options.summary / f"{options.name}.json", {"command": command, "runs": rows})


if __name__ == "__main__":
    run_main(main)
