"""Alerts of the real window: a bare face before a live camera is heard, noticed and shown, and
nobody loses the keyboard.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QSystemTrayIcon
from pytestqt.qtbot import QtBot

from monitor.gui.alerts.notices import Notices
from monitor.gui.alerts.rule import snooze_for
from monitor.gui.alerts.sound import SoundError
from monitor.gui.alerts.sound_choice import OFFER
from monitor.gui.preferences import Preferences
from monitor.gui.window import MainWindow
from monitor.records import Correction, MaskState
from tests.gui.alerts.test_sound import needs_sink, samples_of, sink
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow, press

DOOR = "camera 7"


class Clock:
    """Of the wall, which a test moves."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now().astimezone() + self.ahead


@pytest.fixture
def bare(data: Path) -> Camera:
    """A live camera before which a bare face stands."""
    return Camera(DOOR, image=cv2.imread(str(data / "bare.jpg")))


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sounds that were played, instead of playing them."""
    names: list[str] = []
    monkeypatch.setattr(
        "monitor.gui.alerts.alerts.play", lambda path, volume: names.append(path.stem)
    )
    return names


@pytest.fixture
def noticed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the system was told to show."""
    texts: list[str] = []
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: True))
    monkeypatch.setattr(
        QSystemTrayIcon, "showMessage", lambda self, title, text, *rest: texts.append(text)
    )
    return texts


def banner(window: MainWindow) -> str:
    return window.banners.text("alert")


def wait_for_alert(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: banner(window) != "", timeout=LONG_MS)


