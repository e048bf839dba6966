r"""Find labels that a model which never saw the picture is sure are wrong.

    python -m monitor.training.mask.label_noise runs/A/predictions.npz:ilc2021 ... [--data \
        ../shared/data]

Reads the predictions that `train_mask --leave-out SOURCE` saved for SOURCE (so no picture judges
itself) and, with `--data`, near duplicates that carry different labels, and writes
`label_noise.csv` beside this file: file, label, predicted, confidence, reason. Training leaves
those pictures out; testing never does.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from monitor.errors import ConfigError
from monitor.training.command import first_words, run_main
from monitor.training.mask.sets import NOISE_FILE, file_of
from monitor.training.pictures import duplicates
from monitor.training.pictures.chips import LABELS, load_data
from monitor.training.report.metrics import softmax

PASTED = "maskedfacenet"  # the same faces with and without a mask: near duplicates by design
SURE = 0.03  # a label that gets less than this is taken for wrong


def suspects(predictions: Path, source: str) -> list[dict[str, str]]:
    """Rows for the pictures of `source` whose label the model all but rules out.

    Raises:
        ConfigError: If the file is missing or holds no predictions for the source.
    """
    try:
        with np.load(predictions) as saved:
            confidence = softmax(saved[f"{source}_logits"].astype(np.float64))
            truth, files = saved[f"{source}_truth"].astype(int), saved[f"{source}_file"]
    except (OSError, KeyError) as error:
        raise ConfigError(
            f"{predictions} has no predictions for {source} ({error}): run train_mask --leave-out "
            f"{source}"
        ) from None
    rows = []
    for i in np.flatnonzero(confidence[np.arange(len(truth)), truth] < SURE):
        best = int(confidence[i].argmax())
        reason = f"model trained without {source} gives the label {confidence[i, truth[i]]:.3f}"
        rows.append(
            _row(
                str(files[i]), LABELS[truth[i]], LABELS[best], f"{confidence[i, best]:.3f}", reason
            )
        )
    return rows


def conflicts(data: Path) -> list[dict[str, str]]:
    """Rows for both pictures of each pair of near duplicates with different labels."""
    rows = {}
    for pair in duplicates.find_pairs(load_data(data)):
        for chip, other in ((pair.a, pair.b), (pair.b, pair.a)):
            if pair.straddles and PASTED not in (chip.source, other.source):
                reason = f"near duplicate of {file_of(other)} ({pair.distance} of 256 bits)"
                rows[file_of(chip)] = _row(file_of(chip), chip.label, other.label, "", reason)
    return list(rows.values())


def _row(file: str, label: str, predicted: str, confidence: str, reason: str) -> dict[str, str]:
    return {
        "file": file,
        "label": label,
        "predicted": predicted,
        "confidence": confidence,
        "reason": reason,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the list."""
    parser = argparse.ArgumentParser(description=first_words(__doc__))
    parser.add_argument(
        "predictions", nargs="*", help="PREDICTIONS.npz:SOURCE of runs that left SOURCE out"
    )
    parser.add_argument(
        "--data", type=Path, help="look for near duplicates with different labels here as well"
    )
    options = parser.parse_args(arguments)
    rows = conflicts(options.data) if options.data else []
    for item in options.predictions:
        path, colon, source = item.rpartition(":")
        if not colon:
            raise ConfigError(f"{item} names no source: write it as predictions.npz:SOURCE")
        rows += suspects(Path(path), source)
    rows = list({row["file"]: row for row in rows}.values())
    with NOISE_FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(
            file, ["file", "label", "predicted", "confidence", "reason"], lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda r: r["file"]))
    print(f"{len(rows)} pictures listed in {NOISE_FILE.name}")
    return 0


if __name__ == "__main__":
    run_main(main)
