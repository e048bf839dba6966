"""Which detections are evidence of a person: a detector also finds ears, hands, scarves, coats of
arms and the backs of heads.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from monitor.faces.quality import PROFILE_CONFIDENCE, weak_profile
from monitor.records import Detections

Mask = npt.NDArray[np.bool_]  # (N,) one for each detection

# A detection this confident is sure of a face. Tracks of real people in the clips of
# ../shared/data/videos had four or more within ten searches; what was no face (a coat of arms, the
# back of a head, a shop's shelf), none.
SURE_CONFIDENCE = 0.78
# A box that lies by this part of its area on a larger face, whose confidence is above its own by
# this much and its own below that, is a part of that face: an ear, a scarf. Of 3,739 faces of
# andrewmvd and ilc2021, 23 are such boxes (10 of them confident enough to begin a track), and 75 of
# 737 boxes that are no whole face.
PART_OVERLAP = 0.15
PART_BELOW = 0.05
PART_CONFIDENCE_MAX = 0.85
PART_SIZE_MAX = 1.1  # its area, in areas of the face that it is a part of
# The neck belongs to the face, in its heights: there are gaiters, and masks that were pulled down.
# It makes two more of 2,107 faces parts, and six more of 676 other boxes.
NECK = 0.25


def parts(found: Detections) -> Mask:
    """Boxes that lie on a larger face, or its neck, and are weaker: they begin no track."""
    boxes, confidence = found.boxes, found.confidence
    part = np.zeros(len(found), bool)
    if len(found) < 2:
        return part
    whole = boxes.copy()
    whole[:, 3] += NECK * (boxes[:, 3] - boxes[:, 1])
    low = np.maximum(boxes[:, None, :2], whole[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], whole[None, :, 2:])
    shared = (high - low).clip(0).prod(axis=2)
    area = (boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1)
    on = shared > PART_OVERLAP * area[:, None]
    smaller = area[:, None] <= PART_SIZE_MAX * area[None, :]
    weaker = confidence[:, None] < confidence[None, :] - PART_BELOW
    part[:] = (on & smaller & weaker).any(axis=1) & (confidence < PART_CONFIDENCE_MAX)
    return part


def sure(found: Detections) -> Mask:
    """Detections that can only be a face: some of them are asked of a visit, and hold its state.
    A weak profile may as well be a hand: so are 6 of 1,781 confident faces of andrewmvd_hd and
    ilc2021, and 4 of 141 other confident boxes.

    The confidence of detectors without landmarks is on other scales: theirs is not asked.
    """
    certain: Mask = ~parts(found)
    if found.landmarks is not None:
        certain &= found.confidence >= SURE_CONFIDENCE
        for i in np.flatnonzero(certain & (found.confidence < PROFILE_CONFIDENCE)):
            certain[i] = not weak_profile(found.landmarks[i], float(found.confidence[i]))
    return certain
