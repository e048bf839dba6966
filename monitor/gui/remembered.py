"""What a run begins with: the cameras that were set up. Passwords are never written into a file:
what the system's keyring does not know is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QWidget

from monitor.app import RunOptions, choose_source
from monitor.camera.kept import KeptCamera, KeptCameras
from monitor.camera.source import FrameSource
from monitor.errors import CameraError
from monitor.gui.threads.session import CAMERAS_MAX

NOTHING = "No camera found: plug one in, or open a stream or a clip"


@dataclass(frozen=True, slots=True)
class First:
    """What a run begins with."""

    sources: tuple[FrameSource, ...]
    notice: str = ""
    named: bool = False  # on the command line, or in the settings


def first_sources(options: RunOptions, kept: KeptCameras) -> First:
    """What the options name, else the cameras that were set up and need no password, whether they
    are there or not, else `choose_source`'s choice.

    Raises:
        CameraError: If what is named is not valid.
    """
    if options.recording is not None or options.config.camera.source:
        chosen = choose_source(options, kept)
        return First(chosen.sources, chosen.notice, named=True)
    if kept.cameras:
        sources, wrong = kept.sources(options.config.camera)
        if not any(camera.on for camera in kept.cameras):
            wrong = "All cameras are switched off: switch one on in File > Cameras…"
        elif len(sources) > CAMERAS_MAX:
            wrong = f"Only {CAMERAS_MAX} cameras are watched: switch others off in File > Cameras…"
        return First(sources[:CAMERAS_MAX], wrong)
    try:
        chosen = choose_source(options, kept)
    except CameraError:  # there was one once
        return First((), kept.fault or NOTHING)
    return First(chosen.sources, chosen.notice)


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
    """Asks for the password of a camera that was set up."""

    def __init__(self, camera: KeptCamera, *, keyring: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Password of {camera.title}")
        form = QFormLayout(self)
        form.setVerticalSpacing(10)
        self.address, self.user, self.password = QLineEdit(camera.shown), QLineEdit(), QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.address.setMinimumWidth(380)
        form.addRow("&Address", self.address)
        form.addRow("&User", self.user)
        form.addRow("&Password", self.password)
        where = (
            "They are kept in this system's keyring, and in no file of Mask Monitor."
            if keyring
            else "This system has no keyring: they are kept until Mask Monitor ends, and never "
            "written down."
        )
        hint = QLabel(
            f"{where} Where a part of the address was left out for that, enter the whole address."
        )
        hint.setWordWrap(True)
        form.addRow(hint)
        self.user.setFocus()
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.forget = buttons.addButton(
            "&Remove this camera", QDialogButtonBox.ButtonRole.DestructiveRole
        )
        self.forgotten = False
        self.forget.clicked.connect(self._forget)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)

    def _forget(self) -> None:
        self.forgotten = True
        self.accept()

    def whole_address(self) -> str:
        return with_password(self.address.text().strip(), self.user.text(), self.password.text())
