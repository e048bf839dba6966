"""InceptionV3, arXiv:1512.00567."""

from __future__ import annotations

from typing import Any

import keras

from monitor.training.learning.backbone import on_backbone
from monitor.training.learning.listed import NetworkInfo
from monitor.training.learning.settings import Settings

NETWORK = NetworkInfo(
    title="InceptionV3",
    paper="arXiv:1512.00567",
    size=299,
    size_min=75,
    files=("inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",),
)


def logits(inputs: Any, settings: Settings) -> Any:
    return on_backbone(inputs, settings, keras.applications.InceptionV3)
