"""Clicks around in a real window, offscreen, and tells what stays in memory. Run in a process of
its own, so that nothing else counts.

    python tests/faults/clicking.py CLIP ROUNDS

A round: a clip is opened, looked about in and judged to its end; back to the camera; the history,
its PDF and its times; settings, export, help, people, models; all of it closed again. After each
round it prints one line of JSON: what is resident (MB), and how many widgets there are.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS.parent), str(TESTS)]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import cv2  # noqa: E402
import psutil  # noqa: E402

for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):  # OpenCV's own Qt
    os.environ.pop(name, None)

from PySide6.QtCore import QEventLoop, QSettings, QTimer  # noqa: E402
from PySide6.QtWidgets import QApplication, QDialog, QWidget  # noqa: E402

from monitor.app import Chosen, RunOptions  # noqa: E402
from monitor.config import load_config  # noqa: E402
from monitor.gui.application import make_application  # noqa: E402
from monitor.gui.preferences import Preferences  # noqa: E402
from monitor.gui.theme import Theme  # noqa: E402
from monitor.gui.window import MainWindow  # noqa: E402
from monitor.records import WorkerState  # noqa: E402
from tests.gui.camera import Camera  # noqa: E402

GIVE_UP_S = 60.0
LIVE_S = 6.0  # before the first figure


def spin(seconds: float) -> None:
    """Let the window live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def wait(condition: Callable[[], object], what: str) -> None:
    for _ in range(round(GIVE_UP_S / 0.05)):
        if condition():
            return
        spin(0.05)
    raise SystemExit(f"not within {GIVE_UP_S:.0f} s: {what}")


def look_at(window: MainWindow, clip: Path) -> None:
    """Open a clip, look about in it, judge it to its end, and go back to the camera."""
    window.chooser.open_path(clip)
    spin(2)
    review = window.session.watched[0].review
    assert review is not None
    for place in range(8):
        review.glance(place)
        spin(0.2)
    review.seek(1e6)
    wait(lambda: review.place().ended, "the end of the clip")
    window.chooser.back()
    wait(lambda: window.session.watched and window.session.watched[0].live, "the camera")
    spin(2)


def look_up(window: MainWindow, pdf: Path) -> None:
    """The history, its PDF, when it was watched."""
    page = window.commands.show_history()
    spin(1)
    page.printing.save_pdf(pdf)
    wait(pdf.exists, "the PDF")
    page.show_watched()
    spin(0.5)
    close_dialogs(page)
    page.close()


def open_dialogs(window: MainWindow) -> None:
    """Those that wait for an answer are closed by a timer."""
    commands = window.commands
    for ask in (commands.ask_for_settings, commands.ask_for_export):
        QTimer.singleShot(200, lambda: close_dialogs(window))
        ask()
    commands.show_help()
    commands.show_about()
    commands.show_models()
    commands.show_people()
    commands.show_cameras(window.chooser.keeper)
    spin(1)
    close_dialogs(window)
    spin(0.5)


def close_dialogs(of: QWidget) -> None:
    for dialog in of.findChildren(QDialog):
        if dialog.isVisible():
            dialog.reject()


def tell(window: MainWindow, after: int) -> None:
    resident = psutil.Process().memory_info().rss / 2**20
    widgets = len(window.findChildren(QWidget))
    row = {"rounds": after, "resident_mb": round(resident), "widgets": widgets}
    print(json.dumps(row), flush=True)


def main(clip: Path, rounds: int) -> None:
    application: QApplication = make_application()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = folder
        config = load_config(None, {"store": {"url": f"sqlite:///{folder}/store.db"}})
        settings = QSettings(f"{folder}/window.ini", QSettings.Format.IniFormat)
        settings.setValue("window/first_steps_left", True)
        picture = cv2.imread(str(TESTS / "data" / "masked.jpg"))
        camera = Camera("door", image=cv2.resize(picture, (1280, 720)))
        options = RunOptions(config=config)
        window = MainWindow(options, Preferences(settings), Theme(application), Chosen(camera, ""))
        window.show()
        window.start()
        wait(lambda: window.session.worker_state()[0] is WorkerState.READY, "the models")
        spin(LIVE_S)
        tell(window, 0)
        for number in range(1, rounds + 1):
            look_at(window, clip)
            look_up(window, Path(folder) / f"{number}.pdf")
            open_dialogs(window)
            tell(window, number)
        window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
