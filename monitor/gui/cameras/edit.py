"""One camera: its name, its address, how it hangs; with its live picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from monitor.camera.address import USB, parse_address
from monitor.camera.kept import KeptCamera, check_name
from monitor.camera.source import camera_source
from monitor.camera.turn import Turn
from monitor.errors import CameraError
from monitor.gui.banner import BannerStack, Severity
from monitor.gui.cameras.keeper import CameraKeeper
from monitor.gui.cameras.locks import with_password
from monitor.gui.cameras.preview import Preview
from monitor.gui.picture.view import PictureView
from monitor.gui.screen import dialog_size

NETWORK = "Network camera (RTSP or HTTP)"
TURNS = (
    ("As it comes", 0),
    ("Turned right (90°)", 90),
    ("Upside down (180°)", 180),
    ("Turned left (270°)", 270),
)


class CameraDialog(QDialog):
    """Adds a camera, or changes one. Main thread.

    Args:
        keeper: Of the cameras.
        plugged: The USB cameras that are there, by number and name.
        camera: To be changed; None: a new one.
        number: Of the USB camera that a new one is, if that is known.
    """

    def __init__(
        self,
        keeper: CameraKeeper,
        plugged: Sequence[tuple[int, str]],
        parent: QWidget,
        camera: KeptCamera | None = None,
        number: int | None = None,
    ) -> None:
        super().__init__(parent)
        self._keeper, self._camera = keeper, camera
        self.setWindowTitle("Add a camera" if camera is None else f"Camera: {camera.title}")
        self.banners = BannerStack()
        self.view = PictureView()
        self.view.setMinimumSize(240, 180)
        self.view.setAccessibleName("Live picture of this camera")
        self.preview = Preview(self.view, keeper.config)
        self._lay_out(plugged)
        self._fill(number)
        self.kind.currentIndexChanged.connect(self._choose_kind)
        self.rotate.currentIndexChanged.connect(self._show_turned)
        self.mirror.toggled.connect(self._show_turned)
        self.resize(dialog_size(self, QSize(760, 420)))
        self._choose_kind()

    def _lay_out(self, plugged: Sequence[tuple[int, str]]) -> None:
        self.name, self.address, self.user, self.password = (QLineEdit() for _ in range(4))
        self.name.setPlaceholderText("Front door, for example")
        self.address.setPlaceholderText("rtsp://camera.local/stream")
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.kind, self.rotate = QComboBox(), QComboBox()
        for number, name in plugged:
            self.kind.addItem(f"{number}: {name}", str(number))
        self.kind.addItem(NETWORK, "")
        for text, degrees in TURNS:
            self.rotate.addItem(text, degrees)
        self.mirror = QCheckBox("&Mirrored, left and right exchanged")
        self.try_button = QPushButton("&Show its picture")
        self.try_button.setAutoDefault(False)
        self.try_button.clicked.connect(self.show_picture)
        self.form = form = QFormLayout()
        form.setVerticalSpacing(10)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for label, field in (
            ("&Camera", self.kind),
            ("&Address", self.address),
            ("&User", self.user),
            ("&Password", self.password),
            ("", self.try_button),
            ("&Name", self.name),
            ("&Picture", self.rotate),
            ("", self.mirror),
        ):
            form.addRow(label, field)
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setTextFormat(Qt.TextFormat.PlainText)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        left = QVBoxLayout()
        left.addLayout(form)
        left.addWidget(self.hint)
        left.addStretch(1)
        both = QHBoxLayout()
        both.setContentsMargins(16, 14, 16, 0)
        both.setSpacing(16)
        both.addLayout(left, 1)
        both.addWidget(self.view, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 14)
        column.addWidget(self.banners)
        column.addLayout(both, 1)
        row = QHBoxLayout()
        row.setContentsMargins(16, 0, 16, 0)
        row.addWidget(buttons)
        column.addLayout(row)

    def _fill(self, number: int | None) -> None:
        """Show what is known of the camera."""
        camera = self._camera
        turn = Turn(self._keeper.config.rotate, self._keeper.config.mirror)
        if camera is not None:
            turn = camera.turn or turn
            self.name.setText(camera.name)
            number = int(camera.shown) if camera.shown.isdigit() else None
            if number is None:
                self.kind.setCurrentIndex(self.kind.findData(""))
                self.address.setText(camera.shown)
                if camera.secret:
                    self.user.setPlaceholderText(camera.user)
                    self.password.setPlaceholderText("as it is")
            elif self.kind.findData(str(number)) < 0:
                self.kind.insertItem(0, f"{number}: not plugged in", str(number))
        if number is not None:
            self.kind.setCurrentIndex(self.kind.findData(str(number)))
        self.rotate.setCurrentIndex(self.rotate.findData(turn.rotate))
        self.mirror.setChecked(turn.mirror)
        self._turn_before = turn

    # What was entered

    @property
    def turn(self) -> Turn:
        return Turn(int(self.rotate.currentData()), self.mirror.isChecked())

    @property
    def _network(self) -> bool:
        return str(self.kind.currentData()) == ""

    def whole_address(self) -> str:
        """What opens the camera; empty where that is as it was."""
        number = str(self.kind.currentData())
        shown = self._camera.shown if self._camera is not None else ""
        if not self._network:
            return "" if number == shown else number
        address, user, password = self.address.text(), self.user.text(), self.password.text()
        if address.strip() == shown and not user and not password:
            return ""
        if password and not user and self._camera is not None:
            user = self._camera.user  # as it is shown where none is entered
        return with_password(address.strip(), user, password)

    # The picture

    @Slot()
    def _choose_kind(self) -> None:
        for field in (self.address, self.user, self.password, self.try_button):
            self.form.setRowVisible(field, self._network)
        where = (
            "kept in this system's keyring"
            if self._keeper.locks.keyring
            else "asked for again at each start, as this system has no keyring"
        )
        self.hint.setText(f"The password is {where}; it is in no file." if self._network else "")
        unchanged = self._camera is not None and not self.whole_address()
        if not self._network or unchanged:
            self.show_picture()
        else:
            self.preview.stop()
            self.view.set_placeholder("No picture yet", "Enter the address, then show its picture")

    @Slot()
    def show_picture(self) -> None:
        """Show what the camera shows now."""
        text, camera = self.whole_address(), self._camera
        if not text and camera is not None:
            text = self._keeper.kept.address(camera) or ""
        if not text:
            self.preview.stop()
            self.view.set_placeholder("No picture yet", "Enter its password first")
            return
        try:
            source = camera_source(text, self._keeper.config)
        except CameraError as error:
            self.banners.show_message("fault", Severity.ERROR, str(error))
            return
        self.banners.clear("fault")
        self.preview.turn = self.turn
        watched = self._keeper.watching(source)
        if watched is not None:
            self.preview.look_on(watched)
        else:
            self.preview.open(source)

    @Slot()
    def _show_turned(self) -> None:
        self.preview.show_turned(self.turn)

    # The end

    def accept(self) -> None:
        """Keep what was entered; what is wrong with it is said."""
        try:
            self.save()
        except CameraError as error:
            self.banners.show_message("fault", Severity.ERROR, str(error))
        else:
            super().accept()

    def save(self) -> None:
        """
        Raises:
            CameraError: If the name or the address is not valid.
        """
        camera, text = self._camera, self.whole_address()
        if text:
            text = text if parse_address(text).kind != USB else str(int(text))
        elif camera is None:
            raise CameraError("the address is empty: write it like rtsp://camera.local/stream")
        others = [c.title for c in self._keeper.kept.cameras if c is not camera]
        name = check_name(self.name.text(), others)
        former = camera.turn if camera is not None else None
        turn = former if self.turn == self._turn_before else self.turn
        self.preview.stop()
        if camera is None:
            self._keeper.add(text, name, turn)
        else:
            self._keeper.change(replace(camera, name=name, turn=turn), text)

    def done(self, result: int) -> None:
        self.preview.stop()
        super().done(result)
