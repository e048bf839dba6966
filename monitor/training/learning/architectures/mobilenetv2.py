"""MobileNetV2, arXiv:1801.04381: the one that ships."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras

from monitor.training.learning.backbone import on_backbone
from monitor.training.learning.listed import NetworkInfo
from monitor.training.learning.settings import Settings

NETWORK = NetworkInfo(
    title="MobileNetV2",
    paper="arXiv:1801.04381",
    size=128,
    freezes=True,
    files=(
        "mobilenet_v2_imagenet_notop.weights.h5",
        # The weights do not depend on the side; Keras publishes one file for each all the same.
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_192_no_top.h5",
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_160_no_top.h5",
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_128_no_top.h5",
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5",
    ),
)


def logits(inputs: Any, settings: Settings) -> Any:
    make = partial(keras.applications.MobileNetV2, alpha=settings.alpha)
    return on_backbone(inputs, settings, make)
