"""Faces laid on the standard template: what the embedding network sees, in training and in the
program.

The five landmarks are brought to their places in a 112 x 112 picture by the similarity (turn, one
scale, shift) that fits them best (Umeyama, IEEE PAMI 13(4), 1991); the template is the one of
ArcFace (Deng et al., arXiv:1801.07698), which SFace was trained with too.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from monitor.faces.boxes import as_boxes
from monitor.records import FloatArray, Image

SIZE = 112  # px, side of an aligned face
# Right eye, left eye, nose, right and left mouth corner: the person's right, which lies on the left
# of the picture.
TEMPLATE: FloatArray = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ],
    np.float32,
)
TEMPLATE.setflags(write=False)
# Where YuNet's box lies on an aligned face: the median of 10,000 faces. Used where there are no
# landmarks.
TEMPLATE_BOX = (15.2, 14.3, 98.2, 116.0)
# Landmarks so wild that the eyes end up this far (px) from their places are no landmarks.
_MISFIT_MAX_PX = 25.0


def similarity(landmarks: FloatArray) -> FloatArray:
    """The similarities that bring landmarks to the template with the least squared error.

    Args:
        landmarks: (N, 5, 2) float32, pixels of a picture, in the order of `TEMPLATE`.

    Returns:
        (N, 2, 3) float32 for `cv2.warpAffine`; NaN where all five points are one.

    Raises:
        ValueError: If the shape is not (N, 5, 2).
    """
    landmarks = np.asarray(landmarks, np.float32)
    if landmarks.ndim != 3 or landmarks.shape[1:] != (5, 2):
        raise ValueError(f"landmarks must be (N, 5, 2), not {landmarks.shape}")
    # In complex numbers a turn with a scale is one factor a, so that Umeyama's solution is a plain
    # regression.
    points = landmarks[..., 0].astype(np.float64) + 1j * landmarks[..., 1]
    wanted = TEMPLATE[:, 0].astype(np.float64) + 1j * TEMPLATE[:, 1]
    middle = points.mean(axis=1, keepdims=True)
    spread = points - middle
    power = (np.abs(spread) ** 2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        a = (spread.conj() * (wanted - wanted.mean())).sum(axis=1) / np.where(
            power > 1e-6, power, np.nan
        )
    b = wanted.mean() - a * middle[:, 0]
    rows = [np.stack([a.real, -a.imag, b.real], axis=1), np.stack([a.imag, a.real, b.imag], axis=1)]
    return np.stack(rows, axis=1).astype(np.float32)


def from_boxes(boxes: FloatArray) -> FloatArray:
    """The same from boxes alone: upright, scaled and shifted so that the box comes where a face's
    box lies.

    Args:
        boxes: (N, 4) xyxy in pixels.

    Returns:
        (N, 2, 3) float32.
    """
    boxes = as_boxes(boxes)
    x0, y0, x1, y1 = TEMPLATE_BOX
    sides = (boxes[:, 2:] - boxes[:, :2]).clip(1)
    scale = np.sqrt((x1 - x0) * (y1 - y0) / sides.prod(axis=1))
    shift = (
        np.array([(x0 + x1) / 2, (y0 + y1) / 2])
        - (boxes[:, :2] + boxes[:, 2:]) / 2 * scale[:, None]
    )
    matrices = np.zeros((len(boxes), 2, 3), np.float32)
    matrices[:, 0, 0] = matrices[:, 1, 1] = scale
    matrices[:, :, 2] = shift
    return matrices


def matrices(boxes: FloatArray, landmarks: FloatArray | None) -> FloatArray:
    """How each face is brought to the template: by its landmarks where they are given and can be
    those of a face.

    Args:
        boxes: (N, 4) xyxy in pixels.
        landmarks: (N, 5, 2) in pixels, or None.

    Returns:
        (N, 2, 3) float32, finite.

    Raises:
        ValueError: If boxes and landmarks differ in number or are of another shape.
    """
    boxes = as_boxes(boxes)
    result = from_boxes(boxes)
    if landmarks is None or len(boxes) == 0:
        return result
    if len(landmarks) != len(boxes):
        raise ValueError(f"{len(boxes)} boxes but {len(landmarks)} sets of landmarks")
    fitted = similarity(landmarks)
    placed = apply(fitted, np.asarray(landmarks, np.float32))
    misfit = np.linalg.norm(placed[:, :2] - TEMPLATE[:2], axis=2).max(axis=1)
    good = np.isfinite(fitted).all(axis=(1, 2)) & (misfit < _MISFIT_MAX_PX)
    result[good] = fitted[good]
    return result


def apply(transforms: FloatArray, points: FloatArray) -> FloatArray:
    """(N, 2, 3) transforms on (N, K, 2) points."""
    moved: FloatArray = points @ transforms[:, :, :2].transpose(0, 2, 1) + transforms[:, None, :, 2]
    return moved


def align(image: Image, boxes: FloatArray, landmarks: FloatArray | None) -> Image:
    """The faces of one picture on the template.

    Args:
        image: (H, W, 3) uint8; only read.
        boxes: (N, 4) xyxy in pixels of the image; N may be 0.
        landmarks: (N, 5, 2) in pixels of the image, or None: the boxes are used.

    Returns:
        (N, 112, 112, 3) uint8 in the colour order of `image`; black where a face reaches out of the
        picture.
    """
    transforms = matrices(boxes, landmarks)
    faces: npt.NDArray[np.uint8] = np.empty((len(transforms), SIZE, SIZE, 3), np.uint8)
    for face, transform in zip(faces, transforms, strict=True):
        scale = float(np.hypot(*transform[:, 0]))
        source, matrix = image, transform.astype(np.float64)
        if scale < 0.5:  # a large face: bilinear sampling alone would skip pixels
            source, matrix = _shrunk(image, matrix, scale)
        cv2.warpAffine(source, matrix, (SIZE, SIZE), dst=face, flags=cv2.INTER_LINEAR)
    return faces


def _shrunk(
    image: Image, matrix: npt.NDArray[np.float64], scale: float
) -> tuple[Image, npt.NDArray[np.float64]]:
    """The part of the picture that the face lies in, halved in size until no pixel is skipped, and
    its own matrix.
    """
    inverse = cv2.invertAffineTransform(matrix)
    corners = (
        np.array([[0, 0], [SIZE, 0], [0, SIZE], [SIZE, SIZE]], np.float64) @ inverse[:, :2].T
        + inverse[:, 2]
    )
    height, width = image.shape[:2]
    x0, y0 = np.floor(corners.min(axis=0) - 4).clip(0, [width - 1, height - 1]).astype(int)
    x1, y1 = np.ceil(corners.max(axis=0) + 4).clip([x0 + 1, y0 + 1], [width, height]).astype(int)
    factor = 2 * scale  # to twice the size that is wanted
    part = image[y0:y1, x0:x1]
    small_wh = max(1, round((x1 - x0) * factor)), max(1, round((y1 - y0) * factor))
    small = cv2.resize(part, small_wh, interpolation=cv2.INTER_AREA)
    real = np.array([small_wh[0] / (x1 - x0), small_wh[1] / (y1 - y0)])
    # Pixel centres: x_small = (x - x0 + 0.5) * real - 0.5.
    to_part = np.diag([*(1 / real), 1.0])
    to_part[:2, 2] = np.array([x0, y0]) + 0.5 / real - 0.5
    return small, matrix @ to_part  # type: ignore[return-value]
