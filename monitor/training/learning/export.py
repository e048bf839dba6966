"""From trained logits to what the program loads: one inference model as `.keras` and ONNX, and its
card.

Input "faces" (N, S, S, 3) float32 RGB -1..1, output "probabilities" (N, 3): softmax((logits + bias)
/ temperature), the bias and the temperature inside the last layer's weights. Imports TensorFlow.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx

from monitor.engine import cardless_session
from monitor.errors import ModelError
from monitor.records import FloatArray
from monitor.training.learning import cards

OPSET = 17
AGREE = 1e-4  # the most that the two files may differ in any probability


def inference_model(trained: keras.Model, temperature: float, bias: FloatArray) -> keras.Model:
    """The trained network (a layer "backbone", average pooling, a layer "logits") with softmax,
    without dropout.

    Any other network keeps its layers and gets the softmax behind them.
    """
    size = trained.input_shape[1]
    faces = keras.Input((size, size, 3), name="faces")
    names = {layer.name for layer in trained.layers}
    if (
        {"backbone", "pool", "logits"} <= names
        and len(trained.get_layer("logits").get_weights()) == 2
        and trained.name == "mobilenetv2"
    ):
        backbone, last = trained.get_layer("backbone"), trained.get_layer("logits")
        features = keras.layers.GlobalAveragePooling2D(name="pool")(backbone(faces))
        head = keras.layers.Dense(len(bias), activation="softmax", name="probabilities")
        model = keras.Model(faces, head(features), name="mask")
        kernel, offset = last.get_weights()
        head.set_weights([kernel / temperature, (offset + bias) / temperature])
        return model
    scaled = keras.layers.Rescaling(
        1 / temperature, [float(b) / temperature for b in bias], name="scaled"
    )(trained(faces))
    return keras.Model(faces, keras.layers.Softmax(name="probabilities")(scaled), name="mask")


def write_models(
    model: keras.Model, out: Path, *, keep_keras: bool = True
) -> dict[str, dict[str, Any]]:
    """Write `out`.keras and `out`.onnx and check that they agree.

    Args:
        model: As `inference_model` makes it.
        out: Path without ending.
        keep_keras: False where the program runs the ONNX file alone: the other one is compared
            with and not kept.

    Returns:
        The card's `files`.

    Raises:
        ModelError: If the two differ by more than 1e-4 on random input.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    onnx_path = Path(f"{out}.onnx")
    write_onnx(model, onnx_path)
    with tempfile.TemporaryDirectory() as aside:
        keras_path = Path(f"{out}.keras") if keep_keras else Path(aside) / f"{out.name}.keras"
        model.save(keras_path)
        worst = disagreement(keras_path, onnx_path)
    if worst > AGREE:
        raise ModelError(
            f"{onnx_path.name} and {keras_path.name} differ by {worst:.1e}: export again with "
            f"another opset"
        )
    return cards.files_of(*((onnx_path, keras_path) if keep_keras else (onnx_path,)))


def write_onnx(model: keras.Model, path: Path) -> None:
    """Write the ONNX file alone, unchecked; `model` as `inference_model` makes it, or of anything
    else that is one float32 tensor.
    """
    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="faces")]
    call = tf.function(
        lambda faces: tf.identity(model(faces, training=False), name="probabilities"),
        input_signature=signature,
    )
    proto, _ = tf2onnx.convert.from_function(call, input_signature=signature, opset=OPSET)
    _rename_output(proto, "probabilities")
    onnx.save(proto, str(path))


def disagreement(keras_path: Path, onnx_path: Path, count: int = 16, seed: int = 0) -> float:
    """Largest difference of any probability between the two files on `count` random pictures of low
    frequency.
    """
    model = keras.saving.load_model(keras_path, compile=False)
    size = model.input_shape[1]
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(-1, 1, (count, 8, 8, 3)).astype(np.float32)
    faces = np.asarray(tf.image.resize(coarse, (size, size)), np.float32)
    session = cardless_session(onnx_path)
    by_onnx = session.run(["probabilities"], {"faces": faces})[0]
    return float(np.abs(np.asarray(model(faces, training=False)) - by_onnx).max())


def write_card(
    out: Path, files: Mapping[str, Any], size: int, margin: float, about: Mapping[str, Any]
) -> None:
    """Write `out`.json: what the program reads, then what people read (`about`)."""
    card = {
        "task": "mask",
        "files": dict(files),
        "classes": ["masked", "unmasked", "incorrect"],
        "input": {
            "name": "faces",
            "size": size,
            "margin": margin,
            "colour": "RGB",
            "range": [-1, 1],
            "layout": "NHWC",
        },
        "output": {"name": "probabilities", "of": "classes, softmax after temperature"},
        **about,
        "libraries": cards.libraries(
            *("tensorflow", "keras", "numpy", "opencv-python", "onnx", "tf2onnx", "onnxruntime")
        ),
    }
    cards.write_card(out, card)


def _rename_output(proto: Any, name: str) -> None:
    old = proto.graph.output[0].name
    if old == name:
        return
    for node in proto.graph.node:
        node.input[:] = [name if i == old else i for i in node.input]
        node.output[:] = [name if o == old else o for o in node.output]
    proto.graph.output[0].name = name
