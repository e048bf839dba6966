"""The pictures of several cameras side by side, or one alone."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from monitor.gui.picture.caption import Caption
from monitor.gui.picture.grid import CameraGrid, grid_shape
from monitor.records import Count
from tests.fakes import frame
from tests.gui.looks import MakeWindow


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
