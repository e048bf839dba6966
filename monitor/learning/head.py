"""The last layer of a mask model, read from and put into its ONNX file; all else stays as it is.

`onnx` comes with requirements-learn.txt and is imported where it is used: the running program
needs none of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.errors import ConfigError, ModelError
from monitor.records import FloatArray

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Head:
    """Features to logits: `features @ kernel + bias`; the softmax of them are the probabilities."""

    kernel: FloatArray  # (D, C)
    bias: FloatArray  # (C,)

    def logits(self, features: FloatArray) -> FloatArray:
        """(N, C) float32 of (N, D) float32."""
        made: FloatArray = (features @ self.kernel + self.bias).astype(np.float32)
        return made


@dataclass(frozen=True)
class _Names:
    """Of the tensors that the last layer is made of."""

    features: str
    kernel: str
    bias: str


def onnx_package() -> Any:
    """
    Raises:
        ConfigError: If it is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise ConfigError(
            "learning needs the package onnx: run `pip install -r requirements-learn.txt`"
        ) from None
    return onnx


def read_head(content: bytes) -> Head:
    """The last layer of an ONNX file.

    Raises:
        ModelError: If it does not end in MatMul, Add, Softmax.
        ConfigError: If `onnx` is not installed.
    """
    model = _parsed(content)
    names, tensors = _names(model), {t.name: t for t in model.graph.initializer}
    to_array = onnx_package().numpy_helper.to_array
    return Head(
        np.array(to_array(tensors[names.kernel]), np.float32),
        np.array(to_array(tensors[names.bias]), np.float32),
    )


def with_head(content: bytes, head: Head) -> bytes:
    """The same network with another last layer.

    Raises:
        ModelError: If the head does not fit, or see `read_head`.
    """
    model = _parsed(content)
    names = _names(model)
    from_array = onnx_package().numpy_helper.from_array
    for tensor in model.graph.initializer:
        wanted = {names.kernel: head.kernel, names.bias: head.bias}.get(tensor.name)
        if wanted is None:
            continue
        if list(tensor.dims) != list(wanted.shape):
            raise ModelError(
                f"a head of {wanted.shape} does not fit the model's {tuple(tensor.dims)}: learn "
                f"anew from the model that runs now"
            )
        tensor.CopyFrom(from_array(np.ascontiguousarray(wanted, np.float32), tensor.name))
    return bytes(model.SerializeToString())


def giving_features(content: bytes) -> tuple[bytes, str]:
    """The network with the features as one more output, and that output's name.

    Raises:
        ModelError: See `read_head`.
    """
    model = _parsed(content)
    name = _names(model).features
    model.graph.output.append(onnx_package().ValueInfoProto(name=name))
    return bytes(model.SerializeToString()), name


def _parsed(content: bytes) -> Any:
    try:
        return onnx_package().load_model_from_string(content)
    except ConfigError:
        raise
    except Exception as error:  # the parser raises classes of its own
        raise ModelError(
            f"the model cannot be read ({type(error).__name__}): install Mask Monitor again"
        ) from None


def _names(model: Any) -> _Names:
    """Walks back from the output: Softmax, Add, MatMul."""
    made: dict[str, Any] = {output: node for node in model.graph.node for output in node.output}
    constants = {tensor.name for tensor in model.graph.initializer}
    softmax: Any = made.get(model.graph.output[0].name)
    add: Any = made.get(softmax.input[0]) if softmax is not None else None
    matmul: Any = made.get(add.input[0]) if add is not None else None
    kinds = [node.op_type if node is not None else "" for node in (softmax, add, matmul)]
    if (
        kinds != ["Softmax", "Add", "MatMul"]
        or add.input[1] not in constants
        or matmul.input[1] not in constants
    ):
        raise ModelError(
            "the model does not end in one layer with softmax, so it cannot be adapted: take "
            "mask_v5 or a model that was learnt from it"
        )
    return _Names(matmul.input[0], matmul.input[1], add.input[1])
