"""What is kept and known of people is set in the window, and asked about before it is more, or
before something is deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QDialog, QLabel, QMessageBox
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions
from monitor.config import load_config
from monitor.gui.dialogs import SettingsDialog
from monitor.gui.people.page import ON
from monitor.gui.preferences import Preferences
from monitor.gui.privacy_box import FIXED, shortens
from monitor.gui.window import MainWindow
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow
from tests.gui.people.helpers import Person, enrol, open_page

Set = Callable[[MainWindow, bool, Callable[[SettingsDialog], None]], list[str]]


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch) -> Set:
    """Opens the settings, does something there and presses OK; questions are answered as told."""

    def change(
        window: MainWindow, agreed: bool, act: Callable[[SettingsDialog], None]
    ) -> list[str]:
        asked: list[str] = []

        def answer(box: QMessageBox) -> int:
            asked.append(box.text())
            assert "Cancel" in box.defaultButton().text()  # Enter agrees to nothing
            cancel = box.defaultButton()
            next(b for b in box.buttons() if (b is cancel) is not agreed).click()
            return 0

        def accept(dialog: SettingsDialog) -> QDialog.DialogCode:
            act(dialog)
            dialog.accept()
            return QDialog.DialogCode.Accepted

        monkeypatch.setattr(QMessageBox, "exec", answer)
        monkeypatch.setattr(SettingsDialog, "exec", accept)
        window.menus.settings.trigger()
        return asked

    return change


def test_people_are_named_once_that_is_agreed_to_and_no_more_when_it_is_off(
    qtbot: QtBot,
    make_window: MakeWindow,
    change: Set,
    data: Path,
    folder: Path,
    settings: QSettings,
) -> None:
    enrol(folder.parent / "gallery.npz", folder)
    camera = Person("door", image=cv2.imread(str(data / "bare.jpg")))  # type: ignore[arg-type]
    window = make_window(camera)
    qtbot.waitUntil(lambda: bool(window.view.faces), timeout=LONG_MS)

    asked = change(window, False, lambda dialog: dialog.privacy.identify.setChecked(True))
    assert len(asked) == 1
    assert "biometric data" in asked[0]
    assert not window.session.options.identify

    assert len(change(window, True, lambda dialog: dialog.privacy.identify.setChecked(True))) == 1
    qtbot.waitUntil(lambda: [f.identity for f in window.view.faces] == ["Anna"], timeout=LONG_MS)
    assert window.status.privacy.text() == "1 person enrolled, others are visitors"
    page = open_page(qtbot, window)
    assert page.note.text() == ON
    window.preferences.save()
    assert Preferences(settings).apply(RunOptions()).identify  # in the next run, too

    assert change(window, True, lambda dialog: dialog.privacy.identify.setChecked(False)) == []
    qtbot.waitUntil(
        lambda: bool(window.view.faces) and "Anna" not in {f.identity for f in window.view.faces},
        timeout=LONG_MS,
    )
    qtbot.waitUntil(lambda: "mask-only" in window.status.privacy.text(), timeout=LONG_MS)
    window.preferences.save()
    assert not Preferences(settings).apply(RunOptions()).identify


@pytest.mark.parametrize("agreed", [False, True])
def test_nothing_is_deleted_earlier_than_it_was_agreed_to(
    make_window: MakeWindow, change: Set, agreed: bool
) -> None:
    window = make_window(start=False)
    asked = change(window, agreed, lambda dialog: dialog.privacy.retention_days.setValue(7))
    assert len(asked) == 1
    assert "Those that are older are deleted" in asked[0]
    assert window.session.options.config.store.retention_days == (7 if agreed else 30)
    assert window.status.retention.text() == ("kept 7 days" if agreed else "kept 30 days")


def test_what_is_kept_for_longer_is_not_asked_about_and_kept(
    make_window: MakeWindow, change: Set, settings: QSettings
) -> None:
    window = make_window(start=False)
    for days in (90, 0):
        assert (
            change(window, False, lambda d, days=days: d.privacy.retention_days.setValue(days))
            == []
        )
        window.preferences.save()
        kept = Preferences(settings).apply(RunOptions()).config.store.retention_days
        assert kept == window.session.options.config.store.retention_days == days


def test_the_settings_file_wins_and_the_window_says_so(
    make_window: MakeWindow, change: Set, store_url: str
) -> None:
    window = make_window(start=False, store={"url": store_url, "retention_days": 14})
    seen: list[tuple[bool, bool]] = []

    def look(dialog: SettingsDialog) -> None:
        days = dialog.privacy.retention_days
        texts = [label.text() for label in dialog.privacy.findChildren(QLabel)]
        seen.append((days.isEnabled(), FIXED in texts))
        assert days.value() == 14

    assert change(window, True, look) == []
    assert seen == [(False, True)]
    assert window.preferences.is_given(
        RunOptions(config=load_config(None, {"store": {"retention_days": 14}})),
        "store",
        "retention_days",
    )


def test_for_ever_is_longer_than_any_number_of_days() -> None:
    assert [shortens(*pair) for pair in ((30, 7), (0, 30), (7, 30), (30, 0), (0, 0))] == [
        *(True, True, False, False, False)
    ]
