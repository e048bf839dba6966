"""The Models page: what is live, what was learnt, promote and roll back by one click."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import pytest
from pytestqt.qtbot import QtBot

from monitor.card import MODELS_DIR, sha256
from monitor.gui.learning.models_page import COLUMNS, ModelsDialog
from monitor.gui.status import LEARNING
from monitor.gui.window import MainWindow
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
    shutil.copy(MODELS_DIR / "mask_v3.onnx", path)
    card = json.loads((MODELS_DIR / "mask_v3.json").read_text(encoding="utf-8"))
    card |= {"name": "learnt", "files": {path.name: {"sha256": sha256(path)}}}
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    model = Registered("learnt", sha256(path))
    with training(places, "site", "anna", "") as book:
        counts = {"learnt masked": 40, "held out masked": 10}
        book.write(state="better", model="learnt", reason="fewer errors here", counts=counts)
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
    qtbot.waitUntil(lambda: "mask_v3 on" in window.status.model.text(), timeout=LONG_MS)
    page = open_page(qtbot, window)
    assert page.now.text().startswith("Live now: mask_v3, as shipped. Waiting as the candidate")
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
    qtbot.waitUntil(lambda: "mask_v3 on" in window.status.model.text(), timeout=LONG_MS)
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
    qtbot.waitUntil(lambda: "mask_v3 on" in window.status.model.text(), timeout=LONG_MS)
    page = open_page(qtbot, window)
    places.live.write_text("{")
    page.read()
    qtbot.waitUntil(lambda: not page.busy, timeout=LONG_MS)
    assert "--to-shipped" in page.banners.text("fault")
    qtbot.waitUntil(lambda: "the model that runs goes on" in caplog.text, timeout=LONG_MS)
    assert "mask_v3 on" in window.status.model.text()
    caplog.clear()
