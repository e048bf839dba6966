"""Who has left the picture and comes back within some seconds is the same visit: by place and
clothing, which are kept in memory for those seconds alone. No embedding, nothing is stored.

Somebody at a desk bends down, leans out or is hidden by others for longer than a track is carried
on. In the clips of ../shared/data/videos clothing seen two seconds apart or more was alike by 0.82
to 1 (most of it by more than 0.9) where people stood near the camera; in a crowd in dark coats two
people are often as alike, so clothing alone says nothing: they must come back where they left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from monitor.analysis.tracked import TrackedPerson
from monitor.faces.boxes import longer_side
from monitor.records import FloatArray, Image

LOOK_EVERY_S = 1.0
LOOKS_MAX = 4  # the newest that are kept of somebody
AWAY_MAX = 16  # people
REACH = 1.0  # of the larger face: so far apart may leaving and coming back be
SIZE_RATIO_MAX = 1.7
ALIKE_MIN = 0.88  # of the clothing, and of the hair
# Parts of a person in sizes of the face's box, from its middle and its upper edge: x0, y0, x1, y1;
# and how much of it must be in the picture.
CLOTHING, HAIR = (-1.1, 1.2, 1.1, 2.5), (-0.7, -0.45, 0.7, 0.1)
CLOTHING_PART_MIN, HAIR_PART_MIN = 0.2, 0.3
CONTRAST_MIN = 2.0  # grey levels: a part that is all alike, as in a black picture, says nothing
_SIDE, _BINS = 32, (12, 4, 5)  # px of a part; hue, saturation, brightness
_SOFT = np.array([0.25, 0.5, 0.25], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """How somebody looks below and above the face: roots of histograms, of length 1."""

    clothing: FloatArray
    hair: FloatArray | None  # None: out of the picture


def looks(image_bgr: Image, box: FloatArray) -> Looks | None:
    """Of a face at (4,) xyxy pixels; None where the clothing is out of the picture, or cannot be
    told from anything.
    """
    clothing = _part(image_bgr, box, CLOTHING, CLOTHING_PART_MIN)
    if clothing is None or float(clothing[::2, ::2].std(axis=(0, 1)).max()) < CONTRAST_MIN:
        return None
    hair = _part(image_bgr, box, HAIR, HAIR_PART_MIN)
    return Looks(_histogram(clothing), _histogram(hair) if hair is not None else None)


def alike(a: Sequence[Looks], b: Looks) -> bool:
    """Whether one of some looks is like another (Bhattacharyya's coefficient)."""
    return any(
        float(one.clothing @ b.clothing) >= ALIKE_MIN
        and (one.hair is None or b.hair is None or float(one.hair @ b.hair) >= ALIKE_MIN)
        for one in a
    )


class Returns:
    """Those who have just left one camera's picture. The inference thread alone calls it.

    Args:
        return_s: Who comes back later is another visit; 0: everybody is.
    """

    def __init__(self, return_s: float) -> None:
        self._return_s = return_s
        self._away: deque[tuple[float, FloatArray, TrackedPerson]] = deque(maxlen=AWAY_MAX)

    def watch(self, t: float, image_bgr: Image, person: TrackedPerson, box: FloatArray) -> None:
        """Remember how somebody looks who is in the picture now, once a second."""
        if not self._return_s or t - person.looked_t < LOOK_EVERY_S:
            return
        person.looked_t = t
        seen = looks(image_bgr, box)
        if seen is not None:
            person.looks = (*person.looks, seen)[-LOOKS_MAX:]

    def left(self, t: float, box: FloatArray, person: TrackedPerson) -> None:
        """Somebody was last seen at time `t` (s), at `box`."""
        if self._return_s and person.looks:
            self._away.append((t, box, person))

    def fade(self, t: float) -> None:
        """Forget those who have been away for too long at time `t` (s)."""
        while self._away and t - self._away[0][0] > self._return_s:
            self._away.popleft()

    @property
    def people(self) -> list[TrackedPerson]:
        """Those who are away."""
        return [person for _, _, person in self._away]

    def back(self, t: float, image_bgr: Image, box: FloatArray) -> TrackedPerson | None:
        """Who it is that has come at time `t` (s) to `box`; None: somebody else."""
        self.fade(t)
        near = [one for one in self._away if _near(one[1], box)]
        seen = looks(image_bgr, box) if near else None
        if seen is None:
            return None
        for one in reversed(near):
            if alike(one[2].looks, seen):
                # not `remove`: it compares boxes where two have left at once
                others = (other for other in self._away if other is not one)
                self._away = deque(others, maxlen=AWAY_MAX)
                return one[2]
        return None


def _near(left: FloatArray, came: FloatArray) -> bool:
    sizes = longer_side(np.stack([left, came]))
    small, large = float(sizes.min()), float(sizes.max())
    apart = float(np.hypot(*((left[:2] + left[2:] - came[:2] - came[2:]) / 2)))
    return apart <= REACH * large and large <= SIZE_RATIO_MAX * max(small, 1.0)


def _part(
    image_bgr: Image, box: FloatArray, part: tuple[float, float, float, float], least: float
) -> Image | None:
    """A part of a person; None where less of it than the share `least` is in the picture."""
    height, width = image_bgr.shape[:2]
    face_w, face_h = (float(side) for side in box[2:] - box[:2])
    middle, top = float(box[0] + box[2]) / 2, float(box[1])
    x0, x1 = middle + part[0] * face_w, middle + part[2] * face_w
    y0, y1 = top + part[1] * face_h, top + part[3] * face_h
    whole = (x1 - x0) * (y1 - y0)
    x0, y0, x1, y1 = max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height))
    if x1 - x0 < 2 or y1 - y0 < 2 or (x1 - x0) * (y1 - y0) < least * whole:
        return None
    return image_bgr[int(y0) : int(y1), int(x0) : int(x1)]


def _histogram(part_bgr: Image) -> FloatArray:
    """Hue, saturation and brightness, each bin shared with its neighbours: light changes a little.

    Returns:
        (240,) of length 1, so that the product of two is Bhattacharyya's coefficient.
    """
    small = cv2.resize(part_bgr, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(small, cv2.COLOR_BGR2HSV)
    counts = cv2.calcHist([hsv], [0, 1, 2], None, list(_BINS), [0, 180, 0, 256, 0, 256])
    for axis, mode in ((0, "wrap"), (1, "edge"), (2, "edge")):
        around = [(1, 1) if k == axis else (0, 0) for k in range(3)]
        wide = np.moveaxis(np.pad(counts, around, mode=mode), axis, 0)  # type: ignore[call-overload]
        soft = _SOFT[0] * wide[:-2] + _SOFT[1] * wide[1:-1] + _SOFT[2] * wide[2:]
        counts = np.moveaxis(soft, 0, axis)
    flat = counts.ravel()
    root: FloatArray = np.sqrt(flat / flat.sum()).astype(np.float32)
    return root
