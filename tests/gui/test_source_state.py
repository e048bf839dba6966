"""What the window says of a camera that is lost, silent or not there."""

from __future__ import annotations

import copy
import itertools
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from pytestqt.qtbot import QtBot

from monitor.camera.kept import KeptCameras
from monitor.camera.turn import Turn
from monitor.records import Count, Image, MaskState, SourceState
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS, write_clip
from tests.gui.looks import MakeWindow, caption, plate, press, timeless, total
from tests.program import ROOT


def test_one_camera_is_lost_and_back_while_the_other_goes_on(
    qtbot: QtBot, make_window: MakeWindow, data: Path
) -> None:
    door = Camera("door", image=cv2.imread(str(data / "masked.jpg")))  # type: ignore[arg-type]
    yard = Camera("yard")
    window = make_window(door, yard)
    qtbot.waitUntil(lambda: window.status.source.text() == "2 cameras: 2 live", timeout=LONG_MS)
    qtbot.waitUntil(lambda: total(window)[MaskState.MASKED] == 1, timeout=LONG_MS)
    yard.switch.error = "yard gives no more pictures: check its cable"
    qtbot.waitUntil(lambda: "Next try in" in plate(window, "yard"), timeout=LONG_MS)
    assert timeless(plate(window, "yard")).startswith("Lost since …. Next try in")
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
    window.watch.look()
    plates = [timeless(plate(window, name)) for name in ("door", "yard")]
    assert plates == ["Paused since …", "Paused since …"]
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
    assert timeless(window.view.plate) == "Lost since …: this is the last picture"
    assert window.view.is_old
    camera.switch.error, camera.switch.size_wh = None, (641, 361)
    qtbot.waitUntil(lambda: window.status.size_wh.text() == "641 × 361", timeout=LONG_MS)
    assert window.status.source.text() == "camera 7: live"
    assert window.banners.text("source camera 7") == ""
    # "Loading models…" may stand there before
    qtbot.waitUntil(lambda: window.view.plate == "", timeout=LONG_MS)
    assert not window.view.is_old


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


HOPPER = ROOT / "assets" / "portraits" / "hopper.jpg"


def room(face: Path) -> Image:
    """Somebody without a mask in a room."""
    picture = np.full((480, 640, 3), 128, np.uint8)
    picture[80:400, 160:480] = cv2.resize(cv2.imread(str(face)), (320, 320))  # type: ignore[arg-type]
    return picture


def test_a_camera_that_hangs_upside_down_is_said_until_it_is_turned(
    qtbot: QtBot, make_window: MakeWindow, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.camera.evidence.FROZEN_AFTER_S", 1e9)  # it shows one picture
    right = room(data / "bare.jpg")
    turned = cv2.rotate(right, cv2.ROTATE_180)
    door, yard = Camera("door", image=turned), Camera("yard")  # type: ignore[arg-type]
    window = make_window(door)
    qtbot.waitUntil(lambda: window.status.source.text() == "door: upside down", timeout=LONG_MS)
    said = (
        "The picture of door is upside down, so nobody is judged: turn the camera, or its picture"
    )
    assert window.banners.text("turned door") == said
    assert timeless(plate(window, "door")) == "Upside down since …: nobody is judged"
    # Beside others it is said of this one, and by its caption.
    window.chooser.add(yard)
    qtbot.waitUntil(
        lambda: window.status.source.text() == "2 cameras: 1 upside down, 1 live", timeout=LONG_MS
    )
    assert (caption(window, "door").state, caption(window, "door").trouble) == ("upside down", True)
    assert (caption(window, "yard").state, plate(window, "yard")) == ("live", "")
    assert timeless(plate(window, "door")) == "Upside down since …"
    assert window.banners.text("turned door") == said
    assert total(window)[MaskState.UNMASKED] == total(window)[MaskState.MASKED] == 0
    door.switch.image = right
    qtbot.waitUntil(lambda: window.status.source.text() == "2 cameras: 2 live", timeout=LONG_MS)
    assert window.banners.text("turned door") == plate(window, "door") == ""
    qtbot.waitUntil(lambda: total(window)[MaskState.UNMASKED] == 1, timeout=LONG_MS)


@pytest.mark.parametrize("kept", [True, False])
def test_a_camera_on_its_side_is_turned_by_a_button(
    qtbot: QtBot,
    make_window: MakeWindow,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    kept: bool,
) -> None:
    """Also one that is watched in this run alone."""
    monkeypatch.setattr("monitor.camera.evidence.FROZEN_AFTER_S", 1e9)  # it shows few pictures
    steps = (np.roll(room(data / "bare.jpg"), 40 * i, 1) for i in range(3))  # somebody walks
    views = [cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE) for image in steps]
    name = "camera 7" if kept else "door"
    door = Camera(name, image=views[0])  # type: ignore[arg-type]
    monkeypatch.setattr("monitor.camera.kept.camera_source", lambda *_: copy.copy(door))
    window = make_window(door)
    walk = QTimer(window, interval=300)
    pictures = itertools.cycle(views)
    walk.timeout.connect(lambda: setattr(door.switch, "image", next(pictures)))
    walk.start()
    qtbot.waitUntil(lambda: window.status.source.text() == f"{name}: sideways", timeout=LONG_MS)
    assert timeless(plate(window, name)) == "Sideways since …: nobody is judged"
    assert total(window)[MaskState.UNMASKED] == total(window)[MaskState.MASKED] == 0
    press(qtbot, window, "Turn the picture")
    qtbot.waitUntil(lambda: window.status.source.text() == f"{name}: live", timeout=LONG_MS)
    qtbot.waitUntil(lambda: total(window)[MaskState.UNMASKED] == 1, timeout=LONG_MS)
    assert window.view.size_wh == (640, 480)
    assert window.banners.text(f"turned {name}") == ""
    assert [c.turn for c in KeptCameras().cameras] == ([Turn(270)] if kept else [])


