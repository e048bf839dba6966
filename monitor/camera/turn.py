"""How the pictures of a camera are turned, before anybody looks at them."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from monitor.records import Image, LazyImage


@dataclass(frozen=True, slots=True)
class Turn:
    """First turned clockwise, then mirrored left to right."""

    rotate: int = 0  # degrees: 0, 90, 180, 270
    mirror: bool = False

    def further(self, degrees: int) -> Turn:
        """The turn that turns what this one gives by so many degrees more, clockwise."""
        more = -degrees if self.mirror else degrees  # what is seen in a mirror turns the other way
        return Turn((self.rotate + more) % 360, self.mirror)


UPRIGHT = Turn()
_NOTHING: Image = np.empty((0, 0, 3), np.uint8)


def turned(pixels: Image | LazyImage, turn: Turn) -> Image | LazyImage:
    """A picture turned; one that becomes BGR when it is looked at is turned when it is."""
    if turn == UPRIGHT:
        return pixels
    return turned_image(pixels, turn) if isinstance(pixels, np.ndarray) else _Turned(pixels, turn)


def turned_image(image: Image, turn: Turn) -> Image:
    """(H, W, 3) or, lying, (W, H, 3) uint8 BGR, in its own memory unless nothing is turned."""
    import cv2  # slow to load

    if turn.rotate:
        codes = {
            90: cv2.ROTATE_90_CLOCKWISE,
            180: cv2.ROTATE_180,
            270: cv2.ROTATE_90_COUNTERCLOCKWISE,
        }
        image = cv2.rotate(image, codes[turn.rotate])  # type: ignore[assignment]
    return cv2.flip(image, 1) if turn.mirror else image  # type: ignore[return-value]


def turned_back(image: Image, turn: Turn) -> Image:
    """What `turned_image` made the picture from."""
    image = turned_image(image, Turn(0, turn.mirror))
    return turned_image(image, Turn(-turn.rotate % 360))


class _Turned:
    """A `LazyImage`, turned when somebody looks at it, once. Any thread."""

    def __init__(self, pixels: LazyImage, turn: Turn) -> None:
        self._pixels: LazyImage | None = pixels
        self._turn, self._image = turn, _NOTHING
        self._lock = threading.Lock()
        self.size_wh = pixels.size_wh[::-1] if turn.rotate % 180 else pixels.size_wh

    @property
    def image(self) -> Image:
        """(H, W, 3) uint8 BGR, not writeable."""
        with self._lock:
            if self._pixels is not None:
                self._image = turned_image(self._pixels.image, self._turn)
                self._image.setflags(write=False)
                self._pixels = None
            return self._image
