"""Whether a camera hangs upside down, or on its side.

The detector finds faces that stand on their head, with less confidence, and puts eyes above mouths
all the same: landmarks tell nothing. So a face that it is not sure of is looked at once more,
turned by 180 degrees. Of the faces in andrewmvd and ilc2021 with a confidence of 0.7 to 0.9, 1 %
are found better so (7 of 659); of those in the same pictures turned, 68 % (319 of 471).

On its side a face is hardly found at all. So where nobody is surely found for a while and something
moves, the whole picture is searched the other three ways up, now and then. Of the clips of
../shared/data/videos, turned each way, that tells within ten seconds how they hang, and nothing of
them upright (tests/shared/test_turned.py).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from monitor.analysis.tracked import TrackedPerson
from monitor.camera.turn import Turn, turned_image
from monitor.detect import FaceDetector
from monitor.faces.boxes import crop_square, longer_side
from monitor.records import Detections, FloatArray, Image

TURN_MAX = 3  # faces that are looked at turned, in one frame
DOUBTED_BELOW = 0.9  # confidence; 6 % of the faces on their head that can begin a track have more
SMALLEST_PX = 32  # smaller ones were not measured
BETTER_BY = 0.05  # confidence
AGAIN_S = 0.5  # when a face that was found better turned is looked at again
CHECKS, TURNED_MIN = 5, 4  # of the camera's last checks, that many: the picture is upside down

WAYS = (90, 180, 270)  # clockwise, in which a picture that is not upright is tried
SURE = 0.9  # confidence of a face that stands upright
FOUND = 0.85  # confidence of a face that is found another way up
NOBODY_S = 1.0  # without a sure face before the other ways are tried
TRY_S, TRY_AGAIN_S = 1.5, 0.4  # between tries; and after a face was found another way up
SUSPECTED_S = 5.0  # how long that face is looked for again
MOVED_BY = 0.05  # sizes of the face: what does not move tells nothing twice (a picture on a wall)
CELLS = 32  # of a row of the picture, to tell whether anything moves
CELL_CHANGED, CHANGED_SHARE = 10, 0.01  # grey levels; of the cells

_SIDE, _MARGIN = 96, 1.0  # of the crop: px, and what is added to the face (see `crop_square`)


class Upright:
    """The last checks of one camera. The inference thread alone calls it."""

    def __init__(self) -> None:
        self._turned: deque[bool] = deque(maxlen=CHECKS)  # of faces, by 180 degrees
        self._ways: deque[int] = deque(maxlen=CHECKS)  # of pictures
        self._sure_t = self._tried_t = self._found_t = -1e9
        self._suspected = 0  # the way in which a face was found just now
        self._cells: Image | None = None  # of the picture that was tried last
        self._face: FloatArray | None = None  # (4,) that was found there another way up

    @property
    def upside_down(self) -> bool:
        return self.turn == 180

    @property
    def turn(self) -> int:
        """How far the picture has to be turned clockwise to stand upright, in degrees."""
        if sum(self._turned) >= TURNED_MIN:
            return 180
        return next((way for way in WAYS if self._ways.count(way) >= TURNED_MIN), 0)

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

    def ways(self, t: float, found: Detections, image_bgr: Image) -> tuple[int, ...]:
        """The ways in which the picture of time `t` (s) is to be searched as well; mostly none.

        Args:
            found: In the picture as it stands.
            image_bgr: The picture.
        """
        if t - self._found_t > SUSPECTED_S:
            self._suspected = 0
        suspected = self._suspected
        if found.landmarks is None or t - self._tried_t < (TRY_AGAIN_S if suspected else TRY_S):
            return ()
        if _best(found)[0] >= SURE:
            self._sure_t = self._tried_t = t
            self._suspected = 0
            self._ways.append(0)
            return ()
        if t - self._sure_t < NOBODY_S:
            return ()
        self._tried_t = t
        moves = self._moves(image_bgr)
        return (suspected,) if suspected else WAYS if moves else ()

    @property
    def doubtful(self) -> bool:
        """Whether nobody is to be judged: the picture is not upright, or may not be."""
        return bool(self.turn or self._suspected)

    @property
    def clear(self) -> bool:
        """Whether the last checks leave no reason to think that the picture is turned: one of them
        may have been wrong.
        """
        against = sum(self._turned) < 2 and sum(way != 0 for way in self._ways) < 2
        return against and not self.doubtful

    def _moves(self, image_bgr: Image) -> bool:
        """Whether the picture is another one than that which was tried last."""
        step = max(1, image_bgr.shape[1] // (4 * CELLS))
        green = np.ascontiguousarray(image_bgr[::step, ::step, 1])
        size_wh = (CELLS, max(1, CELLS * green.shape[0] // green.shape[1]))
        now: Image = cv2.resize(green, size_wh, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        before, self._cells = self._cells, now
        if before is None or before.shape != now.shape:
            return True
        return bool((cv2.absdiff(before, now) > CELL_CHANGED).mean() > CHANGED_SHARE)

    def take_ways(self, t: float, standing: Detections, tried: Mapping[int, Detections]) -> None:
        """Take in what was found in the picture of time `t` (s) as it stands, and in the ways in
        which it was tried.
        """
        way, confidence, face = 0, 0.0, None
        for one, found in tried.items():
            best, box = _best(found)
            if best > confidence:
                way, confidence, face = one, best, box
        if face is None or confidence < max(FOUND, _best(standing)[0] + BETTER_BY):
            return
        self._found_t, self._suspected = t, way
        before, self._face = self._face, face
        if before is not None and self._ways and self._ways[-1] == way:
            size = float((face[2:] - face[:2]).max())
            if float(np.abs(face - before).max()) < MOVED_BY * size:
                self._face = before
                return
        self._ways.append(way)


def _best(found: Detections) -> tuple[float, FloatArray | None]:
    """The surest face that is large enough: its confidence and its box; 0 for none."""
    large = longer_side(found.boxes) >= SMALLEST_PX
    if not large.any():
        return 0.0, None
    best = int(np.argmax(np.where(large, found.confidence, 0)))
    return float(found.confidence[best]), found.boxes[best]


def found_turned(
    detector: FaceDetector, image_bgr: Image, ways: Sequence[int]
) -> dict[int, Detections]:
    """What is found in a picture turned each of some ways, in pixels of the turned picture."""
    return {way: detector.detect(turned_image(image_bgr, Turn(way)), SMALLEST_PX) for way in ways}


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
