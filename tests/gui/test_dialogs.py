"""The dialogs of settings and export give back what was chosen."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QMessageBox,
    QPushButton,
)
from pytestqt.qtbot import QtBot

from monitor.config import Config, load_config
from monitor.declared import detectors
from monitor.gui.dialogs import SettingsDialog, detector_text
from monitor.gui.export_dialog import ExportDialog

BEGAN = datetime(2026, 11, 21, 7, 30).astimezone()


def press(dialog: QDialog, button: QDialogButtonBox.StandardButton) -> int:
    """Press a button of the dialog; its result."""
    (box,) = dialog.findChildren(QDialogButtonBox)
    box.button(button).click()
    return dialog.result()


def settings_dialog(qtbot: QtBot, config: Config) -> SettingsDialog:
    dialog = SettingsDialog(config)
    qtbot.addWidget(dialog)
    return dialog


def export_dialog(qtbot: QtBot) -> ExportDialog:
    dialog = ExportDialog(BEGAN)
    qtbot.addWidget(dialog)
    return dialog


@pytest.mark.parametrize("detector", detectors())
def test_settings_begin_with_what_holds(qtbot: QtBot, detector: str) -> None:
    config = load_config(
        None,
        {
            "detect": {"name": detector, "min_face_px": 41},
            "sighting": {"alert_after_s": 2.5},
        },
    )
    dialog = settings_dialog(qtbot, config)
    assert dialog.detector.currentText() == detector_text(detectors()[detector])
    assert dialog.values() == {
        ("sighting", "alert_after_s"): 2.5,
        ("detect", "min_face_px"): 41,
        ("detect", "name"): detector,
        ("shift", "times"): "00:00",
        ("store", "retention_days"): 30,
        ("learning", "collect"): False,
    }


def test_settings_give_back_what_was_typed(qtbot: QtBot) -> None:
    dialog = settings_dialog(qtbot, Config())
    for field, text in ((dialog.alert_after_s, "3.5"), (dialog.min_face_px, "64")):
        field.selectAll()
        qtbot.keyClicks(field, text)
    dialog.detector.setCurrentText(detector_text(detectors()["haar"]))
    dialog.collect.click()
    assert dialog.values() == {
        ("sighting", "alert_after_s"): 3.5,
        ("detect", "min_face_px"): 64,
        ("detect", "name"): "haar",
        ("shift", "times"): "00:00",
        ("store", "retention_days"): 30,
        ("learning", "collect"): True,
    }
    assert press(dialog, QDialogButtonBox.StandardButton.Ok) == QDialog.DialogCode.Accepted
    assert press(dialog, QDialogButtonBox.StandardButton.Cancel) == QDialog.DialogCode.Rejected


def test_whatever_can_be_chosen_is_a_valid_setting(qtbot: QtBot) -> None:
    dialog = settings_dialog(qtbot, Config())
    for end in ("minimum", "maximum"):
        for field in (dialog.alert_after_s, dialog.min_face_px):
            field.setValue(getattr(field, end)())
        values: dict[str, dict[str, object]] = {}
        for (section, name), value in dialog.values().items():
            values.setdefault(section, {})[name] = value
        config = load_config(None, values)  # type: ignore[arg-type]
        assert config.detect.min_face_px == dialog.min_face_px.value()


def test_times_of_shifts_that_cannot_be_read_are_said(qtbot: QtBot) -> None:
    dialog = settings_dialog(qtbot, Config())
    dialog.show()
    dialog.shifts.setText("Morning 06:00, Late 25:00")
    assert press(dialog, QDialogButtonBox.StandardButton.Ok) != QDialog.DialogCode.Accepted
    assert "'Late 25:00' is no shift" in " ".join(w.text() for w in dialog.findChildren(QLabel))
    dialog.shifts.setText("Morning 06:00, Late 14:00")
    assert press(dialog, QDialogButtonBox.StandardButton.Ok) == QDialog.DialogCode.Accepted
    assert dialog.values()["shift", "times"] == "Morning 06:00, Late 14:00"


@pytest.mark.parametrize(("days", "text"), [(30, "30 days"), (0, "for ever")])
def test_settings_say_how_long_data_is_kept(qtbot: QtBot, days: int, text: str) -> None:
    dialog = settings_dialog(qtbot, load_config(None, {"store": {"retention_days": days}}))
    assert dialog.privacy.retention_days.text() == text
    assert dialog.values()["store", "retention_days"] == days


def test_settings_fit_a_small_screen(qtbot: QtBot) -> None:
    dialog = settings_dialog(qtbot, Config())
    assert dialog.minimumSizeHint().width() <= 800
    assert dialog.minimumSizeHint().height() <= 560


def test_each_period_begins_where_it_says(qtbot: QtBot) -> None:
    dialog = export_dialog(qtbot)
    since = []
    for row in range(dialog.period.count()):
        dialog.period.setCurrentIndex(row)
        since.append((dialog.period.currentText(), dialog.chosen()[1].since))
    midnight = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0).astimezone()
    assert since == [
        ("This shift", BEGAN),
        ("Today", midnight),
        ("The last 7 days", midnight - timedelta(days=6)),  # and today makes seven
        ("Everything that is kept", None),
    ]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("out.csv", "out.csv"),
        ("  out  ", "out.csv"),
        ("out.txt", "out.txt"),
        ("", "sightings.csv"),
        ("folder/out", "folder/out.csv"),
    ],
)
def test_the_file_is_the_one_that_was_typed(qtbot: QtBot, typed: str, name: str) -> None:
    dialog = export_dialog(qtbot)
    assert dialog.chosen()[0].name == "sightings_shift_2026-11-21_0730.csv"
    assert dialog.chosen()[0].parent.is_dir()
    dialog.path.clear()
    qtbot.keyClicks(dialog.path, typed)
    assert dialog.chosen()[0] == Path(name)
    assert press(dialog, QDialogButtonBox.StandardButton.Save) == QDialog.DialogCode.Accepted


def test_each_period_has_a_name_of_its_own(qtbot: QtBot) -> None:
    dialog = export_dialog(qtbot)
    names = []
    for row in range(dialog.period.count()):
        dialog.period.setCurrentIndex(row)
        names.append(dialog.chosen()[0].name)
    today = datetime.now()
    week = f"{today - timedelta(days=6):%Y-%m-%d}_to_{today:%Y-%m-%d}"
    assert names == [
        "sightings_shift_2026-11-21_0730.csv",
        f"sightings_{today:%Y-%m-%d}.csv",
        f"sightings_{week}.csv",
        f"sightings_all_to_{today:%Y-%m-%d}.csv",
    ]
    dialog.path.selectAll()
    qtbot.keyClicks(dialog.path, "mine.csv")
    dialog.period.setCurrentIndex(0)
    assert dialog.chosen()[0] == Path("mine.csv")


@pytest.mark.parametrize("there", ["out.csv", "out_hours.csv"])
@pytest.mark.parametrize("answer", ["Yes", "No"])
def test_nothing_that_exists_is_overwritten_without_a_question(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: str, answer: str
) -> None:
    (tmp_path / there).write_text("kept")
    asked: list[str] = []

    def question(parent: object, title: str, text: str, *buttons: object) -> object:
        asked.append(text)
        assert buttons[-1] is QMessageBox.StandardButton.No  # Enter overwrites nothing
        return QMessageBox.StandardButton[answer]

    monkeypatch.setattr(QMessageBox, "question", question)
    dialog = export_dialog(qtbot)
    dialog.path.setText(str(tmp_path / "out.csv"))
    result = press(dialog, QDialogButtonBox.StandardButton.Save)
    assert len(asked) == 1
    assert asked[0].startswith(f"{there} is in {tmp_path} already")
    accepted = result == QDialog.DialogCode.Accepted
    assert accepted is (answer == "Yes")
    assert dialog.chosen()[1].overwrite is accepted  # and nothing else is replaced unasked
    dialog.path.setText(str(tmp_path / "other.csv"))
    press(dialog, QDialogButtonBox.StandardButton.Save)
    assert len(asked) == 1


def test_only_what_is_ticked_is_exported(qtbot: QtBot) -> None:
    dialog = export_dialog(qtbot)
    save = dialog.buttons.button(QDialogButtonBox.StandardButton.Save)
    for kind, box in dialog.kinds.items():
        box.setChecked(kind == "days")
    assert dialog.chosen()[1].kinds == ("days",)
    assert save.isEnabled()
    dialog.kinds["days"].setChecked(False)
    assert not save.isEnabled()


def test_browsing_takes_the_file_and_cancelling_leaves_the_old_one(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dialog = export_dialog(qtbot)
    (browse,) = (b for b in dialog.findChildren(QPushButton) if "rowse" in b.text())
    answers = [str(tmp_path / "chosen.csv"), ""]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args, **more: (answers.pop(0), ""))
    for _ in range(2):
        qtbot.mouseClick(browse, Qt.MouseButton.LeftButton)
    assert answers == []
    assert dialog.chosen()[0] == tmp_path / "chosen.csv"


def test_a_detector_that_a_file_adds_is_offered(added_detector: str, qtbot: QtBot) -> None:
    dialog = settings_dialog(qtbot, load_config(None, {"detect": {"name": added_detector}}))
    assert dialog.detector.currentData() == added_detector
    assert dialog.detector.currentText() == "Everywhere (finds a face in 100 % of pictures)"
    offered = [dialog.detector.itemData(i) for i in range(dialog.detector.count())]
    assert offered == ["yunet", "ssd", "haar", added_detector, "yunet_masked"]
