"""The review page: one key a face, skip, undo; on a folder of pictures."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from monitor.config import Config
from monitor.gui.learning.review import ReviewDialog
from monitor.gui.theme import Theme
from monitor.gui.threads.bridge import Bridge
from monitor.learning.kept import KeptFaces
from monitor.learning.places import Places, default_places
from monitor.learning.questions import of_folder
from tests.gui.conftest import LONG_MS


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return default_places()


@pytest.fixture
def pictures(tmp_path: Path, data: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("bare.jpg", "masked.jpg", "no_face.jpg"):
        shutil.copy(data / name, folder / name)
    return folder


@pytest.fixture
def page(qtbot: QtBot, theme: Theme, places: Places, pictures: Path) -> Iterator[ReviewDialog]:
    def load() -> list[object]:
        done = {kept.sha256 for kept in KeptFaces(places).all()}
        return of_folder(pictures, Config(), done)  # type: ignore[return-value]

    bridge = Bridge()
    dialog = ReviewDialog(load, places, bridge)  # type: ignore[arg-type]
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.sheet is not None, timeout=LONG_MS)
    yield dialog
    bridge.close(10)


def labels(places: Places) -> list[str]:
    return sorted(kept.about.label for kept in KeptFaces(places).all())


def test_faces_are_judged_by_one_key_each(qtbot: QtBot, page: ReviewDialog, places: Places) -> None:
    assert page.sheet is not None
    questions = page.sheet.questions
    assert len(questions) == 2  # the third picture shows no face
    assert questions[0].about.confidence <= questions[1].about.confidence
    assert page.title.text().startswith("Face 1 of 2")
    assert "The monitor says:" in page.caption.text()
    assert page.face.shows_face
    assert labels(places) == []
    qtbot.keyClick(page, Qt.Key.Key_I)
    assert labels(places) == ["incorrect"]
    qtbot.keyClick(page, Qt.Key.Key_Z)
    assert labels(places) == []
    assert page.title.text().startswith("Face 1 of 2")
    qtbot.keyClick(page, Qt.Key.Key_N)
    qtbot.keyClick(page, Qt.Key.Key_X)
    assert labels(places) == ["no person", "unmasked"]
    assert page.title.text().startswith("All done: 2 faces are judged")
    assert not page.face.shows_face
    qtbot.keyClick(page, Qt.Key.Key_M)  # no face is left to be judged
    assert labels(places) == ["no person", "unmasked"]


def test_a_face_that_is_skipped_leaves_nothing_and_comes_again(
    qtbot: QtBot, page: ReviewDialog, places: Places
) -> None:
    qtbot.keyClick(page, Qt.Key.Key_S)
    qtbot.keyClick(page, Qt.Key.Key_M)
    assert labels(places) == ["masked"]
    page.more_button.click()
    qtbot.waitUntil(lambda: page.sheet is not None, timeout=LONG_MS)
    assert page.sheet is not None
    assert len(page.sheet.questions) == 1
