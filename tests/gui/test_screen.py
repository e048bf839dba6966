"""The window fits its screen, and comes back from the full screen as it was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, QSettings, Qt
from PySide6.QtGui import QScreen
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from monitor.gui.banner import Severity
from tests.gui.looks import MakeWindow

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "free", [(0, 0, 640, 360), (0, 0, 800, 600), (0, 30, 1024, 738), (0, 0, 3840, 2160)]
)
def test_the_first_window_fits_the_screen(
    make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch, free: tuple[int, int, int, int]
) -> None:
    monkeypatch.setattr(QScreen, "availableGeometry", lambda screen: QRect(*free))
    window = make_window(start=False)
    assert window.width() <= free[2]
    assert window.height() < free[3]  # and its title bar
    assert (window.width(), window.height()) == (1280, 720) or free[2] < 1300


def test_a_size_kept_from_a_larger_screen_is_brought_back(
    make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch, settings: QSettings
) -> None:
    window = make_window(start=False)
    window.resize(790, 700)
    window.close()
    free = QRect(0, 0, 700, 500)
    monkeypatch.setattr(QScreen, "availableGeometry", lambda screen: free)
    again = make_window(start=False)
    assert free.contains(again.geometry())


def test_half_the_pixels_at_200_percent(tmp_path: Path) -> None:
    script = (
        "import tempfile; from pathlib import Path\n"
        "from tests.gui.shots import make_application, Preferences, RunOptions, Theme\n"
        "from PySide6.QtCore import QSettings; from monitor.gui.window import MainWindow\n"
        "settings = QSettings('w.ini', QSettings.Format.IniFormat)\n"
        "window = MainWindow(RunOptions(), Preferences(settings), Theme(make_application()))\n"
        "window.show(); free = window.screen().availableGeometry()\n"
        "print(free.width(), window.height() <= free.height())\n"
        "window.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=os.environ
        | {"QT_SCALE_FACTOR": "2", "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["400", "True"]


@pytest.mark.parametrize("maximised", [False, True])
def test_the_full_screen_gives_back_what_was(
    qtbot: QtBot, make_window: MakeWindow, maximised: bool
) -> None:
    window = make_window(start=False)
    if maximised:
        window.showMaximized()
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert window.isFullScreen()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert (window.isFullScreen(), window.isMaximized()) == (False, maximised)


@pytest.mark.parametrize("size", [(800, 560), (960, 500), (1280, 680), (640, 340)])
@pytest.mark.parametrize("banners", [0, 2])
def test_the_sightings_buttons_stay_in_sight(
    make_window: MakeWindow, size: tuple[int, int], banners: int
) -> None:
    window = make_window(start=False)
    window.resize(*size)
    for number in range(banners):
        text = f"camera {number} gives no more pictures: check its cable, its power and the network"
        window.banners.show_message(f"fault {number}", Severity.WARNING, text)
    QApplication.processEvents()
    buttons = window.sightings.findChildren(QToolButton)
    assert len(buttons) == 5
    for button in buttons:
        assert button.visibleRegion().boundingRect() == button.rect(), button.accessibleName()
    assert window.sightings.list.viewport().visibleRegion().boundingRect().height() >= 40
