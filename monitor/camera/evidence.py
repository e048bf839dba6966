"""Whether what a camera sends can show anybody: a picture that never changes, or a black one, comes
frame by frame and shows nothing.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

from monitor.records import Image

# Quiet scenes are compressed to frames without a change, for seconds until the next key frame.
FROZEN_AFTER_S = 10.0
BLACK_AFTER_S = 3.0  # cameras begin with black frames
GAP_S = 2.0  # what was not looked at for longer (a pause) says nothing
BLACK_MEAN, BLACK_MAX = 6.0, 24  # grey levels of 255; black of television range is 16
SAMPLES = 64  # a side


class Doubt(Enum):
    """Why a picture shows nobody, in a word."""

    FROZEN = "frozen picture"
    BLACK = "black picture"
    UPSIDE_DOWN = "upside down"  # which the analysis finds


class Evidence:
    """Follows one live camera. Any one thread."""

    def __init__(self) -> None:
        self.doubt: Doubt | None = None
        self._last: Image | None = None
        self._looked_at = -1e9
        self._changed_at = self._lit_at = 0.0

    def look(self, image_bgr: Image, t: float) -> Doubt | None:
        """Take in the next frame.

        Args:
            image_bgr: (H, W, 3) uint8. Kept until the next one; it must not be written to.
            t: Seconds of a steady clock, when it was taken.
        """
        if t - self._looked_at > GAP_S:
            self._changed_at = self._lit_at = t
        if self._last is None or not _same(self._last, image_bgr):
            self._changed_at = t
        few = _few(image_bgr)
        if few.mean() > BLACK_MEAN or few.max() > BLACK_MAX:
            self._lit_at = t
        self._last, self._looked_at = image_bgr, t
        if t - self._lit_at >= BLACK_AFTER_S:
            self.doubt = Doubt.BLACK
        else:
            self.doubt = Doubt.FROZEN if t - self._changed_at >= FROZEN_AFTER_S else None
        return self.doubt


def _few(image: Image) -> Image:
    """A grid of pixels."""
    return image[:: max(1, len(image) // SAMPLES), :: max(1, image.shape[1] // SAMPLES)]


def _same(a: Image, b: Image) -> bool:
    # the whole picture is compared only where the grid is the same: seldom, by a sensor's noise
    if a is b:
        return True
    return a.shape == b.shape and np.array_equal(_few(a), _few(b)) and np.array_equal(a, b)
