"""YuNet's network, trained on from its weights on masked faces (`monitor/training/detectors`): the
same cost and decoding, other weights.
"""

from __future__ import annotations

from monitor.card import MODELS_DIR
from monitor.config import DetectConfig
from monitor.declared import DetectorInfo
from monitor.detect.yunet import YuNet

MODEL = MODELS_DIR / "yunet_masked_v1.onnx"
DETECTOR = DetectorInfo(
    title="YuNet, trained on masks",
    line="finds some more masked faces, at the same cost",
    confidence_min=0.4,  # means what it means with YuNet: docs/training/detector.md
)


def make(config: DetectConfig) -> YuNet:
    """The detector, loaded, as the settings want it; `confidence_min` is set."""
    assert config.confidence_min is not None
    detector = YuNet(
        config.confidence_min, config.working_side, config.min_face_px, config.threads, MODEL
    )
    detector.name = "yunet_masked"
    return detector
