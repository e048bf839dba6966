"""Whether what a live camera sends can show anybody: pictures come one after the other and never
change, or they are dark, covered or out of focus.

What a picture should look like is learnt from the camera itself, minute by minute: a white wall has
little to see, a cheap lens is never sharp.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from zlib import crc32

import cv2
import numpy as np

from monitor.records import FloatArray, Image, WatchState

# Quiet scenes are compressed to frames without a change, for seconds until the next key frame.
FROZEN_AFTER_S = 9.0
BLACK_AFTER_S = 3.0  # cameras begin with black frames
POOR_AFTER_S = 4.0  # somebody who walks close by covers the picture, a lens looks for its focus
GAP_S = 2.0  # what was not looked at for longer (a pause) says nothing
MEASURED_EVERY_S = 0.5
BLACK_MEAN, BLACK_MAX = 6.0, 24  # grey levels of 255; black of television range is 16
SAMPLES = 64  # a side
# An encoder makes a few pictures of one that stands still, and sends them again with each key
# frame; a sensor's noise never comes twice.
KNOWN_MAX = 12

USUAL_S = 60.0  # of good pictures that make what is usual
DARK_P99 = 60  # grey level that 99 of 100 pixels stay below
DARKER, DARK_P99_NOW = 0.3, 110  # of the usual mean; and then that few bright pixels
FINE_WIDTH, COARSE = 640, 4  # px; and how much smaller the coarse picture is
# An edge's slope in the fine picture by that in the coarse one. In the clips of the tests 0.43 to
# 1.0; blurred by 2 px of the fine picture 0.37 to 0.44, by 3 px 0.34 to 0.37.
BLURRED_BELOW, SOFTER_BELOW, SOFTER = 0.4, 0.5, 0.62  # softer: times what is usual
EDGE_MIN = 2.0  # grey levels a pixel of the coarse picture; weaker slopes are noise
# The share of the coarse picture that has slopes: in the clips of the tests 0.22 to 0.86, and as
# many when they are out of focus.
COVERED_BELOW, EMPTY_BELOW = 0.25, 0.002  # of the usual share; of all, where none is usual


@dataclass(frozen=True, slots=True)
class _Look:
    """What was measured of one picture."""

    mean: float  # grey levels
    bright: float  # which 99 of 100 pixels stay below
    edges: float  # the share of the picture that has any
    sharpness: float  # how steep the strongest edges are; 0 where there are none


class Evidence:
    """Follows one live camera. Any one thread."""

    def __init__(self) -> None:
        self.doubt: WatchState | None = None
        self.since = 0.0  # when what the doubt is about began; seconds as those of `look`
        self.grey: Image | None = None  # the newest good picture that was measured, 640 px wide
        self._last: Image | None = None
        self._known: dict[bytes, set[int]] = {}  # pictures of late
        self._looked_at = self._measured_at = -1e9
        self._changed_at = self._lit_at = self._good_at = self._poor_at = 0.0
        self._poor: WatchState | None = None  # what the last measured picture seems to be
        self._usual: deque[_Look] = deque(maxlen=round(USUAL_S / MEASURED_EVERY_S))

    def look(self, image_bgr: Image, t: float) -> WatchState | None:
        """Take in a frame; a few a second are enough.

        Args:
            image_bgr: (H, W, 3) uint8. Kept until the next one; it must not be written to.
            t: Seconds of a steady clock, when it was taken.
        """
        if t - self._looked_at > GAP_S:
            self._changed_at = self._lit_at = self._good_at = t
        few = _few(image_bgr)
        if self._is_new(image_bgr, few):
            self._changed_at = t
        if few.mean() > BLACK_MEAN or few.max() > BLACK_MAX:
            self._lit_at = t
        lit_again = self.doubt is WatchState.BLACK and self._lit_at == t
        if t - self._measured_at >= MEASURED_EVERY_S or lit_again:
            self._measured_at = t
            self._measure(image_bgr, t)
        self._last, self._looked_at = image_bgr, t
        self.doubt = self._judge(t)
        return self.doubt

    def _judge(self, t: float) -> WatchState | None:
        if t - self._lit_at >= BLACK_AFTER_S:
            self.since = self._lit_at
            return WatchState.BLACK
        if self._poor is not None and t - self._good_at >= POOR_AFTER_S:
            self.since = self._good_at
            return self._poor
        if self.stands_s is not None:
            self.since = self._changed_at
            return WatchState.FROZEN
        return None

    @property
    def stands_s(self) -> float | None:
        """For how long the picture has been the same, whatever else it is; None: it changes."""
        stands_s = self._looked_at - self._changed_at
        return stands_s if stands_s >= FROZEN_AFTER_S else None

    def _is_new(self, image: Image, few: Image) -> bool:
        """Whether no picture of late was the same. Whole pictures are compared only where a grid
        of their pixels is the same: seldom, by a sensor's noise.
        """
        key = few.tobytes()
        seen = self._known.pop(key, None)
        self._known[key] = seen if seen is not None else set()
        if seen is None:
            if len(self._known) > KNOWN_MAX:
                del self._known[next(iter(self._known))]
            return True
        whole = crc32(np.ascontiguousarray(image).data)
        known = whole in seen or (self._last is not None and _same(self._last, image))
        seen.add(whole)
        if len(seen) > KNOWN_MAX:
            seen.clear()
        return not known

    def _measure(self, image: Image, t: float) -> None:
        look, grey = _measured(image)
        self._poor = self._poor_as(look)
        self.grey = grey if self._poor is None else None
        if self._poor is None:
            self._good_at = t
            self._usual.append(look)

    def _poor_as(self, look: _Look) -> WatchState | None:
        usual = list(self._usual)
        mean = float(np.median([u.mean for u in usual])) if usual else 0.0
        edges = float(np.median([u.edges for u in usual])) if usual else 0.0
        sharp = float(np.median([u.sharpness for u in usual])) if usual else 0.0
        if look.bright < DARK_P99 or (look.mean < DARKER * mean and look.bright < DARK_P99_NOW):
            return WatchState.DARK
        if look.edges < max(EMPTY_BELOW, COVERED_BELOW * edges):
            return WatchState.COVERED
        softer = look.sharpness < min(SOFTER_BELOW, SOFTER * sharp)
        return WatchState.BLURRED if softer or look.sharpness < BLURRED_BELOW else None


def _measured(image_bgr: Image) -> tuple[_Look, Image]:
    """With the grey picture that it was measured of."""
    height = max(COARSE, round(image_bgr.shape[0] * FINE_WIDTH / image_bgr.shape[1]))
    small = cv2.resize(image_bgr, (FINE_WIDTH, height), interpolation=cv2.INTER_AREA)
    grey: Image = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    bright = float(np.percentile(grey[::COARSE, ::COARSE], 99))
    return _Look(float(grey.mean()), bright, *_edges(grey)), grey


def _edges(grey: Image) -> tuple[float, float]:
    """The share of the picture that has edges, and how steep the strongest are: the same for a
    strong light and a weak one, and sensor noise does not count.
    """
    height, width = (side // COARSE for side in grey.shape)
    fine = grey[: height * COARSE, : width * COARSE].astype(np.float32)
    small = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    coarse = _slopes(small.astype(np.float32, copy=False))
    steepest = _slopes(fine).reshape(height, COARSE, width, COARSE).max(axis=1).max(axis=2)
    share = float(np.mean(coarse >= EDGE_MIN))
    strongest = coarse >= max(float(np.percentile(coarse, 95)), EDGE_MIN)
    if not strongest.any():
        return share, 0.0
    return share, float(np.median(steepest[strongest] / coarse[strongest]))


def edges(grey: Image) -> tuple[float, float]:
    """The same of a whole grey picture (H, W) uint8 that is `FINE_WIDTH` wide: the share of it that
    has edges, and how steep the strongest are (out of focus below `BLURRED_BELOW`). Any thread.
    """
    return _edges(grey)


def _slopes(grey: FloatArray) -> FloatArray:
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3)
    return (cv2.magnitude(across, down) / 8).astype(np.float32, copy=False)


def _few(image: Image) -> Image:
    """A grid of pixels."""
    return image[:: max(1, len(image) // SAMPLES), :: max(1, image.shape[1] // SAMPLES)]


def _same(a: Image, b: Image) -> bool:
    return a is b or np.array_equal(a, b)
