"""What the tests of the review room look at and press."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from monitor.camera.review import Place, ReviewThread
from monitor.gui.review.bar import ReviewBar
from monitor.gui.window import MainWindow
from tests.gui.conftest import LONG_MS
from tests.gui.review.tapes import number_in

# whoever comes back after a few seconds is somebody else, as in these clips
NEW = {"track": {"return_s": 0.0}}
APART = {"into_store": False, **NEW}


def bar(window: MainWindow) -> ReviewBar:
    assert window.review.bar is not None
    return window.review.bar


def thread(window: MainWindow) -> ReviewThread:
    review = window.session.watched[0].review
    assert review is not None
    return review


def place(window: MainWindow) -> Place:
    """Where one is; nowhere yet while nothing is open."""
    return thread(window).place() if window.session.watched else Place()


def hurry(qtbot: QtBot, window: MainWindow) -> None:
    """Eight times as fast, as soon as the recording is open."""
    qtbot.waitUntil(lambda: window.review.bar is not None, timeout=LONG_MS)
    thread(window).speed = 8.0


def shown_number(window: MainWindow) -> int:
    """What the picture in the window bears."""
    image = window.view._image
    return -1 if image is None else number_in(image)


def key(qtbot: QtBot, window: MainWindow, text: str) -> None:
    qtbot.keyClick(window, getattr(Qt.Key, f"Key_{text}"))


def click(qtbot: QtBot, window: MainWindow, t: float) -> None:
    """Click on the seek bar where a moment is, s."""
    seek = bar(window).seek
    x = round(seek.x_of(t))
    qtbot.mouseClick(seek, Qt.MouseButton.LeftButton, pos=QPoint(x, seek.height() // 2))
