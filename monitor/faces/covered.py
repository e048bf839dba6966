"""Whether the lower half of a face is behind something: a counter, a desk, a back rest, a shoulder.

The classifier calls such faces masked, and is sure of it: 147 of the 165 bare faces of ilc2021 and
andrewmvd_hd that were found behind a painted cover. What tells a cover from a mask is that it goes
on beside the face: a straight edge runs through the face and on to both sides, and below it the
face looks like what is beside it. Of all painted covers that were called masked or incorrect, so
told were plain, shaded and wooden counters 229 of 229, marble 66 of 78, shoulders 46 of 83,
cluttered shelves 28 of 78, monitors 4 of 79; and 1 of 160 faces that nothing covered.
"""

from __future__ import annotations

import cv2
import numpy as np

from monitor.faces.boxes import crop_square, longer_side
from monitor.faces.classify import STATES
from monitor.faces.quality import mouth_in_picture
from monitor.records import FloatArray, Image, MaskState

_SIDE, _MARGIN = 64, 1.6  # px of the crop, and what is added to the face (see `crop_square`)
_SLOPES = np.tan(np.radians(np.arange(-8, 9, 4))).astype(np.float32)  # of the edge
# The edge lies between these parts of the way from the eyes to the mouth.
_FROM, _TO = 0.15, 1.1
# Columns, in widths of the face off its middle: inside of it, and to each side.
_INSIDE, _BESIDE = 0.42, (0.6, 1.1)
_STEP = 10.0  # grey levels over the edge, in any colour
_EDGE_BESIDE, _EDGE_INSIDE = 0.95, 0.6  # of the columns have such a step
_ALIKE = 12.0  # grey levels between below the edge inside and beside, in each colour
_DEPTHS = (2, 3, 4, 5)  # px below the edge that are compared


def mouth_in_sight(
    image_bgr: Image, box: FloatArray, landmarks: FloatArray, answer: FloatArray
) -> bool:
    """Whether mouth and nose of a face can be in sight, so that its `answer`, (3,) in the order of
    `STATES`, is about a mask: not cut by the picture's edge, nor behind something else. What is
    called bare is not looked at for covers.
    """
    size_wh = image_bgr.shape[1], image_bgr.shape[0]
    if not mouth_in_picture(landmarks, size_wh):
        return False
    bare = STATES[int(answer.argmax())] is MaskState.UNMASKED
    return bare or not lower_face_covered(image_bgr, box, landmarks)


def lower_face_covered(image_bgr: Image, box: FloatArray, landmarks: FloatArray) -> bool:
    """Whether something that goes on to both sides covers a face between eyes and mouth.

    Args:
        image_bgr: (H, W, 3) uint8.
        box: (4,) xyxy, pixels.
        landmarks: (5, 2) pixels: right eye, left eye, nose, right and left mouth corner. Those of
            the covered part are where the detector expects them.

    Returns:
        False also where that cannot be told: landmarks that are no numbers, or too near an edge.
    """
    size = float(longer_side(box[None])[0])
    if size < 1 or not np.isfinite(landmarks).all():
        return False
    scale = _SIDE / (size * (1 + _MARGIN))
    points = (landmarks - (box[:2] + box[2:]) / 2) * scale + _SIDE / 2
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    middle, width = float(eyes[0] + points[2, 0]) / 2, float(box[2] - box[0]) * scale
    down = float(mouth[1] - eyes[1])
    columns = np.arange(_SIDE, dtype=np.float32)
    off = (columns - middle) / max(width, 1.0)
    inside = np.abs(off) < _INSIDE
    sides = [
        (way * off > _BESIDE[0]) & (way * off < _BESIDE[1]) & (columns > 0) & (columns < _SIDE - 1)
        for way in (-1, 1)
    ]
    if down < 2 or any(group.sum() < 3 for group in (inside, *sides)):
        return False
    thin = max(1, int(size * (1 + _MARGIN)) // (4 * _SIDE))  # a large face has pixels enough
    crop = crop_square(image_bgr[::thin, ::thin], box / np.float32(thin), _MARGIN, _SIDE)
    cv2.GaussianBlur(crop, (3, 3), 0.6, dst=crop)
    # (lines, columns): the row in which each line that may be the edge crosses each column
    starts = np.arange(eyes[1] + _FROM * down, eyes[1] + _TO * down, dtype=np.float32)
    rows = np.round(
        starts[None, :, None] + _SLOPES[:, None, None] * (columns - middle)[None, None]
    ).astype(np.intp)
    rows = rows.reshape(-1, _SIDE)
    step = (_steps(crop) > _STEP)[rows.clip(0, _SIDE - 1), np.arange(_SIDE)]
    groups = np.stack([inside, *sides], axis=1).astype(np.float32)
    shares = step.astype(np.float32) @ (groups / groups.sum(axis=0))
    edge = (shares >= (_EDGE_INSIDE, _EDGE_BESIDE, _EDGE_BESIDE)).all(axis=1)
    return any(_goes_on(crop, line, inside, sides) for line in rows[edge])


def _steps(crop: Image) -> FloatArray:
    """(H, W) how much two rows above and two below a pixel differ, in the colour that differs
    most.
    """
    rows = np.array([[-1, -1, 0, 1, 1]], np.float32).T / 2
    change = cv2.filter2D(crop, cv2.CV_32F, rows, borderType=cv2.BORDER_REPLICATE)
    steps: FloatArray = np.abs(change).max(axis=2)
    return steps


def _goes_on(
    crop: Image,
    line: np.ndarray[tuple[int], np.dtype[np.intp]],
    inside: np.ndarray[tuple[int], np.dtype[np.bool_]],
    sides: list[np.ndarray[tuple[int], np.dtype[np.bool_]]],
) -> bool:
    """Whether the face below a line looks like what is beside it."""
    columns = np.arange(_SIDE)
    depths = [crop[(line + depth).clip(0, _SIDE - 1), columns] for depth in _DEPTHS]
    below = np.stack(depths).astype(np.float32).mean(axis=0)
    face = below[inside].mean(axis=0)
    return all(float(np.abs(below[side].mean(axis=0) - face).max()) < _ALIKE for side in sides)
