"""Zones in the real window: drawn by mouse and by keys, saved, gone by at once; a place ignored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from monitor.camera.zones import Point, Zones, counts
from monitor.camera.zones_file import load_zones, save_zones, zones_path
from monitor.gui.window import MainWindow
from monitor.gui.zones.draft import Kind
from monitor.gui.zones.editor import ZoneEditor
from monitor.records import Correction, WorkerState
from monitor.storage.store import Store
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow, context_menu

DOOR = "camera 7"
LEFT = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.8), (0.1, 0.8))
LeftButton = Qt.MouseButton.LeftButton


@pytest.fixture
def bare(data: Path) -> Camera:
    return Camera(DOOR, image=cv2.imread(str(data / "bare.jpg")))


def editor_of(window: MainWindow) -> ZoneEditor:
    editor = window.zones.editor
    assert editor is not None
    return editor


def begin(qtbot: QtBot, window: MainWindow) -> ZoneEditor:
    qtbot.waitUntil(lambda: window.view.has_picture, timeout=LONG_MS)
    window.menus.zones.trigger()
    bar = window.zones.bar
    assert bar is not None
    qtbot.waitUntil(bar.isVisible, timeout=LONG_MS)
    return editor_of(window)


def place_of(window: MainWindow, point: Point) -> QPoint:
    picture = window.view.picture_rect()
    x, y = point
    place = QPointF(picture.left() + x * picture.width(), picture.top() + y * picture.height())
    return place.toPoint()


def click(qtbot: QtBot, window: MainWindow, *points: Point) -> None:
    for point in points:
        qtbot.mouseClick(editor_of(window), LeftButton, pos=place_of(window, point))


def near(zones: Zones, wanted: Zones) -> bool:
    def flat(one: Zones) -> np.ndarray:
        return np.array([c for p in (*one.counting, *one.ignored) for c in p])

    same = len(zones.counting), len(zones.ignored)
    return same == (len(wanted.counting), len(wanted.ignored)) and np.allclose(
        flat(zones), flat(wanted), atol=0.01
    )


def saved() -> Zones:
    return load_zones(zones_path()).get(DOOR, Zones())


def test_a_zone_is_drawn_by_mouse_saved_and_gone_by_in_the_same_shift(
    qtbot: QtBot, make_window: MakeWindow, bare: Camera
) -> None:
    window = make_window(bare)
    qtbot.waitUntil(lambda: len(window.view.faces) == 1, timeout=LONG_MS)
    began = window.reports.shift_began
    begin(qtbot, window)
    click(qtbot, window, *LEFT, LEFT[0])  # the first corner again closes it
    assert near(editor_of(window).draft.zones, Zones(counting=(LEFT,)))
    assert window.zones.bar is not None
    qtbot.mouseClick(window.zones.bar.save, LeftButton)
    assert window.zones.editor is None
    qtbot.waitUntil(lambda: near(saved(), Zones(counting=(LEFT,))), timeout=LONG_MS)
    # the face is in the middle, where nothing counts any more
    qtbot.waitUntil(lambda: not window.view.faces, timeout=LONG_MS)
    assert window.reports.shift_began == began
    assert near(window.view.zones, Zones(counting=(LEFT,)))


def test_a_zone_is_drawn_by_keys_alone(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(Camera(DOOR))
    editor = begin(qtbot, window)
    assert editor.hasFocus()
    keys = Qt.Key
    qtbot.keyClick(editor, keys.Key_I)
    for key, number in ((keys.Key_Right, 5), (keys.Key_Down, 5), (keys.Key_Left, 5)):
        qtbot.keyClick(editor, keys.Key_Space)
        for _ in range(number):
            qtbot.keyClick(editor, key)
    qtbot.keyClick(editor, keys.Key_Space)
    assert not window.session.paused  # Space is the editor's
    qtbot.keyClick(editor, keys.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(editor, keys.Key_Space)
    qtbot.keyClick(editor, keys.Key_Backspace)
    qtbot.keyClick(editor, keys.Key_Return)
    square = ((0.5, 0.5), (0.6, 0.5), (0.6, 0.6), (0.5, 0.6))
    assert near(editor.draft.zones, Zones(ignored=(square,)))
    qtbot.keyClick(editor, keys.Key_Right)
    qtbot.keyClick(editor, keys.Key_Delete)
    assert not editor.draft.zones
    qtbot.keyClick(editor, keys.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert near(editor.draft.zones, Zones(ignored=(square,)))
    assert window.zones.bar is not None
    window.zones.bar.save.setFocus()
    qtbot.keyClick(window, keys.Key_Return)
    qtbot.waitUntil(lambda: near(saved(), Zones(ignored=(square,))), timeout=LONG_MS)


def test_escape_gives_up_the_zone_then_leaves_all_as_it_was(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    save_zones(zones_path(), DOOR, Zones(ignored=(LEFT,)))
    window = make_window(Camera(DOOR))
    qtbot.waitUntil(lambda: window.zones.zones != {}, timeout=LONG_MS)
    editor = begin(qtbot, window)
    click(qtbot, window, (0.6, 0.2), (0.9, 0.2))
    assert window.zones.bar is not None
    assert not window.zones.bar.save.isEnabled()  # a zone is begun
    qtbot.mouseClick(window.zones.bar.clear, LeftButton)
    assert not editor.draft.zones
    click(qtbot, window, (0.6, 0.2))
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert editor.draft.corners == ()
    assert window.zones.editor is editor
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert window.zones.editor is None
    assert window.zones.bar is None
    assert near(window.view.zones, Zones(ignored=(LEFT,)))
    assert near(saved(), Zones(ignored=(LEFT,)))


def test_a_corner_is_dragged_and_what_is_wrong_is_said(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    save_zones(zones_path(), DOOR, Zones(counting=(LEFT,)))
    window = make_window(Camera(DOOR))
    qtbot.waitUntil(lambda: window.zones.zones != {}, timeout=LONG_MS)
    editor = begin(qtbot, window)
    qtbot.mousePress(editor, LeftButton, pos=place_of(window, LEFT[2]))
    qtbot.mouseMove(editor, place_of(window, (0.7, 0.7)))
    qtbot.mouseRelease(editor, LeftButton, pos=place_of(window, (0.7, 0.7)))
    moved = (*LEFT[:2], (0.7, 0.7), LEFT[3])
    assert near(editor.draft.zones, Zones(counting=(moved,)))
    assert window.zones.bar is not None
    qtbot.mouseClick(window.zones.bar.undo, LeftButton)
    assert near(editor.draft.zones, Zones(counting=(LEFT,)))
    click(qtbot, window, (0.8, 0.8))
    qtbot.keyClick(editor, Qt.Key.Key_Enter)
    assert window.zones.bar.hint.text() == "A zone has at least three corners"
    qtbot.mouseClick(window.zones.bar.kinds[Kind.IGNORED], LeftButton)
    assert editor.draft.kind is Kind.IGNORED


def test_a_right_click_removes_a_zone_and_opens_no_menu(
    qtbot: QtBot, make_window: MakeWindow, bare: Camera
) -> None:
    save_zones(zones_path(), DOOR, Zones(counting=(LEFT,)))
    window = make_window(bare)
    qtbot.waitUntil(lambda: window.zones.zones != {}, timeout=LONG_MS)
    editor = begin(qtbot, window)
    context_menu(editor, place_of(window, (0.8, 0.5)))
    assert window.zones.bar is not None
    assert window.zones.bar.hint.text() == "There is no zone here to remove"
    context_menu(editor, place_of(window, (0.2, 0.3)))
    assert not editor.draft.zones
    assert QApplication.activePopupWidget() is None


def test_a_false_visitor_in_the_picture_is_ignored_and_taken_back(
    qtbot: QtBot, make_window: MakeWindow, bare: Camera, store_url: str
) -> None:
    window = make_window(bare)
    qtbot.waitUntil(lambda: len(window.view.faces) == 1, timeout=LONG_MS)
    visit = window.view.faces[0].visit_id
    assert visit is not None
    menu = window.commands.face_menu(visit)
    ignore = next(a for a in menu.actions() if "gnore" in a.text())
    ignore.trigger()
    qtbot.waitUntil(lambda: len(saved().ignored) == 1, timeout=LONG_MS)
    assert not counts(saved(), 0.46, 0.28)
    assert counts(saved(), 0.9, 0.28)
    said = f"This place in {DOOR} is ignored from now on, and it was no person"
    qtbot.waitUntil(lambda: window.banners.text("zones") == said, timeout=LONG_MS)
    corrections = window.reports
    qtbot.waitUntil(
        lambda: corrections.shown.corrections.get(visit) is Correction.NO_PERSON, timeout=LONG_MS
    )
    qtbot.waitUntil(lambda: not window.view.faces, timeout=LONG_MS)
    window.banners._banners["zones"].button.click()
    qtbot.waitUntil(lambda: saved() == Zones(), timeout=LONG_MS)
    qtbot.waitUntil(lambda: len(window.view.faces) == 1, timeout=LONG_MS)
    window.close()
    store = Store(store_url)
    assert {v.corrected for v in store.read_visits()} == {None}
    store.close()


def test_the_place_of_a_sighting_is_ignored_from_its_row(
    qtbot: QtBot, make_window: MakeWindow, bare: Camera
) -> None:
    window = make_window(bare)
    qtbot.waitUntil(lambda: len(window.sightings.model.sightings) == 1, timeout=LONG_MS)
    window.sightings.select(0)
    action = next(a for a in window.sightings.actions_ if "gnore" in a.text())
    assert isinstance(action, QAction)
    action.trigger()
    qtbot.waitUntil(lambda: len(saved().ignored) == 1, timeout=LONG_MS)
    qtbot.waitUntil(lambda: not window.view.faces, timeout=LONG_MS)


def test_a_place_that_is_not_known_any_more_is_said(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    window.zones.ignore_place("20261101-080000-abcd-v3")
    assert window.banners.text("zones").startswith("Where that was is not known any more")


def test_zones_hold_in_the_next_run_and_are_outlined(
    qtbot: QtBot, make_window: MakeWindow, bare: Camera
) -> None:
    save_zones(zones_path(), DOOR, Zones(counting=(LEFT,)))
    window = make_window(bare)
    qtbot.waitUntil(lambda: window.session.worker_state()[0] is WorkerState.READY, timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.session.analysed > 15, timeout=LONG_MS)
    assert not window.view.faces
    assert near(window.view.zones, Zones(counting=(LEFT,)))


def test_a_damaged_file_stops_the_analysis_and_is_said(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    zones_path().write_text("{", "utf-8")
    window = make_window(Camera(DOOR))
    qtbot.waitUntil(lambda: "are damaged" in window.banners.text("worker"), timeout=LONG_MS)
    begin(qtbot, window)
    click(qtbot, window, *LEFT, LEFT[0])
    assert window.zones.bar is not None
    qtbot.mouseClick(window.zones.bar.save, LeftButton)
    qtbot.waitUntil(lambda: "are damaged" in window.banners.text("zones"), timeout=LONG_MS)
    assert zones_path().read_text("utf-8") == "{"


def test_of_several_cameras_the_chosen_one_is_drawn_in_and_stays_in_front(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window(Camera("camera 1"), Camera("camera 2"))
    qtbot.waitUntil(lambda: window.grid.several, timeout=LONG_MS)
    window.grid.choose("camera 2")
    begin(qtbot, window)
    assert window.grid.alone == "camera 2"
    window.grid.choose("camera 1")
    assert window.grid.alone == "camera 2"
    window.chooser.remove("camera 2")
    assert window.zones.editor is None
    assert window.zones.bar is None


def test_without_a_picture_nothing_can_be_drawn(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    window.menus.zones.trigger()
    assert window.zones.editor is None
    assert window.banners.text("zones") == "Zones are drawn on a picture: there is none yet"


def test_zones_turn_with_the_camera_in_the_window_and_back(
    qtbot: QtBot, make_window: MakeWindow, bare: Camera
) -> None:
    """Drawn on the turned picture they lie on the same things when it is turned back."""
    window = make_window(bare)
    begin(qtbot, window)
    click(qtbot, window, *LEFT, LEFT[0])
    assert window.zones.bar is not None
    qtbot.mouseClick(window.zones.bar.save, LeftButton)
    qtbot.waitUntil(lambda: near(window.view.zones, Zones(counting=(LEFT,))), timeout=LONG_MS)

    def turn(degrees: int) -> None:
        watched = window.session.find(DOOR)
        assert watched is not None
        window.chooser.keeper.turn(watched, degrees)

    below = tuple((1 - y, x) for x, y in LEFT)  # the left side is the upper one then
    turn(90)
    qtbot.waitUntil(lambda: near(window.view.zones, Zones(counting=(below,))), timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.view.has_picture, timeout=LONG_MS)
    assert near(begin(qtbot, window).draft.zones, Zones(counting=(below,)))
    qtbot.keyClick(editor_of(window), Qt.Key.Key_Escape)
    turn(-90)
    qtbot.waitUntil(lambda: near(window.view.zones, Zones(counting=(LEFT,))), timeout=LONG_MS)


def test_zones_are_shown_under_the_new_name_of_a_camera(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    save_zones(zones_path(), DOOR, Zones(counting=(LEFT,)))
    window = make_window(Camera(DOOR))
    keeper = window.chooser.keeper
    qtbot.waitUntil(lambda: near(window.view.zones, Zones(counting=(LEFT,))), timeout=LONG_MS)
    camera = keeper.kept.put("7")
    keeper.change(replace(camera, name="Front door"))
    qtbot.waitUntil(lambda: "Front door" in window.zones.zones, timeout=LONG_MS)
    assert near(window.zones.zones_of("Front door"), Zones(counting=(LEFT,)))


def test_the_bar_does_not_make_a_small_window_larger(
    qtbot: QtBot, make_window: MakeWindow, bare: Camera
) -> None:
    window = make_window(bare)
    window.resize(800, 600)
    begin(qtbot, window)
    qtbot.wait(100)  # for the layout
    small = window.minimumSizeHint()  # 1280x720 at 200 %
    assert (small.width() <= 640, small.height() <= 360) == (True, True), small
    assert (window.width(), window.height()) == (800, 600)
    assert window.view.height() > 200
