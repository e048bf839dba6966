"""How well a face can be judged: its size, sharpness and turn."""

from __future__ import annotations

import cv2
import numpy as np

from monitor.config import ClassifyConfig
from monitor.faces.boxes import longer_side
from monitor.records import Detections, FloatArray

# Of the detector: hardly a voice, a full voice. Of the bare faces of andrewmvd and ilc2021 9 % were
# called masked where it is below 0.85, 3.4 % below 0.9, 1.1 % above.
WEIGHT_CONFIDENCE = (0.8, 0.9)
WEIGHT_MIN = 0.1
PROFILE_OFFSET, PROFILE_CONFIDENCE = 0.8, 0.8  # see `weak_profile`
MOUTH_ROOM = 0.25  # below the mouth, of the way from the eyes to it
FULL_WEIGHT_PX = 64.0  # faces this large, or larger, have a full voice in the vote


def sharpness(roi: FloatArray) -> float:
    """Variance of the Laplacian of a ROI (H, W, 3) float32 RGB in -1..1, in units of 8-bit grey
    levels squared.
    """
    grey = cv2.cvtColor(roi, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var()) * 127.5**2


def nose_offset(landmarks: FloatArray) -> float:
    """How far the nose is off the middle between the eyes, in eye distances: 0 from the front, over
    1 either way in profile; positive to the person's left.

    Args:
        landmarks: (5, 2) px: right eye, left eye, nose, right and left mouth corner.

    Returns:
        The offset; 10 where the eyes are in one place, or nowhere.
    """
    if not np.isfinite(landmarks).all():
        return 10.0
    right_eye, left_eye, nose = landmarks[:3]
    across = left_eye - right_eye
    distance = float(np.hypot(*across))
    if distance < 1e-3:
        return 10.0
    return float(np.dot(nose - (right_eye + left_eye) / 2, across)) / distance**2


def weak_profile(landmarks: FloatArray, confidence: float) -> bool:
    """Whether what was found looks like a head from the side, and not even surely: it may as well
    be the back of a head, or a hand.

    Of masked faces that are so, 6 of 32 were called something else in andrewmvd and ilc2021 (of
    those from the front 1 %); 1.4 % of all faces are so.
    """
    return confidence < PROFILE_CONFIDENCE and abs(nose_offset(landmarks)) > PROFILE_OFFSET


def mouth_in_picture(landmarks: FloatArray, size_wh: tuple[int, int]) -> bool:
    """False where the picture's edge cuts a face above the mouth, by landmarks (5, 2) px, which the
    detector also gives beyond the edge; and where they are no numbers. Of a face that is cut below
    it puts the mouth just within the picture: lips need some room there.

    So told were 72 of 73 faces of ilc2021 and andrewmvd_hd that were cut between eyes and mouth
    (67 without that room), and 1 of the 224 whole ones, cut itself.
    """
    if not np.isfinite(landmarks).all():
        return False
    eyes, mouth = landmarks[:2].mean(axis=0), landmarks[3:].mean(axis=0)
    lips_y = mouth[1] + MOUTH_ROOM * abs(mouth[1] - eyes[1])
    return bool((mouth >= 0).all() and mouth[0] <= size_wh[0] and lips_y <= size_wh[1])


def can_be_judged(
    face_px: float, roi: FloatArray, landmarks: FloatArray | None, config: ClassifyConfig
) -> bool:
    """False for a face that is too small, too blurred or too side-on to say anything about its
    mask.
    """
    if face_px < config.unsure_face_px:
        return False
    if landmarks is not None and 0 < config.unsure_side_on < abs(nose_offset(landmarks)):
        return False
    return config.unsure_sharpness <= 0 or sharpness(roi) >= config.unsure_sharpness


def weight(face_px: float, confidence: float) -> float:
    """A face's voice in its track's vote, in (0, 1]: large faces that the detector is sure of count
    more.

    A head that turns away is found with less and less confidence, and says less and less of its
    mask.
    """
    low, high = WEIGHT_CONFIDENCE
    sure = min(1.0, max(WEIGHT_MIN, (confidence - low) / (high - low)))
    return sure * min(1.0, face_px / FULL_WEIGHT_PX)


def weights(found: Detections) -> list[float]:
    """The weight of each detection in the votes."""
    return [
        weight(float(size), float(confidence))
        for size, confidence in zip(longer_side(found.boxes), found.confidence, strict=True)
    ]
