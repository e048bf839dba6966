"""What is counted and exported of a recording that is reviewed in a real window."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions
from monitor.camera.review import SPEEDS
from monitor.config import load_config
from monitor.gui.export_dialog import ExportDialog
from monitor.gui.window import MainWindow
from monitor.headless import run_headless
from monitor.records import Correction, MaskState
from monitor.storage.export_wish import Wish
from monitor.storage.store import Store
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow, ended, numbers, read_csv
from tests.gui.review.room import APART, NEW, bar, hurry, key, place, thread
from tests.gui.review.tapes import write_visits


@pytest.fixture
def visits_clip(tmp_path: Path, data: Path) -> Path:
    """Two bare faces and a masked one, each for more than a second."""
    bare, masked = data / "bare.jpg", data / "masked.jpg"
    scenes = [(bare, 20), (None, 60), (masked, 20), (None, 60), (bare, 20), (None, 60)]
    return write_visits(tmp_path / "visits.avi", scenes)


def everything(window: MainWindow) -> tuple[object, ...]:
    listed = [(s.sighting_id, s.first_seen, s.last_seen) for s in window.sightings.model.sightings]
    return window.count_panel.texts, sorted(listed)


def test_nothing_is_counted_twice_however_one_moves(
    qtbot: QtBot, make_window: MakeWindow, visits_clip: Path, tmp_path: Path, store_url: str
) -> None:
    plain = make_window(visits_clip, **APART)
    hurry(qtbot, plain)
    qtbot.waitUntil(ended(plain), timeout=LONG_MS)
    expected = [s.seconds_unmasked for s in plain.sightings.model.sightings]
    count = plain.count_panel.texts
    plain.close()
    assert count[2][MaskState.UNMASKED] == "2"
    assert count[2][MaskState.MASKED] == "1"

    window = make_window(visits_clip, **APART)
    qtbot.waitUntil(lambda: len(window.sightings.model.sightings) == 1, timeout=LONG_MS)
    window.review.seek(0.0)
    qtbot.waitUntil(lambda: place(window).number > 3, timeout=LONG_MS)  # it plays again
    window.review.seek(9.0)  # ahead: the masked face is judged on the way
    qtbot.waitUntil(lambda: numbers(window)[MaskState.MASKED] == "1", timeout=LONG_MS)
    window.review.seek(5.5)
    for _ in range(5):
        key(qtbot, window, "B")
    key(qtbot, window, "Space")
    hurry(qtbot, window)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    assert [s.seconds_unmasked for s in window.sightings.model.sightings] == expected
    assert window.count_panel.texts == count
    whole = everything(window)
    key(qtbot, window, "Space")  # it plays again from the beginning
    qtbot.waitUntil(lambda: not place(window).at_front, timeout=LONG_MS)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    assert everything(window) == whole
    assert window.session.analysed == 240
    window.close()
    store = Store(store_url)
    assert store.read_visits() == store.read_sightings() == []
    store.close()


@pytest.mark.long
def test_the_export_after_much_going_about_is_that_of_a_run_without_a_window(
    qtbot: QtBot, make_window: MakeWindow, demo_clip: Path, tmp_path: Path, store_url: str
) -> None:
    """Row by row: the bundled clip, with sought places, steps, looks ahead and all speeds."""
    listed, shown = tmp_path / "headless.csv", tmp_path / "window.csv"
    config = load_config(None, {"store": {"url": store_url}, "sighting": {"alert_after_s": 0.3}})
    assert run_headless(RunOptions(config=config, video=demo_clip, csv=listed)) == 0
    window = make_window(demo_clip, into_store=False)
    hurry(qtbot, window)
    review, chance = thread(window), random.Random(17)
    while not place(window).ended:
        for speed in chance.sample(SPEEDS, 2):
            review.speed = speed
            t = chance.uniform(0, place(window).judged_s + 4)
            chance.choice((review.seek, review.seek, review.glance))(t)
            qtbot.wait(chance.randrange(60))
            review.step(chance.choice((-3, -1, 1, 2)))
            qtbot.wait(chance.randrange(200))
            window.session.pause(chance.random() < 0.4)
        if place(window).judged_s > 15:
            review.seek(1e6)
            qtbot.waitUntil(lambda: place(window).ended, timeout=LONG_MS)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    window.commands.export(shown, Wish(kinds=("sightings", "visits")), "demo.mp4")
    qtbot.waitUntil(lambda: bool(window.banners.text("export")), timeout=LONG_MS)
    same = ("camera", "seconds_unmasked", "worst_state", "final_state", "confidence", "model")
    assert [[row[name] for name in same] for row in read_csv(shown)] == [
        [row[name] for name in same] for row in read_csv(listed)
    ]
    assert len(read_csv(shown)) > 0
    assert window.session.analysed == place(window).judged == 450


def test_what_goes_into_the_store_is_there_once(
    qtbot: QtBot, make_window: MakeWindow, visits_clip: Path, store_url: str
) -> None:
    window = make_window(visits_clip, **NEW)
    hurry(qtbot, window)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    key(qtbot, window, "Space")
    qtbot.waitUntil(lambda: not place(window).at_front, timeout=LONG_MS)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    window.close()
    store = Store(store_url)
    assert len(store.read_visits()) == 3
    assert len(store.read_sightings()) == 2
    store.close()


def test_the_next_sighting_and_the_one_before(
    qtbot: QtBot, make_window: MakeWindow, visits_clip: Path
) -> None:
    window = make_window(visits_clip, **APART)
    assert not window.menus.review.next.isEnabled()
    hurry(qtbot, window)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    key(qtbot, window, "Space")
    key(qtbot, window, "Space")  # paused somewhere at the beginning
    assert window.session.paused
    first, second = window.review.marks()
    assert first.began_t < 0.5
    assert 10.5 < second.began_t < 11.2
    assert bar(window).seek.marks == (first, second)
    window.review.seek(5.0)
    qtbot.waitUntil(lambda: abs(place(window).t - 5) < 0.1, timeout=LONG_MS)
    key(qtbot, window, "N")
    qtbot.waitUntil(lambda: abs(place(window).t - second.began_t) < 0.1, timeout=LONG_MS)
    qtbot.waitUntil(lambda: bool(window.view.faces), timeout=LONG_MS)  # boxes of the first look
    assert window.view.faces[0].visit_id == second.visit_id
    key(qtbot, window, "P")
    qtbot.waitUntil(lambda: abs(place(window).t - first.began_t) < 0.1, timeout=LONG_MS)
    # what the receptionist takes back has no mark
    window.commands.correct(second.visit_id, Correction.NO_PERSON)
    qtbot.waitUntil(lambda: window.review.marks() == (first,), timeout=LONG_MS)
    qtbot.waitUntil(lambda: bar(window).seek.marks == (first,), timeout=LONG_MS)


def test_a_correction_is_seen_on_what_is_shown_again(
    qtbot: QtBot, make_window: MakeWindow, visits_clip: Path
) -> None:
    window = make_window(visits_clip, **APART)
    hurry(qtbot, window)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    window.session.pause(True)
    window.review.seek(0.6)
    qtbot.waitUntil(lambda: bool(window.view.faces), timeout=LONG_MS)
    number = place(window).number
    visit_id = window.view.faces[0].visit_id
    assert visit_id is not None
    window.commands.correct(visit_id, Correction.MASKED)
    qtbot.waitUntil(
        lambda: [f.state for f in window.view.faces] == [MaskState.MASKED], timeout=LONG_MS
    )
    assert place(window).number == number


@pytest.mark.long
def test_opened_again_it_is_counted_anew(
    qtbot: QtBot, make_window: MakeWindow, visits_clip: Path
) -> None:
    window = make_window(visits_clip, **APART)
    hurry(qtbot, window)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    whole = window.count_panel.texts
    for open_again in (
        lambda: window.chooser.open_path(visits_clip),
        window.menus.review.anew.trigger,
        lambda: window.commands.change_settings({("detect", "every_s"): 0.2}),
    ):
        open_again()
        qtbot.waitUntil(lambda: not place(window).ended, timeout=LONG_MS)
        hurry(qtbot, window)
        qtbot.waitUntil(lambda: place(window).ended, timeout=LONG_MS)
        qtbot.waitUntil(ended(window), timeout=LONG_MS)
        qtbot.waitUntil(lambda: len(window.review.marks()) == 2, timeout=LONG_MS)
        qtbot.waitUntil(lambda: window.count_panel.texts == whole, timeout=LONG_MS)
        assert len(window.sightings.model.sightings) == 2


def test_the_export_is_the_recordings_own(
    qtbot: QtBot,
    make_window: MakeWindow,
    visits_clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = make_window(visits_clip, **APART)
    hurry(qtbot, window)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    target = tmp_path / "mine.csv"
    offered: list[tuple[str, str]] = []

    def agree(dialog: ExportDialog) -> int:
        offered.append((dialog.period.currentText(), Path(dialog.path.text()).name))
        dialog.path.setText(str(target))
        dialog.accept()
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(ExportDialog, "exec", agree)
    qtbot.mouseClick(bar(window).export, Qt.MouseButton.LeftButton)
    assert offered == [("This recording, so far as it was judged", "sightings_visits.csv")]
    qtbot.waitUntil(lambda: bool(window.banners.text("export")), timeout=LONG_MS)
    assert window.banners.text("export").startswith(f"2 sightings saved to {target}")
    assert "not among them" not in window.banners.text("export")
    assert [row["camera"] for row in read_csv(target)] == ["visits.avi"] * 2
    visits = read_csv(tmp_path / "mine_visits.csv")
    assert sorted(row["state"] for row in visits) == ["masked", "unmasked", "unmasked"]
    (shift,) = read_csv(tmp_path / "mine_shifts.csv")
    assert (shift["shift"], shift["masked"], shift["unmasked"], shift["sightings"]) == (
        *("visits.avi", "1", "2", "2"),
    )
    qtbot.waitUntil(lambda: bar(window).export.isEnabled(), timeout=LONG_MS)
    monkeypatch.setattr(ExportDialog, "exec", lambda dialog: QDialog.DialogCode.Rejected)
    window.commands.export(target, Wish(), "visits.avi")  # it is there already
    qtbot.waitUntil(lambda: "is there already" in window.banners.text("export"), timeout=LONG_MS)
