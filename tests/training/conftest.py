"""Made-up faces for the tests: ovals before a wild background, each class with its own look."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.records import Image

HEAD = ["file", "source", "label", "identity", "x_min", "y_min", "x_max", "y_max", "face_px", "landmarks", "original"]


def make_face(label: str, seed: int, side: int = 192) -> Image:
    """(side, side, 3) uint8 BGR: an oval with eyes; masked ones are blue below, incorrect ones below the nose alone."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (8, 8, 3), np.uint8)
    image = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    image = cv2.add(image, rng.integers(0, 20, image.shape, np.uint8))
    centre, axes = (side // 2, side // 2), (side // 4, side * 5 // 16)
    cv2.ellipse(image, centre, axes, 0, 0, 360, [int(v) for v in rng.integers(90, 220, 3)], -1)
    for dx in (-1, 1):
        cv2.circle(image, (side // 2 + dx * side // 10, side * 2 // 5), side // 40 + 1, (20, 20, 20), -1)
    top = {"masked": 0.5, "incorrect": 0.66, "unmasked": None}[label]
    if top is not None:
        cv2.rectangle(image, (side * 3 // 10, int(side * top)), (side * 7 // 10, side * 4 // 5), (200, 120, 40), -1)
    return image  # type: ignore[return-value]


def make_chips(root: Path, counts: dict[str, int], source: str = "made", face_px: float = 120) -> Path:
    """A folder with index.csv and made-up faces, added to what is there; returns it."""
    root.mkdir(parents=True, exist_ok=True)
    new = not (root / "index.csv").exists()
    with (root / "index.csv").open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(HEAD)
        for label, count in counts.items():
            for i in range(count):
                name = f"{source}_{label}_{i}.png"
                cv2.imwrite(str(root / name), make_face(label, zlib.crc32(name.encode())))
                writer.writerow([name, source, label, "", 48, 36, 144, 156, face_px, "", name])
    return root


@pytest.fixture
def face() -> Callable[..., Image]:
    """`make_face`."""
    return make_face


@pytest.fixture
def write_chips() -> Callable[..., Path]:
    """`make_chips`."""
    return make_chips
