"""The way to an accelerator, and back to the CPU where it fails. No GPU is needed: TensorFlow
splits the CPU into two devices.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest

from monitor import engine
from monitor.card import MODELS_DIR

FACES = np.random.default_rng(0).uniform(-1, 1, (3, 128, 128, 3)).astype(np.float32)


def faces(network: engine.Network) -> np.ndarray:
    size = network.card["input"]["size"]
    return np.ascontiguousarray(np.resize(FACES, (3, size, size, 3)))


def test_a_provider_that_does_not_start_is_left_with_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plain = engine.OnnxNetwork(MODELS_DIR / "mask_v5", 2)
    names = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)
    with caplog.at_level(logging.WARNING):
        network = engine.OnnxNetwork(MODELS_DIR / "mask_v5", 2)
    lines = [r.getMessage() for r in caplog.records if r.name == "monitor.engine"]
    caplog.clear()
    assert len(lines) == 1
    assert "CUDAExecutionProvider cannot be used" in lines[0]
    assert network.backend == "onnx"
    np.testing.assert_array_equal(network(faces(network)), plain(faces(plain)))


class FakeSession:
    """An ONNX Runtime that has the accelerators of `built`, of which those in `broken` do not
    start.
    """

    built: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    def __init__(self, path: str, options: object, providers: list[str]) -> None:
        if providers[0] in self.broken:
            raise RuntimeError("no device\nmore words")
        self.providers = providers

    def get_providers(self) -> list[str]:
        return self.providers

    def get_inputs(self) -> list[object]:
        return [type("Input", (), {"name": "faces"})()]


@pytest.mark.parametrize(
    ("built", "broken", "backend"),
    [
        ((), (), "onnx"),
        (("DmlExecutionProvider",), (), "onnx (Dml)"),
        (("CoreMLExecutionProvider",), (), "onnx (CoreML)"),
        (("CoreMLExecutionProvider", "CUDAExecutionProvider"), (), "onnx (CUDA)"),
        (
            ("CUDAExecutionProvider", "DmlExecutionProvider"),
            ("CUDAExecutionProvider",),
            "onnx (Dml)",
        ),
        (("CUDAExecutionProvider",), ("CUDAExecutionProvider",), "onnx"),
    ],
)
def test_the_best_provider_that_starts_is_taken(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    built: tuple[str, ...],
    broken: tuple[str, ...],
    backend: str,
) -> None:
    monkeypatch.setattr(FakeSession, "broken", broken)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [*built, engine.CPU])
    monkeypatch.setattr(onnxruntime, "InferenceSession", FakeSession)
    assert engine.OnnxNetwork(MODELS_DIR / "mask_v5", 2).backend == backend
    lines = [r.getMessage() for r in caplog.records if r.name == "monitor.engine"]
    caplog.clear()
    assert len(lines) == len(broken)
    assert all("more words" not in line for line in lines)


def test_the_detector_stays_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["CoreMLExecutionProvider", engine.CPU]
    )
    assert engine.onnx_session(MODELS_DIR / "yunet.onnx", 2).get_providers() == [engine.CPU]


SCRIPT = """
import logging, sys
logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stdout)
import numpy as np
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
listed = tf.config.list_physical_devices
class Gpu:
    name = "/physical_device:CPU:1"
grown = []
tf.config.list_physical_devices = lambda kind=None: [Gpu()] if kind == "GPU" else listed(kind)
tf.config.experimental.set_memory_growth = lambda device, on: grown.append(on)
from monitor import engine
from monitor.card import MODELS_DIR
network = engine.load_network("mask_v5", "tensorflow", 2)
size = network.card["input"]["size"]
batch = np.random.default_rng(0).uniform(-1, 1, (3, size, size, 3)).astype(np.float32)
on_device = network(batch)
print("device", network.device, "growth", grown)
def fails(batch):
    raise tf.errors.InternalError(None, None, "CUDA_ERROR_LAUNCH_FAILED\\nmore words")
network._run = fails
after = network(batch)
print("device", network.device)
plain = engine.load_network("mask_v5", "onnx", 2)(batch)
agree = [bool(np.abs(answer - plain).max() < 1e-4) for answer in (on_device, after)]
print("agree", *agree)
"""


@pytest.mark.long
def test_tensorflow_uses_the_device_and_falls_back_with_one_line() -> None:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line]
    assert lines == [
        "device CPU:1 growth [True]",
        "CPU:1 has failed (CUDA_ERROR_LAUNCH_FAILED): TensorFlow goes on with the CPU",
        "device CPU:0",
        "agree True True",
    ]