def test_somebody_without_a_mask_is_heard_noticed_and_shown(
    qtbot: QtBot,
    make_window: MakeWindow,
    bare: Camera,
    played: list[str],
    noticed: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flashed: list[object] = []
    monkeypatch.setattr(QApplication, "alert", lambda window, ms=0: flashed.append(window))
    window = make_window(bare)
    window.menus.mute.setChecked(False)
    wait_for_alert(qtbot, window)
    assert banner(window).startswith(f"No mask at {DOOR}, since ")
    assert noticed == [f"No mask: {DOOR}"]
    assert flashed == [window]
    qtbot.waitUntil(lambda: played == ["unmasked"], timeout=LONG_MS)
    qtbot.wait(700)
    assert (len(played), len(noticed)) == (1, 1)  # once for the visit
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert banner(window) == ""
    assert not window.menus.acknowledge.isEnabled()


@needs_sink
def test_the_sound_really_comes_out(
    qtbot: QtBot,
    make_window: MakeWindow,
    bare: Camera,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment, heard = sink(tmp_path)
    for name in ("ALSA_CONFIG_PATH", "PULSE_SERVER"):
        monkeypatch.setenv(name, environment[name])
    window = make_window(bare, alerts={"volume": 100})
    window.menus.mute.setChecked(False)
    wait_for_alert(qtbot, window)
    whole = len(samples_of(MaskState.UNMASKED))
    qtbot.waitUntil(lambda: not window.alerts.alerts._playing, timeout=LONG_MS)
    sound = np.frombuffer(heard.read_bytes(), "<i2")
    assert np.count_nonzero(sound) > 0.9 * whole
    assert np.abs(sound).max() == np.abs(samples_of(MaskState.UNMASKED)).max()
    assert window.banners.text("sound") == ""


def test_the_keyboard_stays_with_whoever_has_it(
    qtbot: QtBot, make_window: MakeWindow, bare: Camera, played: list[str], noticed: list[str]
) -> None:
    window = make_window(bare)
    window.menus.mute.setChecked(False)
    letter = QLineEdit()  # another program's window, for what Qt can tell
    qtbot.addWidget(letter)
    letter.show()
    letter.activateWindow()
    letter.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is letter, timeout=LONG_MS)
    taken: list[object] = []
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    application.focusWindowChanged.connect(taken.append)
    wait_for_alert(qtbot, window)
    qtbot.waitUntil(lambda: played == ["unmasked"], timeout=LONG_MS)
    qtbot.wait(300)  # a window that asks for the keyboard gets it a moment later
    qtbot.keyClicks(letter, "dear visitor")
    assert QApplication.activeWindow() is letter
    assert QApplication.focusWidget() is letter
    assert letter.text() == "dear visitor"
    assert len(noticed) == 1
    application.focusWindowChanged.disconnect(taken.append)
    assert taken == []  # not for a moment either


def test_mute_is_for_the_sound_alone(
    qtbot: QtBot, make_window: MakeWindow, bare: Camera, played: list[str], noticed: list[str]
) -> None:
    window = make_window(bare)
    assert window.status.sound.text() == "sound off"  # as it is at first
    wait_for_alert(qtbot, window)
    qtbot.wait(300)
    assert (played, len(noticed)) == ([], 1)


def test_the_first_silent_alert_asks_for_the_sound_until_somebody_chose(
    qtbot: QtBot, make_window: MakeWindow, bare: Camera, played: list[str]
) -> None:
    window = make_window(bare)
    wait_for_alert(qtbot, window)
    qtbot.waitUntil(lambda: window.banners.text("silent") == OFFER, timeout=LONG_MS)
    press(qtbot, window, "Turn sound on")
    assert window.banners.text("silent") == ""
    assert window.status.sound.text() == "sound on"
    window.menus.mute.trigger()  # chosen by key from now on
    window.close()
    again = make_window(Camera(DOOR, image=bare.switch.image))
    wait_for_alert(qtbot, again)
    assert again.banners.text("silent") == ""
    assert played == []


@pytest.mark.parametrize("thanks", [True, False])
def test_a_mask_that_is_put_on_is_heard_where_that_is_wanted(
    qtbot: QtBot,
    make_window: MakeWindow,
    bare: Camera,
    data: Path,
    played: list[str],
    thanks: bool,
) -> None:
    window = make_window(bare, alerts={"thanks": thanks})
    window.menus.mute.setChecked(False)
    qtbot.waitUntil(lambda: played == ["unmasked"], timeout=LONG_MS)
    bare.switch.image = cv2.imread(str(data / "masked.jpg"))
    qtbot.waitUntil(lambda: banner(window) == "", timeout=LONG_MS)
    qtbot.wait(300)
    assert played == ["unmasked", "masked"][: 1 + thanks]


def test_a_snooze_is_said_kept_and_over_after_ten_minutes(
    qtbot: QtBot, make_window: MakeWindow, bare: Camera, settings: QSettings, noticed: list[str]
) -> None:
    window = make_window(start=False)
    window.menus.snooze.trigger()
    until = datetime.now() + timedelta(minutes=10)
    assert window.status.sound.text() in {
        f"alerts off until {until - timedelta(seconds=s):%H:%M}" for s in (0, 5)
    }
    assert window.banners.text("snooze").startswith("Alerts are off until ")
    window.close()
    again = make_window(bare)
    assert again.banners.text("snooze").startswith("Alerts are off until ")
    qtbot.waitUntil(lambda: len(again.sightings.model.sightings) == 1, timeout=LONG_MS)
    qtbot.wait(300)
    assert (banner(again), noticed) == ("", [])
    clock = Clock()
    again.alerts.alerts._now = clock
    clock.ahead = timedelta(minutes=10)
    wait_for_alert(qtbot, again)  # who still stands there is told of now
    qtbot.waitUntil(lambda: again.banners.text("snooze") == "", timeout=LONG_MS)
    assert Preferences(settings).snooze is None


def test_until_tomorrow_and_back_by_the_banner(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    window.menus.snooze_day.trigger()
    assert window.status.sound.text() == "alerts off until tomorrow"
    window.menus.alert_again.trigger()
    assert window.banners.text("snooze") == ""
    assert window.status.sound.text() == "sound off"
    assert not window.menus.alert_again.isEnabled()


def test_quiet_hours_are_quiet_and_said(
    qtbot: QtBot, make_window: MakeWindow, bare: Camera, played: list[str], noticed: list[str]
) -> None:
    now = datetime.now()
    begin, end = (f"{now + timedelta(hours=h):%H:%M}" for h in (-1, 1))
    window = make_window(bare, alerts={"quiet_from": begin, "quiet_to": end})
    window.menus.mute.setChecked(False)
    assert window.status.sound.text() == f"quiet until {end}"
    qtbot.waitUntil(lambda: len(window.sightings.model.sightings) == 1, timeout=LONG_MS)
    qtbot.wait(300)
    assert (banner(window), played, noticed) == ("", [], [])


def test_who_is_corrected_needs_no_telling(
    qtbot: QtBot, make_window: MakeWindow, bare: Camera
) -> None:
    window = make_window(bare)
    wait_for_alert(qtbot, window)
    visit = window.view.faces[0].visit_id
    assert visit is not None
    window.commands.correct(visit, Correction.MASKED)
    qtbot.waitUntil(lambda: banner(window) == "", timeout=LONG_MS)


def test_a_recording_raises_no_alert(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path, noticed: list[str]
) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(lambda: len(window.sightings.model.sightings) == 1, timeout=LONG_MS)
    assert (banner(window), noticed) == ("", [])


def test_a_sound_that_nobody_hears_is_said(
    qtbot: QtBot, make_window: MakeWindow, bare: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, volume: int) -> None:
        raise SoundError("no sound came out: this PC has no sound device")

    monkeypatch.setattr("monitor.gui.alerts.alerts.play", fail)
    window = make_window(bare)
    window.menus.mute.setChecked(False)
    qtbot.waitUntil(lambda: window.banners.text("sound") != "", timeout=LONG_MS)
    assert window.banners.text("sound") == "No sound came out: this PC has no sound device"


def test_a_click_on_the_notice_brings_the_window(
    qtbot: QtBot, make_window: MakeWindow, noticed: list[str]
) -> None:
    window = make_window(start=False)
    notices = window.alerts.alerts.notices
    assert notices._tray is not None
    letter = QLineEdit()
    qtbot.addWidget(letter)
    letter.show()
    letter.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is letter, timeout=LONG_MS)
    notices._tray.messageClicked.emit()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window, timeout=LONG_MS)
    window.close()
    assert notices._tray is None


def test_where_there_is_no_tray_the_taskbar_is_enough(
    make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window(start=False)
    flashed: list[object] = []
    monkeypatch.setattr(QApplication, "alert", lambda window, ms=0: flashed.append(window))
    notices = Notices(window, ())
    notices.use(True)
    notices.tell("No mask: camera 7")
    assert flashed == [window]


@pytest.mark.parametrize("junk", ["", "noon", "2026-13-45", "0001-01-01T00:00:00"])
def test_a_snooze_that_was_written_by_hand_is_none(settings: QSettings, junk: str) -> None:
    settings.setValue("snooze/since", junk)
    settings.setValue("snooze/until", junk)
    snooze = Preferences(settings).snooze
    assert snooze is None or not snooze.holds(datetime.now().astimezone())
    preferences = Preferences(settings)
    preferences.snooze = kept = snooze_for(datetime.now().astimezone())
    assert preferences.snooze == kept
