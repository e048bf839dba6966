r"""A mask model between two of the same network: weights averaged, so that what the first knew
stays (WiSE-FT, arXiv:2109.01903).

    python -m monitor.training.mask.blend models/mask_v3.keras runs/v4/mask_v4.keras \\
        --data ../shared/data --out models/mask_v4

tries each part of `PARTS` with each bias of `BIASES` on the faces that are watched and on
those of `mask_chips` that no training sees, prints what each costs (`choose_bias.cost`, the mean of
both) and writes the best, whose card is the second model's with the choice added.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from monitor.records import FloatArray
from monitor.training.command import first_words, quiet_tensorflow, run_main, typed
from monitor.training.learning import cards
from monitor.training.mask import choose_bias, held_out, scoring
from monitor.training.mask.choose_bias import Bias, Unseen
from monitor.training.mask.sets import FACE_MIN_PX
from monitor.training.pictures.chips import LABELS, Chip
from monitor.training.report import metrics

PARTS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the second model

# of unmasked and incorrect; those of the models themselves are in their last layers
BIASES = np.arange(-1.5, 1.01, 0.25)


@dataclass(frozen=True)
class Choice:
    """One blend and what it costs."""

    part: float
    bias: Bias
    cost: float


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m monitor.training.mask.blend", description=first_words(__doc__)
    )
    parser.add_argument("first", type=Path, help=".keras with its card")
    parser.add_argument("second", type=Path, help=".keras with its card, trained on from the first")
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--out", type=Path, required=True, help="model to write, without ending")
    parser.add_argument("--part", type=float, help="take this part and choose the bias alone")
    parser.add_argument(
        "--leave-out",
        default="",
        metavar="SOURCES",
        help="sources of mask_chips, with commas, that choose nothing: those that both models "
        "left out",
    )
    options = parser.parse_args(argv)
    quiet_tensorflow()
    import keras

    first, second = (
        keras.saving.load_model(p, compile=False) for p in (options.first, options.second)
    )
    card = card_of(options.second)
    watched = choosers(options.data, options.leave_out.split(","))
    crops = {k: crops_of(chips, card["input"]) for k, chips in watched.items()}
    weights = first.get_weights(), second.get_weights()
    best, said = None, {}
    for part in PARTS if options.part is None else (options.part,):
        second.set_weights(between(*weights, part))
        unseen = [unseen_of(second, k, *crops[k]) for k in crops]
        choice = _choose(part, unseen)
        print(
            f"part {part:g}, bias {choice.bias}: cost {choice.cost:.4f}; "
            + _rates(unseen, choice.bias)
        )
        if best is None or choice.cost < best.cost:
            best, said = choice, {u.source: u for u in unseen}
    assert best is not None
    temperature = choose_bias.temperature(list(said.values()), best.bias)
    second.set_weights(folded(between(*weights, best.part), best.bias, temperature))
    _write(options.out, second, card, best, temperature, typed("mask.blend", argv))
    return 0


def choosers(data: Path, left_out: Sequence[str]) -> dict[str, list[Chip]]:
    """The faces that choose, by set."""
    chips = [c for c in held_out.validation(data) if c.source not in left_out]
    return {"watched": held_out.watched(data), "mask_chips": chips}


def between(
    first: Sequence[FloatArray], second: Sequence[FloatArray], part: float
) -> list[FloatArray]:
    """The weights of two models averaged, `part` of the second."""
    return [(a + part * (b - a)).astype(a.dtype) for a, b in zip(first, second, strict=True)]


def folded(weights: Sequence[FloatArray], bias: Bias, temperature: float) -> list[FloatArray]:
    """The weights with bias and temperature taken into the last layer, kernel (F, C) and offset
    (C,).
    """
    *rest, kernel, offset = weights
    moved = (offset + np.array([0, *bias], np.float32)) / temperature
    return [*rest, (kernel / temperature).astype(kernel.dtype), moved.astype(offset.dtype)]


def blended(
    card: Mapping[str, Any], choice: Choice, temperature: float, command: str
) -> dict[str, Any]:
    """The second model's card for the blend; what was measured on that model is called so."""
    kept = {name: value for name, value in card.items() if name not in ("name", "figures")}
    return {
        **kept,
        "decision": {
            "rule": "the largest probability",
            "logit_bias": [0.0, *choice.bias],
            "chosen_by": "monitor.training.mask.blend on faces that no training saw",
        },
        "temperature": temperature,
        "blend": {"command": command, "part_of_second": choice.part, "cost": choice.cost},
        "figures_of_second": card.get("figures"),
    }


def card_of(model: Path) -> dict[str, Any]:
    """The card beside a model."""
    text = cards.card_path(model.with_suffix("")).read_text(encoding="utf-8")
    return json.loads(text)  # type: ignore[no-any-return]


def crops_of(chips: Sequence[Chip], given: Mapping[str, Any]) -> tuple[list[Chip], FloatArray]:
    """Those of `sets.FACE_MIN_PX` or more and the network's input for them, (N, S, S, 3)."""
    large = [chip for chip in chips if chip.face_px >= FACE_MIN_PX]
    return large, np.concatenate(list(scoring.crops(large, given["size"], given["margin"])))


def unseen_of(model: Any, source: str, large: Sequence[Chip], faces: FloatArray) -> Unseen:
    """What a model that ends in a softmax says of them."""
    # The logarithm of its answer is as good as the logits.
    logits = np.log(model.predict(faces, batch_size=128, verbose=0).clip(1e-12))
    truth = np.array([LABELS.index(chip.label) for chip in large], np.int64)
    return Unseen(source, logits.astype(np.float64), truth)


def _choose(part: float, unseen: Sequence[Unseen]) -> Choice:
    grid = itertools.product(BIASES, repeat=2)
    costs = {
        (float(u), float(i)): float(np.mean([choose_bias.cost(s, (u, i)) for s in unseen]))
        for u, i in grid
    }
    bias = min(costs, key=lambda b: (round(costs[b], 6), abs(b[0]) + abs(b[1])))
    return Choice(part, bias, costs[bias])


def _rates(unseen: Sequence[Unseen], bias: Bias) -> str:
    parts = []
    for u in unseen:
        confidence = metrics.softmax(u.logits + np.array([0, *bias]))
        found = metrics.door_rates(u.truth, confidence, LABELS)
        parts += [f"{u.source} {name} {found[name]}" for name in held_out.FIGURES]
    return ", ".join(parts)


def _write(
    out: Path, model: Any, card: dict[str, Any], choice: Choice, temperature: float, command: str
) -> None:
    from monitor.training.learning import export

    files = export.write_models(model, out)
    cards.write_card(out, {**blended(card, choice, temperature, command), "files": files})
    print(f"wrote {out}.keras, .onnx and .json")


if __name__ == "__main__":
    run_main(main)
