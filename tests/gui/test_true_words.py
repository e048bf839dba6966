"""What the window says is so: of recordings, of pictures that show nobody, of a store that does not
answer.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions, build_parts
from monitor.gui.picture.overlay import label_text
from monitor.gui.reports import Reports
from monitor.records import Condition, Correction, Count, MaskState, Update, WatchState
from monitor.storage.store import Store
from tests.fakes import sighting
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow, drop, ended, make_face, numbers, plate, press, timeless


def test_a_recording_is_marked_counted_apart_and_not_stored(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path, data: Path, store_url: str
) -> None:
    door = Camera("door", image=cv2.imread(str(data / "masked.jpg")))  # type: ignore[arg-type]
    window = make_window(door, into_store=False)
    qtbot.waitUntil(lambda: numbers(window)[MaskState.MASKED] == "1", timeout=LONG_MS)
    drop(window, bare_clip)
    qtbot.waitUntil(lambda: window.status.source.text() == "bare.avi: playing", timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.view.is_recording and window.view.has_picture, timeout=LONG_MS)
    marked = window.view.grab().toImage()
    window.view.set_recording(False)
    assert window.view.grab().toImage() != marked
    window.view.set_recording(True)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    assert window.windowTitle().startswith("Recording")
    assert window.banners.text("notice") == (
        "bare.avi is a recording: what it shows is in neither the store nor today's visits. "
        "The cameras are not watched meanwhile"
    )
    assert "recording" in window.count_panel.title.text()
    assert window.sightings._total.text() == "1 this recording"
    assert (numbers(window)[MaskState.UNMASKED], numbers(window)[MaskState.MASKED]) == ("1", "0")
    window.commands.correct(window.sightings.model.sightings[0].visit_id, Correction.INCORRECT)
    qtbot.waitUntil(lambda: numbers(window)[MaskState.INCORRECT] == "1")
    window.commands.annotate(window.sightings.model.sightings[0].sighting_id, "in a clip")
    qtbot.waitUntil(lambda: window.sightings.model.sightings[0].note == "in a clip")

    window.menus.back.trigger()
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    assert "recording" not in window.count_panel.title.text()
    assert numbers(window)[MaskState.INCORRECT] == "0"
    qtbot.waitUntil(lambda: numbers(window)[MaskState.MASKED] == "2", timeout=LONG_MS)
    assert window.sightings.model.sightings == ()
    hours = window.hour_panel.bars
    qtbot.waitUntil(lambda: bool(hours.hours), timeout=LONG_MS)
    assert all(hour.unmasked == hour.incorrect == 0 for hour in hours.hours.values())
    window.close()
    store = Store(store_url)
    assert {visit.camera for visit in store.read_visits()} == {"door"}
    assert store.read_sightings() == []
    store.close()


def test_a_picture_that_does_not_change_is_not_called_live(
    qtbot: QtBot, make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.camera.evidence.FROZEN_AFTER_S", 0.5)
    camera = Camera("door")
    camera.switch.frozen = True
    window = make_window(camera)
    qtbot.waitUntil(lambda: window.status.source.text() == "door: frozen picture", timeout=LONG_MS)
    assert "same picture again and again" in window.banners.text("source door")
    assert timeless(plate(window, "door")) == "Frozen since …: this is an old picture"
    assert window.view.is_old
    assert not window.view.faces
    camera.switch.frozen = False
    camera.switch.image = np.random.default_rng(0).integers(0, 255, (240, 320, 3)).astype(np.uint8)
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)


def test_a_black_picture_is_not_called_live(
    qtbot: QtBot, make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.camera.evidence.BLACK_AFTER_S", 0.5)
    window = make_window(Camera("door", image=np.zeros((240, 320, 3), np.uint8)))
    qtbot.waitUntil(lambda: window.status.source.text() == "door: black picture", timeout=LONG_MS)
    assert "black picture" in window.banners.text("source door")
    assert timeless(plate(window, "door")) == "Black since …: nobody can be seen"


def test_nobody_is_there_now_before_a_camera_that_is_gone(
    qtbot: QtBot, make_window: MakeWindow, data: Path
) -> None:
    camera = Camera("door", image=cv2.imread(str(data / "bare.jpg")))  # type: ignore[arg-type]
    window = make_window(camera)
    model = window.sightings.model
    said = lambda: str(model.data(model.index(0)) or "")  # noqa: E731
    qtbot.waitUntil(lambda: ", now," in said(), timeout=LONG_MS)
    camera.switch.error = "door gives no more pictures: check its cable"
    qtbot.waitUntil(lambda: "lost" in window.status.source.text(), timeout=LONG_MS)
    assert ", now" not in said()
    assert ", until " in said() or ", left" in said()


def test_a_store_that_hangs_is_said_and_nothing_is_called_live(
    qtbot: QtBot, make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.gui.reports.STUCK_AFTER_S", 0.5)
    go = threading.Event()
    go.set()

    def build(options: RunOptions):  # type: ignore[no-untyped-def]
        parts = build_parts(options)
        record = parts.ledger.record
        monkeypatch.setattr(parts.ledger, "record", lambda r: (go.wait(30), record(r))[1])
        return parts

    window = make_window(Camera("door"), build=build)
    qtbot.waitUntil(lambda: window.session.analysed > 2, timeout=LONG_MS)
    go.clear()
    qtbot.waitUntil(lambda: window.status.source.text() == "door: not judged", timeout=LONG_MS)
    assert window.banners.text("stuck").startswith("Nobody is judged or counted now")
    assert window.view.plate == "An old picture: nobody is judged now"
    go.set()
    qtbot.waitUntil(lambda: window.status.source.text() == "door: live", timeout=LONG_MS)
    assert window.banners.text("stuck") == ""


def test_visits_that_cannot_be_read_are_not_called_none(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window(start=False)
    assert window.hour_panel.bars.note == "Not read from the store yet"
    window.hour_panel.show_problem()
    assert window.hour_panel.bars.note == "Today's visits cannot be read from the store"
    window.hour_panel.show_hours({}, 9)
    assert window.hour_panel.bars.note == "No visits yet today"


@pytest.mark.parametrize(
    ("total", "taken_back", "text"),
    [
        (2, 0, "2 this shift"),
        (2, 1, "2 this shift, 1 not counted"),
        (0, 1, "0 this shift, 1 not counted"),
        (0, 0, ""),
    ],
)
def test_the_number_beside_the_list_and_its_rows_agree(
    make_window: MakeWindow, total: int, taken_back: int, text: str
) -> None:
    window = make_window(start=False)
    rows = [sighting(i) for i in range(total)]
    rows += [sighting(90 + i, corrected=Correction.NO_PERSON) for i in range(taken_back)]
    window.sightings.show_sightings(tuple(rows), total)
    assert window.sightings._total.text() == text


def test_a_hundred_per_cent_says_that_there_was_a_sighting(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    reports: Reports = window.reports
    reports.show_update(
        Update(None, Count(masked=1), (sighting(1, final_state=MaskState.MASKED),), 1)
    )
    assert window.count_panel.texts[:2] == ("100 %", "1 of 1 visit, 1 sighting")
    assert window.count_panel.title.text() == "Masked when last seen, this shift"


def test_no_network_is_called_certain() -> None:
    face = make_face((0, 0, 9, 9), MaskState.UNMASKED, state_confidence=1.0)
    assert label_text(face) == "No mask  99 %"


def test_a_camera_that_was_moved_is_said_until_somebody_says_that_it_is_right(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    window = make_window(Camera("door"))
    qtbot.waitUntil(lambda: window.view.has_picture, timeout=LONG_MS)
    watched = window.session.watched[0]
    moved = [Condition(WatchState.MOVED, datetime.now(UTC))]
    watched.condition = lambda: moved[0] if moved else None  # type: ignore[method-assign]
    accepted = []
    watched.capture.accept_scene = lambda: accepted.append(moved.pop())  # type: ignore[method-assign]
    qtbot.waitUntil(lambda: window.status.source.text() == "door: moved", timeout=LONG_MS)
    assert timeless(window.view.plate) == (
        "Moved since …: this is another scene than the day before"
    )
    assert not window.view.is_old
    assert "another scene" in window.banners.text("source door")
    press(qtbot, window, "It is right so")
    assert len(accepted) == 1
    qtbot.waitUntil(lambda: window.banners.text("source door") == "", timeout=LONG_MS)
