"""Passwords of cameras: never written into a file. What the system's keyring does not know is asked
for, beside the window, which goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from monitor.camera import passwords
from monitor.camera.address import HIDDEN
from monitor.camera.kept import KeptCamera, KeptCameras
from monitor.gui.banner import Severity
from monitor.gui.layout import WindowParts
from monitor.gui.screen import bring_to_front


def with_password(address: str, user: str, password: str) -> str:
    """An address that holds user and password."""
    if not user and not password:
        return address
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    host = host.rpartition("@")[2]
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{host}{slash}{path}"


def locked_text(locked: Sequence[KeptCamera]) -> str:
    """One line that asks for passwords; empty for none."""
    if not locked:
        return ""
    names = ", ".join(camera.title for camera in locked)
    needs = "needs its password" if len(locked) == 1 else "need their passwords"
    return f"{names} {needs} again: it is not in this system's keyring, and never in a file"


class PasswordDialog(QDialog):
    """Asks for what is missing of a camera's address: its password, where that is all."""

    def __init__(self, camera: KeptCamera, *, keyring: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Password of {camera.title}")
        self.camera, self.forgotten = camera, False
        self.form = form = QFormLayout(self)
        form.setVerticalSpacing(10)
        known = f" of the user {camera.user}" if camera.user else ""
        where = "" if camera.title == camera.shown else f" ({camera.shown})"
        self.question = QLabel(f"{camera.title}{where} needs the password{known}.")
        self.question.setWordWrap(True)
        self.question.setTextFormat(Qt.TextFormat.PlainText)
        form.addRow(self.question)
        self.address, self.user = QLineEdit(camera.shown), QLineEdit(camera.user)
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.address.setMinimumWidth(380)
        form.addRow("&Address", self.address)
        form.addRow("&User", self.user)
        form.addRow("&Password", self.password)
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        form.addRow(self.hint)
        form.addRow(self._buttons(keyring))
        for field in (self.address, self.user, self.password):
            field.textChanged.connect(self._enable)
        self._show_all(not camera.user)
        (self.password if camera.user else self.user).setFocus()

    def _buttons(self, keyring: bool) -> QWidget:
        standard = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(standard.Ok | standard.Cancel)
        self.agree = buttons.button(standard.Ok)
        self.more = QPushButton("O&ther user or address…")
        self.more.setAutoDefault(False)
        self.more.clicked.connect(lambda: self._show_all(True))
        buttons.addButton(self.more, QDialogButtonBox.ButtonRole.ActionRole)
        self.forget = buttons.addButton(
            "&Remove this camera", QDialogButtonBox.ButtonRole.DestructiveRole
        )
        self.forget.setAutoDefault(False)
        self.forget.clicked.connect(self._forget)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._kept = (
            "It is kept in this system's keyring, and in no file of Mask Monitor."
            if keyring
            else "This system has no keyring: it is kept until Mask Monitor ends, never written "
            "down, and asked for again at the next start."
        )
        return buttons

    def _show_all(self, shown: bool) -> None:
        """Whether address and user can be changed as well."""
        for field in (self.address, self.user):
            self.form.setRowVisible(field, shown)
        self.more.setVisible(not shown)
        left_out = " A part of the address was left out for that: enter the whole address."
        self.hint.setText(self._kept + left_out * (HIDDEN in self.camera.shown))
        self._enable()
        self.adjustSize()

    @Slot()
    def _enable(self) -> None:
        text = self.whole_address()
        missing = (
            bool(self.camera.user) and not self.password.text() and self.more.isVisibleTo(self)
        )
        self.agree.setEnabled(not missing and HIDDEN not in text and text != self.camera.shown)

    def _forget(self) -> None:
        self.forgotten = True
        self.accept()

    def whole_address(self) -> str:
        return with_password(self.address.text().strip(), self.user.text(), self.password.text())


class Locks(QObject):
    """Asks for passwords and keeps them where the system does. Main thread; the keyring is asked in
    the background.

    Args:
        parts: Of the window.
        kept: The cameras.
        enter: Takes over a camera's whole address; False if it is none, which is said.
        remove: Takes a camera out of the list.
    """

    changed = Signal()  # whether there is a keyring is known

    def __init__(
        self,
        parts: WindowParts,
        kept: KeptCameras,
        enter: Callable[[KeptCamera, str], bool],
        remove: Callable[[KeptCamera], None],
    ) -> None:
        super().__init__(parts.window)
        self._window, self._bridge, self._banners = parts.window, parts.bridge, parts.banners
        self._kept, self._enter, self._remove = kept, enter, remove
        self.keyring = False  # this system has one; see `look_for_keyring`
        self.asking: PasswordDialog | None = None

    def look_for_keyring(self) -> None:
        """Have it known soon whether this system has one."""

        def found(there: bool) -> None:
            self.keyring = there
            self.changed.emit()

        self._bridge.run("keyring", passwords.can_keep, found, lambda message: None)

    def tell(self, locked: Sequence[KeptCamera]) -> None:
        """Say whose password is missing; nothing for none."""
        self._banners.show_message(
            "locked", Severity.WARNING, locked_text(locked), "Enter it…", self.ask_for_all
        )

    @Slot()
    def ask_for_all(self) -> None:
        """Ask for one password after the other, until one is not given."""
        if self._kept.locked:
            self.ask(self._kept.locked[0], self.ask_for_all)

    def ask(self, camera: KeptCamera, then: Callable[[], None] = lambda: None) -> PasswordDialog:
        """Ask for a camera's password. The window goes on.

        Args:
            then: Called after it was given.
        """
        if self.asking is not None:
            if self.asking.camera.camera_id == camera.camera_id:
                bring_to_front(self.asking)
                return self.asking
            self.asking.reject()
        self.asking = dialog = PasswordDialog(camera, keyring=self.keyring, parent=self._window)

        def answered(result: int) -> None:
            self.asking = None
            if result != QDialog.DialogCode.Accepted:
                return
            if dialog.forgotten:
                self._remove(camera)
            elif self._enter(camera, dialog.whole_address()):
                self.keep(camera.camera_id, told=True)
                then()

        dialog.finished.connect(answered)
        bring_to_front(dialog)
        return dialog

    def keep(self, camera_id: str, *, told: bool = False) -> None:
        """Put an address that holds a password into the keyring, or say that it will be asked for
        again.

        Args:
            told: That was said already.
        """
        camera = self._kept.get(camera_id)
        address = self._kept.address(camera) if camera is not None else None
        if camera is None or address is None or not camera.secret:
            return

        def say(kept: bool) -> None:
            text = (
                f"The password of {camera.title} cannot be kept, as this system has no keyring: it "
                f"is asked for again at the next start"
            )
            shown = "" if kept or (told and not self.keyring) else text
            self._banners.show_message("keyring", Severity.INFO, shown)

        self._bridge.run(
            "keeping a password",
            lambda: passwords.keep(camera_id, address),
            say,
            lambda message: say(False),
        )

    def forget(self, camera_id: str) -> None:
        """Take a camera's password out of the keyring."""
        self._bridge.run(
            "forgetting a password",
            lambda: passwords.forget(camera_id),
            lambda done: None,
            lambda message: None,
        )

    def close(self) -> None:
        """The window closes."""
        if self.asking is not None:
            self.asking.reject()
