"""The Models page: what is live, what was learnt and came of it, who promoted what, whether the
door has changed; promote and roll back by one click.
"""

from __future__ import annotations

import queue
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableWidgetItem,
    QTabWidget,
    QWidget,
)

from monitor.config import ClassifyConfig
from monitor.errors import MonitorError
from monitor.gui.banner import Severity
from monitor.gui.learning.drift_page import DriftPage
from monitor.gui.learning.run_details import RunDialog
from monitor.gui.screen import dialog_size
from monitor.gui.side.panel import FaintLabel
from monitor.gui.threads.bridge import Bridge
from monitor.gui.threads.session import Session
from monitor.gui.working_dialog import WorkingDialog, quiet_table
from monitor.learning.aliases import mirror_aliases
from monitor.learning.drift import WEEKS, Key, Sums, weeks
from monitor.learning.kept import KeptFaces
from monitor.learning.places import Places, default_places
from monitor.learning.registry import Live, promote, read_live, roll_back, user_name
from monitor.learning.runs import Record, records

if TYPE_CHECKING:
    from monitor.analysis.worker import Parts
    from monitor.gui.learning.review import ReviewDialog
    from monitor.learning.collect import Question

T = TypeVar("T")
COLUMNS = ("Started", "Kind", "State", "Took", "By", "Faces", "Model", "What came of it")
MAIN = Path(__file__).resolve().parents[3] / "main.py"
LEARN_LIMIT_S = 1800.0
ANSWER_S = 5.0


@dataclass(frozen=True)
class _Shown:
    live: Live
    runs: list[Record]
    kept: int
    weeks: dict[Key, Sums]


