"""The People page, and names in the window."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QDate
from pytestqt.qtbot import QtBot

from monitor.camera.slot import LatestSlot
from monitor.camera.sources import Picture
from monitor.errors import ConfigError
from monitor.gui import names
from monitor.gui.people.enrol_dialog import FOLDER, EnrolDialog
from monitor.gui.people.page import OFF, PeopleDialog
from monitor.gui.picture.overlay import label_text
from monitor.gui.side.sightings_model import details, sentence
from monitor.gui.status import privacy_text
from monitor.gui.window import MainWindow
from monitor.identity import gallery
from monitor.identity.desk import EnrolRequest, IfKnown, PeopleDesk
from monitor.identity.embed import MODEL
from monitor.identity.person import VISITOR, EnrolledPerson
from monitor.identity.results import Note
from monitor.identity.shots import Control, shots_from_folder, shots_from_frames
from monitor.records import Face, Frame, MaskState
from monitor.storage.store import Store
from tests.fakes import sighting
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS

MakeWindow = Callable[..., MainWindow]
ROOT = Path(__file__).resolve().parents[2]


class Person(Camera):
    """A face in changing light, as somebody before a camera never looks the same twice."""

    def read(self) -> Picture | None:
        picture = super().read()
        assert picture is not None
        light = 0.7 + 0.05 * (round(picture.t / 0.04) % 9)
        return Picture((picture.image * light).clip(0, 255).astype(np.uint8), picture.t)


@pytest.fixture
def folder(tmp_path: Path, data: Path) -> Path:
    """One person's pictures, and one that cannot be used."""
    path = tmp_path / "anna"
    path.mkdir()
    for name in ("bare.jpg", "no_face.jpg"):
        shutil.copy(data / name, path / name)
    return path


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


def test_enrolled_from_a_folder_and_forgotten_again(
    qtbot: QtBot, make_window: MakeWindow, folder: Path, tmp_path: Path
) -> None:
    window = make_window(Camera())
    page = open_page(qtbot, window)
    assert page.note.text() == OFF
    assert page.people == []
    assert not page.forget_button.isEnabled()
    dialog = fill_in(page, FOLDER, folder)
    dialog.consent.setPlainText("  ")
    dialog.start()
    assert "consent is missing" in dialog.banners.text("fault")
    dialog.consent.setPlainText("May be greeted by name;\nsigned on paper")
    dialog.ends.setChecked(True)
    dialog.until.setDate(QDate(date.today().year + 1, 6, 30))
    dialog.start()
    qtbot.waitUntil(lambda: page.table.rowCount() == 1, timeout=LONG_MS)
    assert row(page)[:2] == ["Anna", "1"]
    assert row(page)[3] == f"30 Jun {date.today().year + 1}"
    assert row(page)[4:] == ["reception", "May be greeted by name; signed on paper"]
    said = page.banners.text("result")
    assert "Anna is enrolled with 1 shot, 0 of them with a mask." in said
    assert "no face" in said  # the picture that was left out is named
    qtbot.waitUntil(lambda: not page.busy and page.enrolling is None, timeout=LONG_MS)

    # The same name is not taken twice by accident, and the same face not under another name.
    dialog = fill_in(page, FOLDER, folder)
    dialog.name.setText("anna")
    dialog.start()
    qtbot.waitUntil(lambda: "enrolled already" in dialog.banners.text("fault"), timeout=LONG_MS)
    dialog.name.setText("Berta")
    dialog.start()
    qtbot.waitUntil(
        lambda: "enrolled already as Anna" in dialog.banners.text("fault"), timeout=LONG_MS
    )
    dialog.name.setText("anna")
    dialog.start(IfKnown.ADD)
    qtbot.waitUntil(lambda: page.enrolling is None and not page.busy, timeout=LONG_MS)
    assert row(page)[:2] == ["Anna", "2"]

    page.table.selectRow(0)
    assert page.forget_button.isEnabled()
    page.forget("Anna")
    qtbot.waitUntil(lambda: page.table.rowCount() == 0, timeout=LONG_MS)
    receipt = page.banners.text("result")
    for part in (
        "Receipt: Anna was forgotten",
        f"gallery {tmp_path / 'gallery.npz'}",
        "name removed from 0 visits",
    ):
        assert part in receipt
    assert b"Anna" not in (tmp_path / "gallery.npz").read_bytes()


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


def test_a_damaged_gallery_is_said_and_not_touched(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path
) -> None:
    (tmp_path / "gallery.npz").write_bytes(b"no gallery")
    page = open_page(qtbot, make_window(start=False))
    assert "damaged or no gallery" in page.banners.text("fault")
    assert (tmp_path / "gallery.npz").read_bytes() == b"no gallery"


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


