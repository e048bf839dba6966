"""The main job: a clip is watched by the real models, counted, corrected, exported."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from monitor.gui.window import MainWindow
from monitor.records import Correction, MaskState, WorkerState
from monitor.storage.compliance import judged
from monitor.storage.store import Store
from tests.gui.conftest import LONG_MS

MakeWindow = Callable[..., MainWindow]


def numbers(window: MainWindow) -> dict[MaskState, str]:
    return window.count_panel.texts[2]


def ended(window: MainWindow) -> Callable[[], bool]:
    """The clip is over and its visits are closed."""
    return lambda: (
        window.status.source.text().endswith(": ended")
        and bool(window.sightings.model.sightings)
        and not any(s.open for s in window.sightings.model.sightings)
    )


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_bare_face_is_boxed_counted_and_listed(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path
) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(
        lambda: any(f.state is MaskState.UNMASKED for f in window.view.faces), timeout=LONG_MS
    )
    qtbot.waitUntil(lambda: numbers(window)[MaskState.UNMASKED] == "1", timeout=LONG_MS)
    qtbot.waitUntil(lambda: len(window.sightings.model.sightings) == 1, timeout=LONG_MS)
    assert window.status.size_wh.text() == "512 × 350"
    assert window.status.source.text() == "bare.avi: live"
    assert "mask_v3" in window.status.model.text()
    assert window.status.privacy.text() == "mask-only: nobody is identified"
    assert window.status.retention.text() == "kept 30 days"
    qtbot.waitUntil(
        lambda: window.status.rate.text() not in ("– frames/s", "0 frames/s"), timeout=LONG_MS
    )
    assert window.status.inference.text() != "– ms"
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    assert window.count_panel.texts[:2] == ("0 %", "0 of 1 visit")
    assert window.view.has_picture
    assert window.view.plate.startswith("Ended")


def test_a_masked_face_is_no_sighting(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path
) -> None:
    window = make_window(masked_clip)
    qtbot.waitUntil(lambda: numbers(window)[MaskState.MASKED] == "1", timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.status.source.text() == "masked.avi: ended", timeout=LONG_MS)
    assert window.count_panel.texts[:2] == ("100 %", "1 of 1 visit")
    assert window.sightings.model.sightings == ()


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
    assert sum(judged(hour) for hour in window.hour_panel.bars.hours.values()) == 1


def test_an_export_that_cannot_be_written_is_said(
    qtbot: QtBot, make_window: MakeWindow, masked_clip: Path, tmp_path: Path
) -> None:
    window = make_window(masked_clip)
    window.commands.export(tmp_path / "no folder" / "out.csv", None)
    qtbot.waitUntil(lambda: "cannot be written" in window.banners.text("export"), timeout=LONG_MS)


def test_space_pauses_and_goes_on(qtbot: QtBot, make_window: MakeWindow, bare_clip: Path) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(lambda: bool(window.view.faces), timeout=LONG_MS)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert window.status.source.text() == "bare.avi: paused"
    assert window.view.plate.startswith("Paused")
    assert window.menus.pause.isChecked()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert window.view.plate == ""
    qtbot.waitUntil(ended(window), timeout=LONG_MS)


def test_a_clip_plays_again_by_space_and_a_new_shift_counts_from_zero(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path, store_url: str
) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.status.source.text() == "bare.avi: live", timeout=LONG_MS)
    qtbot.waitUntil(lambda: numbers(window)[MaskState.UNMASKED] == "2", timeout=LONG_MS)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    window.commands.new_shift()
    assert numbers(window)[MaskState.UNMASKED] == "0"
    assert window.sightings.model.sightings == ()
    qtbot.waitUntil(lambda: window.session.worker_state()[0] is WorkerState.READY, timeout=LONG_MS)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: numbers(window)[MaskState.UNMASKED] == "1", timeout=LONG_MS)
    window.close()
    store = Store(store_url)
    assert len(store.read_shifts()) == 2
    assert len(store.read_visits()) == 3
    store.close()


def test_another_detector_takes_effect(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path
) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(lambda: bool(window.view.faces), timeout=LONG_MS)
    window.menus.detectors["haar"].trigger()
    qtbot.waitUntil(lambda: "haar" in window.status.model.text(), timeout=LONG_MS)
    assert window.session.options.config.detect.name == "haar"
