"""What is kept between runs, and what wins over it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QSettings

from monitor.app import RunOptions
from monitor.config import Config, load_config
from monitor.files import write_whole
from monitor.gui.preferences import Preferences
from tests.gui.looks import MakeWindow


def test_the_command_line_wins_over_what_was_kept(settings: QSettings) -> None:
    preferences = Preferences(settings)
    preferences.keep_setting("detect", "name", "haar")
    preferences.keep_setting("sighting", "alert_after_s", 2.5)
    kept = preferences.apply(RunOptions()).config
    assert (kept.detect.name, kept.sighting.alert_after_s) == ("haar", 2.5)
    named = RunOptions(config=load_config(None, {"detect": {"name": "ssd"}}))
    assert preferences.apply(named).config.detect.name == "ssd"
    # Also where what is named is the program's default.
    options = RunOptions(named=frozenset({"detect.name"}))
    assert preferences.apply(options).config.detect.name == "yunet"
    assert preferences.apply(options).config.sighting.alert_after_s == 2.5


@pytest.mark.parametrize("junk", ["", "mtcnn", "-3", "nan"])
def test_junk_in_the_kept_settings_does_no_harm(settings: QSettings, junk: str) -> None:
    for key in (
        "detect/name",
        "detect/min_face_px",
        "sighting/alert_after_s",
        "window/theme",
        "window/geometry",
    ):
        settings.setValue(key, junk)
    preferences = Preferences(settings)
    assert preferences.apply(RunOptions()).config == Config()
    assert preferences.theme == "system"


def test_everything_kept_is_there_in_the_next_run(tmp_path: Path) -> None:
    def settings() -> QSettings:
        return QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)

    preferences = Preferences(settings())
    assert (preferences.theme, preferences.muted) == ("system", True)
    assert preferences.flag("hours", True)
    preferences.theme, preferences.muted = "dark", False
    preferences.keep_flag("hours", False)
    preferences.keep_bytes("geometry", QByteArray(b"\x00\xffplace"))
    preferences.keep_setting("detect", "min_face_px", 60)
    preferences.save()
    again = Preferences(settings())
    assert (again.theme, again.muted) == ("dark", False)
    assert not again.flag("hours", True)
    assert again.flag("count", True)
    assert again.bytes_of("geometry") == QByteArray(b"\x00\xffplace")
    assert again.apply(RunOptions()).config.detect.min_face_px == 60
    assert not again.apply(RunOptions()).config.learning.collect
    for collect in (True, False):  # an INI file knows words alone
        again.keep_setting("learning", "collect", collect)
        again.save()
        assert Preferences(settings()).apply(RunOptions()).config.learning.collect is collect


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe binary \x80" * 40,
        b"[window\ntheme=pink\n===\n[[[",
        b"[window]\ngeometry=12\nsplitter=@Invalid()\nmuted=perhaps\nhours=\ntheme=pink\n"
        b"[detect]\nname=@ByteArray()\nmin_face_px=1e99\n[sighting]\nalert_after_s=-inf\n",
    ],
)
def test_the_window_opens_whatever_the_file_holds(
    make_window: MakeWindow, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "window.ini").write_bytes(content)
    window = make_window(start=False)
    assert window.isVisible()
    assert window.width() >= 320
    assert window.session.options.config.detect == Config().detect
    assert window.menus.themes["system"].isChecked()
    assert window.menus.mute.isChecked()


def test_a_value_that_is_not_valid_is_forgotten_and_the_others_hold(settings: QSettings) -> None:
    preferences = Preferences(settings)
    preferences.keep_setting("detect", "name", "mtcnn")
    preferences.keep_setting("detect", "min_face_px", 80)
    config = preferences.apply(RunOptions()).config
    assert (config.detect.name, config.detect.min_face_px) == ("yunet", 80)
    settings.sync()
    assert not settings.contains("detect/name")
    assert settings.contains("detect/min_face_px")


def test_a_disk_that_stands_still_is_not_waited_for(
    settings: QSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = threading.Event()

    def write(path: Path, content: bytes) -> None:
        assert back.wait(60)
        write_whole(path, content)

    monkeypatch.setattr("monitor.gui.preferences.write_whole", write)
    preferences = Preferences(settings)
    preferences.theme, preferences.muted = "dark", False
    preferences.save()
    assert (preferences.theme, preferences.muted) == ("dark", False)
    settings.sync()
    assert not settings.contains("window/theme")
    back.set()
    preferences.save()
    again = Preferences(settings)
    assert (again.theme, again.muted) == ("dark", False)
