"""`main.py check`: looks over the installation and says what is wrong and how to mend it."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from monitor.camera.kept import KeptCameras
from monitor.camera.listing import camera_list
from monitor.card import MODELS_DIR, load_card
from monitor.config import ClassifyConfig, DetectConfig
from monitor.detect import make_detector
from monitor.errors import MonitorError, StoreError
from monitor.faces.classify import MaskClassifier
from monitor.storage.store import Store

PACKAGES = (
    "opencv-python",
    "av",
    "numpy",
    "PySide6_Essentials",
    "onnxruntime",
    "SQLAlchemy",
    "tensorflow",
)

TRY = "Check in the window (File > Cameras…)"


def run_checks(store_url: str = "") -> int:
    """Print a line per check. Returns 0 if the monitor can run, else 2."""
    print(f"ok    Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    good = True
    for check in (_packages, _models, _cameras, lambda: _store(store_url)):
        for passed, line in check():
            print(f"{'ok   ' if passed else 'WRONG'} {line}")
            good = good and passed
    return 0 if good else 2


Lines = Iterator[tuple[bool, str]]


def _packages() -> Lines:
    for name in PACKAGES:
        try:
            yield True, f"{name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            optional = name == "tensorflow"
            yield (
                optional,
                f"{name} is not installed"
                + (
                    "; only --backend tensorflow needs it (`pip install -r requirements.txt`)"
                    if optional
                    else ": run `make run`"
                ),
            )
    qt = importlib.util.find_spec("PySide6")
    if qt is not None and qt.origin is not None and sys.platform == "linux":
        yield _qt_loads(Path(qt.origin).parent)


def _qt_loads(folder: Path) -> tuple[bool, str]:
    """Whether the system has what Qt's library of windows needs; Qt itself stays unused."""
    try:
        for library in sorted((folder / "Qt" / "lib").glob("libQt6Gui.so*")):
            ctypes.CDLL(str(library))
    except OSError as error:
        return (
            False,
            f"Qt cannot be loaded ({error}): install libgl1 libegl1 libxkbcommon0 libfontconfig1 "
            f"libdbus-1-3",
        )
    return True, "Qt can be loaded"


def _models() -> Lines:
    for card_path in sorted(MODELS_DIR.glob("*.json")):
        for path in sorted(MODELS_DIR.glob(card_path.stem + ".*")):
            if path.suffix in (".onnx", ".keras"):
                try:
                    load_card(path)
                except MonitorError as error:
                    yield False, str(error)
                else:
                    yield True, f"model {path.name} is what its card says"
    try:
        classifier, detector = MaskClassifier.load(ClassifyConfig()), make_detector(DetectConfig())
    except MonitorError as error:
        yield False, str(error)
    else:
        yield (
            True,
            f"{classifier.name} runs on {classifier.backend}, faces are found by {detector.name}",
        )


def _cameras() -> Lines:
    kept = KeptCameras()
    if kept.fault:
        yield False, kept.fault
    for camera in kept.cameras:
        off = "" if camera.on else ", switched off"
        yield True, f"camera {camera.title} is set up{off}; {TRY} tells whether it answers"
    cameras = camera_list()
    names = ", ".join(f"{index} {name}" for index, name in cameras)
    yield (
        True,
        f"plugged in: {names}"
        if cameras
        else "no camera is plugged in; streams and clips can be watched all the same",
    )


def _store(url: str) -> Lines:
    try:
        store = Store(url)
    except StoreError as error:
        yield False, str(error)
    else:
        damage = store.damage()
        store.close()
        yield not damage, damage or f"store {store.label} is sound and can be written"
