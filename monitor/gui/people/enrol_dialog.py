"""Enrolling somebody: what they agreed to, and shots from a folder or, guided, before a camera that
runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

import cv2
from PySide6.QtCore import QDate, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateEdit,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from monitor.gui.banner import BannerStack, Severity
from monitor.gui.picture.view import PictureView
from monitor.gui.screen import dialog_size
from monitor.gui.side.panel import FaintLabel, scaled_font
from monitor.gui.threads.bridge import Bridge
from monitor.gui.threads.session import Session
from monitor.identity import words
from monitor.identity.desk import EnrolRequest, IfKnown, PeopleDesk, user_name
from monitor.identity.guide import SHOTS
from monitor.identity.results import Enrolled, Note
from monitor.identity.shots import Control, ShotSource, shots_from_folder, shots_from_frames
from monitor.records import Image

FOLDER = ""  # the choice beside the cameras
PREVIEW_MS = 40


class EnrolDialog(QDialog):
    """A form first, then the guidance. Nothing is stored unless all went well."""

    enrolled = Signal(str)  # the result in words

    def __init__(
        self,
        desk: PeopleDesk,
        session: Session,
        bridge: Bridge,
        known: Sequence[str],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Enrol")
        self._desk, self._session, self._bridge, self._known = desk, session, bridge, known
        self._camera = ""  # that is lent to this
        self._control: Control | None = None
        self.shots = SHOTS
        self.banners = BannerStack()
        self.pages = QStackedWidget()
        self.pages.addWidget(self._make_form())
        self.pages.addWidget(self._make_guidance())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addWidget(self.pages, 1)
        self.resize(dialog_size(self, QSize(620, 440)))
        self._timer = QTimer(self, interval=PREVIEW_MS)
        self._timer.timeout.connect(self._look)
        self._choose_source()

    # The form

    def _make_form(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(12)
        form = QFormLayout()
        form.setVerticalSpacing(10)
        column.addLayout(form)
        self.name = QLineEdit()
        self.name.setMinimumWidth(380)
        form.addRow("&Name", self.name)
        self.consent = QPlainTextEdit()
        self.consent.setTabChangesFocus(True)
        self.consent.setPlaceholderText(
            "What the person agreed to, in words, and where it was signed"
        )
        self.consent.setFixedHeight(4 * self.fontMetrics().lineSpacing() + 12)
        form.addRow("&Consent", self.consent)
        self.ends = QCheckBox("The consent ends &after")
        self.until = QDateEdit(QDate.currentDate().addYears(1))
        self.until.setCalendarPopup(True)
        self.until.setMinimumDate(QDate.currentDate())
        self.until.setDisplayFormat("d MMM yyyy")
        self.until.setAccessibleName("Last day of the consent")
        self.until.setEnabled(False)
        self.ends.toggled.connect(self.until.setEnabled)
        row = QHBoxLayout()
        row.addWidget(self.ends)
        row.addWidget(self.until)
        row.addStretch(1)
        form.addRow("", row)
        self.by = QLineEdit(user_name())
        form.addRow("Enrolled &by", self.by)
        self._add_source(form)
        self._hint = FaintLabel()
        self._hint.setWordWrap(True)
        column.addStretch(1)
        column.addWidget(self._hint)
        self.start_button, cancel = QPushButton("&Start"), QPushButton("Cancel")
        self.start_button.setDefault(True)
        self.start_button.clicked.connect(self.ask_and_start)
        cancel.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.start_button)
        row.addWidget(cancel)
        column.addLayout(row)
        return page

    def _add_source(self, form: QFormLayout) -> None:
        """Where the shots come from: one of the cameras, or a folder."""
        self.source = QComboBox()
        for watched in self._session.watched:
            if watched.live:
                self.source.addItem(watched.name, watched.name)
        self.source.addItem("a folder of pictures", FOLDER)
        self.source.currentIndexChanged.connect(self._choose_source)
        form.addRow("Shots &from", self.source)
        self.folder = QLineEdit()
        self.folder.setPlaceholderText("Pictures of this person alone")
        self.folder.setAccessibleName("Folder of pictures")
        self._browse = QPushButton("B&rowse…")
        self._browse.clicked.connect(self._ask_for_folder)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(self._browse)
        self._folder_row = QWidget()
        row.setContentsMargins(0, 0, 0, 0)
        self._folder_row.setLayout(row)
        form.addRow("", self._folder_row)

    @Slot()
    def _choose_source(self) -> None:
        camera = self.source.currentData()
        self._folder_row.setVisible(camera == FOLDER)
        no_picture = "No picture is stored: only numbers that describe the face."
        self._hint.setText(
            f"{no_picture} Up to {self.shots} pictures are used."
            if camera == FOLDER
            else f"{no_picture} It takes about a minute before the camera; nobody is counted there "
            f"meanwhile."
        )

    @Slot()
    def _ask_for_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder of pictures")
        if path:
            self.folder.setText(path)

    # The guidance

    def _make_guidance(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(12)
        self.message = QLabel("Loading models…")
        self.message.setFont(scaled_font(self, 1.5, self.font().Weight.DemiBold))
        self.message.setWordWrap(True)
        self.message.setMinimumHeight(2 * self.message.fontMetrics().lineSpacing())
        self.message.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter)
        column.addWidget(self.message)
        self.preview = PictureView()
        self.preview.setMinimumSize(320, 180)
        self.preview.setAccessibleName("Live picture, mirrored")
        column.addWidget(self.preview, 1)
        self.bar = QProgressBar()
        self.bar.setFormat("%v of %m shots")
        self.bar.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        column.addWidget(self.bar)
        self.skip_button, cancel = QPushButton("&Skip this step"), QPushButton("Cancel")
        self.skip_button.clicked.connect(self._skip)
        cancel.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(self.skip_button)
        row.addStretch(1)
        row.addWidget(cancel)
        column.addLayout(row)
        return page

    @Slot()
    def _skip(self) -> None:
        if self._control is not None:
            self._control.skip.set()

    @Slot()
    def _look(self) -> None:
        """Show the newest picture and what is to be done next."""
        seen = self._control.seen.get(0) if self._control is not None else None
        if seen is None:
            return
        image, progress = seen
        mirrored: Image = cv2.flip(image, 1)  # type: ignore[assignment]  # as everybody knows themselves
        self.preview.show_picture(mirrored)
        self.message.setText(words.of_progress(progress))
        self.bar.setMaximum(progress.wanted)
        self.bar.setValue(progress.taken)

    # Enrolling

    @Slot()
    def ask_and_start(self) -> None:
        """Start; for somebody who is enrolled already, ask first what to do with the shots that
        there are.
        """
        name = self.name.text().strip()
        if name.casefold() not in (known.casefold() for known in self._known):
            self.start()
            return
        box = QMessageBox(
            QMessageBox.Icon.Question, "Enrol", f"{name} is enrolled already.", parent=self
        )
        add = box.addButton("&Add shots", QMessageBox.ButtonRole.AcceptRole)
        anew = box.addButton("Enrol a&new", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        if box.clickedButton() in (add, anew):
            self.start(IfKnown.ADD if box.clickedButton() is add else IfKnown.REPLACE)

    def start(self, if_known: IfKnown = IfKnown.REFUSE) -> None:
        """Enrol as the form says."""
        control = Control()
        take_shots: ShotSource | None = None
        problem = self._missing()
        if not problem and self.source.currentData() == FOLDER:
            folder = Path(self.folder.text().strip())
            take_shots = partial(shots_from_folder, folder)
        elif not problem:
            take_shots = self._from_camera(control)
            if take_shots is None:
                problem = "That camera is not there any more: choose another one"
        if take_shots is None:
            self.banners.show_message("fault", Severity.ERROR, problem)
            return
        self._control = control
        self.banners.clear("fault")
        self.start_button.setEnabled(False)
        work = partial(self._enrol, self._request(if_known), take_shots, control)
        self._bridge.run("enrolling", work, self._done, self._failed)

    def _missing(self) -> str:
        """What is still to be filled in."""
        if not self.name.text().strip():
            return "The name is missing"
        if not self.consent.toPlainText().strip():
            return "The consent is missing: write what was agreed to"
        if self.source.currentData() == FOLDER and not self.folder.text().strip():
            return "The folder of pictures is missing"
        return ""

    def _request(self, if_known: IfKnown) -> EnrolRequest:
        until = self.until.date()
        return EnrolRequest(
            self.name.text(),
            self.consent.toPlainText(),
            date(until.year(), until.month(), until.day()) if self.ends.isChecked() else None,
            self.by.text(),
            if_known,
            self.shots,
        )

    def _enrol(
        self, request: EnrolRequest, take_shots: ShotSource, control: Control
    ) -> tuple[Enrolled, list[Note]]:
        """In a background thread."""
        notes: list[Note] = []
        return self._desk.enrol(request, take_shots, notes.append, control.check), notes

    def _from_camera(self, control: Control) -> ShotSource | None:
        """Borrow the camera and show the guidance; None where the camera is gone."""
        camera = str(self.source.currentData())
        frames = self._session.lend(camera)
        if frames is None:
            return None
        if self._session.paused:
            self._session.pause(False)
        self._camera = camera
        self.message.setText("Loading models…")
        self.bar.setRange(0, self.shots)
        self.bar.setValue(0)
        self.preview.clear()
        self.preview.set_placeholder("Loading models…")
        self.pages.setCurrentIndex(1)
        self.resize(dialog_size(self, self.size().expandedTo(QSize(720, 580))))
        self._timer.start()
        return partial(shots_from_frames, frames, control)

    def _done(self, answer: tuple[Enrolled, list[Note]]) -> None:
        enrolled, notes = answer
        self._ended()
        shots = enrolled.person.shots
        result = (
            f"{enrolled.person.name} is enrolled with {shots} {'shot' if shots == 1 else 'shots'}, "
            f"{enrolled.masked} of them with a mask."
        )
        self.enrolled.emit("\n".join([*map(words.of_note, notes), result]))
        self.accept()

    def _failed(self, message: str) -> None:
        cancelled = self._control is not None and self._control.cancelled.is_set()
        self._ended()
        if cancelled:
            super().reject()
            return
        self.pages.setCurrentIndex(0)
        self.banners.show_message("fault", Severity.ERROR, message)

    def _ended(self) -> None:
        """Give the camera back."""
        self._timer.stop()
        if self._camera:
            self._session.give_back(self._camera)
        self._camera, self._control = "", None
        self.start_button.setEnabled(True)

    def reject(self) -> None:
        """Leave, as soon as the work in the background has stopped; what was taken is thrown
        away.
        """
        if self._control is None:
            super().reject()
            return
        self._control.cancelled.set()
        self.banners.show_message("fault", Severity.INFO, "Cancelling…")
