"""OpenCV's ResNet-10 face detector, an SSD (Liu et al., arXiv:1512.02325), run by ONNX Runtime.

`monitor/training/detectors/convert_detectors.py` rebuilt it from its Caffe files. It searches every
picture at 300 x 300 px, without regard to its shape, as it was trained: small faces in large frames
are lost. There by choice; YuNet is the default.
"""

from __future__ import annotations

import cv2
import numpy as np

from monitor.card import MODELS_DIR
from monitor.config import DetectConfig
from monitor.declared import DetectorInfo
from monitor.errors import ConfigError
from monitor.faces.boxes import clip, longer_side
from monitor.records import Detections, FloatArray, Image

MODEL = MODELS_DIR / "ssd.onnx"
DETECTOR = DetectorInfo(
    title="ResNet-10 SSD",
    line="finds fewer masked faces",
    # from `python -m monitor.training.detectors.detector_curve --detector ssd`
    confidence_min=0.3,
    recall=(0.72, 0.90),
)
CONFIDENCE_MIN = DETECTOR.confidence_min
SIDE = 300  # px, fixed by the network's priors
NMS_IOU_MAX = 0.45  # these two from the network's DetectionOutput layer
_TOP_K = 400


def make(config: DetectConfig) -> ResNetSsd:
    """The detector, loaded, as the settings want it; `confidence_min` is set.

    Raises:
        ConfigError: If a working side is set that the network does not have.
    """
    assert config.confidence_min is not None
    if config.working_side not in (0, SIDE):
        raise ConfigError(
            f"the detector ssd works at {SIDE} px only: leave working_side at 0, or choose yunet "
            f"or haar"
        )
    return ResNetSsd(config.confidence_min, config.min_face_px, config.threads)


class ResNetSsd:
    """Face detector without landmarks. Not thread safe: it owns the buffer that it fills for each
    picture.
    """

    name = "ssd"

    def __init__(
        self, confidence_min: float = CONFIDENCE_MIN, min_face_px: int = 20, threads: int = 2
    ) -> None:
        """Load the network.

        Args:
            confidence_min: Faces below this confidence, in [0, 1], are left out.
            min_face_px: Longer side of the smallest face that is returned, in pixels of the frame.
            threads: Threads of ONNX Runtime.

        Raises:
            ModelError: If the model file is missing or changed.
        """
        from monitor.engine import onnx_session

        self._session = onnx_session(MODEL, threads)
        self._confidence_min = confidence_min
        self._min_face_px = min_face_px
        self._blob: FloatArray = np.empty((1, 3, SIDE, SIDE), np.float32)

    def detect(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
        """Faces of one picture, most confident first, boxes cut to the picture.

        Args:
            image_bgr: (H, W, 3) uint8 BGR of any size from 1x1; only read.
        """
        height, width = image_bgr.shape[:2]
        for channel, plane in enumerate(cv2.split(cv2.resize(image_bgr, (SIDE, SIDE)))):
            self._blob[0, channel] = plane
        all_boxes, all_confidence = self._session.run(
            ["boxes", "confidence"], {"image": self._blob}
        )
        above = np.flatnonzero(all_confidence[0] > self._confidence_min)
        boxes, confidence = all_boxes[0, above], all_confidence[0, above]
        # NMS in parts of the picture, as the network's own last layer does it.
        xywh = np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])
        indices = cv2.dnn.NMSBoxes(xywh, confidence, 0.0, NMS_IOU_MAX, top_k=_TOP_K)  # type: ignore[arg-type]
        kept = np.asarray(indices, np.intp).ravel()
        boxes = clip(
            boxes[kept] * np.array([width, height, width, height], np.float32), (width, height)
        )
        large = longer_side(boxes) >= self._min_face_px
        return Detections(boxes[large], confidence[kept][large])

    def detect_still(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
        """As `detect`: there is no more thorough search."""
        return self.detect(image_bgr)
