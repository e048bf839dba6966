"""The loss of a detector of YuNet's kind. Imports TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from monitor.training.detectors.targets import grid

# how much each part counts
_OBJECTNESS, _QUALITY, _BOX, _LANDMARKS = 1.0, 1.0, 3.0, 1.5


def detector_loss(
    output: Any, objectness: Any, cells: Any, boxes: Any, landmarks: Any
) -> dict[str, Any]:
    """The parts of the loss, each a scalar, over a batch.

    Args:
        output: (N, CELLS, 16) float32 of `network.from_onnx`.
        objectness: (N, CELLS) float32 in [0, 1].
        cells: (N, K) int32, the cells that tell of a face; -1: none.
        boxes: (N, K, 4) float32 xyxy px of those faces.
        landmarks: (N, K, 10) float32 px; NaN where nobody knows them.
    """
    corners, strides = (tf.constant(values) for values in grid())
    cross = tf.nn.sigmoid_cross_entropy_with_logits(labels=objectness, logits=output[..., 1])
    where = tf.cast(tf.where(cells >= 0), tf.int32)  # (P, 2): scene, place in the list
    cell = tf.gather_nd(cells, where)
    chosen = tf.gather_nd(output, tf.stack([where[:, 0], cell], axis=1))  # (P, 16)
    count = tf.maximum(tf.cast(tf.shape(where)[0], tf.float32), 1.0)
    corner, stride = tf.gather(corners, cell), tf.gather(strides, cell)[:, None]
    centre = corner + chosen[:, 2:4] * stride
    half = tf.exp(tf.minimum(chosen[:, 4:6], 6.0)) * stride / 2
    truth = tf.gather_nd(boxes, where)
    iou, distant = _overlap(tf.concat([centre - half, centre + half], axis=1), truth)
    quality = tf.nn.sigmoid_cross_entropy_with_logits(
        labels=tf.stop_gradient(tf.clip_by_value(iou, 0.0, 1.0)), logits=chosen[:, 0]
    )
    marks = tf.gather_nd(landmarks, where)
    known = tf.math.is_finite(marks)
    size = tf.reduce_max(truth[:, 2:] - truth[:, :2], axis=1, keepdims=True)
    told = chosen[:, 6:] * stride + tf.tile(corner, [1, 5])
    off = tf.where(known, told - tf.where(known, marks, 0.0), 0.0) / tf.maximum(size, 1.0)
    return {
        "objectness": _OBJECTNESS * tf.reduce_sum(cross) / count,
        "quality": _QUALITY * tf.reduce_sum(quality) / count,
        "box": _BOX * tf.reduce_sum(1 - iou + distant) / count,
        "landmarks": _LANDMARKS * tf.reduce_sum(_smooth(off)) / count,
    }


def _overlap(a: Any, b: Any) -> tuple[Any, Any]:
    """IoU of pairs of boxes, and how far apart they are against the box round both (DIoU)."""
    low, high = tf.maximum(a[:, :2], b[:, :2]), tf.minimum(a[:, 2:], b[:, 2:])
    common = tf.reduce_prod(tf.maximum(high - low, 0.0), axis=1)
    area = tf.reduce_prod(a[:, 2:] - a[:, :2], axis=1) + tf.reduce_prod(b[:, 2:] - b[:, :2], axis=1)
    round_both = tf.maximum(a[:, 2:], b[:, 2:]) - tf.minimum(a[:, :2], b[:, :2])
    apart = (a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) / 2
    distance = tf.reduce_sum(apart**2, axis=1) / (tf.reduce_sum(round_both**2, axis=1) + 1e-6)
    return common / (area - common + 1e-6), distance


def _smooth(off: Any, beta: float = 0.02) -> Any:
    """Squared near nought, else the distance: 2 % of the face is where it turns."""
    far = tf.abs(off)
    return tf.where(far < beta, off**2 / (2 * beta), far - beta / 2)
