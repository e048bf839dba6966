"""Which network is loaded from where; real networks are in tests/integration."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from monitor import engine
from monitor.card import MODELS_DIR
from monitor.errors import ModelError


def test_a_bare_name_lies_in_models() -> None:
    assert engine.model_stem("mask_v3") == MODELS_DIR / "mask_v3"


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
    assert engine.load_network("mask_v3", backend, 2) == kind
    if not driver:
        assert asked == []  # TensorFlow takes seconds to import: never without a driver


def test_the_driver_question_has_an_answer() -> None:
    assert engine.cuda_driver_present() in (True, False)


def test_a_bare_name_may_have_its_ending() -> None:
    assert engine.model_stem("mask_v3.onnx") == MODELS_DIR / "mask_v3"
