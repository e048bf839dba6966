"""The internship report's Siamese MobileNetV2 on upper halves of faces; `siamese` trains it."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from monitor.training.experiments.paper import PaperNetwork
from monitor.training.experiments.paper_parts import backbone

NETWORK = PaperNetwork(
    title="Siamese MobileNetV2",
    paper="internship",
    tasks=("upper_faces",),
    size=160,
    preprocessing="RGB -1..1",
    layers=(
        "MobileNetV2 without top, global average pooling, dense 128 of unit length; "
        "triplet loss; on the frozen embeddings dense 128 with ReLU, dropout 0.3, softmax"
    ),
    rate=0.001,
    batch=32,
    epochs=0,
    left_open=(
        "The length of the embedding and the margin: 128 and 0.2, as in FaceNet",
        "The batch: 8 people with 4 faces",
        "How long: until the minutes are over",
        "The paper's backbone is ResNet50; MobileNetV2 is the one whose ImageNet weights "
        "are to be had here",
    ),
    backbone="mobilenetv2",
    frozen=False,
)


def output(x: Any, classes: int) -> Any:
    """The embedding; how many people there are says nothing here."""
    x = layers.GlobalAveragePooling2D()(backbone(keras.applications.MobileNetV2, x))
    return layers.UnitNormalization(name="embedding")(layers.Dense(128, name="logits")(x))
