"""Face detectors: a picture in, boxes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

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
                detector's own rule. A detector that can looks at no more pixels than that takes;
                the others do not mind it.

        Returns:
            Boxes inside the picture, in its pixels; without faces (0, 4).
        """
        ...

    def detect_still(self, image_bgr: Image) -> Detections:
        """The same for a picture that stands alone: there is no next frame, so it is worth a closer
        look.
        """
        ...


def make_detector(config: DetectConfig) -> FaceDetector:
    """The detector that the settings name, loaded. Slow (tens of milliseconds): called in the
    inference thread.

    Raises:
        ConfigError: If there is no detector of that name, or it cannot work at the side that is
            set.
        ModelError: If its model file is missing or changed, or this OpenCV cannot run it.
    """
    # Imported here so that only the detector in use is loaded.
    if config.name == "yunet":
        from monitor.detect import yunet

        confidence_min = (
            yunet.CONFIDENCE_MIN if config.confidence_min is None else config.confidence_min
        )
        return yunet.YuNet(confidence_min, config.working_side, config.min_face_px, config.threads)
    if config.name == "ssd":
        from monitor.detect import ssd

        confidence_min = (
            ssd.CONFIDENCE_MIN if config.confidence_min is None else config.confidence_min
        )
        if config.working_side not in (0, ssd.SIDE):
            raise ConfigError(
                f"the detector ssd works at {ssd.SIDE} px only: leave working_side at 0, or choose "
                f"yunet or haar"
            )
        return ssd.ResNetSsd(confidence_min, config.min_face_px, config.threads)
    if config.name == "haar":
        from monitor.detect import haar

        confidence_min = (
            haar.CONFIDENCE_MIN if config.confidence_min is None else config.confidence_min
        )
        return haar.HaarCascade(confidence_min, config.working_side, config.min_face_px)
    raise ConfigError(f"there is no detector {config.name!r}: use yunet, ssd or haar")
