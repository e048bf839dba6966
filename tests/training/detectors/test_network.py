"""The network that learns on is YuNet to the last digit, and goes back into YuNet's file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from monitor.detect.yunet import MODEL
from monitor.records import FloatArray
from monitor.training.detectors.network import HEADS, STRIDES, from_onnx, to_onnx
from monitor.training.detectors.targets import TRUNK

NAMES = [f"{head}_{stride}" for stride in STRIDES for head in HEADS]


def heads_of(path: Path, picture: FloatArray) -> list[FloatArray]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(NAMES, {"input": picture})  # type: ignore[no-any-return]


def joined(heads: list[FloatArray]) -> FloatArray:
    """(1, cells, 16), as the Keras network gives it."""
    return np.concatenate(
        [np.concatenate(heads[4 * i : 4 * i + 4], axis=-1) for i in range(len(STRIDES))], axis=1
    )


@pytest.fixture(scope="module")
def picture() -> FloatArray:
    noise = np.random.default_rng(0).integers(0, 256, (1, 3, 96, 160))
    return noise.astype(np.float32)


def test_the_network_says_what_the_file_says(picture: FloatArray) -> None:
    output = from_onnx(MODEL)(picture.transpose(0, 2, 3, 1)).numpy()
    output[..., :2] = 1 / (1 + np.exp(-output[..., :2]))
    assert np.abs(output - joined(heads_of(MODEL, picture))).max() < 1e-4


@pytest.mark.long
def test_what_is_learnt_goes_into_the_file_and_the_trunk_stays(
    picture: FloatArray, tmp_path: Path
) -> None:
    model = from_onnx(MODEL, TRUNK)
    for variable in model.trainable_variables:
        variable.assign(variable * 1.01)
    to_onnx(model, MODEL, tmp_path / "learnt.onnx")
    again = from_onnx(tmp_path / "learnt.onnx", TRUNK)
    features = np.random.default_rng(1).random((1, 8, 8, 64)).astype(np.float32)
    np.testing.assert_allclose(again(features), model(features), atol=1e-5)
    before, after = heads_of(MODEL, picture), heads_of(tmp_path / "learnt.onnx", picture)
    assert [one.shape for one in after] == [one.shape for one in before]
    assert np.abs(joined(after) - joined(before)).max() > 1e-3
    for layer in from_onnx(MODEL).layers:  # what comes before the trunk's end is untouched
        if layer.weights and layer.name not in {one.name for one in model.layers}:
            same = from_onnx(tmp_path / "learnt.onnx").get_layer(layer.name)
            np.testing.assert_array_equal(same.get_weights()[0], layer.get_weights()[0])


def test_another_kind_of_network_is_refused() -> None:
    with pytest.raises(ValueError, match="no detector like YuNet"):
        from_onnx(MODEL.with_name("aligner_v1.onnx"))
