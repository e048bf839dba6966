"""Sources that fail, come back or change; models and stores that are missing; closing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from monitor.analysis.worker import Parts
from monitor.app import RunOptions, build_parts
from monitor.camera.sources import ClipSource, FolderSource
from monitor.errors import ModelError, StoreError
from monitor.gui.window import MainWindow
from monitor.records import MaskState
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS

MakeWindow = Callable[..., MainWindow]


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    action = Qt.DropAction.CopyAction
    button = Qt.MouseButton.LeftButton
    no_key = Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(50, 50), action, data, button, no_key))


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


def test_a_clip_is_opened_by_dropping_it(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    window = make_window(Camera())
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 7: live", timeout=LONG_MS)
    drop(window, masked_clip)
    qtbot.waitUntil(lambda: window.count_panel.texts[2][MaskState.MASKED] == "1", timeout=LONG_MS)
    assert window.status.source.text().startswith("masked.avi")


def test_a_folder_is_opened_by_dropping_it(
    qtbot: QtBot, make_window: MakeWindow, data: Path
) -> None:
    window = make_window(Camera())
    drop(window, data)
    qtbot.waitUntil(lambda: window.status.source.text() == f"{data.name}: ended", timeout=LONG_MS)
    assert sum(int(text) for text in window.count_panel.texts[2].values()) >= 2


@pytest.mark.parametrize("content", [b"", b"no video at all\n" * 50, bytes(range(256)) * 40])
def test_a_file_that_is_no_clip_is_said(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "holiday.mp4"
    path.write_bytes(content)
    window = make_window(Camera())
    drop(window, path)
    qtbot.waitUntil(
        lambda: "holiday.mp4" in window.banners.text("source holiday.mp4"), timeout=LONG_MS
    )
    assert window.status.source.text() == "holiday.mp4: failed"
    assert "Traceback" not in window.banners.text("source holiday.mp4")


def test_a_wrong_address_is_said_and_the_camera_stays(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window(Camera())
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 7: live", timeout=LONG_MS)
    window.chooser.open_camera("ftp://nowhere")
    assert "ftp://nowhere" in window.banners.text("choice")
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 7: live")


def test_a_password_is_neither_shown_nor_kept(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(Camera(), camera={"open_timeout_s": 0.5, "read_timeout_s": 0.5})
    qtbot.waitUntil(lambda: window.status.source.text() == "camera 7: live", timeout=LONG_MS)
    window.chooser.open_camera("http://anna:secret@127.0.0.1:9/stream.mjpg")
    qtbot.waitUntil(
        lambda: "127.0.0.1:9" in window.banners.text(f"source {window.grid.chosen}"),
        timeout=LONG_MS,
    )
    assert (
        "secret"
        not in window.status.source.text()
        + window.banners.text(f"source {window.grid.chosen}")
        + window.view.plate
    )
    assert window.preferences.camera == ""


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


def test_the_notice_of_the_bundled_clip_is_shown(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    window = make_window(masked_clip, notice="No camera found: this is the bundled clip.")
    qtbot.waitUntil(
        lambda: window.banners.text("notice") == "No camera found: this is the bundled clip.",
        timeout=LONG_MS,
    )
