"""What the window says of a camera that is lost, silent or not there."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from monitor.records import Count, MaskState
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow, caption, plate, total


def test_one_camera_is_lost_and_back_while_the_other_goes_on(
    qtbot: QtBot, make_window: MakeWindow, data: Path
) -> None:
    door = Camera("door", image=cv2.imread(str(data / "masked.jpg")))  # type: ignore[arg-type]
    yard = Camera("yard")
    window = make_window(door, yard)
    qtbot.waitUntil(lambda: window.status.source.text() == "2 cameras: 2 live", timeout=LONG_MS)
    qtbot.waitUntil(lambda: total(window)[MaskState.MASKED] == 1, timeout=LONG_MS)
    yard.switch.error = "yard gives no more pictures: check its cable"
    qtbot.waitUntil(lambda: plate(window, "yard").startswith("Lost. Next try in"), timeout=LONG_MS)
    assert window.status.source.text() == "2 cameras: 1 live, 1 lost"
    assert window.banners.text("source yard").startswith("yard gives no more pictures")
    assert window.banners.text("source door") == ""
    assert (caption(window, "yard").state, caption(window, "yard").trouble) == ("lost", True)
    done = window.session.analysed
    qtbot.waitUntil(lambda: window.session.analysed > done + 3, timeout=LONG_MS)
    assert (caption(window, "door").state, plate(window, "door")) == ("live", "")
    yard.switch.error = None
    qtbot.waitUntil(lambda: window.status.source.text() == "2 cameras: 2 live", timeout=LONG_MS)
    assert window.banners.text("source yard") == ""
    assert caption(window, "door").count == Count(masked=1)
    assert caption(window, "yard").count == Count()

    # Pause acts on all of them.
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert [plate(window, name) for name in ("door", "yard")] == ["Paused", "Paused"]
    assert window.status.source.text() == "2 cameras: 2 paused"
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert not window.session.paused

    # More than two in trouble share one banner.
    cameras = [Camera(f"hall {n}") for n in range(3)]
    for camera in cameras:
        camera.switch.error = f"{camera.name} is not there"
        window.chooser.add(camera)
    qtbot.waitUntil(
        lambda: "hall 0, hall 1, hall 2" in window.banners.text("sources"), timeout=LONG_MS
    )
    assert window.banners.text("source hall 1") == ""


def test_a_lost_camera_is_said_and_comes_back(qtbot: QtBot, make_window: MakeWindow) -> None:
    camera = Camera()
    window = make_window(camera)
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 7: live", timeout=LONG_MS)
    camera.switch.error = "camera 7 gives no more pictures: check its cable"
    qtbot.waitUntil(lambda: "lost, next try in" in window.status.source.text(), timeout=LONG_MS)
    assert window.banners.text("source camera 7").startswith(
        "camera 7 gives no more pictures: check its cable"
    )
    assert window.view.plate == "Camera lost: this is the last picture"
    camera.switch.error, camera.switch.size_wh = None, (641, 361)
    qtbot.waitUntil(lambda: window.status.size_wh.text() == "641 × 361", timeout=LONG_MS)
    assert window.status.source.text() == "camera 7: live"
    assert window.banners.text("source camera 7") == ""
    # "Loading models…" may stand there before
    qtbot.waitUntil(lambda: window.view.plate == "", timeout=LONG_MS)


def test_a_camera_that_is_not_there_is_tried_again(qtbot: QtBot, make_window: MakeWindow) -> None:
    camera = Camera()
    camera.switch.error = "camera 7 is not there: plug it in"
    window = make_window(camera)
    qtbot.waitUntil(
        lambda: window.banners.text("source camera 7").startswith("camera 7 is not there"),
        timeout=LONG_MS,
    )
    assert not window.view.has_picture
    camera.switch.error = None
    qtbot.waitUntil(lambda: window.view.has_picture, timeout=LONG_MS)


def test_a_silent_camera_is_called_stalled(qtbot: QtBot, make_window: MakeWindow) -> None:
    camera = Camera()
    window = make_window(camera, camera={"stall_after_s": 0.2})
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 7: live", timeout=LONG_MS)
    hang = threading.Event()
    camera.switch.tick.wait = lambda timeout=None: hang.wait(5)  # type: ignore[method-assign]
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 7: stalled", timeout=LONG_MS)
    assert "sends no pictures" in window.banners.text("source camera 7")
    hang.set()
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 7: live", timeout=LONG_MS)
