"""How well one picture shows the face of who stands nearest: for somebody who tries a camera."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from monitor.doctor.examine import mean_grey
from monitor.doctor.judge import FACE_DARK, FACE_MIN_PX
from monitor.faces.boxes import longer_side
from monitor.records import FrameResult


class FaceLook(Enum):
    """What is to be said of it, the worst first."""

    TURNED = auto()  # the picture stands on its side or head
    NOBODY = auto()
    SMALL = auto()
    DARK = auto()
    UNDECIDED = auto()  # it is seen, and its state is not yet told
    GOOD = auto()


@dataclass(frozen=True, slots=True)
class FaceSeen:
    """The nearest face. Without one its size is 0."""

    look: FaceLook
    size_px: float = 0.0  # longer side
    grey: float = 0.0  # mean, 0 to 255


def look_at_face(result: FrameResult, unsure_px: float) -> FaceSeen:
    """Judge the largest face of a frame.

    Args:
        unsure_px: Below this size nobody is judged (`classify.unsure_face_px`).
    """
    if result.turn:
        return FaceSeen(FaceLook.TURNED)
    if not result.faces:
        return FaceSeen(FaceLook.NOBODY)
    sizes = longer_side(np.array([face.xyxy for face in result.faces]))
    nearest = int(np.argmax(sizes))
    face, size = result.faces[nearest], float(sizes[nearest])
    grey = mean_grey(result.frame.image, face.xyxy) or 0.0
    if size < max(FACE_MIN_PX, unsure_px):
        look = FaceLook.SMALL
    elif grey < FACE_DARK:
        look = FaceLook.DARK
    elif face.visit_id is None:
        look = FaceLook.UNDECIDED
    else:
        look = FaceLook.GOOD
    return FaceSeen(look, size, grey)
