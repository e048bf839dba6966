"""Masks laid on aligned faces."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.training.drawing.laid_on import Cutouts, drawn, masked_all


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two cut-outs with a wide empty rim."""
    for name, colour in (("red", (0, 0, 255, 255)), ("blue", (255, 0, 0, 255))):
        mask = np.zeros((100, 140, 4), np.uint8)
        mask[20:80, 25:115] = colour
        cv2.imwrite(str(tmp_path / f"{name}.png"), mask)
    return tmp_path


def test_a_cutout_covers_nose_and_mouth_and_leaves_the_eyes(folder: Path) -> None:
    faces = np.full((3, 112, 112, 3), 120, np.uint8)
    masked = masked_all(faces, Cutouts(folder, ("red", "blue")), 1)
    assert (masked[:, 90, 56] == [[255, 0, 0], [0, 0, 255], [255, 0, 0]]).all()
    assert (masked[:, 72, 56] == masked[:, 90, 56]).all()
    assert (masked[:, :56] == 120).all()
    assert (faces == 120).all()


def test_drawn_masks_take_turns(folder: Path) -> None:
    faces = np.full((4, 112, 112, 3), 120, np.uint8)
    masked = masked_all(faces, drawn, 2)
    assert len({face[90, 56].tobytes() for face in masked}) == 4
    assert np.array_equal(masked[1], drawn(faces[0], 3))
    assert masked_all(faces[:0], drawn, 0).shape == (0, 112, 112, 3)


def test_a_missing_cutout_is_named(folder: Path) -> None:
    cv2.imwrite(str(folder / "plain.png"), np.zeros((9, 9, 3), np.uint8))
    for name in ("green", "plain"):
        with pytest.raises(ConfigError, match=rf"{name}\.png is missing or has no alpha"):
            Cutouts(folder, (name,))
