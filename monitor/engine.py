"""Runs a network: ONNX Runtime on the CPU by default, TensorFlow where it is chosen or has a GPU.

This is the only file of the program that imports TensorFlow, and only inside `KerasNetwork`.
"""

from __future__ import annotations

import ctypes
import io
import logging
import os
import sys
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from monitor.card import MODELS_DIR, read_model, shown
from monitor.data_folder import data_folder
from monitor.errors import ModelError, StoreError
from monitor.onnx_scan import has_external_data
from monitor.records import FloatArray

log = logging.getLogger(__name__)


CPU = "CPUExecutionProvider"


class Network(Protocol):
    """A loaded network with one input and one output. Not thread-safe: the inference thread alone
    calls it.
    """

    backend: str
    card: dict[str, Any]

    def __call__(self, batch: FloatArray) -> FloatArray:
        """(N, ...) float32 to (N, ...) float32."""
        ...


# Accelerators that ONNX Runtime may have been built with, best first: NVIDIA, Windows, macOS.
ACCELERATORS = ("CUDAExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider")


def onnx_runtime() -> Any:
    """ONNX Runtime, with its telemetry off: the one way in which program, training and bench load
    it.

    On Linux and macOS the environment variable that `monitor/__init__.py` sets keeps it from
    writing a device id and from asking for its maker's address; on Windows its trace events are
    switched off by this call.
    """
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime


def cardless_session(path: Path) -> Any:
    """An ONNX Runtime session on the CPU for a file of the training side that has no card (yet)."""
    content = path.read_bytes()
    _refuse_external_data(content, path.name)
    return onnx_runtime().InferenceSession(content, providers=[CPU])


def onnx_session(path: Path, threads: int, *, accelerate: bool = False) -> Any:
    """An ONNX Runtime session for the file at `path`, checked against its card.

    Args:
        path: The `.onnx` file.
        threads: On the CPU.
        accelerate: Use an accelerator where this build of ONNX Runtime has one; one that fails is
            left with a line in the log.

    Raises:
        ModelError: If file or card are not right, or ONNX Runtime cannot load the file.
    """
    return _session(read_model(path)[1], path.name, threads, accelerate)


def session_of(content: bytes, name: str, threads: int) -> Any:
    """An ONNX Runtime session on the CPU for bytes that the caller has checked.

    Args:
        content: An ONNX file's.
        name: What it is called before the user.
        threads: On the CPU.

    Raises:
        ModelError: If ONNX Runtime cannot load it, or it keeps weights in a second file.
    """
    return _session(content, name, threads, accelerate=False)


