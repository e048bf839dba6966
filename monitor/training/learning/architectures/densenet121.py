"""DenseNet121, arXiv:1608.06993."""

from __future__ import annotations

from typing import Any

import keras

from monitor.training.learning.backbone import on_backbone, torch
from monitor.training.learning.listed import NetworkInfo
from monitor.training.learning.settings import Settings

NETWORK = NetworkInfo(
    title="DenseNet121",
    paper="arXiv:1608.06993",
    files=("densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",),
)


def logits(inputs: Any, settings: Settings) -> Any:
    return on_backbone(inputs, settings, keras.applications.DenseNet121, preprocess=torch)
