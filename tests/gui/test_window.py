"""The main window: a clip is watched, counted and listed; keys, drops, looks, what it keeps."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from monitor.gui.banner import Severity
from monitor.gui.preferences import Preferences
from monitor.records import Count, MaskState, Update
from monitor.storage.store import Store
from tests.fakes import sighting
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow, caption, drop, ended, numbers, pixels_of, plate, total


def test_two_clips_side_by_side_are_counted_apart_and_together(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path, masked_clip: Path, store_url: str
) -> None:
    window = make_window(bare_clip, masked_clip)
    qtbot.waitUntil(lambda: window.status.source.text() == "2 cameras: 2 ended", timeout=LONG_MS)
    qtbot.waitUntil(lambda: caption(window, "bare.avi").count == Count(unmasked=1), timeout=LONG_MS)
    qtbot.waitUntil(lambda: caption(window, "masked.avi").count == Count(masked=1), timeout=LONG_MS)
    assert total(window) == {s: int(s in (MaskState.MASKED, MaskState.UNMASKED)) for s in MaskState}
    assert window.count_panel.texts[:2] == ("50 %", "1 of 2 visits, 1 sighting")
    assert (plate(window, "bare.avi"), caption(window, "bare.avi").state) == ("Ended", "ended")
    assert [s.camera for s in window.sightings.model.sightings] == ["bare.avi"]
    assert len([t for t in threading.enumerate() if t.name == "inference"]) == 1

    qtbot.keyClick(window, Qt.Key.Key_Space)  # all have ended: all play again, and count once
    qtbot.waitUntil(lambda: window.status.source.text() == "2 cameras: 2 playing", timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.status.source.text() == "2 cameras: 2 ended", timeout=LONG_MS)
    assert total(window) == {s: int(s in (MaskState.MASKED, MaskState.UNMASKED)) for s in MaskState}
    window.close()
    store = Store(store_url)
    seen = sorted((v.camera, v.state.value) for v in store.read_visits())
    assert seen == [("bare.avi", "unmasked"), ("masked.avi", "masked")]
    store.close()


def test_sound_is_off_at_first_and_the_choice_is_kept(
    qtbot: QtBot, make_window: MakeWindow, settings: QSettings
) -> None:
    window = make_window(start=False)
    assert window.status.sound.text() == "sound off"
    qtbot.keyClick(window, Qt.Key.Key_M)
    assert window.status.sound.text() == "sound on"
    assert Preferences(settings).muted is False


def test_full_screen_and_back(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(start=False)
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert window.isFullScreen()
    assert not window.menuBar().isVisible()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    assert window.menuBar().isVisible()


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


def test_every_widget_that_takes_the_keyboard_has_a_name(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    assert window.view.accessibleName()
    assert window.sightings.list.accessibleName()
    for panel in (window.count_panel, window.hour_panel, window.sightings):
        assert panel.accessibleName()


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


def test_a_bare_face_is_boxed_counted_and_listed(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path
) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(
        lambda: any(f.state is MaskState.UNMASKED for f in window.view.faces), timeout=LONG_MS
    )
    qtbot.waitUntil(lambda: numbers(window)[MaskState.UNMASKED] == "1", timeout=LONG_MS)
    qtbot.waitUntil(lambda: len(window.sightings.model.sightings) == 1, timeout=LONG_MS)
    assert window.status.size_wh.text() == "512 × 350"
    assert window.status.source.text() == "bare.avi: playing"
    assert "mask_v5" in window.status.model.text()
    assert window.status.privacy.text() == "mask-only: nobody is identified"
    assert window.status.retention.text() == "kept 30 days"
    qtbot.waitUntil(
        lambda: window.status.rate.text() not in ("– frames/s", "0 frames/s"), timeout=LONG_MS
    )
    qtbot.waitUntil(lambda: window.status.inference.text() != "– ms", timeout=LONG_MS)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    assert window.count_panel.texts[:2] == ("0 %", "0 of 1 visit, 1 sighting")
    assert window.view.has_picture
    assert window.view.plate.startswith("Ended")


def test_a_masked_face_is_no_sighting(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    window = make_window(masked_clip)
    qtbot.waitUntil(lambda: numbers(window)[MaskState.MASKED] == "1", timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.status.source.text() == "masked.avi: ended", timeout=LONG_MS)
    assert window.count_panel.texts[:2] == ("100 %", "1 of 1 visit")
    assert window.sightings.model.sightings == ()


def test_space_pauses_and_goes_on(qtbot: QtBot, make_window: MakeWindow, bare_clip: Path) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(lambda: bool(window.view.faces), timeout=LONG_MS)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert window.status.source.text() == "bare.avi: paused"
    assert window.view.plate.startswith("Paused")
    assert window.menus.pause.isChecked()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert window.view.plate == ""
    qtbot.waitUntil(ended(window), timeout=LONG_MS)


def test_a_clip_plays_again_by_space_and_a_new_shift_counts_from_zero(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path, store_url: str
) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.status.source.text() == "bare.avi: playing", timeout=LONG_MS)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    assert numbers(window)[MaskState.UNMASKED] == "1"
    window.commands.new_shift()
    qtbot.waitUntil(lambda: numbers(window)[MaskState.UNMASKED] == "0", timeout=LONG_MS)
    assert window.sightings.model.sightings == ()
    window.menus.review.anew.trigger()
    qtbot.waitUntil(lambda: numbers(window)[MaskState.UNMASKED] == "1", timeout=LONG_MS)
    window.close()
    store = Store(store_url)
    assert len(store.read_shifts()) == 3  # two of the desk, and the recording's own
    assert len(store.read_visits()) == 2
    store.close()


@pytest.mark.parametrize("local", [True, False])
def test_only_what_can_be_opened_may_be_dropped(
    make_window: MakeWindow, tmp_path: Path, local: bool
) -> None:
    window = make_window(start=False)
    data = QMimeData()
    data.setText("clip.mp4")
    if local:
        data.setUrls([QUrl.fromLocalFile(str(tmp_path / "clip.mp4"))])
    event = QDragEnterEvent(
        QPoint(50, 50),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    event.ignore()
    QApplication.sendEvent(window, event)
    assert event.isAccepted() is local
    assert window.acceptDrops()


def test_text_that_is_dropped_leaves_the_camera(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(Camera("door"))
    qtbot.waitUntil(lambda: window.session.names == ("door",), timeout=LONG_MS)
    data = QMimeData()
    data.setText("masked.avi")
    action, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    no_key = Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(50, 50), action, data, button, no_key))
    assert window.session.names == ("door",)


def test_esc_goes_back_one_step_at_a_time(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(Camera("door"), Camera("yard"))
    qtbot.waitUntil(lambda: len(window.grid.names) == 2, timeout=LONG_MS)
    qtbot.keyClick(window, Qt.Key.Key_F11)
    window.grid.choose("yard", focus=True)
    window.grid.show_alone(True)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert (window.grid.alone, window.isFullScreen()) == ("", True)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.isVisible()
    assert not window.menus.full_screen.isChecked()


def test_space_presses_a_button_that_the_keyboard_has_reached(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window(Camera("door"))
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    pressed: list[int] = []
    window.banners.show_message("x", Severity.INFO, "text", "Do it", lambda: pressed.append(1))
    (button,) = (b for b in window.banners.findChildren(QPushButton) if b.text() == "Do it")
    button.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert pressed == [1]
    assert not window.session.paused
    assert not window.menus.pause.isChecked()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_a_key_presses_the_button_that_has_the_focus(
    qtbot: QtBot, make_window: MakeWindow, key: Qt.Key
) -> None:
    window = make_window(start=False)
    said: list[object] = []
    window.sightings.corrected.connect(lambda *words: said.append(words))
    window.sightings.show_sightings((sighting(1),), 1)
    window.sightings.select(0)
    pressed: list[int] = []
    window.banners.show_message("x", Severity.ERROR, "text", "Do it", lambda: pressed.append(1))
    (button,) = (b for b in window.banners.findChildren(QPushButton) if b.text() == "Do it")
    button.setFocus()
    qtbot.keyClick(button, key)
    assert pressed == [1]
    (masked,) = (b for b in window.sightings.findChildren(QToolButton) if b.text() == "Masked")
    masked.setFocus()
    qtbot.keyClick(masked, key)
    assert len(said) == 1


def test_the_focus_is_seen_wherever_it_is(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(Camera("door"), Camera("yard"))
    qtbot.waitUntil(lambda: window.status.source.text() == "2 cameras: 2 live", timeout=LONG_MS)
    window.sightings.show_sightings((sighting(1),), 1)
    window.sightings.select(0)
    window.banners.show_message("x", Severity.ERROR, "text", "Do it", lambda: None)
    window.grid.choose("door", focus=True)
    first, seen = QApplication.focusWidget(), 0
    for _ in range(30):
        focused = QApplication.focusWidget()
        shown = window.sightings if focused is window.sightings.list else focused
        with_focus = pixels_of(shown.grab().toImage())
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
        assert (pixels_of(shown.grab().toImage()) != with_focus).any(), focused.accessibleName()
        seen += 1
        if QApplication.focusWidget() is first:
            break
    assert seen >= 9


@pytest.mark.parametrize("number", [1, 2])
def test_a_drop_copies_and_several_are_refused_in_words(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path, bare_clip: Path, number: int
) -> None:
    window = make_window(Camera("door"))
    qtbot.waitUntil(lambda: window.session.names == ("door",), timeout=LONG_MS)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(p)) for p in (masked_clip, bare_clip)[:number]])
    actions = Qt.DropAction.MoveAction | Qt.DropAction.CopyAction
    no_key, left = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    entered = QDragEnterEvent(QPoint(50, 50), actions, data, left, no_key)
    entered.setDropAction(Qt.DropAction.MoveAction)
    QApplication.sendEvent(window, entered)
    assert (entered.isAccepted(), entered.dropAction()) == (True, Qt.DropAction.CopyAction)
    event = QDropEvent(QPointF(50, 50), actions, data, left, no_key)
    event.setDropAction(Qt.DropAction.MoveAction)
    window.dropEvent(event)
    assert event.dropAction() is Qt.DropAction.CopyAction
    if number == 1:
        assert window.session.names == ("masked.avi",)
    else:
        assert window.session.names == ("door",)
        assert window.banners.text("choice").startswith("2 files were dropped and none was opened")


def test_a_store_that_fails_is_said_until_it_works_again(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    window.reports.show_update(Update(None, Count(), (), 0, problem="the store is full: make room"))
    assert window.banners.text("store") == (
        "the store is full: make room. Nothing is lost yet: it is tried again"
    )
    window.reports.show_update(Update(None, Count(), (), 0))
    assert window.banners.text("store") == ""


def test_full_screen_is_not_taken_for_the_windows_size(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window(start=False)
    window.resize(777, 555)
    window.close()
    again = make_window(start=False)
    qtbot.keyClick(again, Qt.Key.Key_F11)
    again.close()
    last = make_window(start=False)
    assert (last.width(), last.isFullScreen()) == (777, False)


def test_keys_move_through_the_window_and_come_back(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(Camera("door"), Camera("yard"))
    qtbot.waitUntil(lambda: window.status.source.text() == "2 cameras: 2 live", timeout=LONG_MS)
    window.sightings.show_sightings((sighting(1),), 1)
    window.sightings.select(0)
    window.grid.choose("door", focus=True)
    first = QApplication.focusWidget()
    reached = [first]
    for _ in range(30):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        if QApplication.focusWidget() is first:
            break
        reached.append(QApplication.focusWidget())
    assert QApplication.focusWidget() is first
    assert {window.grid.view_of("yard"), window.sightings.list} <= set(reached)
    assert all(widget.accessibleName() for widget in reached)
