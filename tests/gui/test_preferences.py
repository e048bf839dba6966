"""What is kept between runs, and what wins over it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSettings

from monitor.app import RunOptions
from monitor.config import Config, load_config
from monitor.gui.preferences import Preferences


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
