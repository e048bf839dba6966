"""One watched source: what it shows before anybody analyses it, and lending it."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
from pytestqt.qtbot import QtBot

from monitor.analysis.worker import Parts
from monitor.app import RunOptions, build_parts
from monitor.camera.clip import ClipSource
from monitor.gui.threads.watched import Watched
from monitor.gui.window import MainWindow
from monitor.records import WorkerState
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow


def watched(window: MainWindow, name: str = "door") -> Watched:
    found = window.session.find(name)
    assert found is not None
    return found


def test_lent_frames_go_to_the_borrower_and_to_nobody_else(
    qtbot: QtBot, make_window: MakeWindow, data: Path
) -> None:
    window = make_window(Camera("door", image=cv2.imread(str(data / "bare.jpg"))))
    qtbot.waitUntil(lambda: bool(window.view.faces), timeout=LONG_MS)
    frames = window.session.lend("door")
    assert frames is not None
    assert window.session.lend("door") is None  # one at a time
    lent = [frames.get(10), frames.get(10)]
    assert lent[0] is not None
    assert lent[1] is not None
    assert lent[1].index > lent[0].index
    plate = "Somebody is enrolled here: nobody is counted"
    qtbot.waitUntil(lambda: window.view.plate == plate, timeout=LONG_MS)
    qtbot.waitUntil(lambda: not window.view.faces, timeout=LONG_MS)
    window.session.again("door")  # not while it is lent
    assert watched(window).lent
    done = window.session.analysed
    shown = frames.get(10)
    assert shown is not None
    qtbot.waitUntil(lambda: (f := frames.get(0)) is not None and f.index > shown.index + 5)
    assert window.session.analysed <= done + 1  # one may have been at work
    window.session.give_back("door")
    assert not watched(window).lent
    qtbot.waitUntil(lambda: window.session.analysed > done + 3, timeout=LONG_MS)
    qtbot.waitUntil(lambda: bool(window.view.faces), timeout=LONG_MS)
    frames.take_all(0)
    assert frames.get(0.2) is None


def test_a_new_start_does_not_take_a_camera_from_its_borrower(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window(Camera("door"))
    qtbot.waitUntil(lambda: window.session.analysed > 0, timeout=LONG_MS)
    frames = window.session.lend("door")
    assert frames is not None
    window.commands.start_again()
    qtbot.waitUntil(lambda: window.session.worker_state()[0] is WorkerState.READY, timeout=LONG_MS)
    assert frames.get(10) is not None
    assert frames.get(10) is not None
    assert window.session.analysed == 0
    window.session.give_back("door")
    qtbot.waitUntil(lambda: window.session.analysed > 0, timeout=LONG_MS)


def test_a_camera_that_nobody_watches_is_not_lent(make_window: MakeWindow) -> None:
    window = make_window(Camera("door"), start=False)
    assert window.session.lend("yard") is None
    window.session.give_back("yard")


def test_a_preview_is_taken_once_and_only_while_nobody_analyses(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    loaded = threading.Event()

    def slowly(options: RunOptions) -> Parts:
        loaded.wait(20)
        return build_parts(options)

    camera = Camera("door")
    window = make_window(camera, build=slowly)
    qtbot.waitUntil(lambda: window.view.has_picture, timeout=LONG_MS)
    one = watched(window)
    camera.switch.error = "door gives no more pictures"
    qtbot.waitUntil(lambda: one.status().message != "", timeout=LONG_MS)
    one.take_preview()
    assert one.take_preview() is None
    loaded.set()
    camera.switch.error = None
    qtbot.waitUntil(lambda: window.session.analysed > 3, timeout=LONG_MS)
    one.take_preview()
    done = window.session.analysed
    qtbot.waitUntil(lambda: window.session.analysed > done + 3, timeout=LONG_MS)
    assert one.take_preview() is None


class Counting(Camera):
    """Counts how often it is opened itself, apart from its copies."""

    def open(self) -> None:
        super().open()
        self.opened += 1


def test_the_source_itself_is_never_opened(qtbot: QtBot, make_window: MakeWindow) -> None:
    camera = Counting("door")
    window = make_window(camera)
    qtbot.waitUntil(lambda: window.session.analysed > 0, timeout=LONG_MS)
    assert watched(window).source is camera
    assert camera.opened == 0


def test_a_clip_plays_as_often_as_it_is_wanted(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    window = make_window(ClipSource(masked_clip))
    for _ in range(3):
        qtbot.waitUntil(lambda: window.status.source.text() == "masked.avi: ended", timeout=LONG_MS)
        window.session.again("masked.avi")
        window.watch.look()
        assert not window.status.source.text().endswith("ended")
