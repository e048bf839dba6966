"""The Siamese way on a backbone that was trained on faces: SFace, frozen, and a projection.

The internship report's backbone is ResNet50 from ImageNet; this is what its way is worth on one
that knows faces. SFace wants a whole face on the standard template, so the upper half is brought
back to where it lies there, and the rest of the template is grey. The projection begins as SFace's
own embedding, which is what the tests before training measure.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from monitor.errors import ConfigError
from monitor.faces.align import SIZE, TEMPLATE_BOX
from monitor.training.experiments.upper_faces import SIDE

NETWORK = "sface"


def build(path: Path, numbers: int) -> Any:
    """
    Args:
        path: SFace as a Keras model, (N, 112, 112, 3) RGB 0..255 -> (N, 128).
        numbers: Of an embedding; as many as the backbone has.

    Returns:
        (N, 160, 160, 3) float32 RGB -1..1 of `upper_faces` -> (N, numbers) float32 of unit length.

    Raises:
        ConfigError: If the file is not there, or not this.
    """
    try:
        backbone = keras.saving.load_model(path, compile=False)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be loaded ({str(error).splitlines()[0]}): give SFace as a Keras model "
            f"with --weights, such as weights/sface.keras"
        ) from None
    if backbone.input_shape[1:] != (SIZE, SIZE, 3) or backbone.output_shape[1:] != (numbers,):
        raise ConfigError(
            f"{path} is not SFace: it must take {SIZE} px faces and give {numbers} numbers"
        )
    backbone.trainable = False
    backbone.name = "backbone"
    left, top, right, bottom = (round(v) for v in TEMPLATE_BOX)
    half = ((bottom - top) // 2, right - left)
    around = ((0, 0), (top, SIZE - top - half[0]), (left, SIZE - left - half[1]), (0, 0))
    faces = keras.Input((SIDE, SIDE, 3), name="roi_rgb")
    x = keras.layers.Resizing(*half)(faces)
    x = keras.layers.Rescaling(127.5, 127.5)(keras.ops.pad(x, around))
    x = keras.layers.UnitNormalization()(backbone(x))
    dense = keras.layers.Dense(numbers, kernel_initializer="identity", name="logits")
    embedding = keras.layers.UnitNormalization(name="embedding")(dense(x))
    return keras.Model(faces, embedding, name=f"siamese_{NETWORK}")
