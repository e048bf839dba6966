r"""Choose the decision's bias and the temperature by sources that the model never saw.

    python -m monitor.training.mask.choose_bias runs/B-andrewmvd/predictions.npz:andrewmvd \
        runs/A3-ilc/predictions.npz:ilc2021

reads what `train_mask --leave-out SOURCE` saved. The bias is added to the logits of unmasked and
incorrect; the one with the least cost, averaged over the sources, wins: the rates of bare faces
that set off no alarm, of masked ones that do, and of masks worn wrong that do not, each divided by
what its bar allows (2.5, 1.2 and 16 %). Every source is also judged by the bias that the others
alone would have chosen: that is the figure to report for it. Temperature: least negative
log-likelihood over all sources, each counting the same.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from monitor.errors import ConfigError
from monitor.training.command import first_words, run_main
from monitor.training.mask.card_text import UNSEEN_FILE
from monitor.training.mask.sets import FACE_MIN_PX
from monitor.training.pictures.chips import LABELS
from monitor.training.report import metrics

Bias = tuple[float, float]  # of unmasked and incorrect; masked stays at 0
UNMASKED = np.arange(-1, 2.01, 0.25)
INCORRECT = np.arange(-3, 1.01, 0.25)
# of each class may be judged wrong
ALLOWED = {"unmasked": 0.025, "masked": 0.012, "incorrect": 0.16}


@dataclass(frozen=True, eq=False)
class Unseen:
    """Logits for a source that was left out, faces of 40 px or more."""

    source: str
    logits: npt.NDArray[np.float64]  # (N, 3)
    truth: npt.NDArray[np.int64]


def load(item: str) -> Unseen:
    """`PREDICTIONS.npz:SOURCE`.

    Raises:
        ConfigError: If it is not of that form, or the file has no predictions for the source.
    """
    path, colon, source = item.rpartition(":")
    if not colon:
        raise ConfigError(f"{item} names no source: write it as predictions.npz:SOURCE")
    try:
        with np.load(path) as saved:
            big = saved[f"{source}_px"] >= FACE_MIN_PX
            return Unseen(
                source,
                saved[f"{source}_logits"][big].astype(np.float64),
                saved[f"{source}_truth"][big].astype(np.int64),
            )
    except (OSError, KeyError) as error:
        raise ConfigError(
            f"{path} has no predictions for {source} ({error}): run train_mask --leave-out {source}"
        ) from None


def cost(unseen: Unseen, bias: Bias) -> float:
    """See above; lower is better."""
    alarm = (unseen.logits + np.array([0, *bias])).argmax(axis=1) != LABELS.index("masked")
    total = 0.0
    for label, allowed in ALLOWED.items():
        wrong = alarm[unseen.truth == LABELS.index(label)] == (label == "masked")
        total += float(wrong.mean()) / allowed if len(wrong) else 0.0
    return total


def choose(sets: Sequence[Unseen]) -> Bias:
    """The bias with the least mean cost; of equals the one nearest to none."""
    grid = [(float(u), float(i)) for u, i in itertools.product(UNMASKED, INCORRECT)]
    return min(
        grid,
        key=lambda b: (round(float(np.mean([cost(s, b) for s in sets])), 6), abs(b[0]) + abs(b[1])),
    )


def temperature(sets: Sequence[Unseen], bias: Bias) -> float:
    """What the biased logits are best divided by."""

    def loss(log_t: float) -> float:
        parts = []
        for s in sets:
            confidence = metrics.softmax((s.logits + np.array([0, *bias])) / np.exp(log_t))
            parts.append(-np.log(confidence[np.arange(len(s.truth)), s.truth].clip(1e-12)).mean())
        return float(np.mean(parts))

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the choice."""
    parser = argparse.ArgumentParser(description=first_words(__doc__))
    parser.add_argument(
        "predictions", nargs="+", help="PREDICTIONS.npz:SOURCE of runs that left SOURCE out"
    )
    parser.add_argument(
        "--json",
        type=Path,
        default=UNSEEN_FILE,
        help=f"where figures and choice go (default: {UNSEEN_FILE.name})",
    )
    options = parser.parse_args(arguments)
    sets = [load(item) for item in options.predictions]
    report: dict[str, object] = {"predictions": options.predictions}
    for s in sets:
        others = [o for o in sets if o is not s]
        by_others = choose(others) if others else (0.0, 0.0)
        for name, bias in (("no bias", (0.0, 0.0)), ("bias of the others", by_others)):
            rates = metrics.door_rates(
                s.truth, metrics.softmax(s.logits + np.array([0, *bias])), LABELS
            )
            print(f"{s.source}, {name} {bias}: " + ", ".join(f"{k} {v}" for k, v in rates.items()))
            report[f"{s.source}, {name}"] = {
                "bias": bias,
                **{k: v.as_json() for k, v in rates.items()},
            }
    bias = choose(sets)
    report |= {"bias": bias, "temperature": temperature(sets, bias)}
    print(f"chosen: --bias 0 {bias[0]:g} {bias[1]:g} --temperature {report['temperature']:.3f}")
    options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    run_main(main)
