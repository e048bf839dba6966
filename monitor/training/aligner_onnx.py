"""The aligner as a file: its network and the sampling, twice, in ONNX; `train_aligner` writes it, others run it.

What the network says of a face, (2, 3) in units of `PARTS`, is an affine map: x + linear * (x - `CENTRE`) + shift in px is where
the template's point x lies in the face.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from monitor.align import SIZE
from monitor.errors import ConfigError
from monitor.records import Image

CENTRE = np.array([56.0, 72.0])
PARTS = np.array([[0.25, 0.25, 10.0]] * 2, np.float32)  # what an output of 1 means: share of (x - centre), px


def to_onnx(model: Any, path: Path) -> None:
    """The network and the sampling, twice: what the first look leaves wrong, the second sees better.

    Both looks share their weights, and the face that comes out is sampled once, along both maps.
    """
    import onnx
    import tensorflow as tf
    import tf2onnx
    from onnx import TensorProto, helper, numpy_helper

    from monitor.training.export_embedding import OPSET

    signature = [tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32, name="faces")]
    call = tf.function(lambda faces: model(faces / 127.5 - 1.0, training=False), input_signature=signature)
    proto, _ = tf2onnx.convert.from_function(call, input_signature=signature, opset=OPSET)
    graph = proto.graph
    network, answer = list(graph.node), graph.output[0].name
    constants = {t.name for t in graph.initializer}
    nodes: list[Any] = []

    def node(kind: str, inputs: list[str], output: str, **options: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **options))
        return output

    def constant(name: str, value: Any) -> str:
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def placed(faces: str, number: int) -> str:
        """The network once more, on other faces; its weights are shared."""
        for original in network:
            copy = onnx.NodeProto()
            copy.CopyFrom(original)
            copy.name = ""
            for names in (copy.input, copy.output):
                names[:] = [
                    faces if n == "faces" else n if n in constants or not n else f"pass{number}_{n}" for n in names
                ]
            nodes.append(copy)
        return node("Mul", [f"pass{number}_{answer}", parts], f"map{number}")

    def moved_by(way: str, points: str, name: str) -> str:
        """(N, 2, P) px: where a map, (N, 2, 3), puts points."""
        linear = node("Slice", [way, *linear_range], f"{name}_linear")
        shift = node("Slice", [way, *shift_range], f"{name}_shift")
        from_centre = node("Sub", [points, centre], f"{name}_from_centre")
        away = node("Add", [node("MatMul", [linear, from_centre], f"{name}_turned"), shift], f"{name}_away")
        return node("Add", [points, away], name)

    def sampled(points: str, name: str) -> str:
        """(N, 112, 112, 3): the faces as they came, sampled at points."""
        unit = node("Sub", [node("Mul", [points, to_unit], f"{name}_scaled"), one], f"{name}_unit")
        last = node("Transpose", [unit], f"{name}_last", perm=[0, 2, 1])
        grid = node("Reshape", [last, grid_shape], f"{name}_grid")
        options = {"mode": "bilinear", "padding_mode": "zeros", "align_corners": 1}
        return node("Transpose", [node("GridSample", [nchw, grid], f"{name}_nchw", **options)], name, perm=[0, 2, 3, 1])

    ys, xs = np.mgrid[0:SIZE, 0:SIZE].reshape(2, -1).astype(np.float32)
    pixels = constant("pixels", np.stack([xs, ys])[None])
    parts = constant("parts", PARTS[None])
    centre = constant("centre", CENTRE.astype(np.float32).reshape(1, 2, 1))
    # GridSample counts -1..1 from the centre of the first pixel to that of the last.
    to_unit = constant("to_unit", np.array(2 / (SIZE - 1), np.float32))
    one = constant("one", np.array(1, np.float32))
    grid_shape = constant("grid_shape", np.array([0, SIZE, SIZE, 2], np.int64))
    linear_range = [constant(f"linear_{k}", np.array([v], np.int64)) for k, v in (("from", 0), ("to", 2), ("axis", 2))]
    shift_range = [constant(f"shift_{k}", np.array([v], np.int64)) for k, v in (("from", 2), ("to", 3), ("axis", 2))]
    nchw = node("Transpose", ["faces"], "nchw", perm=[0, 3, 1, 2])
    first = placed("faces", 1)
    nearly = sampled(moved_by(first, pixels, "nearly"), "nearly_straight")
    second = placed(nearly, 2)
    # The second map leads into the nearly straight face, the first from there into the face as it came.
    sampled(moved_by(first, moved_by(second, pixels, "back"), "through"), "straight")
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("straight", TensorProto.FLOAT, [None, SIZE, SIZE, 3]))
    onnx.checker.check_model(proto)
    onnx.save(proto, str(path))


class Aligner:
    """The written network, through ONNX Runtime."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            ConfigError: If the file is not there.
        """
        import onnxruntime

        if not path.is_file():
            raise ConfigError(f"{path} is not there: make it with monitor.training.train_aligner")
        self._session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def __call__(self, faces_bgr: Image) -> Image:
        """(N, 112, 112, 3) uint8 BGR to the same, laid straight."""
        made = np.empty_like(faces_bgr)
        for i in range(0, len(faces_bgr), 64):
            rgb = np.ascontiguousarray(faces_bgr[i : i + 64, ..., ::-1], np.float32)
            (straight,) = self._session.run(["straight"], {"faces": rgb})
            made[i : i + 64] = np.round(straight[..., ::-1]).clip(0, 255).astype(np.uint8)
        return made