def test_a_recording_that_is_upside_down_is_said_to_the_end(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "turned.png"), cv2.rotate(room(HOPPER), cv2.ROTATE_180))
    window = make_window(write_clip(tmp_path / "turned.avi", tmp_path / "turned.png", 120))
    qtbot.waitUntil(lambda: window.status.source.text() == "turned.avi: ended", timeout=LONG_MS)
    said = "The picture of turned.avi is upside down, so nobody is judged: turn the recording"
    qtbot.waitUntil(lambda: window.banners.text("turned turned.avi") == said, timeout=LONG_MS)
    window.chooser.add(Camera("door"))
    window.chooser.remove("turned.avi")
    qtbot.waitUntil(lambda: window.banners.text("turned turned.avi") == "", timeout=LONG_MS)


def test_damaged_pictures_are_no_silence(qtbot: QtBot, make_window: MakeWindow) -> None:
    camera = Camera("door")
    window = make_window(camera, camera={"stall_after_s": 0.2})
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    camera.switch.damaged = True
    qtbot.waitUntil(
        lambda: window.status.source.text() == "door: damaged pictures", timeout=LONG_MS
    )
    assert window.banners.text("source door").startswith("door sends damaged pictures")
    assert timeless(window.view.plate) == ("Damaged pictures since …: this is the last whole one")
    camera.switch.damaged = False
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    assert window.banners.text("source door") == ""


def test_a_lost_camera_is_tried_at_once_where_that_is_wanted(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    camera = Camera("door")
    camera.switch.error = "door is not there: plug it in"
    window = make_window(camera, camera={"retry_max_s": 600.0})
    qtbot.waitUntil(
        lambda: "door is not there" in window.banners.text("source door"), timeout=LONG_MS
    )
    qtbot.waitUntil(lambda: "lost, next try in" in window.status.source.text(), timeout=LONG_MS)
    former = window.session.find("door")
    camera.switch.error = None
    press(qtbot, window, "Try now")
    assert window.session.find("door") is not former
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    assert window.banners.text("source door") == ""


def test_a_banner_stays_while_the_camera_is_tried_again(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    camera = Camera("door")
    camera.switch.error = "door is not there: plug it in"
    window = make_window(camera)
    banner = lambda: window.banners.text("source door")  # noqa: E731
    qtbot.waitUntil(lambda: banner() != "", timeout=LONG_MS)
    said: set[str] = set()
    window.bridge.changed.connect(lambda: said.add(banner()))
    former = window.session.find("door")
    window.session.again("door")
    window.watch.look()
    said.add(banner())
    qtbot.waitUntil(
        lambda: (
            (w := window.session.find("door")) is not former
            and w is not None
            and w.status().state is SourceState.LOST
        ),
        timeout=LONG_MS,
    )
    window.watch.look()
    said.add(banner())
    assert said == {"door is not there: plug it in. It is tried again by itself"}


def test_one_button_tries_all_cameras_in_trouble_again(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    cameras = [Camera(f"hall {n}") for n in range(3)]
    for camera in cameras:
        camera.switch.error = f"{camera.name} is not there"
    window = make_window(*cameras, Camera("door"))
    qtbot.waitUntil(lambda: "3 cameras give no" in window.banners.text("sources"), timeout=LONG_MS)
    former = {name: window.session.find(name) for name in window.session.names}
    for camera in cameras:
        camera.switch.error = None
    press(qtbot, window, "Try now")
    assert [n for n, w in former.items() if window.session.find(n) is not w] == [
        camera.name for camera in cameras
    ]
    qtbot.waitUntil(lambda: window.status.source.text() == "4 cameras: 4 live", timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.banners.text("sources") == "", timeout=LONG_MS)
    assert not window.banners.isVisible()


def test_a_clip_that_was_mended_plays_by_its_button(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    content = masked_clip.read_bytes()
    masked_clip.write_bytes(b"no video")
    window = make_window(Camera("door"))
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    window.chooser.open_path(masked_clip)
    qtbot.waitUntil(lambda: window.status.source.text() == "masked.avi: failed", timeout=LONG_MS)
    masked_clip.write_bytes(content)
    press(qtbot, window, "Try again")
    qtbot.waitUntil(lambda: window.status.source.text() == "masked.avi: ended", timeout=LONG_MS)
    assert window.banners.text("source masked.avi") == ""
    assert window.view.plate == "Ended. Space plays it again"


def test_the_last_picture_of_a_lost_camera_has_no_boxes(
    qtbot: QtBot, make_window: MakeWindow, data: Path
) -> None:
    camera = Camera("door", image=cv2.imread(str(data / "bare.jpg")))
    window = make_window(camera)
    qtbot.waitUntil(lambda: bool(window.view.faces), timeout=LONG_MS)
    camera.switch.error = "door gives no more pictures"
    qtbot.waitUntil(lambda: window.view.plate.startswith("Lost since"), timeout=LONG_MS)
    qtbot.waitUntil(lambda: not window.view.faces, timeout=LONG_MS)
    assert window.view.has_picture


def test_a_camera_alone_is_named_in_the_status_bar_and_its_caption_says_how_to_leave(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window(Camera("door"), Camera("yard"))
    qtbot.waitUntil(lambda: window.status.source.text() == "2 cameras: 2 live", timeout=LONG_MS)
    window.grid.choose("yard", focus=True)
    window.grid.show_alone(True)
    assert window.status.source.text() == "yard: live"
    assert caption(window, "yard").state == "live  ·  Esc shows all cameras"
    window.session.pause(True)
    window.watch.look()
    assert window.status.source.text() == "yard: paused"