def _session(content: bytes, name: str, threads: int, accelerate: bool) -> Any:
    """A session for the bytes that were checked: the path is not opened again."""
    _refuse_external_data(content, name)
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(threads, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Spinning threads burn a core between frames for a gain of some tenths of a millisecond.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # ONNX Runtime's own format, which it would tell by the first bytes, was not looked through.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    available = onnxruntime.get_available_providers() if accelerate else []
    for provider in [one for one in ACCELERATORS if one in available]:
        try:
            session = onnxruntime.InferenceSession(content, options, providers=[provider, CPU])
        except Exception as error:  # onnxruntime raises its own unexported classes
            log.warning(
                "%s cannot be used (%s): %s runs on the CPU", provider, _first_line(error), name
            )
            continue
        if session.get_providers()[0] == provider:
            return session
        log.warning(
            "%s cannot be used (its driver did not start): %s runs on the CPU", provider, name
        )
    try:
        session = onnxruntime.InferenceSession(content, options, providers=[CPU])
    except Exception as error:  # onnxruntime raises its own unexported classes
        raise _cannot_be_loaded(name, error) from error
    # It keeps the bytes to load them again where an accelerator fails; on the CPU nothing does.
    session._model_bytes = None
    return session


def _refuse_external_data(content: bytes, name: str) -> None:
    try:
        external = has_external_data(content)
    except ValueError as error:
        raise _cannot_be_loaded(name, error) from None
    if external:
        raise ModelError(
            f"model {shown(name)} keeps weights in a second file, which its card does not vouch "
            f"for: save it anew as one file (`onnx.save_model(..., save_as_external_data=False)`)"
        )


def _cannot_be_loaded(name: str, error: Exception) -> ModelError:
    return ModelError(
        f"model {shown(name)} cannot be loaded ({type(error).__name__}): install Mask Monitor again"
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


class OnnxNetwork:
    """A network in ONNX Runtime."""

    def __init__(self, stem: Path, threads: int) -> None:
        path = stem.with_name(stem.name + ".onnx")
        self.card, content = read_model(path)
        self._session = _session(content, path.name, threads, accelerate=True)
        self._input = self._session.get_inputs()[0].name
        provider = str(self._session.get_providers()[0])
        self.backend = (
            "onnx" if provider == CPU else f"onnx ({provider.removesuffix('ExecutionProvider')})"
        )

    def __call__(self, batch: FloatArray) -> FloatArray:
        output: FloatArray = self._session.run(None, {self._input: batch})[0]
        return output


class KerasNetwork:
    """A `.keras` file as a warm `tf.function`, on the GPU where TensorFlow sees one."""

    backend = "tensorflow"

    def __init__(self, stem: Path) -> None:
        path = stem.with_name(stem.name + ".keras")
        self.card, content = read_model(path)
        try:
            tf = _tensorflow()
            from keras.src.saving import saving_lib
        except ImportError as error:
            raise ModelError(
                f"--backend tensorflow needs TensorFlow ({_first_line(error)}): run `pip install "
                f"-r requirements.txt`, or take --backend onnx"
            ) from None
        gpus = tf.config.list_physical_devices("GPU")
        for device in gpus:
            try:
                tf.config.experimental.set_memory_growth(device, True)
            except RuntimeError:  # TensorFlow was started before; it keeps the memory it has
                log.debug("memory growth could not be set for %s", device.name)
        self._tf = tf
        try:
            # The public `keras.saving.load_model` takes paths only: it would open the file again.
            # Safe mode runs no code that a model brings along.
            self._model = saving_lib.load_model(io.BytesIO(content), compile=False, safe_mode=True)
        except Exception as error:  # Keras raises whatever its parts raise
            raise _cannot_be_loaded(path.name, error) from error
        self._shape = (None, *self._model.input_shape[1:])
        self._start(gpus[0].name.removeprefix("/physical_device:") if gpus else "CPU:0")

    def _start(self, device: str) -> None:
        """Trace the function for a device and run it once, so that it is warm before the first
        frame.

        A GPU whose driver fails is left for the CPU, with one line in the log.
        """
        tf, model = self._tf, self._model

        def run(batch: Any) -> Any:
            with tf.device(device):
                return model(batch, training=False)

        signature = [tf.TensorSpec(self._shape, tf.float32)]
        self.device = device
        self._run = tf.function(run, input_signature=signature, autograph=False)
        self(np.zeros((1, *self._shape[1:]), np.float32))

    def __call__(self, batch: FloatArray) -> FloatArray:
        try:
            output: FloatArray = self._run(batch).numpy()
        except self._tf.errors.OpError as error:
            if self.device == "CPU:0":
                raise
            log.warning(
                "%s has failed (%s): TensorFlow goes on with the CPU",
                self.device,
                _first_line(error),
            )
            self._start("CPU:0")
            output = self._run(batch).numpy()
        return output


def _tensorflow() -> Any:
    """TensorFlow. Keras, and matplotlib where Keras finds it, keep their files in our data folder
    instead of making folders of their own in the user's home.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        folder = data_folder()
    except StoreError:  # they do without
        log.debug("Keras has no folder")
    else:
        os.environ.setdefault("KERAS_HOME", str(folder / "keras"))
        os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))
    import tensorflow

    return tensorflow


def cuda_driver_present() -> bool:
    """Whether an NVIDIA driver is installed. Cheap: asks the system's loader, not TensorFlow."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def model_stem(name: str) -> Path:
    """Where a model lies: a bare name means the `models` folder, anything else is a path without
    its ending.

    Raises:
        ModelError: If it is no name.
    """
    path = Path(name)
    if not path.name or "\0" in name:
        raise ModelError(f"{shown(name)!r} is no name of a model: give one, or a path to its file")
    path = path.with_suffix("") if path.suffix in (".onnx", ".keras", ".json") else path
    return path if path.parent != Path(".") else MODELS_DIR / path


def load_network(name: str, backend: str, threads: int) -> Network:
    """Load a network for `backend` auto, onnx or tensorflow.

    Raises:
        ModelError: See `OnnxNetwork`, `KerasNetwork`.
    """
    stem = model_stem(name)
    if backend == "tensorflow" or (
        backend == "auto" and cuda_driver_present() and _tensorflow_has_gpu()
    ):
        return KerasNetwork(stem)
    return OnnxNetwork(stem, threads)


def _tensorflow_has_gpu() -> bool:
    try:
        tf = _tensorflow()
    except ImportError:
        return False
    return bool(tf.config.list_physical_devices("GPU"))
