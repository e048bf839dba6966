"""The People page: who is enrolled, with which consent; enrolling and forgetting."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPushButton,
    QTableWidgetItem,
    QWidget,
)

from monitor.gui.banner import Severity
from monitor.gui.screen import dialog_size
from monitor.gui.threads.bridge import Bridge
from monitor.gui.threads.session import Session
from monitor.gui.working_dialog import WorkingDialog, quiet_table

if TYPE_CHECKING:  # imported in the background once the page is open
    from monitor.gui.people.enrol_dialog import EnrolDialog
    from monitor.identity.desk import PeopleDesk
    from monitor.identity.person import EnrolledPerson
    from monitor.identity.results import Listed, Receipt

T = TypeVar("T")
COLUMNS = ("Name", "Shots", "Consent given", "Until", "Enrolled by", "What was agreed to")
OFF = (
    "Identification is off: nobody is named until it is switched on in Monitor > Settings. "
    "People can be enrolled and forgotten here all the same."
)
ON = (
    "Identification is on: the people below are named, masked or not, and everybody else is a "
    "visitor. "
    "Changes take effect within seconds."
)


class PeopleDialog(WorkingDialog):
    """Beside the window, which goes on. Reading and writing is done in the background.

    Args:
        session: The cameras to enrol from.
    """

    def __init__(self, session: Session, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(bridge, parent)
        self.setWindowTitle("People")
        self._session = session
        self._desk: PeopleDesk | None = None
        self.people: list[EnrolledPerson] = []
        self.enrolling: EnrolDialog | None = None
        self._lay_out()
        # by itself Qt keeps dialogs to two thirds of a small screen
        self.resize(dialog_size(self, self.sizeHint()))
        self.enable()
        self.read()

    def sizeHint(self) -> QSize:
        return QSize(900, 480)

    def _lay_out(self) -> None:
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.inner.addWidget(self.note)
        self.table = quiet_table("People who are enrolled", COLUMNS, (210, 60, 115, 115, 120))
        self.table.itemSelectionChanged.connect(self.enable)
        self.inner.addWidget(self.table, 1)
        self.consent = QLabel()
        self.consent.setWordWrap(True)
        self.consent.setTextFormat(Qt.TextFormat.PlainText)
        self.consent.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.inner.addWidget(self.consent)
        self.enrol_button, self.forget_button = QPushButton("&Enrol…"), QPushButton("&Forget…")
        close = QPushButton("&Close")
        self.enrol_button.clicked.connect(self.ask_to_enrol)
        self.forget_button.clicked.connect(self.ask_to_forget)
        close.clicked.connect(self.close)
        row = QHBoxLayout()
        row.addWidget(self.enrol_button)
        row.addWidget(self.forget_button)
        row.addStretch(1)
        row.addWidget(close)
        self.inner.addLayout(row)

    # Work in the background

    def _open_desk(self) -> PeopleDesk:
        """In a background thread: this takes the embedding code with it."""
        from monitor.identity.desk import PeopleDesk

        if self._desk is None:
            options = self._session.options
            self._desk = PeopleDesk(options.gallery, options.config.store.url)
        return self._desk

    def read(self) -> None:
        """Show who is enrolled now, and whether they are named."""
        self.note.setText(ON if self._session.options.identify else OFF)
        self.run("reading the gallery", self._read, self._show)

    def _read(self) -> tuple[list[Listed], list[str]]:
        from monitor.identity import words

        desk = self._open_desk()
        ended = [words.of_ended(receipt) for receipt in desk.end_consents()]
        return desk.people(), ended

    def _show(self, answer: tuple[list[Listed], list[str]]) -> None:
        people, ended = answer
        self.people = [listed.person for listed in people if not listed.ended]
        if ended:
            self.banners.show_message("ended", Severity.INFO, "\n".join(ended))
        self.table.setRowCount(len(self.people))
        for row, person in enumerate(self.people):
            for column, text in enumerate(_cells(person)):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.table.setItem(row, column, item)

    @Slot()
    def enable(self) -> None:
        self.enrol_button.setEnabled(not self.busy)
        person = self.selected()
        self.forget_button.setEnabled(not self.busy and person is not None)
        if person is not None:
            self.consent.setText(f"{person.name} agreed to: {person.consent}")
        else:
            self.consent.setText("" if self.people or self.busy else "Nobody is enrolled yet.")

    def selected(self) -> EnrolledPerson | None:
        rows = self.table.selectionModel().selectedRows() if self.table.selectionModel() else []
        return self.people[rows[0].row()] if rows and rows[0].row() < len(self.people) else None

    # Enrolling

    @Slot()
    def ask_to_enrol(self) -> None:
        desk = self._desk
        if desk is None:  # the gallery could not be read: the message says why
            self.read()
            return
        from monitor.gui.people.enrol_dialog import EnrolDialog

        self.enrolling = EnrolDialog(
            desk, self._session, self._bridge, [p.name for p in self.people], self
        )
        self.enrolling.enrolled.connect(self._enrolled)
        self.enrolling.finished.connect(self._enrol_ended)
        self.enrolling.open()

    @Slot(str)
    def _enrolled(self, text: str) -> None:
        self.banners.clear("fault")
        if self._session.options.identify:
            text += " The name is known within seconds."
        self.banners.show_message("result", Severity.INFO, text)
        self.read()

    @Slot()
    def _enrol_ended(self) -> None:
        if self.enrolling is not None:
            self.enrolling.deleteLater()
            self.enrolling = None

    # Forgetting

    @Slot()
    def ask_to_forget(self) -> None:
        person = self.selected()
        if person is None:
            return
        question = (
            f"Forget {person.name}? The embeddings and the consent are deleted from the gallery, "
            f"the name from all visits "
            "and sightings in the store, and the pictures that were kept. This cannot be undone."
        )
        box = QMessageBox(QMessageBox.Icon.Question, "Forget", question, parent=self)
        forget = box.addButton("&Forget", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        if box.clickedButton() is forget:
            self.forget(person.name)

    def forget(self, name: str) -> None:
        """Forget somebody and show the receipt."""
        self.run("forgetting", lambda: self._open_desk().forget(name), self._forgotten)

    def _forgotten(self, receipt: Receipt) -> None:
        self.banners.clear("fault")
        text, severity = f"{receipt.name} was forgotten", Severity.INFO
        if not receipt.done:
            text, severity = f"{text}, and something is left for you to do", Severity.WARNING
        self.banners.show_message(
            "result", severity, text, "Receipt…", lambda: self.show_receipt(receipt)
        )
        self.show_receipt(receipt)
        self.read()

    def show_receipt(self, receipt: Receipt) -> None:
        """What was done at each holder, to be read, saved and printed."""
        from monitor.gui.people.receipt_dialog import ReceiptDialog

        dialog = ReceiptDialog(receipt, self._bridge, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.enrolling is not None:
            self.enrolling.reject()
        super().closeEvent(event)


def _cells(person: EnrolledPerson) -> tuple[str, ...]:
    return (
        person.name,
        f"{person.shots}",
        _day(person.given),
        "without end" if person.until is None else _day(person.until - timedelta(seconds=1)),
        person.by,
        person.consent,
    )


def _day(moment: datetime) -> str:
    return f"{moment.astimezone():%d %b %Y}"
