"""YuNet (Wu, Peng and Yu: YuNet, a tiny millisecond-level face detector. MIR 2023), run by ONNX
Runtime.

The network has no anchors: each cell of three grids (8, 16 and 32 px) tells one box, five landmarks
and two scores. In ONNX Runtime it costs a fifth of what `cv2.FaceDetectorYN` costs, and finds the
same boxes.
"""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np

from monitor.card import MODELS_DIR
from monitor.config import DetectConfig
from monitor.declared import DetectorInfo
from monitor.faces.boxes import clip, iou_matrix, longer_side, nms
from monitor.records import Detections, FloatArray, Image

MODEL = MODELS_DIR / "yunet.onnx"
DETECTOR = DetectorInfo(
    title="YuNet",
    line="recommended",
    # from `python -m monitor.training.detectors.detector_curve`
    confidence_min=0.4,
    recall=(0.93, 0.95),
)
CONFIDENCE_MIN = DETECTOR.confidence_min
NMS_IOU_MAX = 0.3  # as in cv2.FaceDetectorYN
STRIDES = (8, 16, 32)  # px of the working picture; the heads of the network
# of the frame: what the working size is chosen for, unless larger faces are enough
SMALL_FACE_PX = 32
# Its size in the working picture. Of faces of 32 px in 720p frames it found, bare and masked: 75
# and 31 % at 16 px (side 640), 94 and 61 % at 24 px (960), 95 and 79 % at 32 px (1280, which costs
# twice as much as 960).
SMALL_FACE_WORK_PX = 24
# working sides that are chosen. Beyond, cost grows and large faces are lost
SIDE_LIMITS = (640, 960)
SWEEP_LIMITS = (640, 1280)  # the same, where the caller says how small a face matters
# the size in the working picture that the smallest face of such a call gets: enough for one that is
# known already, as weak detections carry a track on
FOLLOWED_FACE_WORK_PX = 20
ENLARGE_MAX = 4.0  # beyond this a picture only gets blurred
# working sides for a picture that stands alone, as parts of the usual one
STILL_SCALES = (0.5, 1.0, 1.5)
STILL_SIDE_MIN = 256  # however large the faces that matter
# confidence under and over the threshold, see `YuNet.detect_still`
STILL_BELOW, STILL_ABOVE = 0.05, 0.25
SAME_IOU = 0.4  # boxes of two searches that overlap this much are one face
_OTHER_SIDE = [1, 0, 2, 4, 3]  # of a face's landmarks: right eye, left eye, nose, mouth corners
# candidates before NMS, as in cv2.FaceDetectorYN: bounds the cost of a picture full of faces
_TOP_K = 5000


def working_side(frame_side: int, min_face_px: int) -> int:
    """The longer side, in pixels, at which YuNet searches a frame whose longer side is
    `frame_side`.

    It follows the frame: a face of `SMALL_FACE_PX`, or of `min_face_px` where that is more, gets
    `SMALL_FACE_WORK_PX`, within `SIDE_LIMITS`. That is 640 for 640x480, 736 for 960x540 and 960 for
    1280x720 and 1920x1080.
    """
    low, high = SIDE_LIMITS
    wanted = frame_side * SMALL_FACE_WORK_PX / max(SMALL_FACE_PX, min_face_px)
    return _round_up(round(min(max(wanted, low), high, frame_side * ENLARGE_MAX)))


def make(config: DetectConfig) -> YuNet:
    """The detector, loaded, as the settings want it; `confidence_min` is set."""
    assert config.confidence_min is not None
    return YuNet(config.confidence_min, config.working_side, config.min_face_px, config.threads)


