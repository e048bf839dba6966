"""What is known of the faces of a picture: those that its set annotates, today's YuNet's and
CenterFace's, put together. Boxes are brought to where YuNet puts its own.

A face is one that is annotated, or that both detectors find. Where only one of them finds something
nothing new is taught, as it may be a face that nobody annotated. What YuNet alone finds weakly in
a picture that is annotated is none: mostly hands and the backs of heads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitor.records import Detections, FloatArray
from monitor.training.pictures.matching import match_boxes

FACE, UNSURE = 1.0, 0.0
# of annotated faces below this nothing new is taught, px of the set's picture
SMALL_PX = 14.0
# how sure a detector must be alone for the place to be doubtful
ALONE_YUNET, ALONE_CENTERFACE = 0.5, 0.3
ALONE_UNANNOTATED = 0.2  # YuNet's, in a picture that nobody annotated
TRUSTED = 0.4  # how sure YuNet must be for its box and landmarks to be taken over


@dataclass(frozen=True, eq=False)
class Known:
    """Faces of one picture, in its pixels."""

    boxes: FloatArray  # (N, 4) xyxy
    landmarks: FloatArray  # (N, 5, 2); NaN where nobody knows them
    sure: npt.NDArray[np.bool_]  # (N,) False: doubtful, too small or cut off


def shift_to(hand: FloatArray, own: FloatArray) -> FloatArray:
    """How boxes drawn by hand lie against a detector's of the same faces, (4,): the median move of
    the centre in parts of the hand's width and height, and of the logarithms of both.
    """
    size = hand[:, 2:] - hand[:, :2]
    move = (own[:, :2] + own[:, 2:] - hand[:, :2] - hand[:, 2:]) / 2 / size
    growth = np.log((own[:, 2:] - own[:, :2]) / size)
    return np.median(np.hstack([move, growth]), axis=0).astype(np.float32)  # type: ignore[no-any-return]


def shifted(boxes: FloatArray, shift: FloatArray) -> FloatArray:
    """Boxes moved by what `shift_to` gave."""
    size = boxes[:, 2:] - boxes[:, :2]
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 + size * shift[:2]
    half = size * np.exp(shift[2:]) / 2
    return np.hstack([centre - half, centre + half]).astype(np.float32)


def agree(annotated: FloatArray | None, yunet: Detections, centerface: Detections) -> Known:
    """Put together what is known of one picture; all boxes in YuNet's manner. `annotated`: (N, 4),
    or None where nobody looked.
    """
    alone_yunet = ALONE_UNANNOTATED if annotated is None else ALONE_YUNET
    annotated = np.empty((0, 4), np.float32) if annotated is None else annotated
    boxes, landmarks, sure = [], [], []

    def add(box: FloatArray, points: FloatArray | None, is_face: bool) -> None:
        boxes.append(box)
        landmarks.append(np.full((5, 2), np.nan, np.float32) if points is None else points)
        sure.append(is_face)

    assert yunet.landmarks is not None
    assert centerface.landmarks is not None
    by_yunet = match_boxes(annotated, yunet.boxes)
    by_other = match_boxes(annotated, centerface.boxes)
    for box, mine, other in zip(annotated, by_yunet, by_other, strict=True):
        if mine >= 0 and yunet.confidence[mine] >= TRUSTED:
            add(yunet.boxes[mine], yunet.landmarks[mine], True)
        elif other >= 0:
            add(centerface.boxes[other], centerface.landmarks[other], True)
        else:
            add(box, None, bool(max(box[2:] - box[:2]) >= SMALL_PX))
    both = match_boxes(yunet.boxes, centerface.boxes)
    for row, other in enumerate(both):
        if row in by_yunet or (other >= 0 and other in by_other):
            continue
        agreed = other >= 0 and max(yunet.confidence[row], centerface.confidence[other]) >= TRUSTED
        if agreed or yunet.confidence[row] >= alone_yunet:
            add(yunet.boxes[row], yunet.landmarks[row], bool(agreed))
    for row, confidence in enumerate(centerface.confidence):
        if row not in by_other and row not in both and confidence >= ALONE_CENTERFACE:
            add(centerface.boxes[row], None, False)
    return Known(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(landmarks, np.float32).reshape(-1, 5, 2),
        np.array(sure, bool),
    )