def test_a_consent_that_has_ended_is_removed_and_said(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path
) -> None:
    vectors = np.eye(2, 256, dtype=np.float32)
    day = datetime(2026, 1, 1, tzinfo=UTC)
    people = tuple(
        EnrolledPerson(
            name, "agreed", day, until, "desk", vectors[i : i + 1], np.zeros(1, np.uint8)
        )
        for i, (name, until) in enumerate((("Berta", None), ("Carl", day + timedelta(days=9))))
    )
    path = tmp_path / "gallery.npz"
    gallery.save_gallery(gallery.Gallery(MODEL, 256, people), path)
    page = open_page(qtbot, make_window(start=False))
    assert [p.name for p in page.people] == ["Berta"]
    assert row(page)[:4] == ["Berta", "1", "01 Jan 2026", "without end"]
    assert page.banners.text("ended").startswith("The consent of Carl had ended")
    assert b"Carl" not in path.read_bytes()
    page.table.selectRow(0)
    assert page.consent.text() == "Berta agreed to: agreed"


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


def test_people_are_named_and_forgotten_while_it_runs(
    qtbot: QtBot, make_window: MakeWindow, data: Path, folder: Path, tmp_path: Path, store_url: str
) -> None:
    request = EnrolRequest("Anna", "by word of mouth", None, "reception")
    notes: list[Note] = []
    PeopleDesk(tmp_path / "gallery.npz").enrol(
        request, partial(shots_from_folder, folder), notes.append
    )
    camera = Person("door", image=cv2.imread(str(data / "bare.jpg")))  # type: ignore[arg-type]
    window = make_window(camera, identify=True)
    qtbot.waitUntil(lambda: [f.identity for f in window.view.faces] == ["Anna"], timeout=LONG_MS)
    assert window.status.privacy.text() == "1 person enrolled, others are visitors"
    assert window.view.accessibleDescription().startswith("Anna  ")
    qtbot.waitUntil(
        lambda: [s.identity for s in window.sightings.model.sightings] == ["Anna"], timeout=LONG_MS
    )
    page = open_page(qtbot, window)
    page.forget("Anna")
    qtbot.waitUntil(
        lambda: "Receipt: Anna was forgotten" in page.banners.text("result"), timeout=LONG_MS
    )
    qtbot.waitUntil(
        lambda: window.status.privacy.text().startswith("0 people enrolled"), timeout=LONG_MS
    )
    qtbot.waitUntil(lambda: bool(window.view.faces), timeout=LONG_MS)
    assert "Anna" not in {f.identity for f in window.view.faces}
    window.close()
    store = Store(store_url)
    assert len(store.read_visits()) >= 2
    assert "Anna" not in {v.identity for _, v in store.read_visits()} | {
        s.identity for s in store.read_sightings()
    }
    store.close()


def test_visitors_have_no_name_on_screen() -> None:
    assert names.VISITOR == VISITOR
    box = np.array([10, 10, 60, 60], np.float32)
    faces = [
        Face(box, 0.9, MaskState.MASKED, 0.9, MaskState.MASKED, 0.9, 1, "v1", identity=identity)
        for identity in ("Anna", VISITOR, None, "x" * 200)
    ]
    assert [label_text(face) for face in faces[:3]] == [
        "Anna  Masked  90 %",
        "Masked  90 %",
        "Masked  90 %",
    ]
    assert len(label_text(faces[3])) < 60
    assert details(sighting(identity="Anna")) == "Anna  ·  door"
    assert details(sighting(identity=VISITOR)) == "door"
    assert "Anna" in sentence(sighting(identity="Anna"))
    assert VISITOR not in sentence(sighting(identity=VISITOR))
    assert privacy_text(None) == "mask-only: nobody is identified"
    assert privacy_text(2) == "2 people enrolled, others are visitors"


MASK_ONLY_RUN = """
import sys
from pathlib import Path
from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication
from monitor.app import RunOptions
from monitor.config import load_config
from monitor.gui.application import open_window

folder = Path(sys.argv[1])
config = load_config(None, {"store": {"url": f"sqlite:///{folder / 'm.db'}"}})
settings = QSettings(str(folder / "w.ini"), QSettings.Format.IniFormat)
window = open_window(RunOptions(config=config, video=Path(sys.argv[2])), settings)
timer = QTimer(interval=20)
timer.timeout.connect(lambda: window.view.faces and QApplication.quit())
timer.start()
QApplication.exec()
timer.stop()
never = ("monitor.identity", "monitor.gui.people", "monitor.faces.align")
print([name for name in sys.modules if name.startswith(never)])
window.close()
"""


def test_mask_only_mode_imports_nothing_that_could_name_anybody(
    tmp_path: Path, bare_clip: Path
) -> None:
    command = [sys.executable, "-c", MASK_ONLY_RUN, str(tmp_path), str(bare_clip)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "[]", done.stderr
