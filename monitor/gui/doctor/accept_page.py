"""The acceptance run in the window: each visit is shown without what the monitor says of it, and
judged by key or button.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from monitor.doctor import accept_keys
from monitor.doctor.accept_book import AcceptBook
from monitor.doctor.accept_figures import figures
from monitor.doctor.accept_files import save
from monitor.doctor.accept_records import Accepted
from monitor.doctor.accept_words import (
    COLUMNS,
    SHARES,
    length_text,
    seen_text,
    share_of,
    share_text,
    table,
    verdict,
)
from monitor.gui.banner import Severity
from monitor.gui.picture.view import PictureView
from monitor.gui.screen import dialog_size
from monitor.gui.side.panel import FaintLabel, scaled_font
from monitor.gui.threads.bridge import Bridge
from monitor.gui.working_dialog import WorkingDialog, quiet_table
from monitor.records import FrameResult, Image

MINUTES = (2, 5, 10, 30)  # that one can choose from
MINUTES_FIRST = 10
TICK_MS = 500
CROPS_MAX = 200
HOW = (
    "Say what each visitor was, as they wore the mask last. What the monitor thinks is not "
    "shown, so that it sways nobody. Pictures are kept until this page closes, and in no file."
)
BUTTONS = (
    ("m", "&Masked"),
    ("u", "&Unmasked"),
    ("w", "&Worn wrong"),
    ("n", "&Nobody there"),
    (accept_keys.SKIP, "&Skip"),
    (accept_keys.UNDO, "Undo (&Z)"),
    (accept_keys.MISSED, "Somebody was missed (&X)"),
)


class AcceptDialog(WorkingDialog):
    """One run before one camera. Main thread.

    Args:
        camera: Its name; `take` is given what is said of its frames.
        now: Seconds of a steady clock.
    """

    def __init__(
        self,
        camera: str,
        bridge: Bridge,
        parent: QWidget,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(bridge, parent)
        self.camera, self._now = camera, now
        self.setWindowTitle(f"Judge {camera}")
        self.book = AcceptBook(camera, datetime.now(UTC))
        self.found: Accepted | None = None  # once the run is over
        self._began: float | None = None  # at the first frame
        self._looked_s = 0.0
        self._crops: dict[str, tuple[float, Image]] = {}  # by visit: the largest face so far
        self._shown = ""
        self._pages = QStackedWidget()
        self._pages.addWidget(self._judging())
        self._pages.addWidget(self._result())
        self.inner.addWidget(self._pages, 1)
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._timer.start()
        self.resize(dialog_size(self, QSize(720, 520)))
        self.tick()

    def _judging(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        self.clock, self.question = QLabel(), QLabel()
        self.question.setFont(scaled_font(self, 1.2, self.font().Weight.DemiBold))
        hint = FaintLabel(HOW)
        for label in (self.clock, hint, self.question):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.length = QComboBox()
        self.length.setAccessibleName("How long is looked")
        for minutes in MINUTES:
            self.length.addItem(f"{minutes} minutes", minutes)
        self.length.setCurrentIndex(MINUTES.index(MINUTES_FIRST))
        self.length.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # after a click, keys still judge
        self.length.activated.connect(self._lengthen)
        row = QHBoxLayout()
        row.addWidget(self.clock, 1)
        row.addWidget(self.length)
        column.addLayout(row)
        column.addWidget(hint)
        column.addWidget(self.question)
        self.view = PictureView()
        self.view.setMinimumSize(160, 120)
        self.view.setAccessibleName("Who is to be judged")
        column.addWidget(self.view, 1)
        grid = QGridLayout()
        self.buttons: dict[str, QPushButton] = {}
        for number, (key, text) in enumerate(BUTTONS):
            self.buttons[key] = button = QPushButton(text)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, k=key: self.press(k))
            grid.addWidget(button, *divmod(number, 4))
        self.end_button = QPushButton("&End and show the result")
        self.end_button.setAutoDefault(False)
        self.end_button.clicked.connect(self.end)
        grid.addWidget(self.end_button, 1, 3)
        column.addLayout(grid)
        return page

    def _result(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        self.sentence, self.shares = QLabel(), QLabel()
        self.sentence.setFont(scaled_font(self, 1.2, self.font().Weight.DemiBold))
        self.table = quiet_table(
            "It was (rows), the monitor said (columns)",
            ("It was", *COLUMNS),
            (160, *(90 for _ in COLUMNS[1:])),
        )
        for label in (self.sentence, self.shares):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self.sentence)
        column.addWidget(self.table, 1)
        column.addWidget(self.shares)
        row = QHBoxLayout()
        self.save_button, close = QPushButton("&Save as CSV or Markdown…"), QPushButton("&Close")
        self.save_button.clicked.connect(self.ask_where)
        close.clicked.connect(self.close)
        row.addWidget(self.save_button)
        row.addStretch(1)
        row.addWidget(close)
        column.addLayout(row)
        return page

    # The run

    def take(self, result: FrameResult) -> None:
        """What the analysis says of a frame of this camera."""
        if self.found is not None or result.frame.camera != self.camera or self._time_over:
            return
        if self._began is None:
            self._began = self._now()
        self._looked_s = self._now() - self._began
        self.book.take(result)
        for seen in self.book.waiting[-len(result.faces) :] if result.faces else ():
            face = next((f for f in result.faces if f.visit_id == seen.visit_id), None)
            if face is not None and seen.size_px > self._crops.get(seen.visit_id, (0.0, None))[0]:
                self._crops[seen.visit_id] = seen.size_px, _crop(result.frame.image, face.xyxy)
        while len(self._crops) > CROPS_MAX:
            del self._crops[next(iter(self._crops))]
        self._ask()

    @property
    def _seconds(self) -> float:
        return 60.0 * int(self.length.currentData())

    def _lengthen(self) -> None:
        """Another length was chosen, also while the run goes on; the keys judge again."""
        self.setFocus()
        self.tick()

    @property
    def _time_over(self) -> bool:
        return self._began is not None and self._now() - self._began >= self._seconds

    def tick(self) -> None:
        """Show the time that is left."""
        if self.found is not None:
            return
        if self._began is None:
            self.clock.setText(f"Waiting for the first picture of {self.camera}")
        elif self._time_over:
            self.clock.setText("The time is over: judge who is left, then show the result")
        else:
            left = round(self._seconds - (self._now() - self._began))
            self.clock.setText(f"{left // 60}:{left % 60:02} left")
        self._ask()

    def _ask(self) -> None:
        """Show the oldest visit that waits."""
        waiting = self.book.waiting
        for key in (*accept_keys.JUDGE, accept_keys.SKIP):
            self.buttons[key].setEnabled(bool(waiting))
        if not waiting:
            self.question.setText("Nobody waits to be judged")
            self.view.clear()
            self.view.set_placeholder("Nobody waits to be judged")
            self._shown = ""
            return
        more = f" ({len(waiting)} wait)" if len(waiting) > 1 else ""
        self.question.setText(f"{seen_text(waiting[0])}{more}. What was it?")
        crop = self._crops.get(waiting[0].visit_id)
        shown = f"{waiting[0].visit_id} {crop[0] if crop else 0}"
        if shown != self._shown and crop is not None:
            self.view.show_picture(crop[1])
        elif crop is None:
            self.view.clear()
        self._shown = shown

    def press(self, key: str) -> None:
        """Do what a key says."""
        if self.found is not None:
            return
        if key in accept_keys.JUDGE or key == accept_keys.SKIP:
            self.book.judge(accept_keys.JUDGE.get(key))
        elif key == accept_keys.MISSED:
            self.book.miss()
        elif key == accept_keys.UNDO:
            self.book.undo()
        self._ask()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.text().lower()
        if self.found is None and key in self.buttons:
            self.press(key)
        else:
            super().keyPressEvent(event)

    # The result

    def end(self) -> None:
        """Show what was found."""
        found = replace(self.book.result(self._looked_s), planned_s=self._seconds)
        self.found = found
        self.sentence.setText(verdict(found))
        rows = table(found)
        self.table.setRowCount(len(rows))
        for row, (name, numbers) in enumerate(rows):
            for column, text in enumerate((name, *map(str, numbers))):
                self.table.setItem(row, column, QTableWidgetItem(text))
        figured = figures(found)
        lines = [f"{text}: {share_text(share_of(figured, key))}" for key, text in SHARES]
        length = length_text(found)
        lines.append(f"{length[:1].upper()}{length[1:]}")
        lines.append(f"{found.skipped} skipped, {found.left} not judged")
        self.shares.setText("\n".join(lines))
        self._crops.clear()
        self._pages.setCurrentIndex(1)

    def ask_where(self) -> None:
        name = f"acceptance {datetime.now():%Y-%m-%d %H%M}.csv"
        path, _ = QFileDialog.getSaveFileName(
            self,
            "Save the result",
            name,
            "CSV (*.csv);;Markdown (*.md)",
            options=QFileDialog.Option.DontConfirmOverwrite,  # nothing is overwritten
        )
        if path:
            self.save(Path(path))

    def save(self, path: Path) -> None:
        """Write the result in the background; what is wrong is said."""
        found = self.found
        assert found is not None
        self.banners.clear("fault")
        self.banners.clear("saved")

        def done(_: None) -> None:
            self.banners.show_message("saved", Severity.INFO, f"Saved: {path}")

        self.run("saving the result", lambda: save(found, path), done)

    def reject(self) -> None:
        """Close; what was judged is shown first, and not lost by a slip."""
        if self.found is None and self.book.words:
            self.end()
        else:
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._timer.stop()
        self._crops.clear()
        super().closeEvent(event)


def _crop(image: Image, xyxy: object) -> Image:
    """A face with what is round it, as a picture of its own."""
    left, top, right, bottom = (float(v) for v in xyxy)  # type: ignore[attr-defined]
    wide, high = right - left, bottom - top
    height, width = image.shape[:2]
    x0, x1 = max(0, round(left - wide / 2)), min(width, round(right + wide / 2))
    y0, y1 = max(0, round(top - high / 2)), min(height, round(bottom + high / 2))
    return image[y0:y1, x0:x1].copy()
