"""The frontal face cascade that ships in opencv-python 4 (Viola and Jones, CVPR 2001).

It was made for bare faces that look into the camera and finds few masked ones. There by choice;
YuNet is the default.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from monitor.config import DetectConfig
from monitor.declared import DetectorInfo
from monitor.errors import ModelError
from monitor.faces.boxes import as_boxes, clip, longer_side, xywh_to_xyxy
from monitor.records import Detections, Image

DETECTOR = DetectorInfo(
    title="Haar cascade",
    line="finds a third of masked faces",
    # from `python -m monitor.training.detectors.detector_curve --detector haar`
    confidence_min=0.5,
    recall=(0.30, 0.61),
)
CONFIDENCE_MIN = DETECTOR.confidence_min
SMALLEST_PX = 24  # the cascade's window
# of the frame: shrinking it to the window is what the working size is chosen for
SMALL_FACE_PX = 32
SIDE_LIMITS = (640, 960)  # px; its cost grows with the area
SCALE_FACTOR = 1.1
MIN_NEIGHBOURS = 3
# The last stage's weight says how sure the cascade is. On a third of andrewmvd it was 3.8 in the
# median for faces (5th percentile 0.5) and 2.3 for false boxes (5th percentile 0.2): a poor
# measure, squashed here so that 1 becomes 0.5.
_WEIGHT_HALF = 1.0


def make(config: DetectConfig) -> HaarCascade:
    """The detector, loaded, as the settings want it; `confidence_min` is set."""
    assert config.confidence_min is not None
    return HaarCascade(config.confidence_min, config.working_side, config.min_face_px)


class HaarCascade:
    """Face detector without landmarks, on grey. Not thread safe."""

    name = "haar"

    def __init__(
        self, confidence_min: float = CONFIDENCE_MIN, side: int = 0, min_face_px: int = 20
    ) -> None:
        """Load the cascade.

        Args:
            confidence_min: Faces below this confidence, in [0, 1], are left out.
            side: Longer side of the working picture in pixels; 0 lets it follow the frame: three
                quarters of it, within `SIDE_LIMITS`, never enlarged.
            min_face_px: Longer side of the smallest face that is returned, in pixels of the frame.

        Raises:
            ModelError: If this OpenCV has no cascades (OpenCV 5 dropped them) or not this one's
                file.
        """
        advice = 'run `pip install "opencv-python>=4.12,<5"` or choose the detector yunet'
        if not hasattr(cv2, "CascadeClassifier") or not hasattr(cv2, "data"):
            raise ModelError(f"OpenCV {cv2.__version__} has no Haar cascades: {advice}")
        path = Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"  # type: ignore[attr-defined]
        if not path.is_file():
            raise ModelError(f"{path.name} is missing from this OpenCV: {advice}")
        try:
            self._cascade = cv2.CascadeClassifier(str(path))
        except (cv2.error, SystemError):  # OpenCV raises both for one damaged file
            raise ModelError(
                f"{path.name} cannot be read by OpenCV {cv2.__version__}: {advice}"
            ) from None
        self._confidence_min = confidence_min
        self._side = side
        self._min_face_px = min_face_px

    def detect(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
        """Faces of one picture, most confident first, boxes cut to the picture.

        Args:
            image_bgr: (H, W, 3) uint8 BGR of any size from 1x1; only read.
        """
        height, width = image_bgr.shape[:2]
        scale = self._scale(max(width, height))
        grey = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
        if scale != 1:
            work_wh = max(1, round(width * scale)), max(1, round(height * scale))
            grey = cv2.resize(
                grey, work_wh, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            )
        smallest = max(SMALLEST_PX, round(self._min_face_px * scale))
        found, _, weights = self._cascade.detectMultiScale3(
            grey,
            scaleFactor=SCALE_FACTOR,
            minNeighbors=MIN_NEIGHBOURS,
            minSize=(smallest, smallest),
            outputRejectLevels=True,
        )
        # Nothing found comes as (), the weights of what was found as (N,) or (N, 1).
        boxes = clip(xywh_to_xyxy(as_boxes(found)) / np.float32(scale), (width, height))
        weight = np.asarray(weights, np.float32).reshape(-1)
        confidence = (1 / (1 + np.exp(_WEIGHT_HALF - weight))).astype(np.float32)
        order = np.argsort(-confidence, kind="stable")
        boxes, confidence = boxes[order], confidence[order]
        kept = (confidence >= self._confidence_min) & (longer_side(boxes) >= self._min_face_px)
        return Detections(boxes[kept], confidence[kept])

    def detect_still(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
        """As `detect`: there is no more thorough search."""
        return self.detect(image_bgr)

    def _scale(self, frame_side: int) -> float:
        """Working pixels per pixel of the frame."""
        low, high = SIDE_LIMITS
        side = self._side or min(
            max(frame_side * SMALLEST_PX / SMALL_FACE_PX, low), high, frame_side
        )
        return side / frame_side
