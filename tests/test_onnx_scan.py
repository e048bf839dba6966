"""A model whose numbers lie in a second file is told, wherever in the model they hide."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from monitor.card import MODELS_DIR
from monitor.onnx_scan import has_external_data


def tensor(*, outside: bool) -> TensorProto:
    one = numpy_helper.from_array(np.ones((4, 4), np.float32), "w")
    if outside:
        one.ClearField("raw_data")
        one.data_location = TensorProto.EXTERNAL
        one.external_data.add(key="location", value="w.bin")
    return one


def graph(*nodes: onnx.NodeProto, weights: tuple[TensorProto, ...] = ()) -> onnx.GraphProto:
    return helper.make_graph(list(nodes), "g", [], [], list(weights))


def constant(value: TensorProto) -> onnx.NodeProto:
    return helper.make_node("Constant", [], ["c"], value=value)


def branch(inner: onnx.GraphProto) -> onnx.NodeProto:
    return helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)


def of_initializer(w: TensorProto) -> onnx.ModelProto:
    return helper.make_model(graph(weights=(w,)))


def of_node(w: TensorProto) -> onnx.ModelProto:
    return helper.make_model(graph(constant(w)))


def of_list(w: TensorProto) -> onnx.ModelProto:
    node = helper.make_node("Custom", [], ["c"])
    node.attribute.append(helper.make_attribute("many", [tensor(outside=False), w]))
    return helper.make_model(graph(node))


def of_subgraph(w: TensorProto) -> onnx.ModelProto:
    return helper.make_model(graph(branch(graph(branch(graph(constant(w)))))))


def of_graphs(w: TensorProto) -> onnx.ModelProto:
    node = helper.make_node("Custom", [], ["c"])
    node.attribute.append(helper.make_attribute("many", [graph(weights=(w,))]))
    return helper.make_model(graph(node))


def of_sparse(w: TensorProto) -> onnx.ModelProto:
    model = helper.make_model(graph())
    model.graph.sparse_initializer.add().values.CopyFrom(w)
    return model


def of_sparse_indices(w: TensorProto) -> onnx.ModelProto:
    node = helper.make_node("Constant", [], ["c"])
    attribute = node.attribute.add(name="sparse_value", type=onnx.AttributeProto.SPARSE_TENSOR)
    attribute.sparse_tensor.indices.CopyFrom(w)
    return helper.make_model(graph(node))


def of_function(w: TensorProto) -> onnx.ModelProto:
    model = helper.make_model(graph())
    function = helper.make_function("d", "f", [], ["c"], [constant(w)], [])
    model.functions.append(function)
    return model


def of_function_default(w: TensorProto) -> onnx.ModelProto:
    model = helper.make_model(graph())
    function = helper.make_function("d", "f", [], [], [], [])
    function.attribute_proto.append(helper.make_attribute("w", w))
    model.functions.append(function)
    return model


def of_training(w: TensorProto) -> onnx.ModelProto:
    model = helper.make_model(graph())
    model.training_info.add().initialization.CopyFrom(graph(weights=(w,)))
    return model


PLACES = [
    *(of_initializer, of_node, of_list, of_subgraph, of_graphs, of_sparse, of_sparse_indices),
    *(of_function, of_function_default, of_training),
]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_it_is_told_in_every_place(place: Callable[[TensorProto], onnx.ModelProto]) -> None:
    assert has_external_data(place(tensor(outside=True)).SerializeToString())
    assert not has_external_data(place(tensor(outside=False)).SerializeToString())


def test_either_mark_alone_is_enough() -> None:
    located, listed = tensor(outside=True), tensor(outside=True)
    located.ClearField("external_data")
    listed.ClearField("data_location")
    for one in (located, listed):
        assert has_external_data(of_initializer(one).SerializeToString())


def test_a_second_graph_in_one_model_is_looked_at() -> None:
    """Repeated, a single field is merged by the protobuf library."""
    twice = of_node(tensor(outside=False)).SerializeToString()
    assert has_external_data(twice + of_node(tensor(outside=True)).SerializeToString())


@pytest.mark.parametrize("path", sorted(MODELS_DIR.glob("*.onnx")), ids=lambda path: path.name)
def test_the_shipped_models_are_one_file_each(path: Path) -> None:
    assert not has_external_data(path.read_bytes())


@pytest.mark.parametrize(
    "content",
    [
        b"not a network",
        b"\x3a\xff\xff\xff\xff\x0f",  # a graph longer than the file
        b"\x3a",
        b"\x3b\x3c",  # a group
        b"\x00\x00",  # field 0
        b"\x08" + b"\xff" * 20,  # a number without end
        b"\x3d\x00",  # four bytes of which one is there
    ],
)
def test_what_is_no_model_is_said(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        has_external_data(content)


def test_nesting_has_an_end() -> None:
    content = b""
    for _ in range(200):  # a graph in an attribute in a node in a graph
        for number in (6, 5, 1):
            length, size = len(content), b""
            while True:
                size += bytes([length & 0x7F | (0x80 if length > 0x7F else 0)])
                length >>= 7
                if not length:
                    break
            content = bytes([number << 3 | 2]) + size + content
    length = len(content)
    head = b"\x3a" + bytes([length & 0x7F | 0x80, length >> 7 & 0x7F])
    with pytest.raises(ValueError, match="nested too deep"):
        has_external_data(head + content)
