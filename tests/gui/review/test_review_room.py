"""The review room in a real window, on real clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from monitor.camera.folder import FolderSource
from monitor.gui.review.bar import ReviewBar
from monitor.gui.window import MainWindow
from monitor.records import MaskState
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow, numbers
from tests.gui.review.room import APART, bar, click, hurry, key, place, shown_number, thread
from tests.gui.review.tapes import RATE, write_tape


@pytest.fixture
def tape_window(qtbot: QtBot, make_window: MakeWindow, tmp_path: Path) -> Callable[[], MainWindow]:
    """A window on a clip of 200 numbered pictures, paused near its beginning."""

    def make() -> MainWindow:
        window = make_window(write_tape(tmp_path / "tape.mp4", 200), **APART)
        qtbot.waitUntil(lambda: place(window).judged > 0, timeout=LONG_MS)
        if not window.session.paused:
            key(qtbot, window, "Space")
        qtbot.waitUntil(lambda: bar(window).play.toolTip() == "Play (Space)", timeout=LONG_MS)
        return window

    return make


def test_a_click_lands_within_a_picture(
    qtbot: QtBot, tape_window: Callable[[], MainWindow]
) -> None:
    window = tape_window()
    seek = bar(window).seek
    one_px_s = seek.time_at(seek.x_of(0) + 1)
    for wanted in (6.0, 1.25, 3.4, 0.0):  # the first is judged on the way, the others were
        click(qtbot, window, wanted)
        near = 1 / RATE + one_px_s
        qtbot.waitUntil(
            lambda wanted=wanted, near=near: (
                place(window).target_s is None and abs(place(window).t - wanted) <= near
            ),
            timeout=LONG_MS,
        )
        qtbot.waitUntil(lambda: shown_number(window) == place(window).number, timeout=LONG_MS)
        assert shown_number(window) == round(place(window).t * RATE)
    assert window.session.analysed == place(window).judged


def test_a_drag_looks_ahead_and_lands_when_the_button_is_let_go(
    qtbot: QtBot, tape_window: Callable[[], MainWindow]
) -> None:
    window = tape_window()
    seek, middle = bar(window).seek, bar(window).seek.height() // 2
    judged = place(window).judged
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(seek, left, pos=QPoint(round(seek.x_of(2)), middle))
    qtbot.mouseMove(seek, QPoint(round(seek.x_of(8)), middle))
    qtbot.waitUntil(lambda: abs(shown_number(window) - 160) <= 3, timeout=LONG_MS)
    qtbot.waitUntil(
        lambda: window.view.plate == "A look ahead: nobody is judged here yet", timeout=LONG_MS
    )
    assert bar(window).state.text() == "Look ahead"
    assert place(window).judged == judged
    qtbot.mouseRelease(seek, left, pos=QPoint(round(seek.x_of(8)), middle))
    qtbot.waitUntil(lambda: place(window).judged > 157 and place(window).at_front, timeout=LONG_MS)
    qtbot.waitUntil(lambda: not thread(window).on_the_way, timeout=LONG_MS)
    assert abs(place(window).t - 8) <= 2 / RATE
    qtbot.waitUntil(lambda: shown_number(window) == place(window).number, timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.session.analysed == place(window).judged, timeout=LONG_MS)
    assert window.view.plate.startswith("Paused")


def test_keys_step_by_one_picture(qtbot: QtBot, tape_window: Callable[[], MainWindow]) -> None:
    window = tape_window()
    window.review.seek(3.0)
    qtbot.waitUntil(lambda: shown_number(window) == 60, timeout=LONG_MS)
    for text, number in (("B", 59), ("B", 58), ("F", 59), ("F", 60), ("F", 61), ("B", 60)):
        key(qtbot, window, text)
        qtbot.waitUntil(lambda number=number: shown_number(window) == number, timeout=LONG_MS)
    qtbot.waitUntil(lambda: bar(window).now.text() == "0:03.00", timeout=LONG_MS)
    assert bar(window).length.text() in ("0:09", "0:10")
    bar(window).seek.setFocus()
    qtbot.keyClick(bar(window).seek, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: shown_number(window) == 59, timeout=LONG_MS)
    qtbot.keyClick(bar(window).seek, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: shown_number(window) == 0, timeout=LONG_MS)
    key(qtbot, window, "L")  # ten seconds: more than there is
    qtbot.waitUntil(lambda: shown_number(window) == 199, timeout=LONG_MS)
    assert window.session.analysed == 200


def odd_tape(folder: Path, kind: str) -> Path:
    """A clip of up to a hundred pictures that makes seeking hard."""
    if kind == "without index":
        return write_tape(folder / "tape.h264", 100)
    if kind == "of varying rate":
        stamps = [sum(20 + 50 * (i % 3) for i in range(n)) for n in range(100)]
        return write_tape(folder / "tape.mkv", 100, stamps=stamps)
    whole = write_tape(folder / "whole.avi", 100, "mjpeg", options={})
    cut = folder / "cut.avi"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 7 // 10])
    return cut


@pytest.mark.parametrize("kind", ["without index", "of varying rate", "cut short"])
def test_in_odd_clips_too_the_picture_is_the_one_that_was_asked_for(
    qtbot: QtBot,
    make_window: MakeWindow,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    kind: str,
) -> None:
    window = make_window(odd_tape(tmp_path, kind), **APART)
    hurry(qtbot, window)
    qtbot.waitUntil(lambda: place(window).ended, timeout=LONG_MS)
    caplog.clear()  # of the one that was cut short, frames are missing, which is said
    judged = place(window).judged
    assert judged == 100 or (kind == "cut short" and 40 < judged < 95)
    key(qtbot, window, "B")  # from the end
    qtbot.waitUntil(lambda: shown_number(window) == judged - 2, timeout=LONG_MS)
    for share in (0.3, 0.31, 0.9, 0.0, 0.5):
        click(qtbot, window, share * place(window).length_s)
        qtbot.waitUntil(
            lambda share=share: (
                abs(place(window).t - share * place(window).length_s) < 0.15
                and shown_number(window) == place(window).number >= 0
            ),
            timeout=LONG_MS,
        )
    assert window.session.analysed == judged == place(window).judged


def test_a_step_pauses(qtbot: QtBot, make_window: MakeWindow, tmp_path: Path) -> None:
    window = make_window(write_tape(tmp_path / "tape.mp4", 400), **APART)
    qtbot.waitUntil(lambda: place(window).judged > 5, timeout=LONG_MS)
    key(qtbot, window, "B")
    assert window.session.paused
    assert window.menus.pause.isChecked()
    qtbot.waitUntil(lambda: not place(window).at_front, timeout=LONG_MS)
    qtbot.waitUntil(lambda: shown_number(window) == place(window).number, timeout=LONG_MS)
    qtbot.waitUntil(lambda: bar(window).state.text() == "Shown again", timeout=LONG_MS)


def test_the_keyboard_presses_play(qtbot: QtBot, tape_window: Callable[[], MainWindow]) -> None:
    window = tape_window()
    bar(window).play.setFocus(Qt.FocusReason.TabFocusReason)
    key(qtbot, window, "Space")
    assert not window.session.paused
    assert not window.menus.pause.isChecked()
    qtbot.waitUntil(lambda: bar(window).play.toolTip() == "Pause (Space)", timeout=LONG_MS)
    qtbot.keyClick(bar(window).play, Qt.Key.Key_Return)
    assert window.session.paused
    qtbot.mouseClick(bar(window).play, Qt.MouseButton.LeftButton)
    assert not window.session.paused


def test_the_speed_is_chosen_and_said(qtbot: QtBot, tape_window: Callable[[], MainWindow]) -> None:
    window = tape_window()
    assert [bar(window).speed.itemText(i) for i in range(6)] == [
        *("0.25×", "0.5×", "1×", "2×", "4×", "8×")
    ]
    key(qtbot, window, "U")
    key(qtbot, window, "U")
    assert (thread(window).speed, bar(window).speed.currentText()) == (4.0, "4×")
    for _ in range(9):
        key(qtbot, window, "D")
    assert (thread(window).speed, bar(window).speed.currentText()) == (0.25, "0.25×")
    bar(window).speed.setCurrentIndex(5)
    bar(window).speed.activated.emit(5)
    assert thread(window).speed == 8.0
    key(qtbot, window, "Space")
    qtbot.waitUntil(lambda: place(window).ended, timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.session.analysed == 200, timeout=LONG_MS)  # none is left out


def test_a_folder_of_pictures_has_a_bar_that_counts_pictures(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path, data: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, name in enumerate(("bare", "masked", "bare", "no_face")):
        image = cv2.imread(str(data / f"{name}.jpg"))
        assert image is not None
        cv2.imwrite(str(folder / f"{number}.png"), image)
    window = make_window(FolderSource(folder), **APART)
    qtbot.waitUntil(lambda: place(window).judged > 0, timeout=LONG_MS)
    window.review.seek(9.0)
    qtbot.waitUntil(lambda: place(window).ended, timeout=LONG_MS)
    qtbot.waitUntil(lambda: bar(window).now.text() == "4", timeout=LONG_MS)
    assert bar(window).length.text() == "4"
    assert not bar(window).next.isVisible()
    expected = {MaskState.MASKED: "1", MaskState.UNMASKED: "2"}
    qtbot.waitUntil(lambda: expected.items() <= numbers(window).items(), timeout=LONG_MS)
    key(qtbot, window, "B")
    key(qtbot, window, "B")
    qtbot.waitUntil(lambda: bar(window).now.text() == "2", timeout=LONG_MS)
    qtbot.waitUntil(
        lambda: [f.state for f in window.view.faces] == [MaskState.MASKED], timeout=LONG_MS
    )
    assert expected.items() <= numbers(window).items()


def test_a_live_camera_has_no_bar(qtbot: QtBot, make_window: MakeWindow, masked_clip: Path) -> None:
    window = make_window(Camera("door"))
    qtbot.waitUntil(lambda: window.session.analysed > 0, timeout=LONG_MS)
    assert window.review.bar is None
    assert window.findChildren(ReviewBar) == []
    assert not window.menus.recording.isEnabled()
    for text in "BFJLPNDU":
        key(qtbot, window, text)  # nothing happens
    assert not window.session.paused
    window.chooser.open_path(masked_clip)
    qtbot.waitUntil(lambda: window.review.bar is not None, timeout=LONG_MS)
    assert window.menus.recording.isEnabled()
    window.chooser.back()
    qtbot.waitUntil(lambda: window.review.bar is None, timeout=LONG_MS)


def test_beside_a_camera_the_bar_is_that_of_the_chosen_recording(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    window = make_window(masked_clip, Camera("door"), **APART)
    qtbot.waitUntil(lambda: window.review.bar is not None, timeout=LONG_MS)
    window.grid.choose("door")
    assert window.review.bar is None
    window.grid.choose("masked.avi")
    assert bar(window).recording == "masked.avi"


def test_all_of_it_has_a_name_and_a_tip_with_its_key(
    qtbot: QtBot, tape_window: Callable[[], MainWindow]
) -> None:
    window = tape_window()
    for widget, tip in (
        (bar(window).back, "(B)"),
        (bar(window).on, "(F)"),
        (bar(window).previous, "(P)"),
        (bar(window).next, "(N)"),
        (bar(window).play, "(Space)"),
        (bar(window).speed, "(U faster, D slower)"),
        (bar(window).seek, "Click or drag"),
        (bar(window).export, "CSV"),
    ):
        assert isinstance(widget, QWidget)
        assert widget.accessibleName()
        assert tip in widget.toolTip()
    assert bar(window).now.accessibleName() == "Time now"


@pytest.mark.parametrize("look", ["light", "dark"])
def test_it_fits_the_smallest_window(
    qtbot: QtBot, tape_window: Callable[[], MainWindow], look: str
) -> None:
    window = tape_window()
    window.theme.choose(look)
    window.resize(800, 600)
    qtbot.waitUntil(lambda: (window.width(), window.height()) == (800, 600))
    QApplication.processEvents()
    inside = bar(window).rect()
    for widget in (
        *bar(window).findChildren(QToolButton),
        *bar(window).findChildren(QLabel),
        *(bar(window).seek, bar(window).speed),
    ):
        if widget.isVisible():
            place_in = widget.rect().translated(widget.mapTo(bar(window), QPoint(0, 0)))
            assert inside.contains(place_in), widget.accessibleName()
    small = window.minimumSizeHint()  # 1280x720 at 200 %
    assert (small.width() <= 640, small.height() <= 360) == (True, True), small
    assert bar(window).seek.width() > 150
    assert window.view.height() > 200
