"""What a window shows, and what a test does to one."""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QContextMenuEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from monitor.gui.picture.caption import Caption
from monitor.gui.window import MainWindow
from monitor.records import Face, MaskState

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


def timeless(text: str) -> str:
    """A sentence without its time of day."""
    return re.sub(r"since \d\d:\d\d", "since …", text)


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


def make_face(
    box: tuple[float, float, float, float],
    state: MaskState = MaskState.MASKED,
    track_id: int = 1,
    **changes: Any,
) -> Face:
    """A face whose visit is called after its track."""
    values = Face(
        np.array(box, np.float32), 0.9, state, 0.9, state, 0.975, track_id, f"v{track_id}"
    )
    return dataclasses.replace(values, **changes)


def pixels_of(image: QImage) -> np.ndarray[Any, Any]:
    """(H, W, 3) RGB of a picture that was painted."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def mask_of(image: QImage, colour: str) -> np.ndarray[Any, Any]:
    """(H, W) whether a pixel has this colour, #RRGGBB."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return (pixels_of(image) == wanted).all(axis=2)


def contrast(first: QColor, second: QColor) -> float:
    """Contrast of two colours as WCAG 2 has it, 1 to 21."""

    def luminance(colour: QColor) -> float:
        linear = [
            v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
            for v in (colour.redF(), colour.greenF(), colour.blueF())
        ]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def context_menu(widget: QWidget, place: QPoint) -> None:
    """Click with the right button."""
    reason = QContextMenuEvent.Reason.Mouse
    QApplication.sendEvent(widget, QContextMenuEvent(reason, place, widget.mapToGlobal(place)))


def press(qtbot: QtBot, window: MainWindow, text: str) -> None:
    """Press a banner's button, also of one that is folded behind those that matter more."""
    (button,) = (b for b in window.banners.findChildren(QPushButton) if b.text() == text)
    if not button.isVisible():
        qtbot.mouseClick(window.banners.more, Qt.MouseButton.LeftButton)
    assert button.isVisible()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
