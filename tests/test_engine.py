"""Which network is loaded from where; real networks are in tests/integration."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from program import ROOT

from monitor import engine
from monitor.card import MODELS_DIR
from monitor.errors import ModelError


def test_a_bare_name_lies_in_models() -> None:
    assert engine.model_stem("mask_v5") == MODELS_DIR / "mask_v5"


def test_a_path_is_a_path(tmp_path: Path) -> None:
    assert engine.model_stem(str(tmp_path / "mine")) == tmp_path / "mine"


@pytest.mark.parametrize("ending", [".onnx", ".keras"])
def test_a_path_may_have_its_ending(tmp_path: Path, ending: str) -> None:
    assert engine.model_stem(str(tmp_path / f"mine{ending}")) == tmp_path / "mine"


def test_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"mine\.onnx is missing"):
        engine.load_network(str(tmp_path / "mine"), "onnx", 1)


def test_a_file_that_is_no_network(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"not a network")
    card = {"files": {path.name: {"sha256": hashlib.sha256(b"not a network").hexdigest()}}}
    path.with_suffix(".json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match=r"mine\.onnx cannot be loaded") as caught:
        engine.load_network(str(tmp_path / "mine"), "onnx", 1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("backend", "driver", "gpu", "kind"),
    [
        ("onnx", True, True, "onnx"),
        ("auto", False, True, "onnx"),
        ("auto", True, False, "onnx"),
        ("auto", True, True, "keras"),
        ("tensorflow", False, False, "keras"),
    ],
)
def test_choice_of_backend(
    monkeypatch: pytest.MonkeyPatch, backend: str, driver: bool, gpu: bool, kind: str
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(engine, "cuda_driver_present", lambda: driver)
    monkeypatch.setattr(engine, "_tensorflow_has_gpu", lambda: asked.append("tensorflow") or gpu)
    monkeypatch.setattr(engine, "OnnxNetwork", lambda stem, threads: "onnx")
    monkeypatch.setattr(engine, "KerasNetwork", lambda stem: "keras")
    assert engine.load_network("mask_v5", backend, 2) == kind
    if not driver:
        assert asked == []  # TensorFlow takes seconds to import: never without a driver


def test_the_driver_question_has_an_answer() -> None:
    assert engine.cuda_driver_present() in (True, False)


def test_a_bare_name_may_have_its_ending() -> None:
    assert engine.model_stem("mask_v5.onnx") == MODELS_DIR / "mask_v5"


def with_card(path: Path) -> Path:
    """A card that vouches for the file as it is."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    card = {"name": path.stem, "files": {path.name: {"sha256": digest}}}
    path.with_suffix(".json").write_text(json.dumps(card))
    return path


def doubling(path: Path, *, outside: bool, factor: float = 2.0) -> Path:
    """A network that multiplies by a weight, which lies in the file or in `w.bin` beside it."""
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    weight = numpy_helper.from_array(np.array([factor], np.float32), "w")
    node = helper.make_node("Mul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "g", inputs[:1], inputs[1:], [weight])
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    more = {"save_as_external_data": True, "location": "w.bin", "size_threshold": 0}
    onnx.save_model(model, path, **(more if outside else {}))
    return with_card(path)


def answer(session: Any) -> float:
    return float(session.run(None, {"x": np.ones(1, np.float32)})[0][0])


def test_weights_in_a_second_file_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The card knows nothing of them: they could be negated beside an unchanged model."""
    monkeypatch.chdir(tmp_path)  # ONNX Runtime would find them in the working folder, too
    path = doubling(tmp_path / "net.onnx", outside=True)
    for load in (
        lambda: engine.onnx_session(path, 1),
        lambda: engine.cardless_session(path),
        lambda: engine.load_network(str(tmp_path / "net"), "onnx", 1),
    ):
        with pytest.raises(ModelError, match=r"net\.onnx keeps weights in a second file") as caught:
            load()
        assert "\n" not in str(caught.value)
    assert answer(engine.onnx_session(doubling(path, outside=False), 1)) == 2.0


def test_what_was_hashed_is_what_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is changed between its check and its loading: the checked bytes run."""
    path = doubling(tmp_path / "net.onnx", outside=False)
    real = engine.read_model

    def changed_after(asked: Path) -> Any:
        checked = real(asked)
        doubling(path, outside=False, factor=-2.0)
        return checked

    monkeypatch.setattr(engine, "read_model", changed_after)
    assert answer(engine.onnx_session(path, 1)) == 2.0


def test_onnx_runtimes_own_format_is_not_taken_for_onnx(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"\x18\0\0\0ORTM" + bytes(64))
    with pytest.raises(ModelError, match=r"net\.onnx cannot be loaded"):
        engine.onnx_session(with_card(path), 1)


@pytest.mark.parametrize("name", ["", ".", "/", "a\0b"])
def test_what_is_no_name_of_a_model(name: str) -> None:
    with pytest.raises(ModelError, match="is no name of a model"):
        engine.load_network(name, "onnx", 1)


def test_without_tensorflow_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(ModelError, match=r"pip install -r requirements\.txt") as caught:
        engine.load_network("mask_v5", "tensorflow", 1)
    assert "\n" not in str(caught.value)
    assert engine.load_network("mask_v5", "auto", 1).backend == "onnx"


LAMBDA = """
import sys, pathlib, keras
network = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x * 2)])
network.save(sys.argv[1])
"""


def test_a_keras_file_that_brings_code_along_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.keras"
    subprocess.run([sys.executable, "-c", LAMBDA, path], check=True, capture_output=True)
    with_card(path)
    script = (
        "import sys; from monitor import engine; from monitor.errors import ModelError\n"
        "try: engine.load_network(sys.argv[1], 'tensorflow', 1)\n"
        "except ModelError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, path], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout.count("\n") == 1, done.stdout
    assert "net.keras cannot be loaded" in done.stdout
