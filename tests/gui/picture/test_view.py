"""One live picture: its place, its faces, what stands for a missing one."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from monitor.gui.picture.caption import HEIGHT, Caption
from monitor.gui.picture.view import PictureView
from monitor.marks import MARKS
from monitor.records import MaskState
from tests.gui.looks import MakeWindow, colours, context_menu, make_face, mask_of, pixels_of


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


@pytest.fixture
def view(qtbot: QtBot) -> PictureView:
    """Two faces in a picture of twice the widget's size, as one of several cameras."""
    view = PictureView()
    qtbot.addWidget(view)
    view.resize(640, 360 + HEIGHT)
    view.set_caption(Caption("door", "live"))
    view.show()
    faces = [
        make_face((200, 200, 600, 600), track_id=1),
        make_face((300, 300, 400, 400), MaskState.UNMASKED, track_id=2),
    ]
    view.show_picture(np.full((720, 1280, 3), 60, np.uint8), faces)
    return view


def test_a_right_click_is_of_the_face_or_else_of_the_camera(
    qtbot: QtBot, view: PictureView
) -> None:
    asked: list[str] = []
    view.face_menu_wanted.connect(lambda visit_id, place: asked.append(visit_id))
    view.tile_menu_wanted.connect(lambda place: asked.append("camera"))
    at_near, at_far = QPoint(175, 175 + HEIGHT), QPoint(290, 290 + HEIGHT)
    for place in (at_near, at_far, QPoint(5, 5), QPoint(600, 300)):
        context_menu(view, place)
    assert asked == ["v2", "v1", "camera", "camera"]
    view.set_caption(None)  # a single camera has no menu of its own
    context_menu(view, QPoint(600, 300))
    assert len(asked) == 4


def test_a_face_without_a_visit_cannot_be_corrected(view: PictureView) -> None:
    asked: list[object] = []
    view.face_menu_wanted.connect(asked.append)
    view.show_picture(
        np.zeros((720, 1280, 3), np.uint8), [make_face((0, 0, 900, 700), visit_id=None)]
    )
    context_menu(view, QPoint(200, 200))
    assert asked == []


def test_a_double_click_shows_one_of_several_alone(qtbot: QtBot, view: PictureView) -> None:
    wanted: list[int] = []
    view.alone_wanted.connect(lambda: wanted.append(1))
    qtbot.mouseDClick(view, Qt.MouseButton.RightButton)
    assert wanted == []
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton)
    assert wanted == [1]
    view.set_caption(None)
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert wanted == [1]


def test_a_screen_reader_is_told_of_the_faces(view: PictureView) -> None:
    assert view.accessibleName().startswith("door: live")
    assert view.accessibleDescription() == "Masked  98 %, No mask  98 %"
    view.show_picture(np.zeros((9, 9, 3), np.uint8))
    assert view.accessibleDescription() == "No faces"
    view.set_caption(None)
    assert view.accessibleName() == "Picture"


def test_boxes_go_without_the_picture_going(view: PictureView) -> None:
    boxed = pixels_of(view.grab().toImage())
    view.drop_faces()
    assert view.faces == ()
    assert view.has_picture
    bare = view.grab().toImage()
    assert (pixels_of(bare) != boxed).any()
    assert not mask_of(bare, MARKS[MaskState.UNMASKED].colour)[HEIGHT:].any()
    assert view.face_at(QPoint(175, 175 + HEIGHT)) is None
    view.clear()
    assert not view.has_picture
    assert view.size_wh == (0, 0)


def test_words_stand_where_there_is_no_picture_and_over_the_last_one(view: PictureView) -> None:
    def painted() -> np.ndarray:
        return pixels_of(view.grab().toImage())[HEIGHT:]

    view.drop_faces()
    bare = painted()
    view.set_plate("Camera lost: this is the last picture")
    rows = np.nonzero((painted() != bare).any(axis=(1, 2)))[0]
    assert len(rows)
    assert rows.min() > 300  # at the lower edge: it hides no face
    view.set_plate("")
    assert (painted() == bare).all()
    view.clear()
    empty = painted()
    view.set_placeholder("Opening door…", "The message above says what to do")
    assert (painted() != empty).any()
    view.resize(120, 90)  # nor does a small tile fail at it
    assert (painted() != painted()[0, 0]).any()


def test_a_picture_of_another_size_is_shown_at_once(view: PictureView) -> None:
    view.show_picture(np.full((400, 100, 3), 200, np.uint8))
    rect = view.picture_rect()
    assert (rect.width(), rect.height()) == (90, 360)
    assert mask_of(view.grab().toImage(), "#c8c8c8").sum() == 90 * 360
    assert view.size_wh == (100, 400)
