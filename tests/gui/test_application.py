"""The program's start: nothing heavy before the window shows, and a mistake is one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions
from monitor.config import load_config
from monitor.errors import CameraError
from monitor.gui.application import make_application, open_window
from monitor.storage.store import Store
from tests.gui.conftest import LONG_MS
from tests.mjpeg import MjpegCamera
from tests.program import Books, environment

ROOT = Path(__file__).resolve().parents[2]


MASK_ONLY_RUN = """
import sys
from pathlib import Path
from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication
from monitor.app import RunOptions
from monitor.config import load_config
from monitor.gui.application import open_window

folder = Path(sys.argv[1])
config = load_config(None, {"store": {"url": f"sqlite:///{folder / 'm.db'}"}})
settings = QSettings(str(folder / "w.ini"), QSettings.Format.IniFormat)
window = open_window(RunOptions(config=config, video=Path(sys.argv[2])), settings)
timer = QTimer(interval=20)
timer.timeout.connect(lambda: window.view.faces and QApplication.quit())
timer.start()
QApplication.exec()
timer.stop()
naming = ("monitor.identity", "monitor.gui.people", "monitor.faces.align", "monitor.faces.gender")
print([name for name in sys.modules if name.startswith(naming)])
window.close()
"""


def test_mask_only_mode_imports_nothing_that_could_name_anybody(
    tmp_path: Path, bare_clip: Path
) -> None:
    command = [sys.executable, "-c", MASK_ONLY_RUN, str(tmp_path), str(bare_clip)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "[]", done.stderr


AT_SHOW = """
import sys
from pathlib import Path
from PySide6.QtCore import QSettings
from monitor.app import RunOptions
from monitor.gui.application import open_window

folder = Path(sys.argv[1])
settings = QSettings(str(folder / "w.ini"), QSettings.Format.IniFormat)
window = open_window(RunOptions(video=Path(sys.argv[2])), settings)
assert window.isVisible()
heavy = ("tensorflow", "keras", "onnxruntime", "sqlalchemy", "scipy", "monitor.training")
print([name for name in heavy if name in sys.modules])
"""


def test_nothing_heavy_is_imported_before_the_window_shows(
    tmp_path: Path, masked_clip: Path
) -> None:
    command = [sys.executable, "-c", AT_SHOW, str(tmp_path), str(masked_clip)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("name", "content"), [("gone.mp4", None), ("empty.mp4", b""), ("text.mp4", b"hello\n" * 99)]
)
def test_a_wrong_clip_on_the_command_line_closes_the_window_and_is_said(
    qtbot: QtBot, tmp_path: Path, settings: QSettings, name: str, content: bytes | None
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    window = open_window(RunOptions(video=path), settings)
    qtbot.addWidget(window)
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=LONG_MS)
    assert isinstance(window.error, CameraError)
    assert name in str(window.error)


def test_a_wrong_camera_on_the_command_line_is_refused(settings: QSettings) -> None:
    options = RunOptions(config=load_config(None, {"camera": {"source": "door"}}))
    with pytest.raises(CameraError, match="door"):
        open_window(options, settings)


RUN = """
import logging, os, signal, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from monitor.app import RunOptions
from monitor.config import load_config
from monitor.gui import application

logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message)s")
folder, how = Path(sys.argv[1]), sys.argv[3]
config = load_config(None, {"store": {"url": f"sqlite:///{folder / 'm.db'}"}})
window = None
show = application.open_window

def open_window(options):
    global window
    window = show(options)
    return window

def fail():
    raise ZeroDivisionError("in a slot")

def end():
    if window.session.analysed == 0:
        return
    timer.stop()
    if how == "close":
        window.close()
    elif how == "fault":
        QTimer.singleShot(0, fail)
        QTimer.singleShot(50, window.close)
    else:
        os.kill(os.getpid(), getattr(signal, how))

application.open_window = open_window
application.make_application()
timer = QTimer(interval=20)
timer.timeout.connect(end)
timer.start()
before = signal.getsignal(signal.SIGTERM), sys.excepthook
status = application.run_window(RunOptions(config=config, video=Path(sys.argv[2])))
assert (signal.getsignal(signal.SIGTERM), sys.excepthook) == before
assert not window.isVisible()
print("status", status)
"""


@pytest.mark.parametrize("how", ["close", "fault"])
def test_a_run_ends_in_order_however_it_ends(tmp_path: Path, masked_clip: Path, how: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path), str(masked_clip), how],
        cwd=ROOT,
        env=environment(tmp_path) | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "status 0"
    assert ("ERROR a fault in the window" in lines) is (how == "fault")
    store = Store(f"sqlite:///{tmp_path / 'm.db'}")
    assert len(store.read_shifts()) == 1
    store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM", "SIGINT"])
def test_a_signal_ends_the_window_with_everything_saved(
    tmp_path: Path, data: Path, name: str
) -> None:
    """The program as it is started, before a camera, while somebody has no mask on."""
    picture = cv2.imread(str(data / "bare.jpg"))
    assert picture is not None
    door, books = MjpegCamera(), Books(tmp_path)
    door.show(picture)
    door.live()
    program = subprocess.Popen(
        [sys.executable, ROOT / "main.py", "--camera", door.url, *books.arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path) | {"QT_QPA_PLATFORM": "offscreen"},
    )
    try:
        ends = time.monotonic() + 60
        while not (books.store.exists() and books.sightings()):
            assert time.monotonic() < ends
            assert program.poll() is None
            time.sleep(0.1)
        assert all(sighting.open for sighting in books.sightings().values())
        program.send_signal(getattr(signal, name))
        _, said = program.communicate(timeout=30)
    finally:
        program.kill()
        program.communicate()
        door.die()
    assert (program.returncode, "Traceback" in said) == (0, False), said
    (sighting,) = books.sightings().values()
    assert not sighting.open
    assert not any(visit.open for visit in books.visits())
    assert [row["sighting_id"] for row in books.rows()] == [sighting.sighting_id]
    assert books.lines()[-1]["count"]["unmasked"] == 1


def test_a_further_window_takes_the_application_that_is_there(qapp: QApplication) -> None:
    assert make_application() is qapp
    assert qapp.style().name() == "fusion"
