"""The cameras that the next run watches again. Passwords are never written: they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QWidget

from monitor.app import RunOptions, choose_source
from monitor.camera.sources import FrameSource, camera_source, public_name
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
    named = options.video is not None or options.images is not None or bool(config.source)
    if not named and kept.cameras:
        sources, wrong = [], []
        for camera in kept.cameras[:CAMERAS_MAX]:
            if camera in kept.locked:
                continue
            try:
                sources.append(camera_source(camera, config))
            except CameraError as error:  # a settings file that was written by hand
                wrong.append(str(error).removeprefix("--camera "))
        return First(
            tuple(sources), "; ".join(wrong), tuple(c for c in kept.cameras if c in kept.locked)
        )
    chosen = choose_source(options)
    if not named and kept.set_up and not chosen.source.live:
        return First((), "No camera found: plug one in, or open a stream or a clip")
    return First(chosen.sources, chosen.notice)


class AddressBook:
    """The addresses of the cameras of this run, by the names that are shown; passwords stay in
    memory.
    """

    def __init__(self, named: Sequence[str]) -> None:
        self._addresses: dict[str, str] = {}
        self.locked: tuple[str, ...] = ()  # not opened yet: their passwords are asked for
        for address in named:
            self.add(public_name(address) if "://" in address else f"camera {address}", address)

    def add(self, name: str, address: str) -> None:
        self._addresses[name] = address

    def unlock(self, name: str) -> None:
        """Its password is no longer asked for."""
        self.locked = tuple(camera for camera in self.locked if camera != name)

    def remembered(self, names: Sequence[str]) -> Remembered:
        """What is kept of the cameras of these names."""
        cameras: dict[str, None] = {}
        locked = set(self.locked)
        for name in names:
            address = self._addresses.get(name) or _address(name)
            if address:
                cameras[public_name(address)] = None
                if public_name(address) != address:
                    locked.add(public_name(address))
        return Remembered((*cameras, *self.locked), frozenset(locked), True)


def _address(name: str) -> str:
    """What opens a camera or stream of this name; nothing for clips and folders."""
    usb = name.removeprefix("camera ") if name.startswith("camera ") else ""
    return name if "://" in name else usb


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
