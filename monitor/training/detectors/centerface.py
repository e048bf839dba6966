"""CenterFace (Xu et al.: CenterFace: Joint Face Detection and Alignment Using Face as Point.
arXiv:1911.03599; MIT), a teacher of our detector and one of those that it is measured against.

Slow, and so no choice of the program: 30 times what YuNet costs. `get_weights.py` makes its file.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from monitor.errors import ConfigError
from monitor.faces.boxes import clip, nms
from monitor.records import Detections, FloatArray, Image

FILE = "centerface_dynamic.onnx"
_STRIDE = 4  # px of the working picture
_NMS_IOU_MAX = 0.3
_ENLARGE_MAX = 2.0


class CenterFace:
    """Finds faces, masked or side-on, with five landmarks. Not thread safe."""

    name = "centerface"

    def __init__(
        self, path: Path, confidence_min: float = 0.3, side: int = 640, threads: int = 2
    ) -> None:
        """Load the network from `path`; pictures are searched with their longer side at `side` px.

        Raises:
            ConfigError: If the file is missing.
        """
        import onnxruntime

        if not path.is_file():
            raise ConfigError(
                f"{path} is missing: run get_weights.py (see the README) and name its folder with "
                f"--weights"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self._confidence_min, self._side = confidence_min, side

    def detect(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
        """Faces of one (H, W, 3) uint8 BGR picture; `smallest_px` is not minded."""
        height, width = image_bgr.shape[:2]
        scale = min(self._side / max(height, width), _ENLARGE_MAX)
        work = tuple(max(32, round(side * scale / 32) * 32) for side in (width, height))
        blob = cv2.dnn.blobFromImage(image_bgr, size=work, swapRB=True)
        confidence, boxes, landmarks = _decode(
            self._session.run(None, {self._input: blob}), self._confidence_min
        )
        back = np.array([width / work[0], height / work[1]], np.float32)
        kept = nms(boxes, confidence, _NMS_IOU_MAX)
        boxes = clip(boxes[kept] * np.tile(back, 2), (width, height))
        return Detections(boxes, confidence[kept], landmarks[kept] * back)

    def detect_still(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
        """The same: it knows no more thorough search."""
        return self.detect(image_bgr)


def _decode(
    outputs: list[FloatArray], confidence_min: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Candidates: confidence (N,), xyxy (N, 4), landmarks (N, 5, 2), pixels of the working
    picture.
    """
    heat, size, offset, points = (one[0] for one in outputs)
    rows, columns = np.nonzero(heat[0] >= confidence_min)
    high, wide = np.exp(size[:, rows, columns]) * _STRIDE
    y, x = (offset[:, rows, columns] + [rows, columns] + 0.5) * _STRIDE
    boxes = np.stack([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2], axis=1)
    parts = points[:, rows, columns].T.reshape(-1, 5, 2)[
        ..., ::-1
    ]  # of the box, (y, x) in the file
    landmarks = boxes[:, None, :2] + parts * np.stack([wide, high], axis=1)[:, None]
    return heat[0, rows, columns], boxes.astype(np.float32), landmarks.astype(np.float32)
