"""The loops that a user would pick instead, written anew: what most tutorials for this job do with
each frame.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Protocol

import cv2
import numpy as np

from monitor.config import DetectConfig
from monitor.detect import make_detector
from monitor.errors import ConfigError, ModelError
from monitor.faces.boxes import as_boxes, clip, xywh_to_xyxy
from monitor.records import FloatArray, Image

SIDE = 224
FRAME_WIDTH = 400  # the tutorial shrinks each frame to this


class Peer(Protocol):
    name: str

    def __call__(self, image_bgr: Image) -> None: ...


class _Judge:
    """Keras MobileNetV2-224 by `predict`, with a head of random weights: only its time counts."""

    def __init__(self) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        try:
            import keras
        except ImportError:
            raise ModelError("--against needs TensorFlow: run `pip install tensorflow`") from None
        base = keras.applications.MobileNetV2(
            input_shape=(SIDE, SIDE, 3), include_top=False, weights=None, pooling="avg"
        )
        head = [
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(2, activation="softmax"),
        ]
        self._model: Any = keras.Sequential([base, *head])
        self(np.zeros((SIDE, SIDE, 3), np.uint8), as_boxes([[0, 0, SIDE, SIDE]]))

    def __call__(self, image_bgr: Image, boxes: FloatArray) -> None:
        rois = []
        for x0, y0, x1, y1 in clip(boxes, (image_bgr.shape[1], image_bgr.shape[0])).astype(int):
            roi = image_bgr[y0:y1, x0:x1]
            if roi.size:
                rgb = cv2.cvtColor(cv2.resize(roi, (SIDE, SIDE)), cv2.COLOR_BGR2RGB)
                rois.append(rgb.astype(np.float32) / 127.5 - 1)
        if rois:
            self._model.predict(np.array(rois), batch_size=32, verbose=0)


class Script:
    """The tutorial: ResNet-10 SSD on a frame of 400 px width, then `predict`.

    Our ONNX file of the SSD is used, which is faster than the Caffe file in OpenCV that the
    tutorial reads.
    """

    name = "script"

    def __init__(self, judge: _Judge) -> None:
        self._detector, self._judge = make_detector(DetectConfig(name="ssd", min_face_px=8)), judge

    def __call__(self, image_bgr: Image) -> None:
        height, width = image_bgr.shape[:2]
        small: Image = cv2.resize(image_bgr, (FRAME_WIDTH, height * FRAME_WIDTH // width))  # type: ignore[assignment]
        self._judge(small, self._detector.detect(small).boxes)


class Haar:
    """Haar cascade on grey, then `predict`."""

    name = "haar"

    def __init__(self, judge: _Judge) -> None:
        folder = cv2.data.haarcascades  # type: ignore[attr-defined]
        self._cascade = cv2.CascadeClassifier(folder + "haarcascade_frontalface_default.xml")
        self._judge = judge

    def __call__(self, image_bgr: Image) -> None:
        found = self._cascade.detectMultiScale(
            cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), 1.1, 5, minSize=(60, 60)
        )
        self._judge(image_bgr, xywh_to_xyxy(found))


def make_peers(names: str) -> list[Peer]:
    """
    Raises:
        ConfigError: If a name is neither script nor haar.
        ModelError: If TensorFlow is not installed.
    """
    kinds: dict[str, Callable[[_Judge], Peer]] = {"script": Script, "haar": Haar}
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in kinds:
            raise ConfigError(f"--against {name!r}: give script, haar, or both with a comma")
    judge = _Judge() if wanted else None
    return [kinds[name](judge) for name in wanted if judge is not None]
