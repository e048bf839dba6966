"""Pixels from numpy arrive in Qt in their place."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.gui.picture.qimage import scaled_qimage, to_qimage


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 2), (7, 5), (641, 361)])
def test_pixels_arrive_in_their_place_at_odd_widths(width: int, height: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    pixels.setflags(write=False)
    image = to_qimage(pixels)  # type: ignore[arg-type]
    for x, y in ((0, 0), (width - 1, height - 1), (width // 2, height // 2)):
        colour = image.pixelColor(x, y)
        assert [colour.blue(), colour.green(), colour.red()] == pixels[y, x].tolist()


def test_the_qimage_owns_its_pixels() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    image = to_qimage(pixels)
    pixels[:] = 255
    assert image.pixelColor(1, 1).red() == 0


def test_a_slice_and_any_scale() -> None:
    pixels = np.full((40, 60, 3), 77, np.uint8)[:, 5:50]
    for width, height in ((45, 40), (9, 8), (200, 170), (1, 1)):
        image = scaled_qimage(pixels, width, height)
        assert (image.width(), image.height()) == (width, height)
        assert image.pixelColor(0, 0).green() == 77
