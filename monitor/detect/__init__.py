"""Face detectors: a picture in, boxes out. One detector a file, which declares itself by a
`DetectorInfo`.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from monitor.declared import detectors
from monitor.errors import ConfigError
from monitor.records import Detections, Image

if TYPE_CHECKING:
    from monitor.config import DetectConfig


class FaceDetector(Protocol):
    """Finds faces. Not thread safe: the inference thread alone calls it."""

    name: str

    def detect(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
        """Faces of one picture, most confident first.

        Args:
            image_bgr: (H, W, 3) uint8 BGR of any size from 1x1; may be read-only.
            smallest_px: The smallest face that matters this time, in pixels of the picture; 0: the
                detector's own rule. A detector that can searches no more pixels than that takes;
                the others do not mind it.

        Returns:
            Boxes inside the picture, in its pixels; without faces (0, 4).
        """
        ...

    def detect_still(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
        """The same for a picture that stands alone: there is no next frame, so it is worth a more
        thorough search, unless only faces from `smallest_px` on matter.
        """
        ...


@runtime_checkable
class PartDetector(FaceDetector, Protocol):
    """One whose search follows the frame's size: a part of a frame costs it so much less."""

    def detect_part(self, image_bgr: Image, smallest_px: float, frame_side: int) -> Detections:
        """Faces of a part of a frame, as closely as the whole one would be searched.

        Args:
            image_bgr: (H, W, 3) uint8 BGR, the part.
            smallest_px: See `FaceDetector.detect`.
            frame_side: The longer side of the whole frame in pixels.

        Returns:
            Boxes in pixels of the part.
        """
        ...


def detect_in(
    detector: FaceDetector,
    image_bgr: Image,
    part: tuple[int, int, int, int],
    smallest_px: float = 0,
) -> Detections:
    """Faces of a part of a frame.

    Args:
        detector: Any.
        image_bgr: (H, W, 3) uint8 BGR, the frame.
        part: xyxy in whole pixels, inside the frame.
        smallest_px: See `FaceDetector.detect`.

    Returns:
        Boxes in pixels of the frame.
    """
    x0, y0, x1, y1 = part
    cut = image_bgr[y0:y1, x0:x1]
    if isinstance(detector, PartDetector):
        found = detector.detect_part(cut, smallest_px, max(image_bgr.shape[:2]))
    else:
        found = detector.detect(cut, smallest_px)
    shift = np.array([x0, y0], np.float32)
    landmarks = None if found.landmarks is None else found.landmarks + shift
    return Detections(found.boxes + np.tile(shift, 2), found.confidence, landmarks)


def make_detector(config: DetectConfig) -> FaceDetector:
    """The detector that the settings name, loaded. Slow (tens of milliseconds): called in the
    inference thread.

    Raises:
        ConfigError: If there is no detector of that name, what it needs is not installed, or it
            cannot work at the side that is set.
        ModelError: If its model file is missing or changed, or this OpenCV cannot run it.
    """
    known = detectors()
    *others, last = known
    choose = f"{', '.join(others)} or {last}"
    if config.name not in known:
        raise ConfigError(f"there is no detector {config.name!r}: use {choose}")
    if config.confidence_min is None:
        config = replace(config, confidence_min=known[config.name].confidence_min)
    try:
        module = importlib.import_module(f"{__name__}.{config.name}")
    except ImportError as error:
        raise ConfigError(
            f"the detector {config.name} cannot be loaded ({error}): install what it needs, or "
            f"choose {choose}"
        ) from None
    detector: FaceDetector = module.make(config)
    return detector
