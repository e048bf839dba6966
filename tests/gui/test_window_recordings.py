"""A recording in the window is written and dated as in a run without one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions
from monitor.config import load_config
from monitor.gui.application import open_window
from monitor.gui.window import MainWindow
from monitor.records import Count
from monitor.storage.csv_files import local
from monitor.storage.store import Store
from tests.gui.conftest import LONG_MS
from tests.gui.looks import ended, read_csv
from tests.mjpeg import MjpegCamera

Open = Callable[..., MainWindow]


@pytest.fixture
def opened(qtbot: QtBot, settings: QSettings, store_url: str, tmp_path: Path) -> Iterator[Open]:
    """Opens the window as the command line does."""
    windows: list[MainWindow] = []

    def open_as_told(camera: str = "", **options: Any) -> MainWindow:
        values = {"store": {"url": store_url}, "sighting": {"alert_after_s": 0.3}}
        config = load_config(None, values | {"camera": {"source": camera}})
        window = open_window(RunOptions(config=config, **options), settings)
        qtbot.addWidget(window)
        windows.append(window)
        return window

    yield open_as_told
    for window in windows:
        window.close()


def test_the_list_and_the_events_of_a_recording_are_written_and_the_store_is_not(
    qtbot: QtBot, opened: Open, bare_clip: Path, tmp_path: Path, store_url: str
) -> None:
    clip = bare_clip.rename(tmp_path / "door_2020-02-03_08-30-00.avi")
    listed, events = tmp_path / "list.csv", tmp_path / "events.jsonl"
    window = opened(video=clip, csv=listed, events=events)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    window.close()
    (row,) = read_csv(listed)
    assert row["camera"] == clip.name
    assert row["first_seen"].startswith("2020-02-03T08:30:0")
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    assert len(lines) == 24
    assert {line["camera"] for line in lines} == {clip.name}
    store = Store(store_url)
    assert store.read_visits() == store.read_sightings() == []
    store.close()


def test_a_clip_that_is_opened_later_is_not_in_the_list_of_the_cameras(
    qtbot: QtBot, opened: Open, bare_clip: Path, tmp_path: Path, data: Path
) -> None:
    picture = cv2.imread(str(data / "bare.jpg"))
    assert picture is not None
    listed = tmp_path / "list.csv"
    door = MjpegCamera()
    door.show(picture)
    door.live()
    window = opened(csv=listed, camera=door.url)
    qtbot.waitUntil(lambda: len(window.sightings.model.sightings) == 1, timeout=LONG_MS)
    window.chooser.open_path(bare_clip)
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    window.close()
    door.die()
    assert [row["camera"] for row in read_csv(listed)] == [door.url]


def test_what_is_stored_is_dated_as_the_user_says(
    qtbot: QtBot, opened: Open, bare_clip: Path, masked_clip: Path, store_url: str
) -> None:
    """And what is opened later, as its own file says."""
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
    window = opened(video=bare_clip, into_store=True, recorded_at=moment)
    qtbot.waitUntil(
        lambda: (
            window.banners.text("notice")
            == "bare.avi is a recording: what it shows is stored as visits of "
            f"{moment.astimezone():%d %b %Y, %H:%M}"
        ),
        timeout=LONG_MS,
    )
    qtbot.waitUntil(ended(window), timeout=LONG_MS)
    later = masked_clip.rename(masked_clip.with_name("2020-02-03_08-30-00.avi"))
    window.chooser.open_path(later)
    qtbot.waitUntil(
        lambda: window.banners.text("notice").endswith("is deleted again within the hour"),
        timeout=LONG_MS,
    )
    assert "visits of 03 Feb 2020, 08:30: older than 30 days" in window.banners.text("notice")
    qtbot.waitUntil(lambda: window.status.source.text().endswith(": ended"), timeout=LONG_MS)
    window.close()
    store = Store(store_url)
    first, second = sorted(store.read_visits(), key=lambda visit: visit.first_seen, reverse=True)
    (sighting,) = store.read_sightings()
    store.close()
    assert timedelta() <= first.first_seen - moment < timedelta(seconds=5)
    assert timedelta() <= sighting.first_seen - moment < timedelta(seconds=5)
    assert local(second.first_seen).startswith("2020-02-03T08:30:0")


def test_pictures_that_are_stored_are_dated_by_their_folder(
    qtbot: QtBot, opened: Open, tmp_path: Path, data: Path, store_url: str
) -> None:
    folder = tmp_path / "2026-01-02_10-00-00"
    folder.mkdir()
    (folder / "a.jpg").write_bytes((data / "bare.jpg").read_bytes())
    window = opened(images=folder, into_store=True)
    qtbot.waitUntil(lambda: window.status.source.text().endswith(": ended"), timeout=LONG_MS)
    window.close()
    store = Store(store_url)
    shift = next(shift for shift in store.read_shifts() if shift.stills != Count())
    store.close()
    assert shift.stills.unmasked == 1
    assert local(shift.started).startswith("2026-01-02T10:00:00")
