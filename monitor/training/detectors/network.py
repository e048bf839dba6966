"""A detector of YuNet's kind as a Keras network, and back. Imports TensorFlow.

The network is read from the ONNX graph itself, node by node, so what the file holds (batch
normalisation folded into the weights) is what learns on, and the weights go back under the names
that they came from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import onnx
from keras import layers
from onnx import helper, numpy_helper

STRIDES = (8, 16, 32)  # px of the picture; the heads of the network
HEADS = ("cls", "obj", "bbox", "kps")


def from_onnx(path: Path, first: str | None = None) -> keras.Model:
    """The network of a file, with its weights, or the part of it that follows the tensor `first`.

    It takes (N, H, W, 3) float32 BGR 0..255, H and W multiples of 32 (or that tensor, channels
    last), and gives (N, cells, 16): the cells of strides 8, 16 and 32, row by row; logits of cls
    and obj, four numbers of the box, ten of the landmarks, as `monitor/detect/yunet.py` decodes
    them.

    Raises:
        ValueError: If the graph has an operation that no detector of this kind has.
    """
    graph = onnx.load(path).graph
    weights = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    channels = 3
    if first is not None:
        maker = next(n for n in graph.node if n.op_type == "Conv" and n.input[0] == first)
        channels = weights[maker.input[1]].shape[1]
    picture = keras.Input((None, None, channels))
    tensors: dict[str, Any] = {first or graph.input[0].name: picture}
    values = []
    for node in graph.node:
        if node.input[0] not in tensors:  # comes before `first`
            continue
        x = tensors[node.input[0]]
        match node.op_type:
            case "Conv":
                layer, kernel = _convolution(node, weights)
                x = layer(x)
                values.append((layer, kernel))
            case "Relu":
                x = layers.ReLU()(x)
            case "MaxPool":
                x = layers.MaxPooling2D(2)(x)
            case "Resize":
                x = layers.UpSampling2D(2)(x)
            case "Add":
                x = layers.Add()([x, tensors[node.input[1]]])
            case "Reshape":
                x = layers.Reshape((-1, x.shape[-1]))(x)
            case "Transpose" | "Sigmoid":  # channels are last in Keras anyway; logits are wanted
                pass
            case _:
                raise ValueError(f"{path.name} has a {node.op_type}, as no detector like YuNet has")
        tensors[node.output[0]] = x
    levels = [
        layers.Concatenate()([tensors[f"{head}_{stride}"] for head in HEADS]) for stride in STRIDES
    ]
    model = keras.Model(picture, layers.Concatenate(axis=1)(levels))
    for layer, value in values:
        layer.set_weights(value)
    return model


def to_onnx(model: keras.Model, template: Path, out: Path) -> None:
    """Write the weights of a network that was read from `template`, whole or in part, into a copy
    of that file.
    """
    file = onnx.load(template)
    learnt: dict[str, npt.NDArray[np.float32]] = {}
    for node in file.graph.node:
        if node.op_type == "Conv" and _name(node) in {layer.name for layer in model.layers}:
            kernel, bias = model.get_layer(_name(node)).get_weights()
            axes = (2, 3, 0, 1) if _group(node) > 1 else (3, 2, 0, 1)
            learnt[node.input[1]] = np.ascontiguousarray(kernel.transpose(axes))
            learnt[node.input[2]] = bias
    for one in file.graph.initializer:
        if one.name in learnt:
            one.CopyFrom(numpy_helper.from_array(learnt[one.name], one.name))
    onnx.checker.check_model(file, full_check=True)
    onnx.save(file, out)


def _convolution(
    node: onnx.NodeProto, weights: dict[str, npt.NDArray[Any]]
) -> tuple[Any, list[npt.NDArray[Any]]]:
    """The layer of a node, and the weights that it gets once it is built."""
    kernel, bias = weights[node.input[1]], weights[node.input[2]]
    side = kernel.shape[-1]
    if _group(node) > 1:
        layer = layers.DepthwiseConv2D(side, padding="same", name=_name(node))
        return layer, [kernel.transpose(2, 3, 0, 1), bias]
    stride = next(helper.get_attribute_value(a) for a in node.attribute if a.name == "strides")[0]
    if stride > 1:  # both of YuNet's strides pad by one on all sides, "same" would not
        padded = _PaddedConvolution(kernel.shape[0], side, strides=stride, name=_name(node))
        return padded, [kernel.transpose(2, 3, 1, 0), bias]
    layer = layers.Conv2D(kernel.shape[0], side, padding="same", name=_name(node))
    return layer, [kernel.transpose(2, 3, 1, 0), bias]


class _PaddedConvolution(layers.Conv2D):  # type: ignore[misc]
    """Pads by one pixel on all sides, as ONNX says, where "same" would pad right and below."""

    def call(self, inputs: Any) -> Any:
        return super().call(keras.ops.pad(inputs, ((0, 0), (1, 1), (1, 1), (0, 0))))


def _name(node: onnx.NodeProto) -> str:
    return f"conv_{node.output[0]}"


def _group(node: onnx.NodeProto) -> int:
    found = next(helper.get_attribute_value(a) for a in node.attribute if a.name == "group")
    return int(found)
