"""Sets of whole pictures with the boxes of all their faces: `boxes.csv` and `images/`."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from monitor.errors import ConfigError
from monitor.records import FloatArray


def read_boxes(folder: Path) -> dict[Path, tuple[FloatArray, list[str]]]:
    """The boxes (N, 4) and labels of each picture of a set with `boxes.csv` and `images/`.

    Raises:
        ConfigError: If the list is missing or cannot be read.
    """
    listed: dict[Path, tuple[list[list[float]], list[str]]] = defaultdict(lambda: ([], []))
    index = folder / "boxes.csv"
    if not index.is_file():
        raise ConfigError(f"{index} is missing: name the folder that holds it")
    with index.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            boxes, labels = listed[folder / "images" / row["file"]]
            boxes.append([float(row[k]) for k in ("x_min", "y_min", "x_max", "y_max")])
            labels.append(row["label"])
    return {
        path: (np.array(boxes, np.float32).reshape(-1, 4), labels)
        for path, (boxes, labels) in sorted(listed.items())
    }
