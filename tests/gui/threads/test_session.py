"""The threads behind the window: loading, failing, switching, ending."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from monitor.analysis.worker import Parts
from monitor.app import RunOptions, build_parts
from monitor.camera.sources import ClipSource, FolderSource
from monitor.errors import ModelError, StoreError
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow


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
        ModelError("model file mask_v3.onnx is missing from models: run `git checkout models`"),
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
    qtbot.waitUntil(
        lambda: window.view.plate == "Live picture only: nobody is counted", timeout=LONG_MS
    )
    camera.switch.size_wh = (200, 100)  # the picture still follows the camera
    qtbot.waitUntil(lambda: window.status.size_wh.text() == "200 × 100", timeout=LONG_MS)
    mended.set()
    window.commands.new_shift()  # what the banner's button does
    qtbot.waitUntil(lambda: window.session.analysed > 0, timeout=LONG_MS)
    assert window.banners.text("worker") == ""


def test_a_clip_plays_on_where_nobody_analyses_it(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    def refuse(options: RunOptions) -> Parts:
        raise ModelError("model mask_v3.onnx is not the file that its card describes")

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
