"""The menus: their keys, and which of their actions are ticked or can be used."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from monitor.declared import detectors
from monitor.gui.window import MainWindow
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow


def keys_of(window: MainWindow) -> list[str]:
    """Of all actions of the window and its menus."""
    return [key for a in window.findChildren(QAction) if (key := a.shortcut().toString())]


def letter(text: str) -> str:
    """What Alt reaches a menu's entry by."""
    return text.replace("&&", "").partition("&")[2][:1].lower()


def test_no_key_stands_for_two_things(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    keys = Counter(keys_of(window))
    assert len(keys) > 20
    assert [key for key, number in keys.items() if number > 1] == []


def test_the_keyboard_reaches_every_entry_of_a_menu(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    bar = window.menuBar().actions()
    menus = [menu for menu in window.findChildren(QMenu) if menu.menuAction() in bar]
    assert len({letter(menu.title()) for menu in menus} - {""}) == len(menus) == 4
    for menu in menus:
        letters = [letter(action.text()) for action in menu.actions() if action.text()]
        assert "" not in letters
        assert len(set(letters)) == len(letters), (menu.title(), letters)


def test_keys_work_where_the_menu_bar_is_hidden(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    for action in (window.menus.pause, window.menus.export, window.menus.full_screen):
        assert action in window.actions()


def test_the_cameras_that_are_there_are_listed_and_ticked(
    qtbot: QtBot, make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = [(0, "Webcam"), (3, "Eyes & ears"), (7, "Desk")]
    monkeypatch.setattr("monitor.gui.choose.camera_list", lambda: there)
    window = make_window(Camera("camera 3"))
    menus = window.menus
    qtbot.waitUntil(lambda: len(menus.camera_group.actions()) == 3, timeout=LONG_MS)
    texts = [action.text() for action in menus.cameras.actions() if action.text()]
    assert texts == ["0: Webcam", "3: Eyes && ears", "7: Desk", "&Look again", "&Cameras…"]

    def ticked() -> tuple[list[object], list[object], list[object]]:
        watch, add = menus.camera_group.actions(), menus.add_group.actions()
        return (
            [a.data() for a in watch if a.isChecked()],
            [a.data() for a in add if a.isChecked()],
            [a.data() for a in add if a.isEnabled()],
        )

    assert ticked() == (["3"], ["3"], ["0", "7"])
    window.chooser.add(Camera("camera 7"))
    assert ticked() == ([], ["3", "7"], ["0"])
    window.chooser.remove("camera 3")
    assert ticked() == (["7"], ["7"], ["0", "3"])
    there.clear()
    menus.look_again.trigger()
    qtbot.waitUntil(lambda: not menus.camera_group.actions(), timeout=LONG_MS)
    assert menus.cameras.actions()[0].text() == "No camera found"
    assert not menus.cameras.actions()[0].isEnabled()


def test_tiles_can_be_chosen_where_there_are_several(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(Camera("door"))
    menus = window.menus
    qtbot.waitUntil(lambda: window.grid.names == ("door",), timeout=LONG_MS)

    def offered() -> list[str]:
        return [a.text() for a in menus.tile_choices if a.isEnabled() and a.isVisible()]

    assert offered() == []
    assert not menus.tiles.isEnabled()
    assert not menus.alone.isEnabled()
    assert menus.remove.text() == "&Remove this camera"
    window.chooser.add(Camera("in & out"))
    assert offered() == ["door", "in && out"]
    menus.tile_choices[1].trigger()
    assert window.grid.chosen == "in & out"
    assert [a.isChecked() for a in menus.tile_choices[:2]] == [False, True]
    assert menus.remove.text() == "&Remove in && out"
    menus.alone.trigger()
    assert window.grid.alone == "in & out"
    window.grid.show_alone(False)
    assert not menus.alone.isChecked()
    menus.remove.trigger()
    assert window.session.names == ("door",)
    assert offered() == []


def test_the_ticks_say_what_holds(make_window: MakeWindow) -> None:
    window = make_window(start=False, detect={"name": "ssd"})
    menus = window.menus
    assert [name for name in detectors() if menus.detectors[name].isChecked()] == ["ssd"]
    assert [name for name, a in menus.themes.items() if a.isChecked()] == ["system"]
    assert menus.mute.isChecked()
    assert [a.isChecked() for a in menus.panels.actions()] == [True, True, True]
    for action, panel in zip(
        menus.panels.actions(),
        (window.count_panel, window.hour_panel, window.sightings),
        strict=True,
    ):
        action.trigger()
        assert not panel.isVisible()
        action.trigger()
        assert panel.isVisible()


def test_a_detector_that_a_file_adds_stands_in_the_menu(
    added_detector: str, make_window: MakeWindow
) -> None:
    menus = make_window(start=False).menus
    assert list(menus.detectors) == ["yunet", "ssd", "haar", added_detector, "yunet_masked"]
    assert menus.detectors[added_detector].text().startswith("Everywhere")


def test_the_file_menu_has_what_a_desk_needs_and_the_rest_below(
    make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        "monitor.gui.history.printing.Printing.ask_to_print", lambda self: asked.append("print")
    )
    window = make_window(start=False)
    (file,) = (menu for menu in window.findChildren(QMenu) if menu.title() == "&File")
    assert [action.text() for action in file.actions() if action.text()] == [
        *("&Cameras…", "&Open clip…", "Open &folder of pictures…", "&Back to the cameras"),
        *("&Watch another", "&Print…", "&Export…", "&Quit"),
    ]
    window.menus.print.trigger()
    assert asked == ["print"]
    assert window.commands.history is not None
    assert window.commands.history.isVisible()


def test_the_detectors_are_there_when_their_menu_opens(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window(start=False)
    menu = next(m for m in window.findChildren(QMenu) if m.title() == "Face &detector")
    menu.popup(window.pos())
    qtbot.waitUntil(menu.isVisible)
    assert len(menu.actions()) == len(detectors())
    assert [action.isChecked() for action in menu.actions()] == [True, False, False, False]
    menu.close()
