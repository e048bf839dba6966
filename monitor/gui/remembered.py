"""The cameras that the next run watches again. Passwords are never written: they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QWidget

from monitor.app import RunOptions, choose_source
from monitor.camera.address import USB, Address
from monitor.camera.source import FrameSource, camera_source
from monitor.errors import CameraError
from monitor.gui.threads.session import CAMERAS_MAX


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a run leaves to the next one."""

    cameras: tuple[str, ...] = ()  # addresses without passwords, in the order of the tiles
    locked: frozenset[str] = frozenset()  # those of them that need a password
    set_up: bool = False  # a camera was watched once: the bundled clip is not played by itself


@dataclass(frozen=True, slots=True)
class First:
    """What a run begins with."""

    sources: tuple[FrameSource, ...]
    notice: str = ""
    locked: tuple[str, ...] = ()  # cameras whose passwords are to be asked for


def first_sources(options: RunOptions, kept: Remembered) -> First:
    """What the options name, else the cameras of the last run, whether they are there or not, else
    `choose_source`'s choice.

    Raises:
        CameraError: If what is named is not valid.
    """
    config = options.config.camera
    named = options.recording is not None or bool(config.source)
    if not named and kept.cameras:
        sources: list[FrameSource] = []
        wrong: list[str] = []
        for camera in dict.fromkeys(c for c in kept.cameras if c not in kept.locked):
            if len(sources) == CAMERAS_MAX:
                break
            try:
                sources.append(camera_source(camera, config))
            except CameraError as error:  # a settings file that was written by hand
                wrong.append(str(error))
        return First(
            tuple(sources), "; ".join(wrong), tuple(c for c in kept.cameras if c in kept.locked)
        )
    chosen = choose_source(options)
    if not named and kept.set_up and not chosen.source.live:
        return First((), "No camera found: plug one in, or open a stream or a clip")
    return First(chosen.sources, chosen.notice)


def to_remember(watched: Sequence[Address], locked: Sequence[str]) -> Remembered:
    """What is kept of the cameras that are watched, and of those whose passwords are still asked
    for. An address that holds a secret is kept by its name, which holds none.
    """
    cameras = [a.url if a.kind == USB else a.name for a in watched]
    needs = {*locked, *(a.name for a in watched if not a.plain)}
    # one name may be that of several cameras, which differ in what is secret
    return Remembered((*cameras, *locked), frozenset(needs), True)


def with_password(address: str, user: str, password: str) -> str:
    """An address that holds user and password."""
    if not user and not password:
        return address
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    host = host.rpartition("@")[2]
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{host}{slash}{path}"


def locked_text(locked: Sequence[str]) -> str:
    """One line that asks for passwords; empty for none."""
    if not locked:
        return ""
    needs = "needs its password" if len(locked) == 1 else "need their passwords"
    return f"{', '.join(locked)} {needs} again: what may be secret is never written down"


class PasswordDialog(QDialog):
    """Asks for the password of a camera that was watched before."""

    def __init__(self, address: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Password of a camera")
        form = QFormLayout(self)
        form.setVerticalSpacing(10)
        self.address, self.user, self.password = QLineEdit(address), QLineEdit(), QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.address.setMinimumWidth(380)
        form.addRow("&Address", self.address)
        form.addRow("&User", self.user)
        form.addRow("&Password", self.password)
        hint = QLabel(
            "They are kept until Mask Monitor ends, and never written down. Where a part of the "
            "address was left out for that, enter the whole address."
        )
        hint.setWordWrap(True)
        form.addRow(hint)
        self.user.setFocus()
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.forget = buttons.addButton(
            "&Forget this camera", QDialogButtonBox.ButtonRole.DestructiveRole
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
