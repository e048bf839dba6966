"""Bounding boxes: xyxy (x_min, y_min, x_max, y_max) in pixels, max exclusive."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from monitor.records import FloatArray, Image

NO_BOXES: FloatArray = np.empty((0, 4), np.float32)
NO_BOXES.setflags(write=False)


def as_boxes(boxes: npt.ArrayLike) -> FloatArray:
    """`boxes` as (N, 4) float32; anything empty (also the `()` of `detectMultiScale`) becomes (0,
    4).

    Raises:
        ValueError: If the shape is neither empty nor (N, 4).
    """
    array = np.asarray(boxes, np.float32)
    if array.size == 0:
        return np.empty((0, 4), np.float32)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"boxes must be (N, 4), not {array.shape}")
    return array


def xywh_to_xyxy(xywh: npt.ArrayLike) -> FloatArray:
    """(N, 4) boxes as x, y, width, height to xyxy."""
    boxes = as_boxes(xywh).copy()
    boxes[:, 2:] += boxes[:, :2]
    return boxes


def clip(boxes: FloatArray, size_wh: tuple[int, int]) -> FloatArray:
    """Boxes cut to a picture of `size_wh` (width, height) pixels; a box wholly outside ends with no
    area.
    """
    width, height = size_wh
    return as_boxes(boxes).clip(0, np.array([width, height, width, height], np.float32))


def longer_side(boxes: FloatArray) -> FloatArray:
    """(N,) longer side of each box in pixels."""
    boxes = as_boxes(boxes)
    longest: FloatArray = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0.0)
    return longest


def iou_matrix(a: FloatArray, b: FloatArray) -> FloatArray:
    """Pairwise intersection over union.

    Args:
        a: Boxes, (N, 4) float32, xyxy in pixels.
        b: Boxes, (M, 4), same form.

    Returns:
        (N, M) float32 in [0, 1]; 0 where either box has no area.

    Raises:
        ValueError: If either array is not (_, 4).
    """
    a, b = as_boxes(a), as_boxes(b)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    overlap = (high - low).clip(0).prod(axis=2)
    area_a = (a[:, 2:] - a[:, :2]).clip(0).prod(axis=1)
    area_b = (b[:, 2:] - b[:, :2]).clip(0).prod(axis=1)
    union = area_a[:, None] + area_b[None, :] - overlap
    iou: FloatArray = np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)
    return iou


def nms(boxes: FloatArray, confidence: FloatArray, iou_max: float) -> npt.NDArray[np.intp]:
    """Greedy non-maximum suppression: the indices that stay, most confident first."""
    order = np.argsort(-confidence, kind="stable")
    iou = iou_matrix(boxes[order], boxes[order])
    kept: list[int] = []
    suppressed = np.zeros(len(order), bool)
    for i in range(len(order)):
        if not suppressed[i]:
            kept.append(i)
            suppressed |= iou[i] > iou_max
    return order[kept]


def crop_square(image: Image, xyxy: FloatArray, margin: float, size: int) -> Image:
    """The square round a box, resized.

    Args:
        image: (H, W, 3) uint8.
        xyxy: One box, (4,), pixels of `image`; may reach over its edges.
        margin: How much is added to the longer side, as a part of it (0.25: a quarter in all, an
            eighth each side).
        size: Side of the result in pixels.

    Returns:
        (size, size, 3) uint8 in the colour order of `image`. Where the square leaves the picture
        the edge pixels are repeated.
    """
    height, width = image.shape[:2]
    x0, y0, x1, y1 = (float(v) for v in xyxy)
    half = max(x1 - x0, y1 - y0, 1.0) * (1 + margin) / 2
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    left, top = round(cx - half), round(cy - half)
    side = max(1, round(2 * half))
    right, bottom = left + side, top + side
    # A square wholly outside still yields its nearest row or column of pixels instead of an empty
    # array.
    in_left, in_top = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    in_right, in_bottom = max(min(right, width), in_left + 1), max(min(bottom, height), in_top + 1)
    roi = image[in_top:in_bottom, in_left:in_right]
    pad = (
        max(0, in_top - top),
        max(0, bottom - in_bottom),
        max(0, in_left - left),
        max(0, right - in_right),
    )
    if any(pad):
        roi = cv2.copyMakeBorder(roi, *pad, cv2.BORDER_REPLICATE)  # type: ignore[assignment]
    shrinks = roi.shape[0] > size
    return cv2.resize(
        roi, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )  # type: ignore[return-value]
