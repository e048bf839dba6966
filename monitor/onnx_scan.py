"""Finds what an ONNX file would have read from other files.

A tensor of an ONNX model may keep its numbers in a second file, which no card describes: the bytes
of the model stay the same while its weights change. ONNX Runtime looks for that file in the working
folder where a model comes as bytes. Such models are refused, wherever in the model the tensor hides
(a node's attribute, a subgraph, a function, a sparse tensor).

Only the fields on the way to tensors are looked at, by their numbers in `onnx.proto3`; what the
program needs no package for.
"""

from __future__ import annotations

from collections.abc import Iterator

# message: {number of a field: the message in it}
_WAYS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "node": {5: "attribute"},
    "attribute": {
        5: "tensor",
        10: "tensor",
        6: "graph",
        11: "graph",
        22: "sparse tensor",
        23: "sparse tensor",
    },
    "sparse tensor": {1: "tensor", 2: "tensor"},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # of a tensor; the location is 0 in the file, 1 outside
_DEPTH_MAX = 100  # as in the protobuf library

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


def has_external_data(content: bytes) -> bool:
    """Whether any tensor of an ONNX model keeps its numbers outside of `content`.

    Raises:
        ValueError: If the content is no ONNX model.
    """
    return _is_external(memoryview(content), "model", 0)


def _is_external(content: memoryview, message: str, depth: int) -> bool:
    if depth > _DEPTH_MAX:
        raise ValueError("nested too deep")
    if message == "tensor":
        return any(
            number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0)
            for number, value in _fields(content)
        )
    ways = _WAYS[message]
    return any(
        _is_external(value, ways[number], depth + 1)
        for number, value in _fields(content)
        if number in ways and isinstance(value, memoryview)
    )


def _fields(content: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of a message's fields; a value is a number or the bytes of a longer field."""
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        number, kind = tag >> 3, tag & 7
        if not 0 < number < 2**29:
            raise ValueError(f"field {number}")
        value: int | memoryview = 0
        if kind == _VARINT:
            value, at = _varint(content, at)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            at += 8 if kind == _EIGHT_BYTES else 4
        elif kind == _LENGTH:
            length, at = _varint(content, at)
            value = content[at : at + length]
            at += length
        else:  # groups, which ONNX does not have, would be a way round
            raise ValueError(f"wire type {kind}")
        if at > len(content):
            raise ValueError("cut short")
        yield number, value


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            raise ValueError("cut short")
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number without end")
