"""What the mask classifier sees of a face: the same code in training and in the program."""

from __future__ import annotations

import cv2
import numpy as np

from monitor.faces.boxes import as_boxes, crop_square
from monitor.records import FloatArray, Image


def scale(rois_rgb: Image) -> FloatArray:
    """uint8 RGB 0..255 to float32 -1..1, the range that MobileNetV2 was trained in
    (arXiv:1801.04381).
    """
    return rois_rgb.astype(np.float32) * np.float32(1 / 127.5) - np.float32(1)


def face_batch(image_bgr: Image, boxes: FloatArray, size: int, margin: float) -> FloatArray:
    """All ROIs of a frame as one batch.

    Args:
        image_bgr: (H, W, 3) uint8 BGR.
        boxes: (N, 4) xyxy in pixels of the image; N may be 0.
        size: Side of the network's input in pixels.
        margin: See `boxes.crop_square`; the model's card has it.

    Returns:
        (N, size, size, 3) float32 RGB in -1..1, NHWC.
    """
    boxes = as_boxes(boxes)
    rois = np.empty((len(boxes), size, size, 3), np.uint8)
    for i, xyxy in enumerate(boxes):
        cv2.cvtColor(crop_square(image_bgr, xyxy, margin, size), cv2.COLOR_BGR2RGB, dst=rois[i])
    return scale(rois)
