"""Recognisers that need no training: a dense softmax whose weights are the embeddings of those who
are in the gallery.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from monitor.card import sha256
from monitor.identity.embed import MODEL
from monitor.identity.person import EnrolledPerson

INPUTS = 256
STEEP, NOBODY = 30.0, 12.0  # a person is likelier than nobody from a cosine of 0.4 on


def write_recogniser(stem: Path, known: Sequence[EnrolledPerson], **card: Any) -> Path:
    """The ONNX file of a recogniser of some people and its card, with other fields if wanted."""
    weights = np.zeros((INPUTS, len(known) + 1), np.float32)
    for column, person in enumerate(known):
        weights[:, column] = STEEP * person.templates()[0]
    bias = np.array([0.0] * len(known) + [NOBODY], np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["embeddings", "weights", "bias"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        ],
        "dense",
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, [None, INPUTS])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, len(known) + 1])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = stem.with_name(stem.name + ".onnx")
    onnx.save(model, str(path))
    about = {
        "name": stem.name,
        "task": "recogniser",
        "files": {path.name: {"sha256": sha256(path)}},
        "people": [{"name": p.name, "given": p.given.isoformat()} for p in known],
        "input": {"embedding": MODEL},
        "threshold": 0.6,
        "doubt": 0.3,
    }
    stem.with_name(stem.name + ".json").write_text(json.dumps(about | card), encoding="utf-8")
    return path
