"""Whether what is followed is alive: a poster, a coat of arms, a face on a screen never move.

People who stand still sway, breathe and blink. So the mean picture of some seconds is compared
with those of the seconds before, at one place of the frame. A mean has little of the sensor's
noise and of a camera's trembling, and what is left is measured beside the face as well. Brightness
and contrast may change. In 1 s means of the clips of ../shared/data/videos the least change of a
living face was 0.18 of its contrast after a second and 0.19 after two, and within five seconds
each changed by 0.39 or more. Photographs with noise, H.264 compression, trembling and changing
light changed by 0.02 to 0.15 after eight seconds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from monitor.faces.boxes import crop_square, iou_matrix, longer_side
from monitor.records import FloatArray, Image

SAMPLE_EVERY_S = 0.2
WINDOW_S = 2.0  # of one mean: longer than a sway or a camera's trembling
SAMPLES_MIN = 4  # in a mean, also of a slow camera
CHANGE_MAX = 0.12  # of the face's contrast: what does not live changes by less
# times what has changed beside it, by whatever the camera adds; which is at most so much
NOISE_FACTOR, NOISE_MAX = 2.0, 3.0  # -, grey levels
MOVED_PART = 0.15  # of the face's size: a face that is found so far away has moved
MOVED_SEARCHES = 3  # so many times in a row
ALIVE_WINDOWS = 2  # so many means in a row that differ show that what was still lives
SAME_PLACE_IOU = 0.5
PLACES_MAX = 32  # a camera's, of what is not alive
# A camera's encoder sends quiet scenes without a change for some seconds, until its next key frame.
QUIET_S = 5.0
_FACE, _AROUND = 32, 3  # px of the face in a patch; the patch's side in faces
_SIDE, _BLOCK = _FACE * _AROUND, 16
_GRID = 64  # px a side: a look at the whole frame


def patch(image_bgr: Image, box: FloatArray) -> FloatArray:
    """(96, 96) float32 grey: a box, (4,) pixels, in the middle, and as much on each side of it."""
    # a large face is thinned out first: noise does not matter much there, time does
    thin = max(1, int(longer_side(box[None])[0]) // (2 * _FACE))
    crop = crop_square(image_bgr[::thin, ::thin], box / np.float32(thin), _AROUND - 1, _SIDE)
    grey: FloatArray = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY).astype(np.float32)
    return grey


def unlike(before: FloatArray, after: FloatArray, box: FloatArray) -> bool:
    """Whether the face in the middle of two patches, of one box, has changed by more than the
    camera's noise.
    """
    middle = _middle(box)
    changed, contrast = _change(before[middle].reshape(1, -1), after[middle].reshape(1, -1))
    beside = _change(_blocks(before), _blocks(after))[0]
    noise = min(float(np.quantile(beside, 0.25)), NOISE_MAX)
    limit = np.hypot(CHANGE_MAX * float(contrast[0]), NOISE_FACTOR * noise)
    return bool(changed[0] > limit)


def _middle(box: FloatArray) -> tuple[slice, slice]:
    width, height = box[2:] - box[:2]
    half = np.array([height, width]) * (_FACE / 2 / max(float(width), float(height), 1.0))
    low, high = np.floor(_SIDE / 2 - half).astype(int), np.ceil(_SIDE / 2 + half).astype(int)
    return slice(low[0], high[0]), slice(low[1], high[1])


def _blocks(whole: FloatArray) -> FloatArray:
    """(N, 256) the squares of a patch that lie beside the face."""
    n = _SIDE // _BLOCK
    squares = whole.reshape(n, _BLOCK, n, _BLOCK).swapaxes(1, 2)
    outer = np.ones((n, n), bool)
    outer[1:-1, 1:-1] = False
    return squares[outer].reshape(-1, _BLOCK * _BLOCK)


def _change(before: FloatArray, after: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How much rows of pixels have changed but for brightness and contrast, and their contrast:
    (N,) each, grey levels.
    """
    before = before - before.mean(axis=1, keepdims=True)
    after = after - after.mean(axis=1, keepdims=True)
    power = (before**2).sum(axis=1).clip(1e-6)
    gain = (before * after).sum(axis=1) / power
    left = after - gain[:, None] * before
    contrast = np.maximum(before.std(axis=1), after.std(axis=1))
    return np.sqrt((left**2).mean(axis=1)), contrast


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where something is that is like a face and does not live."""

    box: FloatArray  # (4,) pixels of the frame
    look: FloatArray  # its newest mean patch


class Stillness:
    """Follows one track. The inference thread alone calls it.

    Args:
        still_after_s: What has not moved for so long is not alive.
        place: Where the track has begun, if what is there is known not to be alive.
    """

    def __init__(self, still_after_s: float, place: Place | None = None) -> None:
        self._still_after_s = still_after_s
        self._box: FloatArray | None = place.box if place is not None else None
        self._sum = np.zeros((_SIDE, _SIDE), np.float32)
        self._samples = 0
        self._began_t = self._sampled_t = -1e9  # of the window; of the newest sample
        self._means: deque[tuple[float, FloatArray]] = deque()
        if place is not None:
            self._means.append((-1e9, place.look))
        self._moved = 0  # searches in a row that found it elsewhere
        self._alive = 0  # means in a row that differ from the one before
        self.still = place is not None

    @property
    def place(self) -> Place | None:
        """Where it is, once there is a mean of it."""
        if self._box is None or not self._means:
            return None
        return Place(self._box, self._means[-1][1])

    def look(self, t: float, image_bgr: Image, box: FloatArray) -> None:
        """Take in where it was found, (4,) pixels of `image_bgr`, at time `t` (s) of
        `Places.watch`; sets `still`.
        """
        if self._box is None:
            self._begin(t, box)
        assert self._box is not None
        self._moved = self._moved + 1 if _apart(self._box, box) > MOVED_PART else 0
        if self._moved and (not self.still or self._moved >= MOVED_SEARCHES):
            self._begin(t, box)
            self._sampled_t = t
        if self._moved or t - self._sampled_t < SAMPLE_EVERY_S:
            return
        if not self._samples:
            self._began_t = t
        self._sum += patch(image_bgr, self._box)
        self._samples += 1
        self._sampled_t = t
        if t - self._began_t >= WINDOW_S and self._samples >= SAMPLES_MIN:
            self._compare(t, self._sum / np.float32(self._samples))
            self._sum[:] = 0.0
            self._samples = 0

    def _begin(self, t: float, box: FloatArray) -> None:
        """It has moved: whatever was seen before is of another place."""
        self._box, self.still = box, False
        self._means.clear()
        self._sum[:] = 0.0
        self._samples = self._moved = self._alive = 0
        self._began_t = t

    def _compare(self, t: float, mean: FloatArray) -> None:
        """Take in the mean of the window that has ended at time `t` (s)."""
        assert self._box is not None
        box, began_t = self._box, self._began_t
        if self.still:
            differs = unlike(self._means[-1][1], mean, box)
            self._alive = self._alive + 1 if differs else 0
            self.still = self._alive < ALIVE_WINDOWS
            self._means.clear()
        elif any(unlike(before, mean, box) for _, before in self._means):
            self._means.clear()
        self._means.append((began_t, mean))
        self.still = self.still or t - self._means[0][0] >= self._still_after_s
        while len(self._means) > 1 and t - self._means[1][0] >= self._still_after_s:
            self._means.popleft()


class Places:
    """What one camera shows that is like a face and does not live, and whether its picture changes
    at all: one that does not says nothing, neither while it stands nor when it goes on. The
    inference thread alone calls it.
    """

    def __init__(self, still_after_s: float) -> None:
        self._quiet_s = min(QUIET_S, still_after_s / 2)
        self._places: deque[Place] = deque(maxlen=PLACES_MAX)
        self._last: Image | None = None
        self._changed_t = self._looked_t = self._t = -1e9
        self._frozen_s = 0.0

    def watch(self, t: float, image_bgr: Image) -> float:
        """Take in a frame, (H, W, 3) uint8, of time `t` (s); five a second are looked at.

        Returns:
            The time (s) by which stillness is told: it stands while the picture does.
        """
        since_s, self._t = t - self._t, t
        if t - self._looked_t >= SAMPLE_EVERY_S:
            self._looked_t = t
            rows, columns = (max(1, side // _GRID) for side in image_bgr.shape[:2])
            few = image_bgr[::rows, ::columns]
            if self._last is None or not np.array_equal(few, self._last):
                self._changed_t = t
            self._last = few.copy()
        if t - self._changed_t > self._quiet_s:
            self._frozen_s += since_s
        return t - self._frozen_s

    @property
    def any(self) -> bool:
        """Whether any place is known."""
        return bool(self._places)

    def remember(self, place: Place) -> None:
        """Whatever begins there again, and looks the same, is not alive."""
        same = [k for k in self._places if _same_place(k.box, place.box)]
        for known in same:
            self._places.remove(known)
        self._places.append(place)

    def known(self, image_bgr: Image, box: FloatArray) -> Place | None:
        """The place that a box, (4,) pixels, shows again; None where it shows something else."""
        for place in self._places:
            if _same_place(place.box, box) and not unlike(
                place.look, patch(image_bgr, place.box), place.box
            ):
                return place
        return None


def _same_place(a: FloatArray, b: FloatArray) -> bool:
    return float(iou_matrix(a[None], b[None])[0, 0]) >= SAME_PLACE_IOU


def _apart(a: FloatArray, b: FloatArray) -> float:
    """How far the middles of two boxes are from one another, or how much their sizes differ, in
    sizes of the first.
    """
    middles = np.abs((a[:2] + a[2:]) - (b[:2] + b[2:])).max() / 2
    sizes = np.abs((a[2:] - a[:2]) - (b[2:] - b[:2])).max() / 2
    return float(max(middles, sizes)) / max(float(longer_side(a[None])[0]), 1.0)
