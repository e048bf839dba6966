"""The review page: faces to judge, the least sure ones first, one key each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent, QPixmap, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from monitor.config import Config
from monitor.errors import MonitorError
from monitor.gui.banner import BannerStack, Severity
from monitor.gui.picture.qimage import to_qimage
from monitor.gui.screen import dialog_size
from monitor.gui.side.panel import FaintLabel
from monitor.gui.threads.bridge import Bridge
from monitor.learning.collect import Question
from monitor.learning.places import Places, default_places
from monitor.learning.questions import Sheet, of_folder, of_kept
from monitor.learning.registry import user_name
from monitor.marks import MARKS
from monitor.records import MaskState

Load = Callable[[], list[Question]]

ANSWERS = (
    ("masked", "M", "&Masked"),
    ("unmasked", "N", "&No mask"),
    ("incorrect", "I", "Worn &incorrectly"),
    ("no person", "X", "No face (&X)"),
)
NOTHING = (
    "Nothing to judge now. Faces come here from visits at the cameras while learning.collect is "
    "on, and from a folder of pictures with `python main.py learn review --images DIR`."
)


class FaceView(QWidget):
    """One face, as large as there is room; never enlarged so far that it is only squares."""

    def __init__(self) -> None:
        super().__init__()
        self._pixmap: QPixmap | None = None
        self.setMinimumSize(280, 280)
        self.setAccessibleName("The face to judge")

    def sizeHint(self) -> QSize:
        return QSize(420, 420)

    def show_face(self, jpeg: bytes | None) -> None:
        self._pixmap = None
        if jpeg is not None:
            image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
            self._pixmap = QPixmap.fromImage(to_qimage(image))  # type: ignore[arg-type]
        self.update()

    @property
    def shows_face(self) -> bool:
        return self._pixmap is not None

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._pixmap is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        side = min(self.width(), self.height())
        scaled = self._pixmap.scaled(
            side,
            side,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        x, y = (self.width() - scaled.width()) // 2, (self.height() - scaled.height()) // 2
        painter.drawPixmap(x, y, scaled)
        painter.end()


class ReviewDialog(QDialog):
    """Beside the window, which goes on. Faces are fetched in the background.

    Args:
        load: Gives the questions; called in a background thread.
        places: Where what is judged is kept.
    """

    def __init__(
        self, load: Load, places: Places, bridge: Bridge, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Faces to judge")
        self._load, self._places, self._bridge = load, places, bridge
        self.sheet: Sheet | None = None
        self._lay_out()
        self.resize(dialog_size(self, self.sizeHint()))
        self.read()

    def sizeHint(self) -> QSize:
        return QSize(640, 640)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 14)
        self.banners = BannerStack()
        layout.addWidget(self.banners)
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 14, 16, 0)
        inner.setSpacing(10)
        layout.addLayout(inner, 1)
        self.title, self.face, self.caption = QLabel(), FaceView(), FaintLabel()
        for line in (self.title, self.caption):
            line.setWordWrap(True)
            line.setTextFormat(Qt.TextFormat.PlainText)
        inner.addWidget(self.title)
        inner.addWidget(self.face, 1)
        inner.addWidget(self.caption)
        row, self.buttons = QHBoxLayout(), {}
        for label, key, text in ANSWERS:
            button = self._button(row, text, key, partial(self.answer, label))
            self.buttons[label] = button
        second = QHBoxLayout()
        self.skip_button = self._button(second, "&Skip", "S", self.skip)
        self.undo_button = self._button(second, "Undo (&Z)", "Z", self.undo)
        second.addStretch(1)
        self.more_button = self._button(second, "More faces", "", self.read)
        close = QPushButton("&Close")
        close.clicked.connect(self.close)
        second.addWidget(close)
        inner.addLayout(row)
        inner.addLayout(second)

    def _button(
        self, row: QHBoxLayout, text: str, key: str, action: Callable[[], None]
    ) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)  # Enter answers nothing by accident
        button.clicked.connect(lambda: action())
        if key:
            button.setToolTip(f"Key {key}")
            # by the key alone, without Alt: a hand on the keyboard judges twenty faces in a minute
            QShortcut(QKeySequence(key), self).activated.connect(button.click)
        row.addWidget(button)
        return button

    @Slot()
    def read(self) -> None:
        """Fetch faces."""
        self.sheet = None
        self.title.setText("Looking for faces…")
        self._show()
        self._bridge.run("looking for faces", self._load, self._begin, self._fail)

    def _begin(self, questions: list[Question]) -> None:
        self.sheet = Sheet(self._places, questions, user_name())
        self._show()

    def _fail(self, message: str) -> None:
        self.banners.show_message("fault", Severity.ERROR, message)
        self.sheet = Sheet(self._places, [], user_name())
        self._show()

    def answer(self, label: str) -> None:
        self._do(lambda sheet: sheet.answer(label))

    def skip(self) -> None:
        self._do(lambda sheet: sheet.skip())

    def undo(self) -> None:
        self._do(lambda sheet: sheet.undo())

    def _do(self, action: Callable[[Sheet], object]) -> None:
        if self.sheet is None:
            return
        try:
            action(self.sheet)
        except MonitorError as error:
            self.banners.show_message("fault", Severity.ERROR, str(error))
        else:
            self.banners.clear("fault")
        self._show()

    def _show(self) -> None:
        question = self.sheet.current if self.sheet is not None else None
        self.face.show_face(question.cutting.jpeg if question is not None else None)
        self.caption.setText(_caption(question) if question is not None else "")
        for button in (*self.buttons.values(), self.skip_button):
            button.setEnabled(question is not None)
        self.undo_button.setEnabled(self.sheet is not None and self.sheet.position > 0)
        self.more_button.setEnabled(self.sheet is not None and question is None)
        if self.sheet is None:
            return
        number, judged = len(self.sheet.questions), self.sheet.judged
        if question is not None:
            self.title.setText(
                f"Face {self.sheet.position + 1} of {number}: how is the mask worn? The least sure "
                f"ones come first."
            )
        elif number:
            faces = "1 face is" if judged == 1 else f"{judged} faces are"
            self.title.setText(f"All done: {faces} judged. Monitor > Models… learns from them.")
        else:
            self.title.setText(NOTHING)


def _caption(question: Question) -> str:
    about = question.about
    word = MARKS[MaskState(about.state)].word if about.state else "nothing"
    said = f"The monitor says: {word.lower()}, {100 * about.confidence:.0f} % sure"
    said += f". Its visit was judged: {about.label}" if about.label else ""
    return f"{said}. {about.camera}, {about.taken.astimezone():%d %b %Y, %H:%M}"


def run_review(config: Config, folder: Path | None) -> int:
    """`main.py learn review`: the page alone, on a folder of pictures or on the kept faces."""
    from monitor.gui.application import make_application
    from monitor.gui.theme import Theme
    from monitor.learning.kept import KeptFaces

    application, places, bridge = make_application(), default_places(), Bridge()
    Theme(application).choose("system")

    def load() -> list[Question]:
        if folder is None:
            return of_kept(places)
        return of_folder(folder, config, {kept.sha256 for kept in KeptFaces(places).all()})

    dialog = ReviewDialog(load, places, bridge)
    dialog.exec()
    bridge.close(10.0)
    return 0
