"""Draws a mask on a bare face by its landmarks, so that a person who was enrolled bare is also
known masked.

The outline is a polygon in the frame of the standard template (`monitor.faces.align.TEMPLATE`),
laid on the face by an affine map. Real masks look different from drawn ones: an embedding of a
drawn mask helps, one of a real mask helps more.

The training draws masks of its own (`monitor.training.drawing.wear`) by the same map from the
template to the face; what they look like differs on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from monitor.faces.align import TEMPLATE
from monitor.records import FloatArray, Image


@dataclass(frozen=True, slots=True)
class MaskStyle:
    """How a mask looks. Places are in pixels of the template (eyes at y 52, nose tip 72, mouth 92,
    chin about 116).
    """

    name: str
    colour_bgr: tuple[int, int, int]
    top: float  # upper edge over the nose
    cheek: float  # upper edge at the cheeks
    half_width: float
    peak: float  # how much the middle stands out: 0 flat, 1 a beak
    pleats: int
    straps: bool


STYLES = (
    MaskStyle("surgical blue", (205, 175, 130), 60, 68, 45, 0.25, 3, True),
    MaskStyle("surgical white", (238, 236, 232), 57, 66, 44, 0.25, 3, True),
    MaskStyle("respirator", (228, 230, 230), 55, 72, 43, 1.0, 0, True),
    MaskStyle("black cloth", (38, 36, 36), 62, 70, 46, 0.6, 0, False),
    MaskStyle("grey cloth", (132, 128, 124), 58, 66, 47, 0.5, 0, False),
    MaskStyle("surgical green", (160, 190, 120), 64, 70, 45, 0.25, 3, True),
)


def draw_mask(image_bgr: Image, landmarks: FloatArray, style: MaskStyle) -> Image:
    """The face with a mask over nose, mouth and chin.

    Args:
        image_bgr: (H, W, 3) uint8 BGR, only read.
        landmarks: (5, 2) pixels of the image: right eye, left eye, nose, right and left mouth
            corner.
        style: One of `STYLES`, or another.

    Returns:
        A new picture of the same shape.
    """
    to_face = template_to_face(landmarks)
    points = place(_outline(style), to_face, landmarks)
    scale = float(np.sqrt(abs(np.linalg.det(to_face[:, :2]))))
    result = image_bgr.copy()
    if style.straps:
        _straps(result, points, to_face, style, scale)
    alpha = cv2.GaussianBlur(filled(points, image_bgr.shape), (0, 0), max(0.4, 0.6 * scale))
    cloth = _cloth(image_bgr, to_face, landmarks, style, scale)
    part = alpha.astype(np.float32)[..., None] / 255
    return (result + (cloth - result) * part + 0.5).clip(0, 255).astype(np.uint8)


def template_to_face(landmarks: FloatArray) -> FloatArray:
    """(2, 3) affine map from the template to the picture that the landmarks (5, 2) lie in, by least
    squares.
    """
    # The nose moves most when the head turns: it counts less.
    weight = np.array([1, 1, 0.35, 1, 1], np.float32)[:, None]
    known = np.hstack([TEMPLATE, np.ones((5, 1), np.float32)])
    solution = np.linalg.lstsq(
        known * weight, np.asarray(landmarks, np.float32) * weight, rcond=None
    )[0]
    return solution.T.astype(np.float32)  # type: ignore[no-any-return]


def on_picture(points: FloatArray, to_face: FloatArray) -> FloatArray:
    """(K, 2) points of the template in pixels of the picture."""
    return (points @ to_face[:, :2].T + to_face[:, 2]).astype(np.float32)


def place(outline: FloatArray, to_face: FloatArray, landmarks: FloatArray) -> FloatArray:
    """As `on_picture`, but the middle line goes with the nose of the landmarks (5, 2)."""
    residual = landmarks[2] - (to_face[:, :2] @ TEMPLATE[2] + to_face[:, 2])
    middle = np.exp(-(((outline[:, 0] - 56) / 22) ** 2))[:, None]
    placed: FloatArray = on_picture(outline, to_face) + 0.8 * middle * residual
    return placed.astype(np.float32)


def filled(points: FloatArray, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """(H, W) uint8, 255 within the polygon of (K, 2) pixels; `shape` begins with H and W."""
    alpha = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(alpha, [_fixed(points)], 255, cv2.LINE_AA, 4)
    return alpha


def _outline(style: MaskStyle) -> FloatArray:
    """(K, 2) template pixels, from the bridge of the nose round by the left cheek and the chin."""
    w, top, cheek = style.half_width, style.top, style.cheek
    right_half = [
        (0.0, top),
        (0.18 * w, top + 1),
        (0.4 * w, top + 0.45 * (cheek - top)),
        (0.75 * w, cheek),
        (w, cheek + 2),
        (0.97 * w, 88.0),
        (0.8 * w, 103.0),
        (0.5 * w, 114.0),
        (0.22 * w, 118.5),
    ]
    left_half = [(-x, y) for x, y in right_half[:0:-1]]
    return np.array([*right_half, (0.0, 120.0), *left_half], np.float32) + np.array(
        [56, 0], np.float32
    )


def _cloth(
    image: Image, to_face: FloatArray, landmarks: FloatArray, style: MaskStyle, scale: float
) -> npt.NDArray[np.float32]:
    """(H, W, 3) float32: the mask's colour under the light that falls on the face, with pleats and
    folds.
    """
    height, width = image.shape[:2]
    # The light: the picture's own brightness, so soft that lips and nostrils do not show through.
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    light = cv2.GaussianBlur(grey, (0, 0), max(1.0, 14 * scale))
    eyes = (
        np.asarray(landmarks[:2]).mean(axis=0).round().astype(int).clip(0, [width - 1, height - 1])
    )
    level = float(light[eyes[1], eyes[0]]) + 30
    shade = ((light + 30) / level).clip(0.65, 1.3) * np.clip((level / 150) ** 0.6, 0.5, 1.2)
    # The form: darker to the sides and below, as a mask curves away. Template coordinates of every
    # pixel.
    back = cv2.invertAffineTransform(to_face.astype(np.float64)).astype(np.float32)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    across = (back[0, 0] * xs + back[0, 1] * ys + back[0, 2] - 56) / style.half_width
    down = (back[1, 0] * xs + back[1, 1] * ys + back[1, 2] - style.top) / (120 - style.top)
    form = 1 - 0.22 * across.clip(-1, 1) ** 2 - 0.12 * (down.clip(0, 1) - 0.4) ** 2
    form -= 0.10 * style.peak * (np.abs(across) - 0.15).clip(0, 0.5)
    if style.pleats:
        form -= (
            0.07
            * np.exp(-((((down * (style.pleats + 1)) % 1 - 0.5) / 0.08) ** 2))
            * ((down > 0.2) & (down < 0.85))
        )
    cloth: npt.NDArray[np.float32] = (shade * form)[..., None] * np.array(
        style.colour_bgr, np.float32
    )
    return cloth.clip(0, 255)


def _straps(
    image: Image, points: FloatArray, to_face: FloatArray, style: MaskStyle, scale: float
) -> None:
    ears = on_picture(np.array([[108, 60], [4, 60]], np.float32), to_face)
    colour = tuple(int(min(255, c + 20)) for c in style.colour_bgr)
    count = len(points)
    for ear, ends in ((ears[0], (4, 6)), (ears[1], (count - 4, count - 6))):
        for end in ends:
            line = _fixed(np.stack([points[end], ear]))
            cv2.polylines(image, [line], False, colour, max(1, round(1.2 * scale)), cv2.LINE_AA, 4)


def _fixed(points: FloatArray) -> npt.NDArray[np.int32]:
    """Sixteenths of a pixel, for OpenCV's `shift`; far-off points are cut so that they cannot
    overflow.
    """
    return np.round(points.clip(-20000, 20000) * 16).astype(np.int32)
