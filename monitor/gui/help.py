"""Help and About."""

from __future__ import annotations

import platform
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal, qVersion
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QGroupBox,
    QLabel,
    QScrollArea,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from monitor import __version__
from monitor.card import read_card
from monitor.config import Config
from monitor.data_folder import data_folder
from monitor.engine import model_stem
from monitor.errors import ModelError
from monitor.gui.picture.symbols import state_icon
from monitor.gui.screen import TITLE_PX
from monitor.gui.side.panel import scaled_font
from monitor.marks import MARKS
from monitor.records import MaskState
from monitor.storage.url import shown_url

KEYS = (
    ("Space", "Pause and go on; play an ended clip again"),
    ("B, F, J, L", "In a recording: one picture back, on; ten seconds back, on"),
    ("P, N, D, U", "Its sighting before, its next one; slower, faster"),
    ("Ctrl+1 … 9", "Choose one of several cameras"),
    ("Enter, Esc", "Show the chosen camera alone (or double click it), and all again"),
    ("Ctrl+O, Ctrl+Shift+O", "Open a clip (or drop one on the window), a folder of pictures"),
    ("Ctrl+L, Ctrl+Shift+L, Ctrl+B", "Open a stream, add one; back from a clip to the cameras"),
    ("Ctrl+Shift+C", "Cameras: name, turn, order, switch, add, remove and check them"),
    ("Ctrl+H", "History: any day, week or month; correct, print"),
    ("Ctrl+E, Ctrl+N", "Export sightings and totals; start a new shift"),
    ("Alt+1 … 4, Alt+N", "Correct the selected sighting, add a note to it"),
    ("Ctrl+Z, Alt+0", "Undo the last correction or note; that of the selected sighting"),
    ("Ctrl+P, Ctrl+Shift+M", "People: who is enrolled, enrol, forget; models, and learning"),
    ("Ctrl+,", "Settings"),
    ("Ctrl+Shift+Z, Alt+I", "Draw what counts and what is ignored; ignore a sighting's place"),
    ("M, Ctrl+K, Ctrl+Shift+S", "Sound on and off; acknowledge alerts; no alerts for 10 minutes"),
    ("Ctrl+Shift+A, Ctrl+Shift+V", "Settings of alerts; the window that faces the visitor"),
    ("F11, Esc", "Full screen, and back"),
    ("F1, Ctrl+Q", "This help; quit"),
)
MEANINGS = {
    MaskState.MASKED: "Nose, mouth and chin are covered. Solid line.",
    MaskState.UNMASKED: "No mask. Thick line.",
    MaskState.INCORRECT: "Nose or mouth is out, or the mask is on the chin. Dash-dot line.",
    MaskState.UNSURE: "Too small, too blurred, too side-on or undecided. Not in the percentage. "
    "Dashed line.",
}
LICENCES = (
    ("PySide6_Essentials", "LGPL-3.0"),
    ("opencv-python", "Apache-2.0"),
    ("onnxruntime", "MIT"),
    ("numpy", "BSD-3-Clause"),
    ("SQLAlchemy", "MIT"),
    ("imutils", "MIT"),
    ("av", "BSD-3-Clause; its FFmpeg LGPL-3.0, x264 and x265 GPL-2.0"),
    ("platformdirs", "MIT"),
    ("keyring", "MIT"),
    ("cv2-enumerate-cameras", "MIT"),
    ("miniaudio", "MIT"),
    ("tensorflow", "Apache-2.0"),
)


