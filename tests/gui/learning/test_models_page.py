"""The Models page: what is live, what was learnt, promote and roll back by one click."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from monitor.card import MODELS_DIR, sha256
from monitor.gui.learning.drift_notice import KEY
from monitor.gui.learning.models_page import COLUMNS, ModelsDialog
from monitor.gui.learning.run_details import RunDialog
from monitor.gui.status import LEARNING
from monitor.gui.window import MainWindow
from monitor.learning.drift import Sums
from monitor.learning.kept import KeptFaces
from monitor.learning.places import Places, default_places
from monitor.learning.registry import Registered, propose, read_live
from monitor.learning.runs import training
from monitor.records import Correction
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("monitor.learning.runs._tell_mlflow", lambda *_: None)
    return default_places()


@pytest.fixture
def candidate(places: Places) -> Registered:
    """The shipped model under another name, learnt by Anna."""
    path = places.made(places.models) / "learnt.onnx"
    shutil.copy(MODELS_DIR / "mask_v5.onnx", path)
    card = json.loads((MODELS_DIR / "mask_v5.json").read_text(encoding="utf-8"))
    card |= {"name": "learnt", "files": {path.name: {"sha256": sha256(path)}}}
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    model = Registered("learnt", sha256(path))
    with training(places, "site", "anna", "") as book:
        counts = {"learnt masked": 40, "held out masked": 10}
        book.write(state="better", model="learnt", reason="fewer errors here", counts=counts)
        rates = {"count": 40, "before": 0.5, "after": 0.75, "interval": [0.6, 0.9]}
        confusion = ((38, 1, 1), (0, 40, 0), (2, 3, 15))
        book.write(losses=(0.9, 0.5, 0.4), figures={"site": rates}, confusion=confusion)
    propose(places, model)
    return model


def open_page(qtbot: QtBot, window: MainWindow) -> ModelsDialog:
    window.menus.models.trigger()
    page = window.commands.models
    assert page is not None
    qtbot.waitUntil(lambda: not page.busy, timeout=LONG_MS)
    return page


def test_promoted_and_rolled_back_by_one_click_each(
    qtbot: QtBot, make_window: MakeWindow, places: Places, candidate: Registered
) -> None:
    window = make_window(Camera())
    qtbot.waitUntil(lambda: "mask_v5 on" in window.status.model.text(), timeout=LONG_MS)
    page = open_page(qtbot, window)
    assert page.now.text().startswith("Live now: mask_v5, as shipped. Waiting as the candidate")
    cells = [page.table.item(0, column) for column in range(len(COLUMNS))]
    texts = [cell.text() for cell in cells if cell is not None]
    assert texts[1:3] == ["site", "better"]
    assert texts[4:] == ["anna", "40", "learnt", "fewer errors here"]
    assert not page.back_button.isEnabled()
    page.promote_button.click()
    qtbot.waitUntil(lambda: "learnt on" in window.status.model.text(), timeout=LONG_MS)
    qtbot.waitUntil(lambda: page.back_button.isEnabled(), timeout=LONG_MS)
    assert page.now.text().startswith("Live now: learnt.")
    assert "learnt promoted by" in page.history.text()
    page.back_button.click()
    qtbot.waitUntil(lambda: "mask_v5 on" in window.status.model.text(), timeout=LONG_MS)
    assert read_live(places).champion is None


def test_a_visit_that_is_corrected_in_the_window_leaves_faces_to_learn_from(
    qtbot: QtBot, make_window: MakeWindow, places: Places, data: Path
) -> None:
    image = cv2.imread(str(data / "bare.jpg"))
    window = make_window(Camera(image=image), learning={"collect": True})
    qtbot.waitUntil(lambda: LEARNING in window.status.privacy.text(), timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.reports.shown.sighting_total == 1, timeout=LONG_MS)
    page = open_page(qtbot, window)
    page.judge()
    assert page.review is not None
    review = page.review
    qtbot.waitUntil(lambda: review.sheet is not None, timeout=LONG_MS)
    assert review.sheet is not None
    assert len(review.sheet.questions) == 1  # a visit that nobody has judged yet
    review.close()
    visit_id = window.reports.shown.sightings[0].visit_id
    window.commands.correct(visit_id, Correction.MASKED)
    qtbot.waitUntil(lambda: len(KeptFaces(places).all()) > 0, timeout=LONG_MS)
    assert {kept.about.label for kept in KeptFaces(places).all()} == {"masked"}
    window.commands.undo()
    qtbot.waitUntil(lambda: KeptFaces(places).all() == [], timeout=LONG_MS)


def test_a_registry_that_is_damaged_is_told_and_the_monitor_goes_on(
    qtbot: QtBot,
    make_window: MakeWindow,
    places: Places,
    candidate: Registered,
    caplog: pytest.LogCaptureFixture,
) -> None:
    window = make_window(Camera())
    qtbot.waitUntil(lambda: "mask_v5 on" in window.status.model.text(), timeout=LONG_MS)
    page = open_page(qtbot, window)
    places.live.write_text("{")
    page.read()
    qtbot.waitUntil(lambda: not page.busy, timeout=LONG_MS)
    assert "--to-shipped" in page.banners.text("fault")
    qtbot.waitUntil(lambda: "the model that runs goes on" in caplog.text, timeout=LONG_MS)
    assert "mask_v5 on" in window.status.model.text()
    caplog.clear()


def test_a_training_is_shown_in_full(
    qtbot: QtBot, make_window: MakeWindow, candidate: Registered
) -> None:
    page = open_page(qtbot, make_window(Camera()))
    assert not page.open_button.isEnabled()
    page.table.selectRow(0)
    page.open_button.click()
    (shown,) = page.findChildren(RunDialog)
    assert shown.curve.accessibleDescription() == "loss: 0 0.9, 1 0.5, 2 0.4"
    figures = [shown.figures.item(0, column) for column in range(4)]
    assert [cell.text() for cell in figures if cell] == ["site", "40", "50.0 %", "75.0 %"]
    cells = [shown.confusion.item(2, column) for column in range(4)]
    assert [cell.text() for cell in cells if cell] == ["Worn incorrectly", "2", "3", "15"]
    blank = shown.curve.grab().toImage()
    shown.curve.show_lines([], [], "nothing")
    assert shown.curve.grab().toImage() != blank
    shown.close()


def changed_door(places: Places) -> None:
    """Three weeks, the newest much darker, with many answers that are not sure."""
    monday = datetime.now().date() - timedelta(days=datetime.now().weekday())
    for ago, unsure, light in ((2, 10, 130), (1, 10, 130), (0, 90, 60)):
        sums = Sums(300, unsure, 240.0, 300.0 * light, 300.0 * 90)
        row = {"camera": "door", "model": "mask_v5", **asdict(sums)}
        day = monday - timedelta(weeks=ago)
        (places.made(places.days) / f"{day.isoformat()}.json").write_text(json.dumps([row]))


def test_a_door_that_has_changed_is_told_in_the_window_and_drawn_by_week(
    qtbot: QtBot, make_window: MakeWindow, places: Places
) -> None:
    changed_door(places)
    window = make_window(Camera())
    qtbot.waitUntil(lambda: "more faces not sure" in window.banners.text(KEY), timeout=LONG_MS)
    assert "is it the light (130 before, 60 now" in window.banners.text(KEY)
    next(b for b in window.findChildren(QPushButton) if b.text() == "&Models…").click()
    page = window.commands.models
    assert page is not None
    qtbot.waitUntil(lambda: not page.busy, timeout=LONG_MS)
    assert "more faces not sure" in page.drift.said.text()
    assert page.drift.chart.lines[0].values == pytest.approx((100 / 30, 100 / 30, 30.0))
    page.drift.measure.setCurrentIndex(3)
    assert page.drift.chart.lines[0].values == pytest.approx((130, 130, 60))
