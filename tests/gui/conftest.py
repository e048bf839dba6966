"""A real window on short clips made on the fly, with a real store in a folder of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from monitor.app import Chosen, RunOptions, build_parts
from monitor.camera.clip import ClipSource
from monitor.camera.source import FrameSource
from monitor.config import load_config
from monitor.gui.application import make_application
from monitor.gui.preferences import Preferences
from monitor.gui.theme import Theme
from monitor.gui.window import MainWindow

LONG_MS = 30_000
RATE = 15


def write_clip(path: Path, picture: Path, face_frames: int, empty_frames: int = 4) -> Path:
    """A clip in which the face of `picture` stands, then nobody."""
    image = cv2.imread(str(picture))
    assert image is not None
    height, width = image.shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE, (width, height))
    for _ in range(face_frames):
        writer.write(image)
    for _ in range(empty_frames):
        writer.write(np.full_like(image, 200))
    writer.release()
    return path


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    """Of somebody who has left the first steps once."""
    kept = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    kept.setValue("window/first_steps_left", True)
    return kept


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'monitor.db'}"


@pytest.fixture
def bare_clip(tmp_path: Path, data: Path) -> Path:
    """More than a second of a bare face."""
    return write_clip(tmp_path / "bare.avi", data / "bare.jpg", 20)


@pytest.fixture
def masked_clip(tmp_path: Path, data: Path) -> Path:
    """One second of a masked face."""
    return write_clip(tmp_path / "masked.avi", data / "masked.jpg", RATE)


@pytest.fixture(scope="session")
def theme(qapp: QApplication) -> Theme:
    """One for the application, as in a run."""
    return Theme(make_application())


@pytest.fixture
def make_window(
    qtbot: QtBot, theme: Theme, settings: QSettings, store_url: str, tmp_path: Path
) -> Iterator[Callable[..., MainWindow]]:
    """Makes windows that are shown and started; they are closed after the test."""
    windows: list[MainWindow] = []

    def make(
        *sources: FrameSource | Path,
        start: bool = True,
        build: Callable[[RunOptions], Any] = build_parts,
        notice: str = "",
        identify: bool = False,
        into_store: bool = True,  # most tests look at the store, and their visitors are in clips
        **changes: dict[str, Any],
    ) -> MainWindow:
        values = {"store": {"url": store_url}, "sighting": {"alert_after_s": 0.3}} | changes
        options = RunOptions(
            config=load_config(None, values),
            identify=identify,
            gallery=tmp_path / "gallery.npz",
            into_store=into_store,
        )
        opened = [ClipSource(source) if isinstance(source, Path) else source for source in sources]
        chosen = Chosen(opened[0], notice, tuple(opened[1:])) if opened else None
        window = MainWindow(options, Preferences(settings), theme, chosen, build)
        qtbot.addWidget(window)
        windows.append(window)
        with qtbot.waitActive(window):
            window.show()
        if start:
            window.start()
        return window

    yield make
    for window in windows:
        window.close()
