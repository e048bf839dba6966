"""The People page: who is enrolled, and forgetting."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from pypdf import PdfReader
from PySide6.QtCore import QDate
from PySide6.QtPrintSupport import QPrintDialog
from PySide6.QtWidgets import QDialog, QMessageBox
from pytestqt.qtbot import QtBot

from monitor.gui.people.enrol_dialog import FOLDER
from monitor.gui.people.page import OFF
from monitor.gui.people.receipt_dialog import DONE, LEFT, ReceiptDialog
from monitor.identity import gallery, words
from monitor.identity.desk import IfKnown
from monitor.identity.embed import MODEL
from monitor.identity.person import EnrolledPerson
from monitor.identity.results import Receipt, RunningMonitor
from monitor.storage.store import Store
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow
from tests.gui.people.helpers import Person, enrol, fill_in, open_page, row


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
    qtbot.waitUntil(lambda: bool(page.findChildren(ReceiptDialog)), timeout=LONG_MS)
    (dialog,) = page.findChildren(ReceiptDialog)
    receipt = dialog.text.toPlainText()
    assert dialog.state.text() == DONE
    for part in (
        "Receipt: Anna was forgotten",
        f"gallery {tmp_path / 'gallery.npz'}",
        "name removed from 0 visits",
    ):
        assert part in receipt
    assert b"Anna" not in (tmp_path / "gallery.npz").read_bytes()


def test_a_receipt_is_read_saved_and_printed(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what is left to do, and the file is what the command prints."""
    page = open_page(qtbot, make_window(start=False))
    late = RunningMonitor(77, obeyed=False)
    now = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
    receipt = Receipt("Ann <b>", now, Path("g.npz"), None, "m.db", 2, running=(late,))
    page.show_receipt(receipt)
    (dialog,) = page.findChildren(ReceiptDialog)
    assert dialog.state.text() == LEFT
    shown = dialog.text.toPlainText()
    assert shown.startswith("Receipt: Ann <b> was forgotten on 2026-11-21T")
    holders = words.of_holders(receipt)
    assert all(holder in shown and what in shown for holder, what, _ in holders)
    assert [one.holder for one in holders if not one.done] == [
        "Mask Monitor that runs (process 77)"
    ]
    assert "⚠ Mask Monitor that runs (process 77)" in shown

    dialog.save(tmp_path / "receipt")
    path = tmp_path / "receipt.txt"
    qtbot.waitUntil(lambda: dialog.banners.text("saved") == f"Saved to {path}", timeout=LONG_MS)
    assert path.read_text().splitlines() == words.of_receipt(receipt)
    dialog.save(tmp_path / "no" / "where.txt")
    qtbot.waitUntil(lambda: "choose another place" in dialog.banners.text("fault"), timeout=LONG_MS)

    def into_a_file(printing: QPrintDialog) -> int:
        printing.printer().setOutputFileName(str(tmp_path / "receipt.pdf"))
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(QPrintDialog, "exec", into_a_file)
    dialog.print_button.click()
    (paper,) = PdfReader(tmp_path / "receipt.pdf").pages
    assert "close it, and run this once more" in " ".join(paper.extract_text().split())
    dialog.reject()
    qtbot.waitUntil(lambda: not page.findChildren(ReceiptDialog), timeout=LONG_MS)


def test_a_damaged_gallery_is_said_and_not_touched(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path
) -> None:
    (tmp_path / "gallery.npz").write_bytes(b"no gallery")
    page = open_page(qtbot, make_window(start=False))
    assert "damaged or no gallery" in page.banners.text("fault")
    assert (tmp_path / "gallery.npz").read_bytes() == b"no gallery"


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


def test_people_are_named_and_forgotten_while_it_runs(
    qtbot: QtBot, make_window: MakeWindow, data: Path, folder: Path, tmp_path: Path, store_url: str
) -> None:
    enrol(tmp_path / "gallery.npz", folder, "reception", "by word of mouth")
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
    qtbot.waitUntil(lambda: bool(page.findChildren(ReceiptDialog)), timeout=LONG_MS)
    (receipt,) = page.findChildren(ReceiptDialog)
    assert page.banners.text("result") == "Anna was forgotten"
    qtbot.waitUntil(
        lambda: window.status.privacy.text().startswith("0 people enrolled"), timeout=LONG_MS
    )
    qtbot.waitUntil(  # a picture that was analysed before may be shown still
        lambda: bool(window.view.faces) and "Anna" not in {f.identity for f in window.view.faces},
        timeout=LONG_MS,
    )
    assert "names the person no more" in receipt.text.toPlainText()
    window.close()
    store = Store(store_url)
    assert len(store.read_visits()) == 1
    assert "Anna" not in {v.identity for v in store.read_visits()} | {
        s.identity for s in store.read_sightings()
    }
    store.close()


@pytest.mark.parametrize("agreed", [False, True])
def test_somebody_is_forgotten_only_where_that_is_confirmed(
    qtbot: QtBot,
    make_window: MakeWindow,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    tmp_path: Path,
    agreed: bool,
) -> None:
    enrol(tmp_path / "gallery.npz", folder)
    page = open_page(qtbot, make_window(start=False))
    page.ask_to_forget()  # nobody is selected: nothing is asked
    page.table.selectRow(0)
    asked: list[str] = []

    def answer(box: QMessageBox) -> int:
        asked.append(box.text())
        assert "Cancel" in box.defaultButton().text()  # Enter forgets nobody
        word = "Forget" if agreed else "Cancel"
        next(b for b in box.buttons() if word in b.text().replace("&", "")).click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", answer)
    page.forget_button.click()
    qtbot.waitUntil(lambda: not page.busy, timeout=LONG_MS)
    assert len(asked) == 1
    assert "Forget Anna?" in asked[0]
    qtbot.waitUntil(lambda: page.table.rowCount() == (0 if agreed else 1), timeout=LONG_MS)
    qtbot.waitUntil(lambda: not page.busy, timeout=LONG_MS)
    assert (b"Anna" in (tmp_path / "gallery.npz").read_bytes()) is not agreed


def test_an_open_page_shows_who_was_enrolled_elsewhere_when_it_is_opened_again(
    qtbot: QtBot, make_window: MakeWindow, folder: Path, tmp_path: Path
) -> None:
    window = make_window(start=False)
    page = open_page(qtbot, window)
    assert page.consent.text() == "Nobody is enrolled yet."
    page.close()
    enrol(tmp_path / "gallery.npz", folder)
    assert open_page(qtbot, window) is page
    assert row(page)[0] == "Anna"
