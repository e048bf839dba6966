"""ResNet50, arXiv:1512.03385."""

from __future__ import annotations

from typing import Any

import keras

from monitor.training.learning.backbone import caffe, on_backbone
from monitor.training.learning.listed import NetworkInfo
from monitor.training.learning.settings import Settings

NETWORK = NetworkInfo(
    title="ResNet50",
    paper="arXiv:1512.03385",
    files=("resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",),
)


def logits(inputs: Any, settings: Settings) -> Any:
    return on_backbone(inputs, settings, keras.applications.ResNet50, preprocess=caffe)
