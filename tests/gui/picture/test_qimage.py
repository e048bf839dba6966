"""Pixels from numpy arrive in Qt in their place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from monitor.gui.picture.qimage import scaled_qimage, to_qimage
from tests.gui.looks import pixels_of


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


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[:, ::-1],
        lambda a: a[::-1],
        lambda a: a[:, ::3],
        lambda a: a[1:-1, 2:-3],
        lambda a: a.transpose(1, 0, 2),
        lambda a: a[..., ::-1],
    ],
)
def test_every_pixel_of_a_view_with_strides_of_its_own(
    view: Callable[[np.ndarray], np.ndarray],
) -> None:
    pixels = view(np.random.default_rng(2).integers(0, 256, (13, 17, 3), np.uint8))
    assert (pixels_of(to_qimage(pixels))[..., ::-1] == pixels).all()


def test_scaling_down_leaves_no_pixel_out() -> None:
    # Every other column is white: whoever leaves columns out sees black or white.
    pixels = np.zeros((240, 640, 3), np.uint8)
    pixels[:, ::2] = 255
    for width in (320, 160, 80):
        small = pixels_of(scaled_qimage(pixels, width, 240 * width // 640))
        assert small.min() > 100
        assert small.max() < 156


def test_scaling_keeps_what_is_where() -> None:
    pixels = np.zeros((90, 160, 3), np.uint8)
    pixels[:45, :80] = (255, 0, 0)  # blue at the top left
    pixels[45:, 80:] = (0, 0, 255)  # red at the bottom right
    for width, height in ((33, 19), (640, 360)):
        image = scaled_qimage(pixels, width, height)
        assert image.pixelColor(1, 1).name() == "#0000ff"
        assert image.pixelColor(width - 2, height - 2).name() == "#ff0000"
        assert image.pixelColor(width - 2, 1).name() == "#000000"
