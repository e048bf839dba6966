"""The second paper's MobileNetV2 (arXiv:1801.04381): masks, gender, six celebrities."""

from __future__ import annotations

from typing import Any

import keras

from monitor.training.experiments.paper import PaperNetwork
from monitor.training.experiments.paper_parts import answers, pooled

NETWORK = PaperNetwork(
    title="MobileNetV2 + GAP + dense",
    paper="transfer",
    tasks=("masks", "gender", "celebrities"),
    size=128,
    preprocessing="RGB -1..1",
    layers="MobileNetV2 without top, global average pooling, dense",
    rate=0.01,
    batch=8,
    epochs=15,
    left_open=(
        "The side: 128 px",
        "The optimizer: Adam as for its CNN",
        "Whether the backbone is frozen: with pretrained weights it is, from random "
        "weights all learns",
    ),
    backbone="mobilenetv2",
    reported={"gender": 87.0, "celebrities": 88.0},
)


def output(x: Any, classes: int) -> Any:
    return answers(pooled(keras.applications.MobileNetV2, x), classes)