def _wrapped(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label


def _close_button(dialog: QDialog) -> QDialogButtonBox:
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    return buttons


class HelpDialog(QDialog):
    """Keys, and what the states mean."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Help")
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setSpacing(12)
        states = QGroupBox("What the states mean")
        grid = QGridLayout(states)
        grid.setColumnStretch(2, 1)
        grid.setHorizontalSpacing(10)
        for row, state in enumerate(MaskState):
            symbol = QLabel()
            symbol.setPixmap(state_icon(state).pixmap(20, 20))
            word = QLabel(MARKS[state].word)
            word.setFont(scaled_font(self, 1.0, word.font().Weight.DemiBold))
            grid.addWidget(symbol, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(word, row, 1, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(_wrapped(MEANINGS[state]), row, 2)
        layout.addWidget(states)
        keys = QGroupBox("Keys")
        grid = QGridLayout(keys)
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(16)
        for row, (key, what) in enumerate(KEYS):
            name = QLabel(key)
            name.setFont(scaled_font(self, 1.0, name.font().Weight.DemiBold))
            grid.addWidget(name, row, 0)
            grid.addWidget(QLabel(what), row, 1)
        layout.addWidget(keys)
        layout.addWidget(
            _wrapped(
                "One person is one visit. A visit without a mask, or with one worn incorrectly, "
                "for longer than the set time is a "
                "sighting: it is saved at once. A recording has a count of its own and is not "
                "saved. The monitor errs at times: correct it, and the count follows. How often "
                "it errs at your door: Cameras > Check > Judge it by key. "
                "Help > First steps helps to set a camera up."
            )
        )
        scroll = QScrollArea()  # for small screens
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 8)
        rows.addWidget(scroll, 1)
        close = _close_button(self)
        close.setContentsMargins(0, 0, 10, 0)
        rows.addWidget(close)
        width = max(560, body.sizeHint().width())
        scroll.setMinimumWidth(width)
        # by itself Qt keeps to two thirds of a small screen
        height = layout.totalHeightForWidth(width) + close.sizeHint().height() + 16
        self.resize(width, min(height, self.screen().availableGeometry().height() - TITLE_PX))


class AboutDialog(QDialog):
    """Versions, licences, where the data are, and the facts of the model's card."""

    folder_wanted = Signal(object)  # Path

    def __init__(
        self, config: Config, parent: QWidget | None = None, *, identify: bool = False
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Mask Monitor")
        layout = QVBoxLayout(self)
        self.text = QTextBrowser()
        self.text.setPlainText(
            "\n".join([*program_facts(config, identify), "", *model_facts(config.classify.model)])
        )
        self.text.setAccessibleName("About Mask Monitor")
        layout.addWidget(self.text)
        buttons = _close_button(self)
        show = buttons.addButton("Show data folder", QDialogButtonBox.ButtonRole.ActionRole)
        show.clicked.connect(lambda: self.folder_wanted.emit(data_folder()))
        layout.addWidget(buttons)

    def sizeHint(self) -> QSize:
        return QSize(620, 540)


def program_facts(config: Config, identify: bool = False) -> list[str]:
    """Versions and licences of what is installed."""
    from importlib import metadata  # takes 20 ms: not before the window is up

    pictures = (
        "A picture is kept of each sighting" if config.store.snapshots else "No picture is kept"
    )
    if config.learning.collect:
        pictures += "; faces of visits that are corrected are kept to learn from"
    named = "People who agreed to it are named" if identify else "Mask-only: nobody is identified"
    lines = [
        f"Mask Monitor {__version__}, MIT licence",
        f"{named}. {pictures}.",
        f"Store: {shown_url(config.store.url) or 'SQLite in the user’s data folder'}",
        f"Data folder: {data_folder()}",
        "",
        f"Python {platform.python_version()} (PSF), Qt {qVersion()} (LGPL-3.0), "
        f"{platform.system()}",
    ]
    for name, licence in LICENCES:
        try:
            lines.append(f"{name} {metadata.version(name)} ({licence})")
        except metadata.PackageNotFoundError:
            continue
    return lines


def model_facts(model: str) -> list[str]:
    """What the model's card says, line by line."""
    try:
        stem = model_stem(model)
        card = read_card(stem.with_name(f"{stem.name}.json"), model)
    except ModelError as error:
        return [f"Model {model}: {error}"]
    lines = [f"Model {card.get('name', model)}"]
    for key, value in card.items():
        if key not in ("name", "files"):
            lines += _facts(key, value, 1)
    return lines


def _facts(key: str, value: Any, depth: int) -> list[str]:
    pad = "   " * depth
    if isinstance(value, dict):
        inner = [line for k, v in value.items() for line in _facts(str(k), v, depth + 1)]
        return [f"{pad}{key}:", *inner]
    if isinstance(value, list) and any(isinstance(v, dict | list) for v in value):
        inner = [line for i, v in enumerate(value, 1) for line in _facts(f"{i}", v, depth + 1)]
        return [f"{pad}{key}:", *inner]
    if isinstance(value, list):
        value = ", ".join(str(v) for v in value)
    return [f"{pad}{key}: {value}"]
