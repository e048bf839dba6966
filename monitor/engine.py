"""Runs a network: ONNX Runtime on the CPU by default, TensorFlow where it is chosen or has a GPU.

This is the only file of the program that imports TensorFlow, and only inside `KerasNetwork`.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
from pathlib import Path
from typing import Any, Protocol

from monitor.card import MODELS_DIR, load_card
from monitor.errors import ModelError
from monitor.records import FloatArray

log = logging.getLogger(__name__)


class Network(Protocol):
    """A loaded network with one input and one output. Not thread-safe: the inference thread alone calls it."""

    backend: str
    card: dict[str, Any]

    def __call__(self, batch: FloatArray) -> FloatArray:
        """(N, ...) float32 to (N, ...) float32."""
        ...


def onnx_session(path: Path, threads: int) -> Any:
    """An ONNX Runtime session on the CPU for the file at `path`, checked against its card.

    Raises:
        ModelError: If file or card are not right, or ONNX Runtime cannot load the file.
    """
    load_card(path)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(threads, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads burn a core between frames for a gain of some tenths of a millisecond.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own unexported classes
        raise ModelError(
            f"model {path.name} cannot be loaded ({type(error).__name__}): install Mask Monitor again"
        ) from error


class OnnxNetwork:
    """A network in ONNX Runtime."""

    backend = "onnx"

    def __init__(self, stem: Path, threads: int) -> None:
        path = stem.with_name(stem.name + ".onnx")
        self.card = load_card(path)
        self._session = onnx_session(path, threads)
        self._input = self._session.get_inputs()[0].name

    def __call__(self, batch: FloatArray) -> FloatArray:
        output: FloatArray = self._session.run(None, {self._input: batch})[0]
        return output


class KerasNetwork:
    """A `.keras` file as a warm `tf.function`, on the GPU where TensorFlow sees one."""

    backend = "tensorflow"

    def __init__(self, stem: Path) -> None:
        path = stem.with_name(stem.name + ".keras")
        self.card = load_card(path)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        try:
            import keras
            import tensorflow as tf
        except ImportError as error:
            raise ModelError(f"--backend tensorflow needs TensorFlow ({error}): run `pip install tensorflow`") from None
        for device in tf.config.list_physical_devices("GPU"):
            try:
                tf.config.experimental.set_memory_growth(device, True)
            except RuntimeError:  # TensorFlow was started before; it keeps the memory it has
                log.debug("memory growth could not be set for %s", device.name)
        model = keras.saving.load_model(path, compile=False)
        shape = (None, *model.input_shape[1:])
        self._run = tf.function(
            lambda batch: model(batch, training=False),
            input_signature=[tf.TensorSpec(shape, tf.float32)],
            autograph=False,
        )
        self._run(tf.zeros((1, *shape[1:])))  # traced and warm before the first frame

    def __call__(self, batch: FloatArray) -> FloatArray:
        output: FloatArray = self._run(batch).numpy()
        return output


def cuda_driver_present() -> bool:
    """Whether an NVIDIA driver is installed. Cheap: asks the system's loader, not TensorFlow."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def model_stem(name: str) -> Path:
    """Where a model lies: a bare name means the `models` folder, anything else is a path without its ending."""
    path = Path(name)
    path = path.with_suffix("") if path.suffix in (".onnx", ".keras", ".json") else path
    return path if path.parent != Path(".") else MODELS_DIR / path


def load_network(name: str, backend: str, threads: int) -> Network:
    """Load a network for `backend` auto, onnx or tensorflow.

    Raises:
        ModelError: See `OnnxNetwork`, `KerasNetwork`.
    """
    stem = model_stem(name)
    if backend == "tensorflow" or (backend == "auto" and cuda_driver_present() and _tensorflow_has_gpu()):
        return KerasNetwork(stem)
    return OnnxNetwork(stem, threads)


def _tensorflow_has_gpu() -> bool:
    try:
        import tensorflow as tf
    except ImportError:
        return False
    return bool(tf.config.list_physical_devices("GPU"))
