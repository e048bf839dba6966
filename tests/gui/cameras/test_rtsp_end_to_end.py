"""A real RTSP camera with a password, from the Cameras page to the store, a clip and back, and the
next start; headless, too.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from memory_keyring import MemoryKeyring, keyring_in_use
from program import Books, run, started
from pytestqt.qtbot import QtBot
from rtsp import GROUP, RtspCamera

from monitor.camera.kept import KeptCameras
from monitor.camera.turn import Turn
from monitor.gui.cameras.edit import CameraDialog
from monitor.records import MaskState
from monitor.storage.store import Store
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow, drop, press, total


@pytest.fixture
def lying(data: Path) -> Iterator[RtspCamera]:
    """A camera on its side, with somebody without a mask before it."""
    face = cv2.resize(cv2.imread(str(data / "bare.jpg")), (320, 320))
    camera = RtspCamera([cv2.rotate(face, cv2.ROTATE_90_CLOCKWISE)] * GROUP)  # type: ignore[list-item]
    camera.live()
    yield camera
    camera.die()


@pytest.mark.long
def test_set_up_once_named_turned_counted_and_there_again(
    qtbot: QtBot,
    make_window: MakeWindow,
    lying: RtspCamera,
    masked_clip: Path,
    store_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("monitor.camera.evidence.FROZEN_AFTER_S", 1e9)  # it shows one picture
    monkeypatch.setattr("monitor.gui.cameras.page.camera_list", list)
    monkeypatch.setattr("monitor.app.camera_list", list)
    KeptCameras().remove("")  # there was a camera once: no demonstration
    with keyring_in_use(MemoryKeyring()) as ring:
        window = make_window(into_store=False)
        qtbot.waitUntil(lambda: window.banners.text("notice") != "", timeout=LONG_MS)
        window.menus.set_up.trigger()
        page = window.commands.cameras
        assert page is not None

        def answer(dialog: CameraDialog) -> int:
            dialog.form.kind.setCurrentIndex(dialog.form.kind.findData(""))
            dialog.form.address.setText(lying.url)
            dialog.form.user.setText("anna")
            dialog.form.password.setText("s3cret")
            dialog.form.name.setText("Front door")
            dialog.show()
            dialog.form.try_button.click()
            qtbot.waitUntil(lambda: dialog.view.has_picture, timeout=LONG_MS)
            dialog.form.rotate.setCurrentIndex(dialog.form.rotate.findData(270))
            dialog.accept()
            return dialog.result()

        monkeypatch.setattr(CameraDialog, "exec", answer)
        page.add_button.click()
        qtbot.waitUntil(lambda: window.status.source.text() == "Front door: live", timeout=LONG_MS)
        qtbot.waitUntil(lambda: total(window)[MaskState.UNMASKED] == 1, timeout=LONG_MS)
        page.close()

        drop(window, masked_clip)
        qtbot.waitUntil(lambda: window.status.source.text() == "masked.avi: ended", timeout=LONG_MS)
        press(qtbot, window, "Back to the cameras")
        qtbot.waitUntil(lambda: window.status.source.text() == "Front door: live", timeout=LONG_MS)
        window.close()
        store = Store(store_url)
        assert {visit.camera for visit in store.read_visits()} == {"Front door"}
        store.close()
        assert len(ring.kept) == 1

        again = make_window()
        qtbot.waitUntil(lambda: again.status.source.text() == "Front door: live", timeout=LONG_MS)
        qtbot.waitUntil(lambda: total(again)[MaskState.UNMASKED] == 1, timeout=LONG_MS)
        assert again.banners.text("locked") == ""
        again.close()


def test_headless_takes_name_and_turn_from_the_list(lying: RtspCamera, tmp_path: Path) -> None:
    folder = tmp_path / "mask-monitor"
    folder.mkdir()
    KeptCameras(folder / "cameras.json").put(lying.url, name="Front door", turn=Turn(270))
    books = Books(tmp_path)
    with started(tmp_path, "--headless", *books.arguments) as monitor:
        monitor.wait_for("Front door is live")
        monitor.wait_for(" began")
        done = monitor.end(signal.SIGINT)
    assert done.code == 0, done.err
    assert {visit.camera for visit in books.visits()} == {"Front door"}
    assert {row["camera"] for row in books.rows()} == {"Front door"}
    assert {line["camera"] for line in books.lines()} == {"Front door"}


def test_headless_turns_by_the_settings(lying: RtspCamera, tmp_path: Path) -> None:
    settings = tmp_path / "turned.toml"
    settings.write_text("[camera]\nrotate = 270\n")
    books = Books(tmp_path)
    arguments = ("--headless", "--camera", lying.url, "--config", settings, *books.arguments)
    with started(tmp_path, *arguments) as monitor:
        monitor.wait_for(" began")
        done = monitor.end(signal.SIGINT)
    assert done.code == 0, done.err
    assert len(books.sightings()) == 1


def test_headless_says_which_password_is_missing(lying: RtspCamera, tmp_path: Path) -> None:
    folder = tmp_path / "mask-monitor"
    folder.mkdir()
    whole = lying.url.replace("//", "//anna:s3cret@")
    KeptCameras(folder / "cameras.json").put(whole, name="Front door")
    done = run(tmp_path, "--headless", "--store", f"sqlite:///{tmp_path / 'm.db'}")
    assert done.code == 2
    assert done.err.strip().startswith("mask-monitor: Front door needs its password")
    assert "\n" not in done.err.strip()
    assert "s3cret" not in done.err
