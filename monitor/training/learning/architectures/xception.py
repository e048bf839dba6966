"""Xception, arXiv:1610.02357."""

from __future__ import annotations

from typing import Any

import keras

from monitor.training.learning.backbone import on_backbone
from monitor.training.learning.listed import NetworkInfo
from monitor.training.learning.settings import Settings

NETWORK = NetworkInfo(
    title="Xception",
    paper="arXiv:1610.02357",
    size=299,
    size_min=71,
    files=("xception_weights_tf_dim_ordering_tf_kernels_notop.h5",),
)


def logits(inputs: Any, settings: Settings) -> Any:
    return on_backbone(inputs, settings, keras.applications.Xception)
