"""The first steps in a real window: shown once, skipped, opened again; a camera is chosen, a face
is seen, what counts is chosen.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QSettings, Qt
from pytestqt.qtbot import QtBot

from monitor.camera import source
from monitor.camera.kept import KeptCameras
from monitor.camera.source import FrameSource
from monitor.gui.alerts.sound import SoundError
from monitor.gui.doctor.guide import DEMO_TEXT, TITLES, GuideDialog
from monitor.gui.window import MainWindow
from monitor.records import Image
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    """Of a first run."""
    return QSettings(str(tmp_path / "first.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def person(data: Path) -> Image:
    """A bare face, as a camera gives it."""
    image = cv2.imread(str(data / "bare.jpg"))
    assert image is not None
    return image  # type: ignore[return-value]


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch, person: Image) -> list[tuple[int, str]]:
    """The USB cameras that are there; they show a person."""
    cameras = [(0, "Webcam")]
    for module in (
        "monitor.gui.choose",
        "monitor.app",
        "monitor.gui.cameras.page",
        "monitor.gui.doctor.guide",
    ):
        monkeypatch.setattr(f"{module}.camera_list", lambda: list(cameras))

    real = source._make

    def make(kind: str, address: object, config: object) -> FrameSource:
        if kind != "usb":
            return real(kind, address, config)  # type: ignore[arg-type]
        made = Camera(getattr(address, "name", ""), image=person)
        made.address = address  # type: ignore[assignment]
        return made

    monkeypatch.setattr("monitor.camera.source._make", make)
    return cameras


def guide_of(qtbot: QtBot, window: MainWindow) -> GuideDialog:
    qtbot.waitUntil(lambda: window.doctor.guide is not None, timeout=LONG_MS)
    guide = window.doctor.guide
    assert guide is not None
    assert guide.isVisible()
    return guide


def test_three_steps_from_a_camera_to_zones(
    qtbot: QtBot, make_window: MakeWindow, plugged: list[tuple[int, str]]
) -> None:
    window = make_window()
    guide = guide_of(qtbot, window)
    assert guide.title.text() == TITLES[0]
    assert window.session.names == ()  # nothing plays by itself
    qtbot.waitUntil(lambda: guide.kind.currentText() == "0: Webcam", timeout=LONG_MS)
    qtbot.waitUntil(lambda: guide.view.has_picture, timeout=LONG_MS)
    assert KeptCameras().cameras == ()  # looking alone sets nothing up
    qtbot.mouseClick(guide.next_button, Qt.MouseButton.LeftButton)
    assert guide.title.text() == TITLES[1]
    assert window.session.names == ("camera 0",)
    qtbot.waitUntil(
        lambda: guide.message.text().startswith("You are seen: no mask"), timeout=LONG_MS
    )
    assert guide.view.faces  # with the box of the real analysis
    qtbot.mouseClick(guide.next_button, Qt.MouseButton.LeftButton)
    assert guide.title.text() == TITLES[2]
    qtbot.mouseClick(guide.draw_button, Qt.MouseButton.LeftButton)
    assert window.doctor.guide is None
    assert window.zones.editor is not None
    assert [camera.shown for camera in KeptCameras().cameras] == ["0"]
    window.close()
    again = make_window()
    qtbot.waitUntil(lambda: again.session.names == ("camera 0",), timeout=LONG_MS)
    assert again.doctor.guide is None  # a camera was set up: never again
    plugged.append((1, "Desk camera"))
    again.menus.first_steps.trigger()
    once_more = guide_of(qtbot, again)
    qtbot.waitUntil(lambda: once_more.kind.findData("1") >= 0, timeout=LONG_MS)
    once_more.kind.setCurrentIndex(once_more.kind.findData("1"))
    once_more.next_button.click()
    assert again.session.names == ("camera 0", "camera 1")  # the first one stays


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda image: np.full_like(image, 90), "No face is seen yet"),
        (lambda image: _shrunk(image, 0.25), "too small"),
        (lambda image: (image * 0.12).astype(np.uint8), "too dark"),
    ],
)
def test_what_is_wrong_is_said_with_a_mend(
    qtbot: QtBot,
    make_window: MakeWindow,
    plugged: list[tuple[int, str]],
    person: Image,
    change: object,
    words: str,
) -> None:
    person[:] = change(person)  # type: ignore[operator]
    window = make_window()
    guide = guide_of(qtbot, window)
    qtbot.waitUntil(lambda: guide.view.has_picture, timeout=LONG_MS)
    guide.next_button.click()
    qtbot.waitUntil(lambda: words in guide.message.text(), timeout=LONG_MS)
    assert ":" in guide.message.text()  # what helps comes after it


def _shrunk(image: Image, factor: float) -> Image:
    """The same picture farther off, before grey."""
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    far = np.full_like(image, 90)
    far[40 : 40 + small.shape[0], 40 : 40 + small.shape[1]] = small
    return far


def test_the_steps_are_skipped_for_good(
    qtbot: QtBot, make_window: MakeWindow, plugged: list[tuple[int, str]]
) -> None:
    plugged.clear()
    window = make_window()
    guide = guide_of(qtbot, window)
    qtbot.mouseClick(guide.skip_button, Qt.MouseButton.LeftButton)
    # as without the steps: the bundled clip
    qtbot.waitUntil(lambda: window.session.names == ("demo.mp4",), timeout=LONG_MS)
    window.close()
    again = make_window()
    qtbot.waitUntil(lambda: again.session.names == ("demo.mp4",), timeout=LONG_MS)
    assert again.doctor.guide is None


def test_the_demonstration_is_a_choice_and_named_as_one(
    qtbot: QtBot, make_window: MakeWindow, plugged: list[tuple[int, str]]
) -> None:
    plugged.clear()
    window = make_window()
    guide = guide_of(qtbot, window)
    assert window.session.names == ()
    qtbot.mouseClick(guide.demo_button, Qt.MouseButton.LeftButton)
    assert window.session.names == ("demo.mp4",)
    assert window.banners.text("notice") == DEMO_TEXT
    assert not KeptCameras().set_up
    window.close()
    assert guide_of(qtbot, make_window()).title.text() == TITLES[0]  # still no camera


def test_an_address_that_is_none_is_refused_in_one_line(
    qtbot: QtBot, make_window: MakeWindow, plugged: list[tuple[int, str]]
) -> None:
    plugged.clear()
    window = make_window()
    guide = guide_of(qtbot, window)
    qtbot.waitUntil(lambda: guide.kind.count() == 1, timeout=LONG_MS)
    guide.next_button.click()
    assert guide.step == 0
    guide.address.setText("the door")
    guide.next_button.click()
    assert guide.step == 0
    assert guide.banners.text("fault").startswith("'the door' is neither")
    assert not KeptCameras().set_up


def test_a_clip_on_the_command_line_has_no_first_steps(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    window = make_window(masked_clip)
    qtbot.waitUntil(lambda: window.session.names == ("masked.avi",), timeout=LONG_MS)
    assert window.doctor.guide is None


def test_a_camera_in_the_settings_has_no_first_steps(
    qtbot: QtBot, make_window: MakeWindow, plugged: list[tuple[int, str]]
) -> None:
    window = make_window(camera={"source": "0"})
    qtbot.waitUntil(lambda: window.session.names == ("camera 0",), timeout=LONG_MS)
    assert window.doctor.guide is None


@pytest.mark.parametrize("wanted", [True, False])
def test_the_last_step_asks_whether_alerts_are_heard(
    qtbot: QtBot,
    make_window: MakeWindow,
    plugged: list[tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
    wanted: bool,
) -> None:
    heard: list[str] = []
    monkeypatch.setattr(
        "monitor.gui.alerts.alerts.play", lambda path, volume: heard.append(path.stem)
    )
    window = make_window()
    guide = guide_of(qtbot, window)
    qtbot.waitUntil(lambda: guide.view.has_picture, timeout=LONG_MS)
    assert not guide.sound_row.isVisible()
    for _ in range(2):
        guide.next_button.click()
    assert guide.sound_row.isVisible()
    assert guide.sound_box.isChecked()
    assert window.status.sound.text() == "sound off"  # until the steps are done
    qtbot.mouseClick(guide.test_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: heard == ["unmasked"], timeout=LONG_MS)
    guide.sound_box.setChecked(wanted)
    guide.next_button.click()
    assert window.menus.mute.isChecked() is not wanted
    assert window.alerts.alerts.sound.made
    window.close()
    again = make_window()
    assert again.menus.mute.isChecked() is not wanted
    assert again.alerts.alerts.sound.made


def test_a_test_of_the_sound_that_fails_is_said(
    qtbot: QtBot,
    make_window: MakeWindow,
    plugged: list[tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(path: Path, volume: int) -> None:
        raise SoundError("no sound came out: this PC has no sound device")

    monkeypatch.setattr("monitor.gui.alerts.alerts.play", fail)
    window = make_window()
    guide = guide_of(qtbot, window)
    guide.test_button.click()
    qtbot.waitUntil(lambda: guide.banners.text("fault").startswith("No sound"), timeout=LONG_MS)
