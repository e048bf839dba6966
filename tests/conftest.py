"""Fixtures for all tests. A test fails on a warning in the log that it did not ask for, and on a
thread left running.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**26))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# no test touches the keyring of whoever runs it
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

import cv2  # noqa: F401
import pytest

import monitor  # noqa: F401  (switches ONNX Runtime's telemetry off before a test loads it)

for _name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):  # OpenCV's own Qt, not PySide6's
    os.environ.pop(_name, None)

# The programs that tests start inherit what whoever started the tests has ignored (nohup, the
# background of a shell), and are then sent these.
for _name, _default in (("SIGHUP", signal.SIG_DFL), ("SIGINT", signal.default_int_handler)):
    _number = getattr(signal, _name, None)  # Windows has no SIGHUP
    if _number is not None and signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _default)

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
ADDED = """
import numpy as np

from monitor.declared import DetectorInfo
from monitor.records import Detections

DETECTOR = DetectorInfo(
    title="Everywhere", line="finds a face in 100 % of pictures", confidence_min=0.55
)


def make(config):
    return Everywhere(config.confidence_min)


class Everywhere:
    name = "everywhere"

    def __init__(self, confidence):
        self.confidence = confidence

    def detect(self, image_bgr, smallest_px=0):
        height, width = image_bgr.shape[:2]
        return Detections(np.float32([[0, 0, width, height]]), np.float32([self.confidence]))

    def detect_still(self, image_bgr, smallest_px=0):
        return self.detect(image_bgr)
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not SHARED.is_dir():
        skip = pytest.mark.skip(reason="there is no ../shared here")
        for item in items:
            if "shared" in item.keywords:
                item.add_marker(skip)


@pytest.fixture(autouse=True)
def _own_data_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test reads or writes the cameras, the store or the models of whoever runs it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))


@pytest.fixture(autouse=True)
def _no_threads_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    limit = time.monotonic() + 5
    while left := [
        t
        for t in threading.enumerate()
        if t not in before and t.name.startswith(("capture", "inference"))
    ]:
        if time.monotonic() > limit:
            pytest.fail(f"threads left running: {left}")
        left[0].join(0.1)


@pytest.fixture(autouse=True)
def _no_unexpected_warnings(
    caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> Iterator[None]:
    """Tests that expect a warning look at `caplog` and clear it."""
    yield
    bad = [
        r.getMessage()
        for r in caplog.get_records("call")
        if r.levelno >= logging.WARNING and r.name.startswith("monitor")
    ]
    assert not bad, f"warnings in the log: {bad}"


@pytest.fixture
def added_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder whose files belong to `monitor.detect`."""
    import monitor.detect

    folder = tmp_path / "detectors"
    folder.mkdir()
    monitor.detect.__path__.append(str(folder))
    importlib.invalidate_caches()
    yield folder
    monitor.detect.__path__.remove(str(folder))
    for path in folder.glob("*.py"):
        sys.modules.pop(f"monitor.detect.{path.stem}", None)


@pytest.fixture
def added_detector(added_folder: Path) -> str:
    """The name of a detector that one more file adds."""
    (added_folder / "everywhere.py").write_text(ADDED)
    return "everywhere"


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine stands in Berlin: UTC+1, in summer UTC+2."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change its zone")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def data() -> Path:
    """Small public pictures."""
    return ROOT / "tests" / "data"


@pytest.fixture(scope="session")
def demo_clip() -> Path:
    return ROOT / "assets" / "demo.mp4"


@pytest.fixture(scope="session")
def shared() -> Path:
    return SHARED
