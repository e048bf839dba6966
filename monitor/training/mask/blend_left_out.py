r"""Which part of a second model to mix in, and with which bias, by sources that neither ever saw.

    python -m monitor.training.mask.blend_left_out runs/without-both/mask.keras \
        runs/v4-without-both/mask.keras --data ../shared/data --sources ilc2021,andrewmvd \
        --summary docs/training

Faces of 40 px or more of the sources, boxes given. For each part and source the bias is chosen by
the other sources alone (`choose_bias.cost`), as that figure is the one to report; the last line
names the part and bias with the least cost on all of them. Both models must have left them out.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monitor.errors import ConfigError
from monitor.training.command import first_words, quiet_tensorflow, run_main, typed
from monitor.training.mask import blend, choose_bias, held_out
from monitor.training.mask.blend import BIASES, PARTS
from monitor.training.mask.choose_bias import Bias, Unseen
from monitor.training.pictures.chips import LABELS, load_data
from monitor.training.report import metrics
from monitor.training.report.pages import markdown_table, write_json, write_text

Costs = dict[Bias, float]


@dataclass(frozen=True, eq=False)
class Tried:
    """One part on one source."""

    part: float
    unseen: Unseen
    bias: Bias  # by the other sources

    @property
    def rates(self) -> dict[str, metrics.Rate]:
        """Of `held_out.FIGURES`."""
        confidence = metrics.softmax(self.unseen.logits + np.array([0, *self.bias]))
        found = metrics.door_rates(self.unseen.truth, confidence, LABELS)
        return {words: found[name] for name, words in held_out.FIGURES.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m monitor.training.mask.blend_left_out", description=first_words(__doc__)
    )
    parser.add_argument("first", type=Path, help=".keras with its card")
    parser.add_argument("second", type=Path, help=".keras with its card, trained on from the first")
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--sources", required=True, help="two or more of mask_chips, with commas")
    parser.add_argument("--summary", type=Path, help="folder for blend_left_out.md and .json")
    options = parser.parse_args(argv)
    sources = options.sources.split(",")
    if len(set(sources)) < 2:
        raise ConfigError("--sources wants two or more: each is judged by what the others choose")
    by_part = _answers(options, sources)
    costs = {part: {u.source: costs_of(u) for u in unseen} for part, unseen in by_part.items()}
    tried = [
        Tried(part, u, best([c for source, c in costs[part].items() if source != u.source])[0])
        for part, unseen in by_part.items()
        for u in unseen
    ]
    text = table(tried, costs)
    print(text)
    if options.summary:
        command = typed("mask.blend_left_out", argv)
        head = "# Blends on sources that were left out\n\n    " + command + "\n\n"
        write_text(options.summary / "blend_left_out.md", head + text)
        rows = [
            {"part": t.part, "source": t.unseen.source, "bias": t.bias}
            | {words: rate.as_json() for words, rate in t.rates.items()}
            for t in tried
        ]
        write_json(options.summary / "blend_left_out.json", {"command": command, "rows": rows})
    return 0


def costs_of(unseen: Unseen) -> Costs:
    """What each bias costs on a source."""
    grid = ((float(u), float(i)) for u, i in itertools.product(BIASES, repeat=2))
    return {bias: choose_bias.cost(unseen, bias) for bias in grid}


def best(costs: Sequence[Mapping[Bias, float]]) -> tuple[Bias, float]:
    """The bias with the least mean cost, and that; of equals the one nearest to none."""
    mean = {bias: float(np.mean([c[bias] for c in costs])) for bias in costs[0]}
    bias = min(mean, key=lambda b: (round(mean[b], 6), abs(b[0]) + abs(b[1])))
    return bias, mean[bias]


def table(tried: Sequence[Tried], costs: Mapping[float, Mapping[str, Costs]]) -> str:
    """A row a part and source, and the choice by all of them."""
    rows = []
    for one in tried:
        low_high = [
            f"{100 * a:.1f} to {100 * b:.1f}"
            for a, b in (rate.interval for rate in one.rates.values())
        ]
        shown = [f"{r}, {i}" for r, i in zip(one.rates.values(), low_high, strict=True)]
        cost = costs[one.part][one.unseen.source][one.bias]
        bias = f"{one.bias[0]:g}, {one.bias[1]:g}"
        rows.append([one.unseen.source, f"{one.part:g}", bias, f"{cost:.2f}", *shown])
    rows.sort(key=lambda row: row[0])
    head = ["left out", "part", "bias by the others", "cost", *held_out.FIGURES.values()]
    choices = {part: best(list(of.values())) for part, of in costs.items()}
    lines = [
        f"part {part:g}: least mean cost {cost:.3f} with bias {bias[0]:g}, {bias[1]:g}"
        for part, (bias, cost) in choices.items()
    ]
    chosen = min(choices, key=lambda part: choices[part][1])
    closing = f"By all sources together: part {chosen:g}."
    return (
        markdown_table(head, rows)
        + "\n"
        + "".join(f"- {line}\n" for line in lines)
        + (f"\n{closing}\n")
    )


def _answers(options: argparse.Namespace, sources: Sequence[str]) -> dict[float, list[Unseen]]:
    """What each part says of each source."""
    quiet_tensorflow()
    import keras

    first, second = (
        keras.saving.load_model(p, compile=False) for p in (options.first, options.second)
    )
    given = blend.card_of(options.second)["input"]
    chips = load_data(options.data)
    crops = {s: blend.crops_of([c for c in chips if c.source == s], given) for s in sources}
    weights = first.get_weights(), second.get_weights()
    result = {}
    for part in PARTS:
        second.set_weights(blend.between(*weights, part))
        result[part] = [blend.unseen_of(second, s, *crops[s]) for s in sources]
    return result


if __name__ == "__main__":
    run_main(main)
