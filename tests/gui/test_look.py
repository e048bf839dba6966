"""Keys, themes, sound, full screen, help; what is kept from run to run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QLabel, QTextBrowser, QWidget
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions
from monitor.config import Config, load_config
from monitor.gui.help import AboutDialog, HelpDialog, model_facts, without_password
from monitor.gui.picture.marks import MARKS
from monitor.gui.picture.overlay import label_text
from monitor.gui.preferences import Preferences
from monitor.gui.side.chart import describe, hours_of
from monitor.gui.side.count_panel import percent_text
from monitor.gui.side.sightings_model import duration_text, headline, progress, sentence
from monitor.gui.status import retention_text
from monitor.gui.theme import is_dark
from monitor.gui.window import MainWindow
from monitor.records import Correction, Count, Face, MaskState, Update
from monitor.storage.totals import OfDay, OfHour, OfShift, Total
from tests.fakes import sighting

MakeWindow = Callable[..., MainWindow]


def colours(window: MainWindow, widget: QWidget | None = None) -> set[str]:
    """Every colour of the picture view, or of another widget."""
    image = (widget or window.view).grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(
        image.height(), image.bytesPerLine() // 4
    )
    return {f"#{colour & 0xFFFFFF:06X}" for colour in np.unique(pixels[:, : image.width()])}


@pytest.mark.parametrize("state", list(MaskState))
def test_a_face_is_drawn_in_its_states_colour_and_named(
    make_window: MakeWindow, state: MaskState
) -> None:
    window = make_window(start=False)
    box = np.array([100, 100, 300, 340], np.float32)
    face = Face(box, 0.9, MaskState.MASKED, 0.9, state, 0.975, track_id=1)
    window.view.show_picture(np.full((480, 640, 3), 60, np.uint8), [face])
    others = {MARKS[s].colour for s in MaskState} - {MARKS[state].colour}
    seen = colours(window)
    assert MARKS[state].colour in seen
    assert not others & seen
    assert MARKS[state].word in window.view.accessibleDescription()
    assert label_text(face) == MARKS[state].word + ("" if state is MaskState.UNSURE else "  98 %")


def test_a_face_in_the_picture_can_be_corrected(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    far = Face(
        np.array([100, 100, 300, 340], np.float32),
        0.9,
        MaskState.MASKED,
        0.9,
        MaskState.MASKED,
        1.0,
        1,
        "v1",
    )
    near = Face(
        np.array([150, 150, 200, 200], np.float32),
        0.9,
        MaskState.MASKED,
        0.9,
        MaskState.MASKED,
        1.0,
        2,
        "v2",
    )
    image = np.zeros((480, 640, 3), np.uint8)
    window.view.show_picture(image, [far, near])
    rect = window.view.picture_rect()
    scale = rect.width() / 640
    places = [
        (
            x,
            y,
            window.view.face_at(QPoint(round(rect.x() + scale * x), round(rect.y() + scale * y))),
        )
        for x, y in ((175, 175), (290, 330), (20, 20))
    ]
    assert [face for _, _, face in places] == [near, far, None]
    menu = window.commands.face_menu("v1")
    assert [a.text().replace("&", "") for a in menu.actions()][:2] == [
        "It was masked",
        "It was no mask",
    ]
    menu.actions()[1].trigger()
    (first, second) = window.commands.as_said([far, near])
    assert (first.state, second.state) == (MaskState.UNMASKED, MaskState.MASKED)
    assert label_text(first, window.commands.corrections) == "No mask  corrected"
    window.commands.correct("v2", Correction.NO_PERSON)
    assert len(window.commands.as_said([far, near])) == 1
    window.commands.undo()
    window.commands.undo()
    assert window.commands.as_said([far, near]) == [far, near]
    assert not window.menus.undo.isEnabled()
    menu.close()


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (121, 333), (2160, 3840)])
def test_any_size_of_picture_keeps_its_proportions(
    make_window: MakeWindow, shape: tuple[int, int]
) -> None:
    window = make_window(start=False)
    window.view.show_picture(np.full((*shape, 3), 200, np.uint8))
    rect = window.view.picture_rect()
    assert window.view.rect().toRectF().contains(rect)
    assert abs(rect.width() * shape[0] - rect.height() * shape[1]) <= max(shape) * 1.0
    assert "#C8C8C8" in colours(window)


def test_the_theme_changes_at_once_and_is_kept(
    qtbot: QtBot, make_window: MakeWindow, settings: QSettings
) -> None:
    window = make_window(start=False)
    window.menus.themes["dark"].trigger()
    qtbot.waitUntil(lambda: is_dark(window.palette()))
    assert Preferences(settings).theme == "dark"
    assert "#1C1F24" in colours(window, window.status)
    window.menus.themes["light"].trigger()
    qtbot.waitUntil(lambda: not is_dark(window.palette()))
    assert "#F3F4F6" in colours(window, window.status)
    window.menus.themes["system"].trigger()


def test_the_theme_follows_the_system_only_if_wanted(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(start=False)
    changed = QApplication.styleHints().colorSchemeChanged
    changed.emit(Qt.ColorScheme.Dark)
    qtbot.waitUntil(lambda: is_dark(window.palette()))
    changed.emit(Qt.ColorScheme.Light)
    qtbot.waitUntil(lambda: not is_dark(window.palette()))
    window.menus.themes["light"].trigger()
    changed.emit(Qt.ColorScheme.Dark)
    QApplication.processEvents()
    assert not is_dark(QApplication.palette())
    window.menus.themes["system"].trigger()


def test_sound_is_off_at_first_and_one_beep_a_new_sighting(
    qtbot: QtBot, make_window: MakeWindow, settings: QSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window(start=False)
    beeps: list[int] = []
    monkeypatch.setattr(QApplication, "beep", lambda: beeps.append(1))
    first, second = sighting(1), sighting(2)
    window._show_update(Update(None, Count(), (first,), 1))
    assert beeps == []
    assert window.status.sound.text() == "sound off"
    qtbot.keyClick(window, Qt.Key.Key_M)
    assert window.status.sound.text() == "sound on"
    window._show_update(Update(None, Count(), (second, first), 2))
    window._show_update(Update(None, Count(), (second, first), 2))
    assert beeps == [1]
    assert Preferences(settings).muted is False


def test_full_screen_and_back(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(start=False)
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert window.isFullScreen()
    assert not window.menuBar().isVisible()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    assert window.menuBar().isVisible()


def test_help_names_every_state_and_key(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(start=False)
    qtbot.keyClick(window, Qt.Key.Key_F1)
    dialog = window.findChild(HelpDialog)
    assert dialog is not None
    words = " ".join(label.text() for label in dialog.findChildren(QLabel))
    for expected in (
        *(mark.word for mark in MARKS.values()),
        "Space",
        "Ctrl+O",
        "Ctrl+E",
        "Ctrl+Z",
        "F11",
        "F1",
        "Ctrl+1",
    ):
        assert expected in words
    dialog.close()


def test_about_tells_versions_licences_and_the_models_card(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    dialog = AboutDialog(Config(), window)
    text = dialog.findChild(QTextBrowser).toPlainText()
    assert "Mask-only: nobody is identified" in text
    assert "Mask-only" not in AboutDialog(Config(), window, identify=True).text.toPlainText()
    for expected in (
        "MIT licence",
        "LGPL",
        "opencv-python",
        "Model mask_v3",
        "classes: masked, unmasked, incorrect",
    ):
        assert expected in text
    assert model_facts("no_such_model") == [model_facts("no_such_model")[0]]
    assert without_password("postgresql://anna:pw@db/x") == "postgresql://db/x"


def test_what_the_window_keeps(make_window: MakeWindow, settings: QSettings) -> None:
    window = make_window(start=False)
    window.resize(777, 655)
    window.menus.panels.actions()[1].trigger()
    assert not window.hour_panel.isVisible()
    window.close()
    again = make_window(start=False)
    assert (again.width(), again.height()) == (777, 655)
    assert not again.hour_panel.isVisible()
    assert again.count_panel.isVisible()


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


def test_every_widget_that_takes_the_keyboard_has_a_name(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    assert window.view.accessibleName()
    assert window.sightings.list.accessibleName()
    for panel in (window.count_panel, window.hour_panel, window.sightings):
        assert panel.accessibleName()


def test_a_banner_that_was_hidden_comes_back_with_another_text(make_window: MakeWindow) -> None:
    from monitor.gui.banner import Severity

    window = make_window(start=False)
    stack = window.banners
    stack.show_message("x", Severity.ERROR, "first")
    assert stack.text("x") == "first"
    stack._hide("x")
    stack.show_message("x", Severity.ERROR, "first")
    assert stack.text("x") == ""
    stack.show_message("x", Severity.WARNING, "second")
    assert stack.text("x") == "second"
    stack.show_message("x", Severity.WARNING, "")
    assert stack.text("x") == ""
    assert not stack.isVisible()


def test_words_for_people() -> None:
    assert [duration_text(s) for s in (0.4, 59.9, 65, 3725)] == [
        "0 s",
        "59 s",
        "1 min 05 s",
        "1 h 02 min",
    ]
    assert (retention_text(0), retention_text(1), retention_text(30)) == (
        "kept for ever",
        "kept 1 day",
        "kept 30 days",
    )
    corrected = sighting(corrected=Correction.NO_PERSON, note="a poster")
    assert headline(corrected) == "No person, 2 s"
    assert "it was no person" in sentence(corrected)
    assert "a poster" in sentence(corrected)
    assert progress(sighting(open=True)) == "now"
    assert progress(sighting(open=False, final_state=MaskState.MASKED)) == "mask put on"
    assert progress(sighting(open=False)) == "left"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (Count(), "–"),
        (Count(unsure=4), "–"),
        (Count(masked=999, unmasked=1), "99 %"),
        (Count(masked=1, unmasked=999), "1 %"),
        (Count(masked=3), "100 %"),
        (Count(incorrect=2), "0 %"),
        (Count(masked=2, unmasked=1, unsure=9), "67 %"),
    ],
)
def test_percentage(count: Count, text: str) -> None:
    assert percent_text(count) == text


def test_the_chart_reads_the_hours_of_the_totals() -> None:
    day = date(2026, 11, 21)
    totals = [
        Total(OfShift("a"), Count(9, 9, 9, 9), 3),
        Total(OfDay(day), Count(9, 9, 9, 9), 3),
        Total(OfHour(day, 8), Count(3, 1, 2, 5), 2),
        Total(OfHour(day, 9), Count(unsure=1), 0),  # nobody was judged
    ]
    assert hours_of(totals) == {8: Count(3, 1, 2, 5)}
    said = describe(8, Count(3, 1, 2))
    assert said == "8:00 to 9:00: 3 masked, 1 without a mask, 2 worn incorrectly"


def test_a_crowd_is_drawn_with_every_panel_full(make_window: MakeWindow, tmp_path: Path) -> None:
    from tests.gui.shots import crowd, fill

    window = make_window(start=False)
    window.resize(1280, 720)
    fill(
        window,
        "rtsp://a-very-long-name.example.org/stream/of/the/entrance",
        crowd(20, 1920, 1080),
        np.zeros((1080, 1920, 3), np.uint8),
    )
    assert window.grab().size().width() == 1280
    assert window.minimumSizeHint().height() <= 720
    assert window.minimumSizeHint().width() <= 1280
