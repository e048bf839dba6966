"""Whether a camera hangs upside down.

The detector finds faces that stand on their head, with less confidence, and puts eyes above mouths
all the same: landmarks tell nothing. So a face that it is not sure of is looked at once more,
turned by 180 degrees. Of the faces in andrewmvd and ilc2021 with a confidence of 0.7 to 0.9, 1 %
are found better so (7 of 659); of those in the same pictures turned, 68 % (319 of 471).
"""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np

from monitor.analysis.tracked import TrackedPerson
from monitor.detect import FaceDetector
from monitor.faces.boxes import crop_square
from monitor.records import FloatArray, Image

TURN_MAX = 3  # faces that are looked at turned, in one frame
DOUBTED_BELOW = 0.9  # confidence; 6 % of the faces on their head that can begin a track have more
SMALLEST_PX = 32  # smaller ones were not measured
BETTER_BY = 0.05  # confidence
AGAIN_S = 0.5  # when a face that was found better turned is looked at again
CHECKS, TURNED_MIN = 5, 4  # of the camera's last checks, that many: the picture is upside down
_SIDE, _MARGIN = 96, 1.0  # of the crop: px, and what is added to the face (see `crop_square`)


class Upright:
    """The last checks of one camera. The inference thread alone calls it."""

    def __init__(self) -> None:
        self._turned: deque[bool] = deque(maxlen=CHECKS)

    @property
    def upside_down(self) -> bool:
        return sum(self._turned) >= TURNED_MIN

    def wants(self, person: TrackedPerson, face_px: float, t: float) -> bool:
        """Whether a face is to be looked at turned at time `t` (s): once where it is doubted, and
        again while it, or the camera, seems to be upside down.
        """
        if face_px < SMALLEST_PX:
            return False
        if person.on_its_head or self.upside_down:
            return t - person.turned_t >= AGAIN_S
        return person.turned_t < 0 and person.confidence < DOUBTED_BELOW

    def take(self, confidence: float, turned: float) -> bool:
        """Take in a face's confidence as it stands and turned.

        Returns:
            Whether the face stands on its head.
        """
        better = turned >= confidence + BETTER_BY
        self._turned.append(better)
        return better


def turned_confidence(detector: FaceDetector, image_bgr: Image, boxes: FloatArray) -> FloatArray:
    """(N,) confidence with which each face of (N, 4) `boxes` is found turned by 180 degrees; 0
    where none is.
    """
    confidence = np.zeros(len(boxes), np.float32)
    middle = _SIDE / 2
    for i, box in enumerate(boxes):
        crop = cv2.rotate(crop_square(image_bgr, box, _MARGIN, _SIDE), cv2.ROTATE_180)
        found = detector.detect(crop)  # type: ignore[arg-type]
        low, high = found.boxes[:, :2] < middle, found.boxes[:, 2:] > middle
        confidence[i] = found.confidence[low.all(axis=1) & high.all(axis=1)].max(initial=0)
    return confidence
