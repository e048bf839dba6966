"""Masks laid on aligned faces to test and to watch by: the program's drawn ones, and photographed
ones that the trainings of identity and gender never draw.

All faces are (112, 112, 3) uint8 BGR; a mask is chosen by a number, so that it is the same in every
run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from monitor.faces.align import SIZE, TEMPLATE
from monitor.identity.drawn_masks import STYLES, draw_mask
from monitor.records import Image
from monitor.training.drawing.fabric import read_cutout
from monitor.training.pictures.faces import Faces, stacked

# Photographed masks (MaskTheFace templates): kept for tests of identity and gender, whose trainings
# never draw them.
CUTOUTS = ("KN95", "N95", "cloth", "surgical", "surgical_blue", "surgical_green")
# Where upper left, upper right and lower left corner of a cut-out come to lie, px of the template.
_CORNERS = np.array([[56 - 44, 58], [56 + 44, 58], [56 - 44, 119]], np.float32)


class Cutouts:
    """Photographed masks laid on aligned faces: unlike those of `monitor.identity.drawn_masks`."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        """
        Raises:
            ConfigError: If one of the pictures is missing or has no alpha.
        """
        self._masks = [read_cutout(folder / f"{name}.png") for name in names]

    def __call__(self, face: Image, number: int) -> Image:
        mask = self._masks[number % len(self._masks)]
        height, width = mask.shape[:2]
        corners = np.array([[0, 0], [width, 0], [0, height]], np.float32)
        layer = cv2.warpAffine(
            mask, cv2.getAffineTransform(corners, _CORNERS), (SIZE, SIZE), flags=cv2.INTER_AREA
        )
        part = layer[..., 3:].astype(np.float32) / 255
        return (face + (layer[..., :3].astype(np.float32) - face) * part).astype(np.uint8)


def drawn(face: Image, number: int) -> Image:
    """The program's own drawn mask on an aligned face."""
    return draw_mask(face, TEMPLATE, STYLES[number % len(STYLES)])


def masked_all(faces: Faces, mask: Callable[[Image, int], Image], seed: int) -> Faces:
    """Each face with one of the masks on, `seed` being the number of the first."""
    return stacked([mask(face, seed + i) for i, face in enumerate(faces)])
