"""What makes a mask hard to read: heads turned, bent down or lying, cut off by the picture's edge,
in the dark, under hoods and behind goggles.

Laid over what `wear` and `camera_faults` do by the recipe `mask_v4`; nothing here changes a label.
Pictures are (H, W, 3) uint8 BGR, landmarks (5, 2) pixels.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from monitor.identity.drawn_masks import template_to_face
from monitor.records import FloatArray, Image
from monitor.training.drawing import fabric, occlude
from monitor.training.drawing.camera_faults import View

EYES_PX_MIN = 8.0  # between the eyes; on smaller faces nothing is drawn


def dress(image: Image, landmarks: FloatArray, rng: np.random.Generator) -> Image:
    """Now and then a hood, a low cap or goggles."""
    if float(np.hypot(*(landmarks[1] - landmarks[0]))) < EYES_PX_MIN:
        return image
    to_face = template_to_face(landmarks)
    pick = rng.random()
    if pick < 0.10:
        return occlude.hood(image, to_face, fabric.colour(rng), rng)
    if pick < 0.16:
        return occlude.cap(image, to_face, fabric.colour(rng), rng)
    if pick < 0.22:
        return occlude.goggles(image, to_face, fabric.colour(rng), rng)
    return image


def turn(view: View, rng: np.random.Generator) -> View:
    """Now and then a head that leans, lies, or looks so far aside that it is narrow."""
    if rng.random() < 0.12:
        view = replace(view, angle=float(rng.uniform(-50, 50)))
    elif rng.random() < 0.03:
        view = replace(view, angle=float(rng.choice([-90, 90]) + rng.normal(0, 12)))
    if rng.random() < 0.15:
        view = replace(view, narrow=float(rng.uniform(0.5, 0.85)))
    return view


def spoil(roi: Image, rng: np.random.Generator) -> Image:
    """Now and then seen from above, below or one side, cut off, or in the dark.

    Args:
        roi: (S, S, 3), as `camera_faults.crop` gives it.
    """
    if rng.random() < 0.15:
        roi = _tilt(roi, rng)
    if rng.random() < 0.10:
        roi = _cut(roi, rng)
    if rng.random() < 0.10:
        dark = roi * rng.uniform(0.1, 0.5) + rng.normal(0, rng.uniform(0, 5), roi.shape)
        roi = dark.clip(0, 255).astype(np.uint8)
    return roi


def _tilt(roi: Image, rng: np.random.Generator) -> Image:
    """Two corners of one side drawn together, as on a plane that leans away."""
    size = roi.shape[0]
    corners = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float32)
    moved = corners.copy()
    side = int(rng.integers(4))
    first, second = side, (side + 1) % 4
    inward = (corners[second] - corners[first]) * rng.uniform(0.05, 0.22)
    moved[first] += inward
    moved[second] -= inward
    matrix = cv2.getPerspectiveTransform(corners, moved)
    return cv2.warpPerspective(roi, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)  # type: ignore[return-value]


def _cut(roi: Image, rng: np.random.Generator) -> Image:
    """A picture that ends within the face: its last pixels are repeated, as `crop_square` does."""
    size = roi.shape[0]
    part = max(1, int(size * rng.uniform(0.08, 0.32)))
    pads = [(part, 0, 0, 0), (0, part, 0, 0), (0, 0, part, 0), (0, 0, 0, part)]
    top, bottom, left, right = pads[int(rng.integers(4))]
    kept = roi[top : size - bottom, left : size - right]
    return cv2.copyMakeBorder(kept, top, bottom, left, right, cv2.BORDER_REPLICATE)  # type: ignore[return-value]
