"""Help and About."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QAction, QScreen
from PySide6.QtWidgets import QLabel, QTextBrowser
from pytestqt.qtbot import QtBot

from monitor.config import Config, load_config
from monitor.gui.help import AboutDialog, HelpDialog, model_facts, program_facts
from monitor.gui.window import MainWindow
from monitor.marks import MARKS
from monitor.storage.url import shown_url
from tests.gui.looks import MakeWindow


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
        "Model mask_v5",
        "classes: masked, unmasked, incorrect",
    ):
        assert expected in text
    assert model_facts("no_such_model") == [model_facts("no_such_model")[0]]
    assert shown_url("postgresql://anna:pw@db/x") == "postgresql://db/x"


def help_texts(dialog: HelpDialog) -> list[str]:
    return [label.text() for label in dialog.findChildren(QLabel)]


def listed_keys(texts: list[str]) -> set[str]:
    """The keys that the help speaks of: "Alt+1 … 4" is four, "F11, Esc" is two."""
    keys: set[str] = set()
    for text in texts:
        for part in text.split(", "):
            series = re.fullmatch(r"(\w+\+)(\d) … (\d)", part)
            if series is not None:
                first, last = int(series[2]), int(series[3])
                keys |= {f"{series[1]}{number}" for number in range(first, last + 1)}
            elif re.fullmatch(r"(?:(?:Ctrl|Shift|Alt)\+)*(?:[A-Z0-9,]|F\d+|Space|Enter|Esc)", part):
                keys.add(part)
    return keys


def keys_of(window: MainWindow) -> set[str]:
    return {key for a in window.findChildren(QAction) if (key := a.shortcut().toString())}


def test_every_key_of_the_help_does_something(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    dialog = HelpDialog(window)
    listed = listed_keys(help_texts(dialog))
    assert len(listed) > 20
    assert listed - {"Enter"} <= keys_of(window)  # Enter is a tile's own


def test_every_key_of_the_menus_is_in_the_help(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    assert keys_of(window) - listed_keys(help_texts(HelpDialog(window))) == set()


def test_the_whole_help_is_seen_without_scrolling(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(start=False)
    dialog = HelpDialog(window)
    with qtbot.waitExposed(dialog):
        dialog.show()
    for label in dialog.findChildren(QLabel):
        assert label.height() >= label.heightForWidth(label.width())
        assert label.mapTo(dialog, label.rect().bottomRight()).y() < dialog.height()
    assert dialog.height() <= 720
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_the_help_fits_a_small_screen(
    make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QScreen, "availableGeometry", lambda screen: QRect(0, 0, 683, 384))
    dialog = HelpDialog(make_window(start=False))
    assert dialog.height() < 384
    assert dialog.width() <= 683


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://anna:pw@db/x", "postgresql://db/x"),
        ("postgresql+psycopg://anna:p/ss@db:5432/x", "postgresql+psycopg://db:5432/x"),
        ("postgresql://anna@desk:pw@db/x", "postgresql://db/x"),
        ("postgresql://db/x?user=anna&password=pw", "postgresql://db/x"),
        ("postgresql://anna:p@ss/w@db/x", "postgresql://…"),
        ("postgresql://db/x?password=p@ss", "postgresql://…"),
        ("sqlite:///folder/m.db", "sqlite:///folder/m.db"),
        ("", ""),
    ],
)
def test_no_password_of_the_store_is_shown(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    config = load_config(None, {"store": {"url": url}})
    assert f"Store: {shown}" in "\n".join(program_facts(config)) or not shown
    assert "anna" not in "\n".join(program_facts(config))


def test_about_says_whether_pictures_are_kept() -> None:
    said = [
        "\n".join(program_facts(load_config(None, {"store": {"snapshots": kept}})))
        for kept in (False, True)
    ]
    assert "No picture is kept" in said[0]
    assert "A picture is kept of each sighting" in said[1]


def test_a_card_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mask.json").write_text('{"name": "mask", "scores": {"LFW": [1, {"a": 2}]}')
    (line,) = model_facts(str(tmp_path / "mask"))
    assert "cannot be rea" in line
    (tmp_path / "mask.json").write_text('{"name": "mask", "scores": {"LFW": [1, {"a": 2}]}}')
    assert model_facts(str(tmp_path / "mask"))[0] == "Model mask"
    assert "a: 2" in model_facts(str(tmp_path / "mask"))[-1]
