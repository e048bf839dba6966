"""Enrolling: what must be filled in, and that nothing half done is stored."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import cv2
import pytest
from PySide6.QtCore import QDate
from pytestqt.qtbot import QtBot

from monitor.camera.slot import LatestSlot
from monitor.errors import ConfigError
from monitor.gui.people.enrol_dialog import FOLDER
from monitor.identity.desk import EnrolRequest, PeopleDesk
from monitor.identity.results import Note
from monitor.identity.shots import Control, shots_from_folder, shots_from_frames
from monitor.records import Frame
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow
from tests.gui.people.helpers import Person, fill_in, open_page, row


def test_a_folder_without_a_face_is_refused(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path, data: Path
) -> None:
    (tmp_path / "empty").mkdir()
    shutil.copy(data / "no_face.jpg", tmp_path / "empty" / "a.jpg")
    page = open_page(qtbot, make_window(start=False))
    dialog = fill_in(page, FOLDER, tmp_path / "empty")
    dialog.start()
    qtbot.waitUntil(lambda: "no picture in" in dialog.banners.text("fault"), timeout=LONG_MS)
    dialog.reject()
    assert page.enrolling is None
    assert not (tmp_path / "gallery.npz").exists()


def test_enrolled_before_a_camera_with_guidance(
    qtbot: QtBot, make_window: MakeWindow, data: Path
) -> None:
    camera = Person("door", image=cv2.imread(str(data / "bare.jpg")))  # type: ignore[arg-type]
    window = make_window(camera)
    qtbot.waitUntil(lambda: window.session.analysed > 2, timeout=LONG_MS)
    page = open_page(qtbot, window)
    dialog = fill_in(page, "door")
    dialog.shots = 3
    dialog.start()
    assert dialog.pages.currentIndex() == 1
    plate = "Somebody is enrolled here: nobody is counted"
    qtbot.waitUntil(lambda: window.view.plate == plate, timeout=LONG_MS)
    qtbot.waitUntil(lambda: "to your left" in dialog.message.text(), timeout=LONG_MS)
    assert dialog.preview.has_picture
    assert (dialog.bar.value(), dialog.bar.maximum()) == (1, 3)
    dialog.skip_button.click()  # the picture cannot turn its head
    qtbot.waitUntil(lambda: "to your right" in dialog.message.text(), timeout=LONG_MS)
    done = window.session.analysed
    dialog.skip_button.click()
    qtbot.waitUntil(lambda: page.table.rowCount() == 1, timeout=LONG_MS)
    assert row(page)[:2] == ["Anna", "3"]
    qtbot.waitUntil(lambda: window.session.analysed > done, timeout=LONG_MS)  # it counts again
    qtbot.waitUntil(lambda: window.view.plate == "", timeout=LONG_MS)

    dialog = fill_in(page, "door")
    dialog.name.setText("Berta")
    dialog.start()
    dialog.reject()
    qtbot.waitUntil(lambda: page.enrolling is None, timeout=LONG_MS)
    watched = window.session.find("door")
    assert watched is not None
    assert not watched.lent
    assert [p.name for p in page.people] == ["Anna"]


def test_a_cancelled_enrolment_stores_nothing(folder: Path, tmp_path: Path) -> None:
    control = Control()
    control.cancelled.set()
    desk = PeopleDesk(tmp_path / "gallery.npz")
    request = EnrolRequest("Anna", "agreed", None, "", count=3)
    notes: list[Note] = []
    with pytest.raises(ConfigError, match="cancelled"):
        desk.enrol(request, partial(shots_from_folder, folder), notes.append, control.check)
    silent: LatestSlot[Frame] = LatestSlot()
    with pytest.raises(ConfigError, match="cancelled"):
        desk.enrol(request, partial(shots_from_frames, silent, control), notes.append)
    assert not (tmp_path / "gallery.npz").exists()


def test_closing_the_window_ends_an_enrolment(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(Camera("door"))
    qtbot.waitUntil(lambda: window.session.analysed > 0, timeout=LONG_MS)
    page = open_page(qtbot, window)
    fill_in(page, "door").start()
    window.close()
    assert window.error is None


def test_what_is_missing_is_said_before_anything_is_done(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path
) -> None:
    page = open_page(qtbot, make_window(Camera("door"), start=False))
    dialog = fill_in(page, FOLDER)
    said = []
    for name, consent in (("  ", "agreed"), ("Anna", " \n"), ("Anna", "agreed")):
        dialog.name.setText(name)
        dialog.consent.setPlainText(consent)
        dialog.start()
        said.append(dialog.banners.text("fault").split(":")[0])
    assert said == [
        "The name is missing",
        "The consent is missing",
        "The folder of pictures is missing",
    ]
    assert dialog.start_button.isEnabled()
    dialog.reject()
    assert not dialog.isVisible()
    assert not (tmp_path / "gallery.npz").exists()


def test_only_what_can_be_used_is_offered_as_a_source(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    window = make_window(Camera("door"), masked_clip, Camera("yard"))
    qtbot.waitUntil(lambda: len(window.session.names) == 3, timeout=LONG_MS)
    page = open_page(qtbot, window)
    dialog = fill_in(page, "yard")
    offered = [dialog.source.itemText(i) for i in range(dialog.source.count())]
    assert offered == ["door", "yard", "a folder of pictures"]  # nobody stands before a clip
    assert not dialog.folder.isVisible()
    window.chooser.remove("yard")
    dialog.start()
    assert "not there any more" in dialog.banners.text("fault")
    dialog.source.setCurrentIndex(dialog.source.findData(FOLDER))
    assert dialog.folder.isVisible()
    dialog.reject()


def test_the_consent_has_a_last_day_only_where_that_is_wanted(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    page = open_page(qtbot, make_window(start=False))
    dialog = fill_in(page, FOLDER)
    assert not dialog.until.isEnabled()
    dialog.ends.setChecked(True)
    assert dialog.until.isEnabled()
    dialog.until.setDate(QDate(2020, 1, 1))
    assert dialog.until.date() >= QDate.currentDate()  # a consent that is over cannot be given
    dialog.reject()
