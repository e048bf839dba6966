"""The status bar in words, and where it has no room for them."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions
from monitor.config import load_config
from monitor.gui.status import StatusBar, privacy_text, retention_text, sources_text, state_text
from monitor.records import SourceState, SourceStatus, WorkerState
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow


def test_how_long_sightings_are_kept() -> None:
    assert (retention_text(0), retention_text(1), retention_text(30)) == (
        "kept for ever",
        "kept 1 day",
        "kept 30 days",
    )


def test_who_is_named() -> None:
    assert privacy_text(None) == "mask-only: nobody is identified"
    assert privacy_text(0) == "0 people enrolled, others are visitors"
    assert privacy_text(1) == "1 person enrolled, others are visitors"
    assert privacy_text(None, learning=True) == (
        "mask-only, but keeps corrected faces for learning"
    )
    assert privacy_text(1, pictures=True, learning=True) == (
        "1 person enrolled, others are visitors; a picture of each sighting is kept; keeps "
        "corrected faces for learning"
    )


@pytest.mark.parametrize(
    ("state", "countdown_s", "word", "text"),
    [
        (SourceState.LIVE, None, "", "live"),
        (SourceState.LIVE, None, "black picture", "black picture"),
        (SourceState.LOST, 2.6, "", "lost, next try in 3 s"),
        (SourceState.LOST, -0.4, "", "lost, next try in 0 s"),
        (SourceState.LOST, None, "", "lost"),
        (SourceState.ENDED, None, "ended", "ended"),
    ],
)
def test_what_one_camera_does(
    state: SourceState, countdown_s: float | None, word: str, text: str
) -> None:
    assert state_text(SourceStatus(state), countdown_s, word) == text


def test_what_several_cameras_do() -> None:
    assert sources_text({"live": 2, "lost": 1}) == "3 cameras: 2 live, 1 lost"


def test_figures_that_are_not_known_yet_are_dashes(qtbot: QtBot) -> None:
    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.show_size(0, 0)
    bar.show_speed(None, None)
    assert [bar.size_wh.text(), bar.rate.text(), bar.inference.text()] == [
        "– × –",
        "– frames/s",
        "– ms",
    ]
    bar.show_size(641, 361)
    bar.show_speed(14.6, 31.4)
    assert [bar.size_wh.text(), bar.rate.text(), bar.inference.text()] == [
        "641 × 361",
        "15 frames/s",
        "31 ms",
    ]


@pytest.mark.parametrize(
    ("worker", "text"),
    [
        (WorkerState.LOADING, "identification is loading"),
        (WorkerState.READY, "2 people enrolled, others are visitors"),
        (WorkerState.FAILED, "nobody is identified now"),
    ],
)
def test_nobody_is_said_to_be_named_before_the_names_are_there(
    qtbot: QtBot, worker: WorkerState, text: str
) -> None:
    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.show_privacy(RunOptions(identify=True), 2, worker)
    assert bar.privacy.text() == text


@pytest.mark.parametrize("identify", [False, True])
@pytest.mark.parametrize("kept", [False, True])
def test_the_bar_says_whether_faces_are_kept(qtbot: QtBot, identify: bool, kept: bool) -> None:
    bar = StatusBar()
    qtbot.addWidget(bar)
    config = load_config(None, {"store": {"snapshots": kept}})
    bar.show_privacy(RunOptions(config=config, identify=identify), 2, WorkerState.READY)
    assert ("picture of each sighting is kept" in bar.privacy.text()) is kept
    assert ("kept as a picture" in bar.privacy.toolTip()) is kept
    assert ("nobody is identified" in bar.privacy.text()) is (not kept and not identify)


def test_a_long_name_gives_way_and_is_the_tooltip(qtbot: QtBot, make_window: MakeWindow) -> None:
    name = "camera " + "x" * 300
    window = make_window(Camera(name))
    qtbot.waitUntil(lambda: window.status.source.text() == f"{name}: live", timeout=LONG_MS)
    assert window.status.source.toolTip() == f"{name}: live"
    window.resize(1000, 700)
    assert window.width() == 1000
    assert window.status.sound.geometry().right() <= window.status.width()
    assert window.status.sound.text() == "sound off"


def test_what_the_camera_does_is_read_on_a_small_screen(qtbot: QtBot) -> None:
    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.show_source("camera 0: lost, next try in 16 s")
    bar.model.setText("mask_v5 on onnx, yunet")
    bar.show_size(1280, 720)
    bar.show_speed(29.7, 8.4)
    bar.resize(640, 20)
    bar.show()
    bar.fit()
    qtbot.waitUntil(lambda: bar.source.width() >= 180)
    assert bar.privacy.width() >= bar.privacy.sizeHint().width()
    assert bar.inference.isHidden()
    bar.resize(1280, 20)
    assert not bar.inference.isHidden()


def test_that_no_alert_comes_is_said_on_a_small_window_too(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    window.resize(640, 480)
    assert not window.status.sound.isVisible()
    window.menus.snooze_day.trigger()
    assert window.status.sound.isVisible()
    assert window.status.sound.text() == "alerts off until tomorrow"
    window.menus.alert_again.trigger()
    assert not window.status.sound.isVisible()
