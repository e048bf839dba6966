"""What a window shows, and what a test does to one."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtWidgets import QWidget

from monitor.gui.picture.caption import Caption
from monitor.gui.window import MainWindow
from monitor.records import MaskState

MakeWindow = Callable[..., MainWindow]


def caption(window: MainWindow, name: str) -> Caption:
    view = window.grid.view_of(name)
    assert view is not None
    assert view.caption is not None
    return view.caption


def plate(window: MainWindow, name: str) -> str:
    view = window.grid.view_of(name)
    assert view is not None
    return view.plate


def total(window: MainWindow) -> dict[MaskState, int]:
    return {state: int(text) for state, text in window.count_panel.texts[2].items()}


def colours(window: MainWindow, widget: QWidget | None = None) -> set[str]:
    """Every colour of the picture view, or of another widget."""
    image = (widget or window.view).grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(
        image.height(), image.bytesPerLine() // 4
    )
    return {f"#{colour & 0xFFFFFF:06X}" for colour in np.unique(pixels[:, : image.width()])}


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    action = Qt.DropAction.CopyAction
    button = Qt.MouseButton.LeftButton
    no_key = Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(50, 50), action, data, button, no_key))


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
