"""What the receptionist does: corrections, notes, shifts, settings, the export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QSettings, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QInputDialog, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions
from monitor.data_folder import data_folder
from monitor.gui.dialogs import SettingsDialog
from monitor.gui.export_dialog import ExportDialog
from monitor.gui.help import AboutDialog, HelpDialog
from monitor.gui.picture.overlay import label_text
from monitor.records import Correction, Face, MaskState
from monitor.storage.compliance import judged
from monitor.storage.export_wish import Wish
from monitor.storage.store import Store
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow, ended, numbers, read_csv


def test_a_face_in_the_picture_can_be_corrected(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    far = Face(
        np.array([100, 100, 300, 340], np.float32),
        0.9,
        MaskState.MASKED,
        0.9,
        MaskState.MASKED,
        1.0,
        1,
        "v1",
    )
    near = Face(
        np.array([150, 150, 200, 200], np.float32),
        0.9,
        MaskState.MASKED,
        0.9,
        MaskState.MASKED,
        1.0,
        2,
        "v2",
    )
    image = np.zeros((480, 640, 3), np.uint8)
    window.view.show_picture(image, [far, near])
    rect = window.view.picture_rect()
    scale = rect.width() / 640
    places = [
        (
            x,
            y,
            window.view.face_at(QPoint(round(rect.x() + scale * x), round(rect.y() + scale * y))),
        )
        for x, y in ((175, 175), (290, 330), (20, 20))
    ]
    assert [face for _, _, face in places] == [near, far, None]
    menu = window.commands.face_menu("v1")
    assert [a.text().replace("&", "") for a in menu.actions()][:2] == [
        "Wore a mask",
        "Wore no mask",
    ]
    said: list[object] = []
    window.commands.correct = lambda *words: said.append(words)  # type: ignore[method-assign]
    menu.actions()[1].trigger()
    assert said == [("v1", Correction.UNMASKED)]
    menu.close()


def test_a_correction_shows_in_a_picture_that_stands_still(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path
) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(
        lambda: any(f.visit_id and f.state is MaskState.UNMASKED for f in window.view.faces),
        timeout=LONG_MS,
    )
    qtbot.keyClick(window, Qt.Key.Key_Space)
    (face,) = window.view.faces
    assert face.visit_id is not None
    window.commands.correct(face.visit_id, Correction.MASKED)
    qtbot.waitUntil(lambda: [f.state for f in window.view.faces] == [MaskState.MASKED])
    assert label_text(window.view.faces[0], window.reports.shown.corrections).endswith("corrected")
    window.commands.correct(face.visit_id, Correction.NO_PERSON)
    qtbot.waitUntil(lambda: not window.view.faces)
    window.commands.undo()
    window.commands.undo()
    qtbot.waitUntil(lambda: [f.state for f in window.view.faces] == [MaskState.UNMASKED])
    assert not window.menus.undo.isEnabled()
    assert dict(window.reports.shown.corrections) == {}


def test_correction_undo_and_note_reach_count_list_store_and_export(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path, store_url: str, tmp_path: Path
) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    assert not window.menus.undo.isEnabled()
    assert not window.sightings.actions_[0].isEnabled()
    window.sightings.select(0)
    window.sightings.actions_[0].trigger()  # it was masked
    qtbot.waitUntil(lambda: numbers(window)[MaskState.MASKED] == "1")
    assert numbers(window)[MaskState.UNMASKED] == "0"
    assert window.count_panel.texts[0] == "100 %"
    assert window.sightings.model.sightings[0].corrected is Correction.MASKED
    store = Store(store_url)
    assert store.read_sightings()[0].corrected is Correction.MASKED

    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: numbers(window)[MaskState.UNMASKED] == "1")
    assert store.read_sightings()[0].corrected is None
    assert not window.menus.undo.isEnabled()

    window.sightings.actions_[3].trigger()  # it was no person
    qtbot.waitUntil(lambda: numbers(window)[MaskState.UNMASKED] == "0")
    assert window.count_panel.texts[0] == "–"

    window.commands.annotate(window.sightings.model.sightings[0].sighting_id, "=courier")
    qtbot.waitUntil(lambda: window.sightings.model.sightings[0].note == "=courier")
    assert store.read_sightings()[0].note == "=courier"

    # What is exported equals what the window shows.
    window.commands.undo()  # the note
    qtbot.waitUntil(lambda: window.sightings.model.sightings[0].note == "")
    window.commands.undo()
    qtbot.waitUntil(lambda: numbers(window)[MaskState.UNMASKED] == "1")
    store.close()
    path = tmp_path / "out.csv"
    window.commands.export(path, Wish(window.reports.shift_began))
    qtbot.waitUntil(lambda: "saved to" in window.banners.text("export"), timeout=LONG_MS)
    assert str(path) in window.banners.text("export")
    rows = read_csv(path)
    assert [row["sighting_id"] for row in rows] == [
        s.sighting_id for s in window.sightings.model.sightings
    ]
    (shift,) = read_csv(tmp_path / "out_shifts.csv")
    assert {state: shift[state.value] for state in MaskState} == numbers(window)
    assert float(shift["compliance_percent"]) == 0.0
    assert shift["sightings"] == "1"
    # The chart reads the same totals.
    qtbot.waitUntil(lambda: bool(window.hour_panel.bars.hours), timeout=LONG_MS)
    assert sum(judged(hour) for hour in window.hour_panel.bars.hours.values()) == 1


def test_an_export_that_cannot_be_written_is_said(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path, tmp_path: Path
) -> None:
    window = make_window(masked_clip)
    window.commands.export(tmp_path / "no folder" / "out.csv", Wish())
    qtbot.waitUntil(lambda: "cannot be written" in window.banners.text("export"), timeout=LONG_MS)


def test_another_detector_takes_effect(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path
) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(lambda: bool(window.view.faces), timeout=LONG_MS)
    window.menus.detectors["haar"].trigger()
    qtbot.waitUntil(lambda: "haar" in window.status.model.text(), timeout=LONG_MS)
    assert window.session.options.config.detect.name == "haar"


def test_settings_that_are_the_same_start_nothing_again(
    qtbot: QtBot, make_window: MakeWindow, settings: QSettings
) -> None:
    window = make_window(Camera("door"))
    qtbot.waitUntil(lambda: window.session.analysed > 0, timeout=LONG_MS)
    worker, config = window.session._worker, window.session.options.config
    window.commands.change_settings(
        {("detect", "name"): config.detect.name, ("sighting", "alert_after_s"): 0.3}
    )
    assert window.session._worker is worker
    assert not settings.contains("detect/name")
    window.commands.change_settings({("sighting", "alert_after_s"): 4.0})
    assert window.session._worker is not worker
    assert window.session.options.config.sighting.alert_after_s == 4.0
    assert window.session.options.config.detect == config.detect

    def kept() -> bool:  # a thread writes it
        settings.sync()
        return settings.contains("sighting/alert_after_s")

    qtbot.waitUntil(kept, timeout=LONG_MS)
    assert float(str(settings.value("sighting/alert_after_s"))) == 4.0


@pytest.mark.parametrize("agreed", [False, True])
def test_settings_and_a_new_shift_are_taken_only_where_agreed(
    make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch, agreed: bool
) -> None:
    window = make_window(start=False)
    began: list[RunOptions | None] = []
    submitted: list[object] = []
    monkeypatch.setattr(window.session, "start_worker", began.append)
    monkeypatch.setattr(window.session, "submit", submitted.append)

    def answer(dialog: SettingsDialog) -> QDialog.DialogCode:
        dialog.min_face_px.setValue(77)
        return QDialog.DialogCode.Accepted if agreed else QDialog.DialogCode.Rejected

    buttons = QMessageBox.StandardButton
    monkeypatch.setattr(SettingsDialog, "exec", answer)
    monkeypatch.setattr(
        QMessageBox, "question", lambda *args: buttons.Yes if agreed else buttons.No
    )
    window.menus.settings.trigger()
    window.menus.new_shift.trigger()
    assert len(submitted) == agreed
    if not agreed:
        assert began == []
        return
    (options,) = began
    assert options is not None
    assert options.config.detect.min_face_px == 77


@pytest.mark.parametrize(("answer", "kept"), [((" courier ", True), "courier"), (("x", False), "")])
def test_a_note_is_kept_where_it_was_agreed_to(
    qtbot: QtBot,
    make_window: MakeWindow,
    monkeypatch: pytest.MonkeyPatch,
    bare_clip: Path,
    answer: tuple[str, bool],
    kept: str,
) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    asked: list[str] = []
    monkeypatch.setattr(
        QInputDialog, "getText", lambda *args, text: (asked.append(text), answer)[1]
    )
    window.sightings.select(0)
    qtbot.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.AltModifier)
    assert asked == [""]
    window.commands.correct(window.sightings.model.sightings[0].visit_id, Correction.MASKED)
    qtbot.waitUntil(lambda: numbers(window)[MaskState.MASKED] == "1", timeout=LONG_MS)
    assert window.sightings.model.sightings[0].note == kept  # said before, so done before


def test_the_last_of_several_corrections_is_undone_first(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path, store_url: str
) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    store = Store(store_url)
    window.sightings.select(0)
    said = [Correction.MASKED, Correction.INCORRECT, Correction.NO_PERSON]
    for number, correction in zip((1, 3, 4), said, strict=True):
        qtbot.keyClick(window, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.AltModifier)
        qtbot.waitUntil(
            lambda c=correction: window.sightings.model.sightings[0].corrected is c,  # type: ignore[misc]
            timeout=LONG_MS,
        )
    for before in (Correction.INCORRECT, Correction.MASKED, None):
        assert window.menus.undo.isEnabled()
        window.menus.undo.trigger()
        qtbot.waitUntil(
            lambda b=before: window.sightings.model.sightings[0].corrected is b,  # type: ignore[misc]
            timeout=LONG_MS,
        )
        qtbot.waitUntil(  # the store has a thread of its own
            lambda b=before: store.read_sightings()[0].corrected is b,  # type: ignore[misc]
            timeout=LONG_MS,
        )
    assert not window.menus.undo.isEnabled()
    assert numbers(window)[MaskState.UNMASKED] == "1"
    store.close()


def test_as_the_monitor_saw_it_takes_a_correction_back(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path
) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    window.sightings.select(0)
    qtbot.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: numbers(window)[MaskState.MASKED] == "1", timeout=LONG_MS)
    qtbot.keyClick(window, Qt.Key.Key_0, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: numbers(window)[MaskState.UNMASKED] == "1", timeout=LONG_MS)
    assert window.sightings.model.sightings[0].corrected is None


def test_a_new_shift_takes_no_correction_over(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path
) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    visit_id = window.sightings.model.sightings[0].visit_id
    window.commands.correct(visit_id, Correction.MASKED)
    qtbot.waitUntil(lambda: numbers(window)[MaskState.MASKED] == "1", timeout=LONG_MS)
    window.commands.new_shift()
    qtbot.waitUntil(lambda: set(numbers(window).values()) == {"0"}, timeout=LONG_MS)
    assert window.sightings.model.sightings == ()
    window.menus.review.anew.trigger()  # the clip is judged again: nobody corrects that visit
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    assert numbers(window)[MaskState.UNMASKED] == "1"
    assert window.sightings.model.sightings[0].corrected is None


def test_the_export_that_was_asked_for_is_written_and_its_folder_shown(
    qtbot: QtBot,
    make_window: MakeWindow,
    monkeypatch: pytest.MonkeyPatch,
    bare_clip: Path,
    tmp_path: Path,
) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    answers = [QDialog.DialogCode.Rejected, QDialog.DialogCode.Accepted]

    def answer(dialog: ExportDialog) -> QDialog.DialogCode:
        dialog.path.setText(str(tmp_path / "week"))
        return answers.pop(0)

    monkeypatch.setattr(ExportDialog, "exec", answer)
    window.menus.export.trigger()
    window.menus.export.trigger()
    qtbot.waitUntil(lambda: "1 sighting saved to" in window.banners.text("export"), timeout=LONG_MS)
    assert len(read_csv(tmp_path / "week.csv")) == 1
    assert (tmp_path / "week_days.csv").is_file()
    shown: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", shown.append)
    (button,) = (b for b in window.findChildren(QPushButton) if b.text() == "Show folder")
    button.click()
    assert [Path(url.toLocalFile()) for url in shown] == [tmp_path]
    # As many as the list shows; what was taken back is in the file, too, and said apart.
    window.commands.correct(window.sightings.model.sightings[0].visit_id, Correction.MASKED)
    qtbot.waitUntil(
        lambda: window.sightings._total.text() == "0 this shift, 1 not counted", timeout=LONG_MS
    )
    window.commands.export(tmp_path / "again.csv", Wish())
    said = f"0 sightings and 1 not counted, marked so, saved to {tmp_path / 'again.csv'}"
    qtbot.waitUntil(lambda: said in window.banners.text("export"), timeout=LONG_MS)
    assert len(read_csv(tmp_path / "again.csv")) == 1


def test_help_about_and_people_open_by_menu_and_key(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(start=False)
    window.menus.about.trigger()
    about = window.findChild(AboutDialog)
    assert about.isVisible()
    assert f"Data folder: {data_folder()}" in about.text.toPlainText()
    about.reject()
    qtbot.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    page = window.commands.people
    assert page is not None
    qtbot.waitUntil(lambda: not page.busy, timeout=LONG_MS)
    page.close()
    window.menus.people.trigger()
    assert window.commands.people is page
    assert page.isVisible()
    qtbot.waitUntil(lambda: not page.busy, timeout=LONG_MS)


def test_a_dialog_that_is_closed_is_gone(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(start=False)
    window.menus.about.trigger()
    window.findChild(AboutDialog).reject()
    window.menus.help.trigger()
    window.findChild(HelpDialog).reject()
    qtbot.waitUntil(
        lambda: not [*window.findChildren(AboutDialog), *window.findChildren(HelpDialog)],
        timeout=LONG_MS,
    )