class YuNet:
    """Face detector, frontal to half profile, masked or not, with landmarks.

    Not thread safe: it owns the buffers that it fills for each picture.
    """

    name = "yunet"

    def __init__(
        self,
        confidence_min: float = CONFIDENCE_MIN,
        side: int = 0,
        min_face_px: int = 20,
        threads: int = 2,
        model: Path | None = None,
    ) -> None:
        """Load the network.

        Args:
            confidence_min: Faces below this confidence, in [0, 1], are left out.
            side: Longer side of the working picture in pixels; 0 lets it follow the frame
                (`working_side`).
            min_face_px: Longer side of the smallest face that is returned, in pixels of the frame.
            threads: Threads of ONNX Runtime.
            model: The network's file, with YuNet's inputs and outputs; None: YuNet's own.

        Raises:
            ModelError: If the model file is missing or changed.
        """
        from monitor.engine import onnx_session

        self._session = onnx_session(model or MODEL, threads)
        self._input = self._session.get_inputs()[0].name
        self._outputs = [
            f"{head}_{stride}" for stride in STRIDES for head in ("cls", "obj", "bbox", "kps")
        ]
        self._confidence_min = confidence_min
        self._side = side
        self._min_face_px = min_face_px
        self.resize_s = 0.0  # what making the last working picture took; for benchmarks
        self._padded: Image = np.zeros((0, 0, 3), np.uint8)
        self._blob: FloatArray = np.zeros((1, 3, 0, 0), np.float32)

    def detect(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
        """Faces of one picture.

        Args:
            image_bgr: (H, W, 3) uint8 BGR of any size from 1x1; only read.
            smallest_px: The smallest face that matters this time, in pixels of the picture; 0: as
                `working_side` says.

        Returns:
            Faces with (N, 5, 2) landmarks, most confident first, boxes cut to the picture.
        """
        height, width = image_bgr.shape[:2]
        side = self._working_side(max(width, height), smallest_px)
        return self._detect(image_bgr, side, self._confidence_min)

    def detect_part(self, image_bgr: Image, smallest_px: float, frame_side: int) -> Detections:
        """The same for a part of a frame of the longer side `frame_side`: at the scale at which
        that would be searched.
        """
        part_side = max(image_bgr.shape[:2])
        whole = self._working_side(frame_side, smallest_px)
        side = _round_up(round(whole * part_side / frame_side))
        return self._detect(image_bgr, side, self._confidence_min)

    def detect_still(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
        """Faces of a picture that stands alone: searched at three scales, and mirrored at one; at
        one scale that is just enough where only faces from `smallest_px` on matter, which may cost
        a tenth.

        A face counts if one search is confident of it (`STILL_ABOVE` over the threshold) or two
        agree (`STILL_BELOW` under it will do for each). Three scales find 1 % more of the masked
        faces than one, and the mirrored picture 1 % more (docs/training/still.md).
        """
        frame_side = max(image_bgr.shape[:2])
        if smallest_px > 0:
            enough = frame_side * SMALL_FACE_WORK_PX / smallest_px
            side = _round_up(round(min(max(enough, STILL_SIDE_MIN), SIDE_LIMITS[1])))
            return self._detect(image_bgr, side, self._confidence_min)
        base = self._working_side(frame_side, 0)
        least = max(0.01, self._confidence_min - STILL_BELOW)
        searches = [
            self._detect(image_bgr, _round_up(round(base * factor)), least)
            for factor in STILL_SCALES
        ]
        searches.append(self._detect(image_bgr, _round_up(base), least, mirrored=True))
        boxes = np.concatenate([one.boxes for one in searches])
        confidence = np.concatenate([one.confidence for one in searches])
        landmarks = np.concatenate([one.landmarks for one in searches if one.landmarks is not None])
        of_search = np.repeat(np.arange(len(searches)), [len(one) for one in searches])
        best = nms(boxes, confidence, NMS_IOU_MAX)
        same = iou_matrix(boxes[best], boxes) > SAME_IOU
        agreed = np.array([len(set(of_search[row])) > 1 for row in same], bool)
        kept = best[agreed | (confidence[best] >= self._confidence_min + STILL_ABOVE)]
        return Detections(boxes[kept], confidence[kept], landmarks[kept])

    def _detect(
        self, image_bgr: Image, side: int, confidence_min: float, mirrored: bool = False
    ) -> Detections:
        """One search, in a working picture of the longer side `side`, which is mirrored if wanted;
        what is found is told of the picture as it is.
        """
        height, width = image_bgr.shape[:2]
        scale = side / max(width, height)
        # Both are rounded to whole pixels, so each axis has its own exact factor back.
        work_wh = max(1, round(width * scale)), max(1, round(height * scale))
        confidence, boxes, landmarks = self._forward(image_bgr, work_wh, confidence_min, mirrored)
        if mirrored:
            boxes, landmarks = _mirrored(boxes, landmarks, work_wh[0])
        back = np.array([width / work_wh[0], height / work_wh[1]], np.float32)
        boxes = clip(boxes * np.tile(back, 2), (width, height))
        large = longer_side(boxes) >= self._min_face_px
        return Detections(boxes[large], confidence[large], (landmarks * back)[large])

    def _working_side(self, frame_side: int, smallest_px: float) -> int:
        if self._side:
            return _round_up(self._side)
        if smallest_px <= 0:
            return working_side(frame_side, self._min_face_px)
        low, high = SWEEP_LIMITS
        wanted = frame_side * FOLLOWED_FACE_WORK_PX / max(smallest_px, self._min_face_px)
        return _round_up(round(min(max(wanted, low), high, frame_side * ENLARGE_MAX)))

    def _forward(
        self,
        image_bgr: Image,
        work_wh: tuple[int, int],
        confidence_min: float,
        mirrored: bool,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Confidence (N,), boxes (N, 4) and landmarks (N, 5, 2) in pixels of the working picture,
        after NMS.
        """
        started = time.perf_counter()
        blob = self._fill(image_bgr, work_wh, mirrored)
        self.resize_s = time.perf_counter() - started
        outputs = self._session.run(self._outputs, {self._input: blob})
        columns = self._blob.shape[3]
        levels = [
            _decode(outputs[4 * i : 4 * i + 4], stride, columns // stride, confidence_min)
            for i, stride in enumerate(STRIDES)
        ]
        confidence, boxes, landmarks = (
            np.concatenate(parts) for parts in zip(*levels, strict=True)
        )
        xywh = np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])
        # OpenCV's NMS and not monitor.faces.boxes.nms: its cost does not grow with the square of
        # the candidates.
        indices = cv2.dnn.NMSBoxes(xywh, confidence, 0.0, NMS_IOU_MAX, top_k=_TOP_K)  # type: ignore[arg-type]
        kept = np.asarray(indices, np.intp).ravel()
        return confidence[kept], boxes[kept], landmarks[kept]

    def _fill(self, image_bgr: Image, work_wh: tuple[int, int], mirrored: bool) -> FloatArray:
        """The network's input: resized, mirrored if wanted, padded with black at the right and
        bottom, (1, 3, H, W) float32 BGR 0..255.
        """
        width, height = work_wh
        padded_shape = (_round_up(height), _round_up(width), 3)
        if self._padded.shape != padded_shape:
            self._padded = np.zeros(padded_shape, np.uint8)
            self._blob = np.empty((1, 3, *padded_shape[:2]), np.float32)
        self._padded[height:] = 0
        self._padded[:, width:] = 0
        if image_bgr.shape[:2] == (height, width):
            self._padded[:height, :width] = image_bgr
        else:
            # INTER_AREA costs as much as the network where the factor is no whole number, and below
            # 2 it finds no more.
            how = cv2.INTER_AREA if image_bgr.shape[0] >= 2 * height else cv2.INTER_LINEAR
            cv2.resize(image_bgr, work_wh, dst=self._padded[:height, :width], interpolation=how)
        if mirrored:
            self._padded[:height, :width] = cv2.flip(self._padded[:height, :width], 1)
        # half the time of cv2.dnn.blobFromImage
        for channel, plane in enumerate(cv2.split(self._padded)):
            self._blob[0, channel] = plane
        return self._blob


def _decode(
    heads: list[FloatArray], stride: int, columns: int, confidence_min: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Candidates of one grid: confidence (N,), xyxy (N, 4), landmarks (N, 5, 2), pixels of the
    network's input.

    Only cells above the threshold are decoded: a few dozen of the 4,620 of a 640x352 picture.
    """
    cls, obj, bbox, kps = heads
    score = np.sqrt(cls[0, :, 0].clip(0, 1) * obj[0, :, 0].clip(0, 1))
    cells = np.flatnonzero(score >= confidence_min)
    corner = np.stack([cells % columns, cells // columns], axis=1).astype(np.float32)
    centre = (corner + bbox[0, cells, :2]) * stride
    half_wh = np.exp(bbox[0, cells, 2:]) * (stride / 2)
    landmarks = (kps[0, cells].reshape(-1, 5, 2) + corner[:, None]) * stride
    return (
        score[cells],
        np.hstack([centre - half_wh, centre + half_wh]),
        landmarks.astype(np.float32),
    )


def _mirrored(
    boxes: FloatArray, landmarks: FloatArray, width: int
) -> tuple[FloatArray, FloatArray]:
    """Boxes (N, 4) and landmarks (N, 5, 2) as they lie in the mirrored picture: what was at the
    person's right is at the left there.
    """
    boxes, landmarks = boxes.copy(), landmarks[:, _OTHER_SIDE]
    boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
    landmarks[:, :, 0] = width - landmarks[:, :, 0]
    return boxes, landmarks


def _round_up(side: int) -> int:
    """The next multiple of the largest stride, which the network needs."""
    return -(-max(1, side) // STRIDES[-1]) * STRIDES[-1]
