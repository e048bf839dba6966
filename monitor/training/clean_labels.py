"""Labels that are wrong: which pictures training leaves out, or takes under another label. Tests keep theirs.

`label_noise.csv` is what a model that never saw the picture rules out (`label_noise` writes it): left out.
`label_corrections.csv` was made by eye, from sheets of those pictures that models were least sure of: columns file, label,
corrected (empty: left out) and reason.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from monitor.training.data import Chip

NOISE_FILE = Path(__file__).with_name("label_noise.csv")
CORRECTIONS_FILE = Path(__file__).with_name("label_corrections.csv")


def file_of(chip: Chip) -> str:
    """The chip's name in the lists and in `predictions.npz`: source folder, class folder, file.

    Where the folders are people's names, their CRC32 stands in for them: a list in the repository names nobody.
    """
    parts = chip.path.parts[-3:]
    if chip.source == "rmfrd_ids":
        return f"rmfrd_ids/{zlib.crc32('/'.join(parts).encode()):08x}"
    return "/".join(parts)


def verdicts(chips: Sequence[Chip]) -> list[tuple[Chip, str]]:
    """Each chip with the label that training takes it under; "" where it is left out."""
    right: dict[str, str] = {row["file"]: "" for row in _rows(NOISE_FILE)}
    right |= {row["file"]: row["corrected"] for row in _rows(CORRECTIONS_FILE)}
    return [(c, right.get(file_of(c), c.label)) for c in chips]


def clean(chips: Sequence[Chip]) -> list[Chip]:
    """Without the chips whose labels are wrong, or with the right labels where those are known."""
    return [replace(c, label=label) for c, label in verdicts(chips) if label]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
