"""The settings of alerts: held at once, kept, and heard by a test button."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QSettings, QTime
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions
from monitor.config import Config, load_config
from monitor.errors import ConfigError
from monitor.gui.alerts.dialog import AlertsDialog
from monitor.gui.preferences import Preferences
from monitor.records import MaskState
from tests.gui.looks import MakeWindow

Say = Callable[[str], None]


def make_dialog(qtbot: QtBot, **changes: object) -> tuple[AlertsDialog, list[tuple[object, ...]]]:
    tests: list[tuple[object, ...]] = []
    config = load_config(None, {"alerts": changes})  # type: ignore[dict-item]
    dialog = AlertsDialog(config, ["Front door"], lambda *test: tests.append(test))
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog, tests


def test_untouched_it_changes_nothing(qtbot: QtBot) -> None:
    dialog, _ = make_dialog(qtbot)
    config = Config()
    for (section, name), value in dialog.values().items():
        assert getattr(getattr(config, section), name) == value, name


def test_the_sound_is_switched_in_the_settings_too(
    make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window(start=False)
    shown: list[bool] = []

    def agree(dialog: AlertsDialog) -> QDialog.DialogCode:
        shown.append(dialog.sound.isChecked())
        dialog.sound.setChecked(not dialog.sound.isChecked())
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(AlertsDialog, "exec", agree)
    for _ in range(2):
        window.menus.alert_settings.trigger()
        assert window.status.sound.text() == ("sound on" if not shown[-1] else "sound off")
    assert shown == [False, True]


def test_quiet_hours_are_switched_on_with_their_times(qtbot: QtBot) -> None:
    dialog, _ = make_dialog(qtbot)
    assert not dialog.quiet_from.isEnabled()
    dialog.is_quiet.setChecked(True)
    dialog.quiet_from.setTime(QTime(22, 0))
    dialog.quiet_to.setTime(QTime(6, 30))
    values = dialog.values()
    assert (values["alerts", "quiet_from"], values["alerts", "quiet_to"]) == ("22:00", "06:30")
    again, _ = make_dialog(qtbot, quiet_from="22:00", quiet_to="06:30")
    assert again.is_quiet.isChecked()
    assert again.quiet_to.time() == QTime(6, 30)


def test_the_test_buttons_play_each_sound_at_the_volume_of_the_moment(qtbot: QtBot) -> None:
    dialog, tests = make_dialog(qtbot)
    dialog.volume.setValue(35)
    states = [MaskState.UNMASKED, MaskState.INCORRECT, MaskState.MASKED]
    for state in states:
        dialog.tests[state].click()
    assert [test[:2] for test in tests] == [(state, 35) for state in states]
    say = tests[0][2]
    assert callable(say)
    say("no sound came out: this PC has no sound device")
    assert dialog.heard.text() == "No sound came out: this PC has no sound device"
    say("")
    assert dialog.heard.text() == "Played"
    dialog.reject()
    dialog.deleteLater()
    say("too late")  # a sound that ends later harms nobody


def test_it_fits_a_small_screen(qtbot: QtBot) -> None:
    dialog, _ = make_dialog(qtbot)
    assert dialog.sizeHint().width() <= 760
    assert dialog.sizeHint().height() <= 560


def test_what_is_set_holds_at_once_in_the_same_shift_and_in_the_next_run(
    make_window: MakeWindow, settings: QSettings
) -> None:
    window = make_window(start=False)
    began = window.reports.shift_began
    values = {("alerts", "notices"): False, ("alerts", "quiet_from"): "00:00"}
    window.alerts.change_settings({**values, ("alerts", "quiet_to"): "23:59"})
    assert window.status.sound.text() == "quiet until 23:59"
    assert window.reports.shift_began == began
    window.close()
    kept = Preferences(settings).apply(RunOptions()).config.alerts
    assert (kept.notices, kept.quiet_from, kept.quiet_to) == (False, "00:00", "23:59")


@pytest.mark.parametrize("text", ["25:00", "7:00", "noon", "12:60", "12:00 "])
def test_a_time_that_is_none_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r"alerts\.quiet_from = .*: give a text like '22:00'"):
        load_config(None, {"alerts": {"quiet_from": text}})
