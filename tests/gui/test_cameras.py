"""Several cameras in one window, with one inference thread for all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions
from monitor.camera.slot import LatestSlot
from monitor.config import load_config
from monitor.errors import CameraError
from monitor.gui.application import open_window
from monitor.gui.choose import first_source
from monitor.gui.picture.caption import Caption
from monitor.gui.picture.grid import CameraGrid, grid_shape
from monitor.gui.threads.gate import Gate
from monitor.gui.window import MainWindow
from monitor.records import Count, Frame, MaskState
from monitor.storage.store import Store
from tests.fakes import frame
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS

MakeWindow = Callable[..., MainWindow]


def caption(window: MainWindow, name: str) -> Caption:
    view = window.grid.view_of(name)
    assert view is not None
    assert view.caption is not None
    return view.caption


def plate(window: MainWindow, name: str) -> str:
    view = window.grid.view_of(name)
    assert view is not None
    return view.plate


def total(window: MainWindow) -> dict[MaskState, int]:
    return {state: int(text) for state, text in window.count_panel.texts[2].items()}


def test_two_clips_side_by_side_are_counted_apart_and_together(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path, masked_clip: Path, store_url: str
) -> None:
    window = make_window(bare_clip, masked_clip)
    qtbot.waitUntil(lambda: window.status.source.text() == "2 cameras: 2 ended", timeout=LONG_MS)
    qtbot.waitUntil(lambda: caption(window, "bare.avi").count == Count(unmasked=1), timeout=LONG_MS)
    qtbot.waitUntil(lambda: caption(window, "masked.avi").count == Count(masked=1), timeout=LONG_MS)
    assert total(window) == {s: int(s in (MaskState.MASKED, MaskState.UNMASKED)) for s in MaskState}
    assert window.count_panel.texts[:2] == ("50 %", "1 of 2 visits")
    assert (plate(window, "bare.avi"), caption(window, "bare.avi").state) == ("Ended", "ended")
    assert [s.camera for s in window.sightings.model.sightings] == ["bare.avi"]
    assert len([t for t in threading.enumerate() if t.name == "inference"]) == 1

    qtbot.keyClick(window, Qt.Key.Key_Space)  # all have ended: all play again
    qtbot.waitUntil(lambda: total(window)[MaskState.MASKED] == 2, timeout=LONG_MS)
    qtbot.waitUntil(lambda: total(window)[MaskState.UNMASKED] == 2, timeout=LONG_MS)
    window.close()
    store = Store(store_url)
    seen = sorted((v.camera, v.state.value) for v in store.read_visits())
    assert seen == [("bare.avi", "unmasked")] * 2 + [("masked.avi", "masked")] * 2
    store.close()


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


def test_cameras_are_added_chosen_shown_alone_and_removed(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window(Camera("door"))
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    assert window.view.caption is None
    assert not window.menus.remove.isEnabled()
    first = window.view
    window.chooser.add(Camera("yard"))
    window.chooser.add(Camera("hall", (640, 360)))
    assert window.grid.view_of("door") is first
    qtbot.waitUntil(lambda: window.status.source.text() == "3 cameras: 3 live", timeout=LONG_MS)
    window.chooser.add(Camera("yard"))
    assert window.banners.text("choice") == "yard is watched already: choose another camera"

    qtbot.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    assert window.grid.chosen == "hall"
    qtbot.waitUntil(lambda: window.status.size_wh.text() == "640 × 360", timeout=LONG_MS)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert window.grid.alone == "hall"
    assert [window.grid.view_of(n).isVisible() for n in window.grid.names] == [False, False, True]  # type: ignore[union-attr]
    assert window.view.size() == window.grid.size()
    assert window.status.source.text() == "hall: live"
    qtbot.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.grid.alone == "door"
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.grid.alone == ""
    qtbot.mouseDClick(window.grid.view_of("yard"), Qt.MouseButton.LeftButton)
    assert window.grid.alone == "yard"
    menu = window.chooser.tile_menu("yard")
    texts = [a.text().replace("&", "") for a in menu.actions() if a.text()]
    assert texts == ["Show all cameras", "Connect again", "Remove yard"]
    menu.actions()[-1].trigger()
    menu.close()
    assert window.session.names == window.grid.names == ("door", "hall")
    window.chooser.remove("hall")
    assert window.view.caption is None
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    window.chooser.remove("door")  # the last one stays
    assert window.session.names == ("door",)


def test_nine_cameras_and_no_more(
    qtbot: QtBot, make_window: MakeWindow, settings: QSettings
) -> None:
    window = make_window(*(Camera(f"door {n}", (64, 48)) for n in range(1, 10)))
    qtbot.waitUntil(lambda: window.status.source.text() == "9 cameras: 9 live", timeout=LONG_MS)
    qtbot.waitUntil(
        lambda: all(
            (view := window.grid.view_of(name)) and view.has_picture for name in window.grid.names
        ),
        timeout=LONG_MS,
    )
    window.chooser.add(Camera("door 10"))
    assert window.banners.text("choice").startswith("9 cameras are watched already")
    assert len(window.grid.names) == 9
    options = RunOptions(
        config=load_config(None, {"camera": {"source": " ".join(map(str, range(10)))}})
    )
    with pytest.raises(CameraError, match="at most 9"):
        open_window(options, settings)


def test_what_is_watched_is_kept_without_passwords(
    make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch, settings: QSettings
) -> None:
    limits = {"open_timeout_s": 0.5, "read_timeout_s": 0.5}
    window = make_window(Camera("camera 3"), start=False, camera=limits)
    monkeypatch.setattr(
        "monitor.gui.threads.watched.Watched.status", lambda self: self.capture._status
    )
    window.chooser.open(Camera("camera 3"))
    window.chooser.add_camera("http://127.0.0.1:9/yard.mjpg")
    window.chooser.add_camera("http://anna:secret@127.0.0.1:9/hall.mjpg")
    assert len(window.session.names) == 3
    assert window.preferences.camera == "3 http://127.0.0.1:9/yard.mjpg"
    monkeypatch.setattr("monitor.gui.choose.camera_list", lambda: [(3, "Webcam")])
    again = first_source(RunOptions(), window.preferences.camera)
    assert [source.name for source in again.sources] == ["camera 3", "http://127.0.0.1:9/yard.mjpg"]
    window.chooser.remove("http://127.0.0.1:9/yard.mjpg")
    assert window.preferences.camera == "3"


@pytest.mark.parametrize(
    ("number", "size", "shape"),
    [
        (1, (900, 640), (1, 1)),
        (2, (900, 640), (1, 2)),
        (2, (1540, 640), (2, 1)),
        (3, (900, 640), (2, 2)),
        (3, (400, 900), (1, 3)),
        (4, (900, 640), (2, 2)),
        (6, (1540, 640), (3, 2)),
        (9, (900, 640), (3, 3)),
    ],
)
def test_the_grid_follows_the_number_and_the_shape(
    number: int, size: tuple[int, int], shape: tuple[int, int]
) -> None:
    assert grid_shape(number, *size) == shape


@pytest.mark.parametrize("number", range(1, 10))
def test_tiles_fill_the_area_without_overlapping(qtbot: QtBot, number: int) -> None:
    grid = CameraGrid()
    qtbot.addWidget(grid)
    grid.resize(901, 643)
    grid.show()
    grid.set_cameras([f"c{n}" for n in range(number)])
    places = [view.geometry() for name in grid.names if (view := grid.view_of(name)) is not None]
    assert len(places) == number
    for i, place in enumerate(places):
        assert grid.rect().contains(place)
        assert not any(place.intersects(other) for other in places[i + 1 :])
    assert max(p.width() for p in places) - min(p.width() for p in places) <= 1


def test_a_tile_is_painted_only_when_it_has_something_new(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window(start=False)
    window.grid.set_cameras(["a", "b"])
    painted: list[str] = []
    for name in window.grid.names:
        view = window.grid.view_of(name)
        assert view is not None
        paint = view._paint_picture
        view._paint_picture = lambda p, n=name, paint=paint: (painted.append(n), paint(p))  # type: ignore
    qtbot.wait(100)
    painted.clear()
    view = window.grid.view_of("a")
    assert view is not None
    view.show_picture(frame().image)
    qtbot.wait(200)
    assert painted == ["a"]
    window.grid.show_captions({"b": Caption("b", "live", False, Count(masked=1))})
    QApplication.processEvents()
    assert painted == ["a"]  # a new count paints the strip alone


def test_a_gate_leaves_the_frames_of_other_cameras_alone() -> None:
    target: LatestSlot[Frame] = LatestSlot()
    gates = {name: Gate(target, lambda shown: None) for name in ("door", "yard")}
    frames = {name: frame(camera=name) for name in gates}
    for name, gate in gates.items():
        gate.put(frames[name], name)
    gates["door"].shut()
    assert target.take_all(0) == [frames["yard"]]
    gates["yard"].put(frames["yard"], "yard")
    other: LatestSlot[Frame] = LatestSlot()
    for gate in gates.values():
        gate.lead_to(other)
    assert (target.take_all(0), other.take_all(0)) == ([], [frames["yard"]])
