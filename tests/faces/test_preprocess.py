"""What the network sees: pinned, because training and the program must agree on it."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.faces.boxes import NO_BOXES
from monitor.faces.preprocess import face_batch, scale


def test_scale_is_minus_one_to_one() -> None:
    values = scale(np.array([0, 127, 128, 255], np.uint8))
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, [-1, -1 / 255, 1 / 255, 1], atol=1e-6)


def test_colour_order_is_turned_to_rgb() -> None:
    image = np.zeros((20, 20, 3), np.uint8)
    image[...] = (255, 128, 0)  # blue, green, red
    batch = face_batch(image, np.array([[5, 5, 15, 15]], np.float32), 8, 0.0)
    np.testing.assert_allclose(batch[0, 3, 3], [-1, 128 / 127.5 - 1, 1], atol=1e-6)


def test_values_are_pinned() -> None:
    ramp = np.zeros((8, 8, 3), np.uint8)
    ramp[..., 0], ramp[..., 1], ramp[..., 2] = np.arange(8) * 10, np.arange(8)[:, None] * 20, 200
    # a 6 px square from (1, 0), shrunk to 4
    batch = face_batch(ramp, np.array([[2, 1, 6, 5]], np.float32), 4, 0.5)
    assert batch.shape == (1, 4, 4, 3)
    red, green, blue = (batch[0, ..., c] for c in range(3))
    np.testing.assert_allclose(red, 200 / 127.5 - 1, atol=1e-6)
    np.testing.assert_allclose(green[:, 0], np.array([7, 33, 67, 93]) / 127.5 - 1, atol=1e-6)
    np.testing.assert_allclose(blue[0], np.array([13, 27, 43, 57]) / 127.5 - 1, atol=1e-6)


@pytest.mark.parametrize("boxes", [NO_BOXES, (), np.empty((0, 4), np.float64)])
def test_no_faces_is_an_empty_batch(boxes: object) -> None:
    batch = face_batch(np.zeros((9, 9, 3), np.uint8), boxes, 16, 0.2)  # type: ignore[arg-type]
    assert batch.shape == (0, 16, 16, 3)
    assert batch.dtype == np.float32


def test_faces_at_every_edge_in_one_batch() -> None:
    image = np.full((30, 40, 3), 51, np.uint8)
    image.setflags(write=False)
    boxes = np.array(
        [[-5, 10, 5, 20], [35, 10, 45, 20], [10, -5, 20, 5], [10, 25, 20, 35], [39, 29, 40, 30]],
        np.float32,
    )
    batch = face_batch(image, boxes, 32, 0.3)
    assert batch.shape == (5, 32, 32, 3)
    np.testing.assert_allclose(batch, 51 / 127.5 - 1, atol=1e-6)
