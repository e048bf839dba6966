r"""What models find at the same rate of false alarms, on sources that they never saw.

    python -m monitor.training.mask.at_false_rate runs/v5-without-ilc2021/mask.keras:ilc2021 \
        runs/v5-without-andrewmvd/mask.keras:andrewmvd --data ../shared/data --summary docs/training

Faces of 40 px or more, boxes given, judged mirrored as well, as a picture that stands alone. The
bias is the best for each source among those that alarm no more than --rate of its masked faces: to
compare models, and not to be reported as what they do at a door. Beside it the area under the ROC
curve of bare faces, and of masks worn wrong, against masked ones.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from monitor.errors import ConfigError
from monitor.training.command import first_words, quiet_tensorflow, run_main, typed
from monitor.training.mask import blend
from monitor.training.mask.choose_bias import Unseen
from monitor.training.pictures.chips import LABELS, load_data
from monitor.training.report.metrics import Rate
from monitor.training.report.pages import markdown_table, write_text

BIASES = np.arange(-3, 3.01, 0.25)
WORN_WRONG_WEIGHT = 0.4  # of its rate, beside that of bare faces, in what is best
MASKED, BARE, WRONG = (LABELS.index(name) for name in ("masked", "unmasked", "incorrect"))


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m monitor.training.mask.at_false_rate", description=first_words(__doc__)
    )
    parser.add_argument("models", nargs="+", metavar="MODEL.keras:SOURCE", help="with its card")
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--rate", type=float, default=0.012, help="of masked faces (0.012)")
    parser.add_argument("--summary", type=Path, help="folder for at_false_rate.md")
    options = parser.parse_args(argv)
    quiet_tensorflow()
    rows = []
    for item in options.models:
        path, colon, source = item.rpartition(":")
        if not colon:
            raise ConfigError(f"{item} names no source: write it as MODEL.keras:SOURCE")
        unseen = _answers(Path(path), source, options.data)
        bare, wrong, masked = best_at(unseen, options.rate)
        areas = (f"{area(unseen, label):.4f}" for label in (BARE, WRONG))
        name = f"{Path(path).parent.name}/{Path(path).stem}"
        rows.append([source, name, *areas, str(bare), str(wrong), str(masked)])
        print(", ".join(rows[-1]), flush=True)
    head = ["source", "model", "area, bare", "area, worn wrong", "bare alarmed"]
    text = markdown_table([*head, "worn wrong alarmed", "masked falsely alarmed"], rows)
    if options.summary:
        command = typed("mask.at_false_rate", argv)
        title = f"# At {100 * options.rate:g} % false alarms\n\n    {command}\n\n"
        write_text(options.summary / "at_false_rate.md", title + text)
    return 0


def best_at(unseen: Unseen, rate: float) -> tuple[Rate, Rate, Rate]:
    """How many bare faces, masks worn wrong and masked faces are alarmed with the best bias that
    alarms no more than `rate` of the masked ones.
    """
    best: tuple[float, tuple[Rate, Rate, Rate]] | None = None
    for bias in itertools.product(BIASES, repeat=2):
        alarm = (unseen.logits + np.array([0, *bias])).argmax(axis=1) != MASKED
        bare, wrong, masked = (
            Rate(int(alarm[unseen.truth == label].sum()), int((unseen.truth == label).sum()))
            for label in (BARE, WRONG, MASKED)
        )
        if masked.hits > rate * masked.count:
            continue
        found = bare.value + WORN_WRONG_WEIGHT * wrong.value
        if best is None or found > best[0]:
            best = found, (bare, wrong, masked)
    if best is None:
        raise ConfigError(f"no bias alarms as few as {rate:g} of the masked faces: give more")
    return best[1]


def area(unseen: Unseen, label: int) -> float:
    """Under the ROC curve of one class against masked faces, by how sure an alarm is."""
    alarm = np.logaddexp(unseen.logits[:, BARE], unseen.logits[:, WRONG])
    score = alarm - unseen.logits[:, MASKED]
    wanted, others = score[unseen.truth == label], score[unseen.truth == MASKED]
    ranks = rankdata(np.concatenate([wanted, others]))[: len(wanted)]
    least = len(wanted) * (len(wanted) + 1) / 2
    return float((ranks.sum() - least) / (len(wanted) * len(others)))


def _answers(path: Path, source: str, data: Path) -> Unseen:
    """The mean of the logarithms of both looks' answers."""
    import keras

    model = keras.saving.load_model(path, compile=False)
    chips = [chip for chip in load_data(data) if chip.source == source]
    large, faces = blend.crops_of(chips, blend.card_of(path)["input"])
    looks = [blend.unseen_of(model, source, large, x) for x in (faces, faces[:, :, ::-1])]
    return Unseen(source, (looks[0].logits + looks[1].logits) / 2, looks[0].truth)


if __name__ == "__main__":
    run_main(main)
