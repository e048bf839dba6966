"""The pictures of several cameras side by side, or one alone."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from monitor.gui.picture.caption import HEIGHT, Caption
from monitor.gui.picture.grid import CameraGrid, grid_shape
from monitor.gui.picture.view import PictureView
from monitor.records import Count
from tests.fakes import frame
from tests.gui.looks import MakeWindow, context_menu


@pytest.mark.parametrize(
    ("number", "size", "shape"),
    [
        (1, (900, 640), (1, 1)),
        (2, (900, 640), (1, 2)),
        (2, (1540, 640), (2, 1)),
        (3, (900, 640), (2, 2)),
        (3, (400, 900), (1, 3)),
        (4, (900, 640), (2, 2)),
        (6, (1540, 640), (3, 2)),
        (9, (900, 640), (3, 3)),
    ],
)
def test_the_grid_follows_the_number_and_the_shape(
    number: int, size: tuple[int, int], shape: tuple[int, int]
) -> None:
    assert grid_shape(number, *size) == shape


@pytest.mark.parametrize("number", range(1, 10))
def test_tiles_fill_the_area_without_overlapping(qtbot: QtBot, number: int) -> None:
    grid = CameraGrid()
    qtbot.addWidget(grid)
    grid.resize(901, 643)
    grid.show()
    grid.set_cameras([f"c{n}" for n in range(number)])
    places = [view.geometry() for name in grid.names if (view := grid.view_of(name)) is not None]
    assert len(places) == number
    for i, place in enumerate(places):
        assert grid.rect().contains(place)
        assert not any(place.intersects(other) for other in places[i + 1 :])
    assert max(p.width() for p in places) - min(p.width() for p in places) <= 1


def test_a_tile_is_painted_only_when_it_has_something_new(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window(start=False)
    window.grid.set_cameras(["a", "b"])
    painted: list[str] = []
    for name in window.grid.names:
        view = window.grid.view_of(name)
        assert view is not None
        paint = view._paint_picture
        view._paint_picture = lambda p, n=name, paint=paint: (painted.append(n), paint(p))  # type: ignore
    qtbot.wait(100)
    painted.clear()
    view = window.grid.view_of("a")
    assert view is not None
    view.show_picture(frame().image)
    qtbot.wait(200)
    assert painted == ["a"]
    window.grid.show_captions({"b": Caption("b", "live", False, Count(masked=1))})
    QApplication.processEvents()
    assert painted == ["a"]  # a new count paints the strip alone


@pytest.fixture
def grid(qtbot: QtBot) -> CameraGrid:
    """Four cameras."""
    grid = CameraGrid()
    qtbot.addWidget(grid)
    grid.resize(900, 640)
    grid.set_cameras(["a", "b", "c", "d"])
    grid.show()
    return grid


def view_of(grid: CameraGrid, name: str) -> PictureView:
    view = grid.view_of(name)
    assert view is not None
    return view


def shown(grid: CameraGrid) -> list[str]:
    return [name for name in grid.names if view_of(grid, name).isVisible()]


@pytest.mark.parametrize("number", range(1, 10))
@pytest.mark.parametrize("size", [(900, 640), (1600, 500), (400, 900), (320, 220)])
def test_no_other_grid_shows_larger_pictures(number: int, size: tuple[int, int]) -> None:
    columns, rows = grid_shape(number, *size)

    def picture_width(columns: int) -> float:
        rows = -(-number // columns)
        return min(size[0] / columns, max(0.0, size[1] / rows - HEIGHT) * 16 / 9)

    assert columns * rows >= number
    assert (columns - 1) * rows < number or columns == 1
    assert picture_width(columns) >= max(picture_width(c) for c in range(1, number + 1)) - 1


def test_one_alone_fills_the_area_and_the_next_one_takes_its_place(grid: CameraGrid) -> None:
    assert shown(grid) == ["a", "b", "c", "d"]
    grid.choose("c", focus=True)
    assert grid.alone == ""
    grid.show_alone(True)
    assert (grid.alone, shown(grid)) == ("c", ["c"])
    assert grid.view.geometry() == grid.rect()
    grid.choose("a", focus=True)
    assert (grid.alone, shown(grid)) == ("a", ["a"])
    grid.choose("no such camera")
    assert grid.chosen == "a"
    grid.show_alone(False)
    assert shown(grid) == ["a", "b", "c", "d"]


def test_the_keyboard_reaches_each_tile_and_enter_shows_it_alone(
    qtbot: QtBot, grid: CameraGrid
) -> None:
    with qtbot.waitActive(grid):
        grid.activateWindow()
    for name in grid.names:
        view_of(grid, name).setFocus()
        assert grid.chosen == name
        qtbot.keyClick(view_of(grid, name), Qt.Key.Key_Return)
        assert grid.alone == name
        qtbot.keyClick(view_of(grid, name), Qt.Key.Key_Enter)
        assert grid.alone == ""
    reached = []
    grid.choose("a", focus=True)
    for _ in range(3):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        reached.append(grid.chosen)
    assert reached == ["b", "c", "d"]


def test_cameras_that_stay_keep_their_picture(grid: CameraGrid) -> None:
    kept = {name: view_of(grid, name) for name in "bd"}
    kept["b"].show_picture(frame().image)
    grid.choose("c", focus=True)
    grid.show_alone(True)
    grid.set_cameras(["d", "b", "e"])  # the chosen one has gone: all others are shown
    assert grid.names == ("d", "b", "e")
    assert {name: grid.view_of(name) for name in "bd"} == kept
    assert kept["b"].has_picture
    assert grid.view_of("c") is None
    assert (grid.chosen, grid.alone) == ("d", "")
    assert shown(grid) == ["d", "b", "e"]


def test_only_several_cameras_have_captions(grid: CameraGrid) -> None:
    captions = {name: Caption(name, "live") for name in "abcd"}
    grid.show_captions(captions)
    assert [view_of(grid, n).caption for n in grid.names] == list(captions.values())
    grid.set_cameras(["b"])
    grid.show_captions(captions)
    assert view_of(grid, "b").caption is None
    assert view_of(grid, "b").geometry() == grid.rect()
    assert view_of(grid, "b").focusPolicy() is Qt.FocusPolicy.NoFocus
    grid.set_cameras(["b", "f"])
    assert [view_of(grid, n).caption for n in grid.names] == [Caption("b"), Caption("f")]


def test_another_single_camera_does_not_show_the_last_ones_picture(qtbot: QtBot) -> None:
    grid = CameraGrid()
    qtbot.addWidget(grid)
    grid.set_cameras(["a"])
    grid.view.show_picture(frame().image)
    grid.set_cameras(["a"])
    assert grid.view.has_picture
    grid.set_cameras(["b"])
    assert not grid.view.has_picture


def test_a_menu_is_asked_for_the_tile_under_the_mouse(qtbot: QtBot, grid: CameraGrid) -> None:
    with qtbot.waitSignal(grid.tile_menu_wanted) as asked:
        context_menu(view_of(grid, "c"), QPoint(30, 60))
    assert asked.args == ["c", view_of(grid, "c").mapToGlobal(QPoint(30, 60))]
    assert grid.chosen == "c"
