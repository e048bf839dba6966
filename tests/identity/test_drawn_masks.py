"""Masks drawn on bare faces."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.faces.align import TEMPLATE, align
from monitor.identity.drawn_masks import STYLES, MaskStyle, draw_mask
from monitor.records import Image

LANDMARKS = np.array([[201, 105], [245, 105], [221, 127], [203, 145], [242, 145]], np.float32)
BOX = np.array([[178, 63, 269, 173]], np.float32)


@pytest.fixture
def face(data: Path) -> Image:
    image = cv2.imread(str(data / "bare.jpg"))
    assert image is not None
    return align(image, BOX, LANDMARKS[None])[0]  # type: ignore[return-value,arg-type]


@pytest.mark.parametrize("style", STYLES, ids=lambda s: s.name)
def test_covers_nose_mouth_and_chin_but_not_the_eyes(face: Image, style: MaskStyle) -> None:
    masked = draw_mask(face, TEMPLATE, style)
    changed = np.abs(masked.astype(int) - face).max(axis=2)
    assert masked.shape == face.shape
    assert masked.dtype == np.uint8
    assert changed[:48, 16:96].max() <= 1  # eyes and brow
    for x, y in ((56, 74), (42, 92), (70, 92), (56, 105)):  # nose tip, mouth corners, chin
        patch = masked[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3).mean(axis=0)
        hue = patch / patch.sum() - np.array(style.colour_bgr) / sum(style.colour_bgr)
        assert np.abs(hue).max() < 0.03, (style.name, x, y, patch)


# Mean grey over the nose, over each cheek and over the chin.
GREYS = {
    "surgical blue": (192.4, 182.0, 169.3, 188.9),
    "surgical white": (243.7, 248.1, 238.7, 252.3),
    "respirator": (247.6, 241.2, 229.6, 249.0),
    "black cloth": (116.3, 39.7, 37.0, 41.4),
    "grey cloth": (157.8, 141.3, 131.5, 146.5),
    "surgical green": (190.5, 182.7, 170.0, 190.1),
}


@pytest.mark.parametrize("style", STYLES, ids=lambda s: s.name)
def test_looks_as_it_did_when_people_were_enrolled(face: Image, style: MaskStyle) -> None:
    """Embeddings of drawn masks are kept in the gallery, so the drawing must not change."""
    grey = cv2.cvtColor(draw_mask(face, TEMPLATE, style), cv2.COLOR_BGR2GRAY)
    parts = grey[56:70, 40:72], grey[72:88, 20:44], grey[72:88, 68:92], grey[92:112, 30:82]
    assert [float(part.mean()) for part in parts] == pytest.approx(GREYS[style.name], abs=0.2)


def test_styles_differ(face: Image) -> None:
    pictures = [draw_mask(face, TEMPLATE, style).astype(int) for style in STYLES]
    for i, one in enumerate(pictures):
        for other in pictures[i + 1 :]:
            assert np.abs(one - other)[60:112].mean() > 3


def test_has_shade_and_is_no_flat_patch(face: Image) -> None:
    grey = cv2.cvtColor(draw_mask(face, TEMPLATE, STYLES[0]), cv2.COLOR_BGR2GRAY)
    assert grey[75:112, 25:88].std() > 4


def test_follows_the_light(face: Image) -> None:
    dark = (face * 0.35).astype(np.uint8)
    bright, dim = (draw_mask(f, TEMPLATE, STYLES[1])[80:100, 45:67].mean() for f in (face, dark))
    assert dim < 0.75 * bright


def test_follows_a_turn(data: Path) -> None:
    image = cv2.imread(str(data / "bare.jpg"))
    assert image is not None
    matrix = cv2.getRotationMatrix2D((223, 120), 40, 1.0)
    turned = cv2.warpAffine(image, matrix, (image.shape[1], image.shape[0]))
    points = (LANDMARKS @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    one = align(draw_mask(image, LANDMARKS, STYLES[3]), BOX, LANDMARKS[None])[0]  # type: ignore[arg-type]
    other = align(draw_mask(turned, points, STYLES[3]), BOX, points[None])[0]  # type: ignore[arg-type]
    assert np.abs(one.astype(int) - other)[20:110, 15:97].mean() < 8


def test_the_given_picture_stays(face: Image) -> None:
    copy = face.copy()
    face.setflags(write=False)
    draw_mask(face, TEMPLATE, STYLES[0])
    np.testing.assert_array_equal(face, copy)


@pytest.mark.parametrize("shift", [-3000, -60, 60, 1e6])
def test_landmarks_outside_the_picture(face: Image, shift: float) -> None:
    assert draw_mask(face, TEMPLATE + np.float32(shift), STYLES[0]).shape == face.shape
