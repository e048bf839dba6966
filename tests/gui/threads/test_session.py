"""The threads behind the window: loading, failing, switching, ending."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from monitor.analysis.worker import Parts
from monitor.app import RunOptions, build_parts
from monitor.camera.clip import ClipSource
from monitor.camera.folder import FolderSource
from monitor.errors import ModelError, StoreError
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow, ended


def test_the_picture_is_live_while_models_load(qtbot: QtBot, make_window: MakeWindow) -> None:
    loaded = threading.Event()

    def slowly(options: RunOptions) -> Parts:
        loaded.wait(20)
        return build_parts(options)

    window = make_window(Camera(), build=slowly)
    qtbot.waitUntil(lambda: window.view.has_picture, timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.view.plate == "Loading models…", timeout=LONG_MS)
    assert window.status.model.text() == "loading models"
    assert window.session.analysed == 0
    loaded.set()
    qtbot.waitUntil(lambda: window.session.analysed > 3, timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.view.plate == "", timeout=LONG_MS)


@pytest.mark.parametrize(
    "error",
    [
        ModelError("model file mask_v5.onnx is missing from models: run `git checkout models`"),
        StoreError("the store sqlite:///x.db cannot be opened (readonly database): check the path"),
    ],
)
def test_what_stops_the_analysis_is_said_and_the_picture_goes_on(
    qtbot: QtBot, make_window: MakeWindow, error: Exception
) -> None:
    mended = threading.Event()

    def refuse(options: RunOptions) -> Parts:
        if not mended.is_set():
            raise error
        return build_parts(options)

    camera = Camera()
    window = make_window(camera, build=refuse)
    qtbot.waitUntil(lambda: window.banners.text("worker") == str(error), timeout=LONG_MS)
    assert window.status.model.text() == "not analysed"
    qtbot.waitUntil(lambda: window.view.plate == "Picture only: nobody is counted", timeout=LONG_MS)
    camera.switch.size_wh = (200, 100)  # the picture still follows the camera
    qtbot.waitUntil(lambda: window.status.size_wh.text() == "200 × 100", timeout=LONG_MS)
    mended.set()
    window.commands.start_again()  # what the banner's button does
    qtbot.waitUntil(lambda: window.session.analysed > 0, timeout=LONG_MS)
    assert window.banners.text("worker") == ""


def test_a_clip_plays_on_where_nobody_analyses_it(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    def refuse(options: RunOptions) -> Parts:
        raise ModelError("model mask_v5.onnx is not the file that its card describes")

    window = make_window(masked_clip, build=refuse)
    qtbot.waitUntil(lambda: window.status.source.text() == "masked.avi: ended", timeout=LONG_MS)


def test_closing_ends_every_thread(qtbot: QtBot, make_window: MakeWindow) -> None:
    before = set(threading.enumerate())
    window = make_window(Camera())
    qtbot.waitUntil(lambda: window.session.analysed > 0, timeout=LONG_MS)
    window.close()
    assert not [t for t in threading.enumerate() if t not in before and t.is_alive()]
    assert window.error is None


def test_closing_at_once_ends_every_thread(make_window: MakeWindow, bare_clip: Path) -> None:
    before = set(threading.enumerate())
    window = make_window(bare_clip)
    window.close()
    assert not [t for t in threading.enumerate() if t not in before and t.is_alive()]


def test_switching_often_leaves_one_capture_thread(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path, data: Path
) -> None:
    window = make_window(Camera())
    qtbot.waitUntil(lambda: window.session.analysed > 0, timeout=LONG_MS)
    for _ in range(5):
        window.chooser.open(ClipSource(masked_clip))
        window.chooser.open(FolderSource(data))
    last = Camera("camera 8")
    window.chooser.open(last)
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 8: live", timeout=LONG_MS)
    qtbot.waitUntil(
        lambda: (
            [t.name for t in threading.enumerate() if t.name.startswith("capture")]
            == ["capture camera 8"]
        ),
        timeout=LONG_MS,
    )


def test_what_was_found_in_a_clip_goes_when_it_is_left(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path
) -> None:
    window = make_window(bare_clip, into_store=False)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    watched = window.session.watched[0]
    qtbot.waitUntil(lambda: bool(watched.recall.faces(10)), timeout=LONG_MS)
    assert watched.review is not None
    window.chooser.open(Camera())
    watched.review.join(10)
    assert not watched.review.is_alive()
    assert watched.recall.faces(10) == ()


def test_the_pause_holds_a_camera_that_is_added(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(Camera("door"))
    qtbot.waitUntil(lambda: window.session.analysed > 0, timeout=LONG_MS)
    window.session.pause(True)
    window.chooser.add(Camera("yard"))
    qtbot.waitUntil(lambda: window.status.source.text() == "2 cameras: 2 paused", timeout=LONG_MS)
    window.chooser.open(Camera("hall"))  # others are not held
    qtbot.waitUntil(lambda: window.status.source.text() == "hall: live", timeout=LONG_MS)
    assert not window.session.paused
    assert not window.menus.pause.isChecked()


def test_a_camera_tried_again_keeps_its_place(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(Camera("a"), Camera("b"), Camera("c"))
    qtbot.waitUntil(lambda: window.status.source.text() == "3 cameras: 3 live", timeout=LONG_MS)
    former = window.session.find("b")
    window.session.again("b")
    assert window.session.names == ("a", "b", "c")
    assert window.session.find("b") is not former
    window.session.again("no such camera")
    assert window.session.names == ("a", "b", "c")
    qtbot.waitUntil(lambda: window.status.source.text() == "3 cameras: 3 live", timeout=LONG_MS)


def test_an_update_a_camera_and_the_newest_count_in_all(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window(Camera("door"), Camera("yard"))
    qtbot.waitUntil(lambda: window.session.analysed > 4, timeout=LONG_MS)
    window._refresh_timer.stop()
    window.bridge.changed.disconnect(window._on_changed)  # nobody else takes them
    done = window.session.analysed
    qtbot.waitUntil(lambda: window.session.analysed > done + 6, timeout=LONG_MS)
    window.session.pause(True)
    updates = window.session.take_updates()
    results = [update.result for update in updates if update.result is not None]
    assert sorted(result.frame.camera for result in results) == ["door", "yard"]
    assert len({id(update.count) for update in updates}) == 1
    assert len({id(update.sightings) for update in updates}) == 1


def test_a_former_cameras_pictures_do_not_come_after_the_new_ones(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    stuck = Camera("door", (320, 240))
    window = make_window(stuck)
    qtbot.waitUntil(lambda: window.session.analysed > 0, timeout=LONG_MS)
    hang = threading.Event()
    stuck.switch.tick.wait = lambda timeout=None: hang.wait(20)  # type: ignore[method-assign]
    window.chooser.open(Camera("yard", (640, 360)))
    qtbot.waitUntil(lambda: window.status.size_wh.text() == "640 × 360", timeout=LONG_MS)
    sizes: set[str] = set()
    hang.set()
    done = window.session.analysed
    qtbot.waitUntil(
        lambda: (
            sizes.add(window.status.size_wh.text()) is None and window.session.analysed > done + 5
        ),
        timeout=LONG_MS,
    )
    assert sizes == {"640 × 360"}