class ModelsDialog(WorkingDialog):
    """Beside the window, which goes on. Reading, learning and promoting is done in the background.

    Args:
        session: Where faces wait that nobody has judged.
    """

    def __init__(self, session: Session, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(bridge, parent)
        self.setWindowTitle("Models")
        self._session = session
        self._places: Places = default_places()
        self.live = Live()
        self._runs: list[Record] = []  # as the table shows them
        self.review: ReviewDialog | None = None
        self._lay_out()
        self.resize(dialog_size(self, self.sizeHint()))
        self.enable()
        self.read()

    def sizeHint(self) -> QSize:
        return QSize(980, 480)

    def _lay_out(self) -> None:
        self.now, self.history = QLabel(), FaintLabel()
        for label in (self.now, self.history):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.inner.addWidget(self.now)
        self.table = quiet_table(
            "What was learnt, newest first", COLUMNS, (130, 50, 80, 60, 90, 60, 150)
        )
        self.table.doubleClicked.connect(self.open_run)
        self.table.itemSelectionChanged.connect(self.enable)
        self.drift = DriftPage()
        tabs = QTabWidget()
        tabs.addTab(self.table, "What was &learnt")
        tabs.addTab(self.drift, "The door by &week")
        self.inner.addWidget(tabs, 1)
        self.inner.addWidget(self.history)
        row = QHBoxLayout()
        self.open_button = self._button(row, "&Details…", self.open_run)
        self.judge_button = self._button(row, "&Judge faces…", self.judge)
        self.learn_button = self._button(row, "&Learn now", self.learn)
        self.promote_button = self._button(row, "&Promote the candidate", self.promote)
        self.back_button = self._button(row, "&Roll back", self.roll_back)
        row.addStretch(1)
        self._button(row, "&Close", self.close)
        self.inner.addLayout(row)

    @staticmethod
    def _button(row: QHBoxLayout, text: str, action: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: action())
        row.addWidget(button)
        return button

    # Work in the background

    def read(self) -> None:
        """Show what is live and what was learnt."""
        self.run("reading the models", self._read, self._show)

    def _read(self) -> _Shown:
        kept = len(KeptFaces(self._places).all())
        since = datetime.now(UTC) - timedelta(weeks=WEEKS)
        found = weeks(self._session.options.config.store.url, self._places, since)
        return _Shown(read_live(self._places), records(self._places), kept, found)

    def _show(self, shown: _Shown) -> None:
        self.live = live = shown.live
        name = live.champion.name if live.champion is not None else _shipped()
        text = f"Live now: {name}."
        if live.candidate is not None:
            text += f" Waiting as the candidate: {live.candidate.name}."
        self.now.setText(f"{text} Faces kept to learn from: {shown.kept}.")
        self._runs = shown.runs
        self.drift.show_weeks(shown.weeks)
        self.table.setRowCount(len(shown.runs))
        for row, record in enumerate(shown.runs):
            for column, cell in enumerate(_cells(record)):
                item = QTableWidgetItem(cell)
                item.setToolTip(cell)
                self.table.setItem(row, column, item)
        self.history.setText("\n".join(_history(live)) or "Nothing was promoted yet.")

    @Slot()
    def enable(self) -> None:
        self.open_button.setEnabled(self._chosen() is not None)
        self.judge_button.setEnabled(not self.busy)
        self.learn_button.setEnabled(not self.busy)
        self.promote_button.setEnabled(not self.busy and self.live.candidate is not None)
        self.back_button.setEnabled(not self.busy and self.live.has_previous)

    # What the buttons do

    @property
    def _server(self) -> str:
        """MLflow's, where one is set."""
        return self._session.options.config.learning.mlflow

    def _chosen(self) -> Record | None:
        row = self.table.currentRow()
        return self._runs[row] if 0 <= row < len(self._runs) else None

    @Slot()
    def open_run(self) -> None:
        """The chosen training in full."""
        record = self._chosen()
        if record is not None:
            dialog = RunDialog(record, self)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open()

    @Slot()
    def roll_back(self) -> None:
        """The model before the live one is live again within seconds."""

        def done(name: str) -> None:
            self.banners.show_message("result", Severity.INFO, f"{name} is live again.")
            self.read()

        def work() -> str:
            name = roll_back(self._places, user_name())
            mirror_aliases(self._places, self._server)
            return name

        self.run("rolling back", work, done)

    @Slot()
    def promote(self) -> None:
        candidate = self.live.candidate
        if candidate is None:
            return

        def work() -> str:
            why = next((r.reason for r in records(self._places) if r.model == candidate.name), "")
            promote(self._places, candidate, user_name(), why)
            mirror_aliases(self._places, self._server)
            return candidate.name

        def done(name: str) -> None:
            said = f"{name} is live; the cameras take it up within seconds."
            self.banners.show_message("result", Severity.INFO, said)
            self.read()

        self.run("promoting", work, done)

    @Slot()
    def learn(self) -> None:
        """In a process of its own, at low priority: the cameras go on."""
        settings = self._session.options.settings
        command = [sys.executable, str(MAIN), "learn", "train"]
        command += ["--config", str(settings)] if settings is not None else []

        def done(said: str) -> None:
            self.banners.show_message("result", Severity.INFO, said)
            self.read()

        said = "Learning from the kept faces: this takes a minute or two."
        self.banners.clear("fault")
        self.banners.show_message("result", Severity.INFO, said)
        self.run("learning", lambda: _learn(command), done)

    @Slot()
    def judge(self) -> None:
        """Faces that wait at the cameras; where there are none, the kept ones."""
        from monitor.gui.learning.review import ReviewDialog

        if self.review is not None and self.review.isVisible():
            self.review.raise_()
            return
        self.review = ReviewDialog(self._questions, self._places, self._bridge, self)
        self.review.finished.connect(lambda _: self.read())
        self.review.show()

    def _questions(self) -> list[Question]:
        from monitor.learning.questions import AT_ONCE, of_kept

        answers: queue.SimpleQueue[list[Question]] = queue.SimpleQueue()
        judged = {kept.about.visit_id for kept in KeptFaces(self._places).all()}

        def ask(parts: Parts) -> None:
            keeper = parts.keeper
            answers.put(keeper.unsure(AT_ONCE, judged) if keeper is not None else [])

        self._session.submit(ask)
        try:
            waiting = answers.get(timeout=ANSWER_S)
        except queue.Empty:  # the inference thread has stopped: the window says why
            waiting = []
        return waiting or of_kept(self._places)


def _learn(command: Sequence[str]) -> str:
    """Raises MonitorError with the one line that the command said."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=LEARN_LIMIT_S, check=False
    )
    lines = done.stdout.splitlines()
    if done.returncode:
        said = (done.stderr.splitlines() or [f"it ended with status {done.returncode}"])[-1]
        raise MonitorError(said.removeprefix("mask-monitor: "))
    return next(
        (line for line in reversed(lines) if line.startswith(("better", "refused"))), "learnt"
    )


def _cells(record: Record) -> tuple[str, ...]:
    learnt = sum(n for name, n in record.counts.items() if name.startswith("learnt"))
    return (
        _moment(record.started),
        record.kind,
        record.state,
        f"{record.seconds:.0f} s",
        record.by,
        f"{learnt}" if learnt else "–",
        record.model or "–",
        record.reason,
    )


def _history(live: Live) -> list[str]:
    """The newest five."""
    return [
        f"{_moment(event.at)}: {event.model} {event.what} by {event.by}"
        for event in reversed(live.history[-5:])
    ]


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone():%d %b %Y, %H:%M}"


def _shipped() -> str:
    return f"{ClassifyConfig().model}, as shipped"
