"""From trained logits to what the program loads: one inference model as `.keras` and ONNX, and its
card.

Input "faces" (N, S, S, 3) float32 RGB -1..1, output "probabilities" (N, 3): softmax((logits + bias)
/ temperature), the bias and the temperature inside the last layer's weights. Imports TensorFlow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx

from monitor.card import sha256
from monitor.engine import cardless_session
from monitor.errors import ModelError
from monitor.records import FloatArray

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


def write_models(model: keras.Model, out: Path) -> dict[str, dict[str, Any]]:
    """Write `out`.keras and `out`.onnx and check that they agree.

    Returns:
        The card's `files`.

    Raises:
        ModelError: If the two differ by more than 1e-4 on random input.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    keras_path, onnx_path = Path(f"{out}.keras"), Path(f"{out}.onnx")
    model.save(keras_path)
    size = model.input_shape[1]
    signature = [tf.TensorSpec((None, size, size, 3), tf.float32, name="faces")]
    call = tf.function(
        lambda faces: tf.identity(model(faces, training=False), name="probabilities"),
        input_signature=signature,
    )
    proto, _ = tf2onnx.convert.from_function(call, input_signature=signature, opset=OPSET)
    _rename_output(proto, "probabilities")
    onnx.save(proto, str(onnx_path))
    worst = disagreement(keras_path, onnx_path)
    if worst > AGREE:
        raise ModelError(
            f"{onnx_path.name} and {keras_path.name} differ by {worst:.1e}: export again with "
            f"another opset"
        )
    return {
        p.name: {"sha256": sha256(p), "bytes": p.stat().st_size} for p in (onnx_path, keras_path)
    }


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
        "name": out.name,
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
        "libraries": {
            name: version(name)
            for name in (
                "tensorflow",
                "keras",
                "numpy",
                "opencv-python",
                "onnx",
                "tf2onnx",
                "onnxruntime",
            )
        },
    }
    Path(f"{out}.json").write_text(
        json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def _rename_output(proto: Any, name: str) -> None:
    old = proto.graph.output[0].name
    if old == name:
        return
    for node in proto.graph.node:
        node.input[:] = [name if i == old else i for i in node.input]
        node.output[:] = [name if o == old else o for o in node.output]
    proto.graph.output[0].name = name
