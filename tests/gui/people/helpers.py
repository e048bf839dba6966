"""Somebody before a camera, and the People page as a receptionist uses it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from monitor.camera.source import Picture
from monitor.gui.people.enrol_dialog import EnrolDialog
from monitor.gui.people.page import PeopleDialog
from monitor.gui.window import MainWindow
from monitor.identity.desk import EnrolRequest, PeopleDesk
from monitor.identity.results import Note
from monitor.identity.shots import shots_from_folder
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS


class Person(Camera):
    """A face in changing light, as somebody before a camera never looks the same twice."""

    def read(self) -> Picture | None:
        picture = super().read()
        assert picture is not None
        light = 0.7 + 0.05 * (round(picture.t / 0.04) % 9)
        return Picture((picture.image * light).clip(0, 255).astype(np.uint8), picture.t)


def open_page(qtbot: QtBot, window: MainWindow) -> PeopleDialog:
    window.menus.people.trigger()
    page = window.commands.people
    assert page is not None
    qtbot.waitUntil(lambda: not page.busy, timeout=LONG_MS)
    return page


def fill_in(page: PeopleDialog, source: str, folder: Path | None = None) -> EnrolDialog:
    page.ask_to_enrol()
    dialog = page.enrolling
    assert dialog is not None
    dialog.name.setText("Anna  ")
    dialog.consent.setPlainText("May be greeted by name;\nsigned on paper")
    dialog.by.setText("reception")
    dialog.source.setCurrentIndex(dialog.source.findData(source))
    dialog.folder.setText(str(folder or ""))
    return dialog


def row(page: PeopleDialog, number: int = 0) -> list[str]:
    items = [page.table.item(number, column) for column in range(page.table.columnCount())]
    return [item.text() for item in items if item is not None]


def enrol(gallery: Path, folder: Path, by: str = "desk", consent: str = "agreed") -> None:
    """Enrol Anna from a folder of pictures."""
    notes: list[Note] = []
    request = EnrolRequest("Anna", consent, None, by)
    PeopleDesk(gallery).enrol(request, partial(shots_from_folder, folder), notes.append)
