"""What the receptionist does: corrections, notes, shifts, settings, the export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from monitor.gui.picture.overlay import label_text
from monitor.records import Correction, Face, MaskState
from monitor.storage.store import Store
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
        "It was masked",
        "It was no mask",
    ]
    menu.actions()[1].trigger()
    (first, second) = window.commands.as_said([far, near])
    assert (first.state, second.state) == (MaskState.UNMASKED, MaskState.MASKED)
    assert label_text(first, window.commands.corrections) == "No mask  corrected"
    window.commands.correct("v2", Correction.NO_PERSON)
    assert len(window.commands.as_said([far, near])) == 1
    window.commands.undo()
    window.commands.undo()
    assert window.commands.as_said([far, near]) == [far, near]
    assert not window.menus.undo.isEnabled()
    menu.close()


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
    window.commands.undo()
    qtbot.waitUntil(lambda: numbers(window)[MaskState.UNMASKED] == "1")
    store.close()
    path = tmp_path / "out.csv"
    window.commands.export(path, window.session.shift_began)
    qtbot.waitUntil(lambda: "saved to" in window.banners.text("export"), timeout=LONG_MS)
    assert str(path) in window.banners.text("export")
    rows = read_csv(path)
    assert [row["sighting_id"] for row in rows] == [
        s.sighting_id for s in window.sightings.model.sightings
    ]
    shift = next(
        row for row in read_csv(tmp_path / "out_totals.csv") if row["period"].startswith("shift")
    )
    assert {state: shift[state.value] for state in MaskState} == numbers(window)
    assert float(shift["compliance_percent"]) == 0.0
    assert shift["sightings"] == "1"
    # The chart reads the same totals.
    qtbot.waitUntil(lambda: bool(window.hour_panel.bars.hours), timeout=LONG_MS)
    assert sum(hour.total for hour in window.hour_panel.bars.hours.values()) == 1


def test_an_export_that_cannot_be_written_is_said(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path, tmp_path: Path
) -> None:
    window = make_window(masked_clip)
    window.commands.export(tmp_path / "no folder" / "out.csv", None)
    qtbot.waitUntil(lambda: "cannot be written" in window.banners.text("export"), timeout=LONG_MS)


def test_another_detector_takes_effect(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path
) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(lambda: bool(window.view.faces), timeout=LONG_MS)
    window.menus.detectors["haar"].trigger()
    qtbot.waitUntil(lambda: "haar" in window.status.model.text(), timeout=LONG_MS)
    assert window.session.options.config.detect.name == "haar"
