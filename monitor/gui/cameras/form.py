"""The form that says which camera is meant: address, user, password, name, how it hangs; with its
live picture. The first steps and File > Cameras have the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from monitor.camera.address import USB, parse_address
from monitor.camera.kept import KeptCamera, check_name
from monitor.camera.source import FrameSource, camera_source
from monitor.camera.turn import Turn
from monitor.errors import CameraError
from monitor.gui.cameras.keeper import CameraKeeper
from monitor.gui.cameras.locks import with_password
from monitor.gui.cameras.preview import Preview
from monitor.gui.cameras.words import fault_text, trouble_text
from monitor.gui.picture.view import PictureView
from monitor.records import SourceStatus

NETWORK = "Network camera (RTSP or HTTP)"
SET_UP = "id "  # before the id of a camera that is in the list
TURNS = (
    ("As it comes", 0),
    ("Turned right (90°)", 90),
    ("Upside down (180°)", 180),
    ("Turned left (270°)", 270),
)


class CameraForm(QWidget):
    """A new camera, one to be changed, or one of the list to be chosen. Main thread.

    Args:
        keeper: Of the cameras.
        view: Shows the live picture.
        camera: To be changed; None: another one is meant.
    """

    came = Signal()  # the first picture of the camera that is meant now
    wrong = Signal(str, bool)  # what is to be said, "" for nothing; whether no picture came

    def __init__(
        self, keeper: CameraKeeper, view: PictureView, camera: KeptCamera | None = None
    ) -> None:
        super().__init__()
        self._keeper, self.view, self._camera = keeper, view, camera
        self.preview = Preview(view, keeper.config)
        self.preview.came.connect(self.came)
        self.preview.troubled.connect(self._say_trouble)
        self._opened = ""  # the whole address whose picture is shown, or awaited
        self._lay_out()
        self._turn_before = Turn(keeper.config.rotate, keeper.config.mirror)
        self._show_turn()
        self.kind.currentIndexChanged.connect(self.choose_kind)
        self.rotate.currentIndexChanged.connect(self._show_turned)
        self.mirror.toggled.connect(self._show_turned)
        self.name.returnPressed.connect(self._show_what_is_new)
        for field in (self.address, self.user, self.password):
            field.returnPressed.connect(self.show_picture)
            field.textEdited.connect(self._let_trouble_go)

    def _lay_out(self) -> None:
        self.name, self.address, self.user, self.password = (QLineEdit() for _ in range(4))
        self.name.setPlaceholderText("Front door, for example")
        self.address.setPlaceholderText("rtsp://camera.local/stream")
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.kind, self.rotate = QComboBox(), QComboBox()
        for text, degrees in TURNS:
            self.rotate.addItem(text, degrees)
        self.mirror = QCheckBox("Mi&rrored, left and right exchanged")
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
            ("Na&me", self.name),
            ("P&icture", self.rotate),
            ("", self.mirror),
        ):
            form.addRow(label, field)
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        column.addWidget(self.hint)
        column.addStretch(1)

    def offer(self, plugged: Sequence[tuple[int, str]], cameras: Sequence[KeptCamera] = ()) -> None:
        """Say what can be chosen; what is chosen stays, where it is there still. `fill` or
        `choose_kind` shows it.

        Args:
            plugged: The USB cameras that are there, by number and name.
            cameras: Of the list.
        """
        chosen, typed = self.kind.currentData(), self.address.text()
        self.kind.blockSignals(True)
        self.kind.clear()
        for camera in cameras:
            self.kind.addItem(camera.title, f"{SET_UP}{camera.camera_id}")
        for number, name in plugged:
            self.kind.addItem(f"{number}: {name}", str(number))
        self.kind.addItem(NETWORK, "")
        # who types an address is not interrupted
        kept = self.kind.findData(chosen) if chosen or typed else 0
        self.kind.setCurrentIndex(max(0, kept))
        self.kind.blockSignals(False)

    def fill(self, number: int | None) -> None:
        """Show what is known of the camera, or choose the USB camera of a number."""
        camera = self._camera
        self.kind.blockSignals(True)
        if camera is not None:
            self._turn_before = camera.turn or self._turn_before
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
        self.kind.blockSignals(False)
        self._show_turn()
        self.choose_kind()

    def choose(self, camera: KeptCamera) -> None:
        """Choose a camera of the list, where it is offered."""
        self.kind.setCurrentIndex(max(0, self.kind.findData(f"{SET_UP}{camera.camera_id}")))

    def _show_turn(self) -> None:
        self.rotate.setCurrentIndex(self.rotate.findData(self._turn_before.rotate))
        self.mirror.setChecked(self._turn_before.mirror)

    # What was entered

    @property
    def turn(self) -> Turn:
        return Turn(int(self.rotate.currentData()), self.mirror.isChecked())

    @property
    def network(self) -> bool:
        return bool(self.kind.currentData() == "")

    @property
    def of_list(self) -> KeptCamera | None:
        """The camera of the list that is chosen."""
        data = str(self.kind.currentData() or "")
        if not data.startswith(SET_UP):
            return None
        return self._keeper.kept.get(data.removeprefix(SET_UP))

    def whole_address(self) -> str:
        """What opens the camera; empty where that is as it was, or is not known."""
        number = str(self.kind.currentData())
        shown = self._camera.shown if self._camera is not None else ""
        if not self.network:
            return "" if number == shown or number.startswith(SET_UP) else number
        address, user, password = self.address.text(), self.user.text(), self.password.text()
        if address.strip() == shown and not user and not password:
            return ""
        if password and not user and self._camera is not None:
            user = self._camera.user  # as it is shown where none is entered
        return with_password(address.strip(), user, password)

    # The picture

    @property
    def has_picture(self) -> bool:
        """Whether what was entered shows a picture now."""
        return self.view.has_picture and self._opened == self._meant()

    @property
    def awaited(self) -> bool:
        """Whether a picture is on its way."""
        return self.preview.is_open and not self.view.has_picture

    def _meant(self) -> str:
        text, camera = self.whole_address(), self.of_list or self._camera
        if not text and camera is not None:
            text = self._keeper.kept.address(camera) or ""
        return text

    @Slot()
    def choose_kind(self) -> None:
        """Another camera is meant: show its fields and its picture."""
        for field in (self.address, self.user, self.password, self.try_button):
            self.form.setRowVisible(field, self.network)
        for other in (self.name, self.rotate, self.mirror):
            self.form.setRowVisible(other, self.of_list is None)
        where = (
            "kept in this system's keyring"
            if self._keeper.locks.keyring
            else "asked for again at each start, as this system has no keyring"
        )
        self.hint.setText(f"The password is {where}; it is in no file." if self.network else "")
        if not self.network or (self._camera is not None and not self.whole_address()):
            self.show_picture()
        elif self._opened != self._meant() or not self._opened:
            self.preview.stop()
            self.view.set_placeholder("No picture yet", "Enter the address, then show its picture")

    @Slot()
    def show_picture(self) -> None:
        """Show what the camera shows now."""
        self._opened = text = self._meant()
        if not text:
            self.preview.stop()
            known = self.of_list or self._camera
            hint = "Enter its password first" if known is not None else "Enter its address first"
            self.view.set_placeholder("No picture yet", hint)
            return
        try:
            source = self._source(text)
        except CameraError as error:
            self.preview.stop()
            self.wrong.emit(fault_text(error), False)
            return
        self.wrong.emit("", False)
        chosen = self.of_list
        self.preview.turn = source.turn if chosen is not None else self.turn
        watched = self._keeper.watching(source)
        # another password is tried by itself, whoever watches this camera with the former one
        same = watched is not None and watched.source.address == source.address
        if watched is not None and (same or not self.password.text()):
            self.preview.look_on(watched)
        else:
            self.preview.open(source)

    @Slot()
    def _show_what_is_new(self) -> None:
        if self._opened != self._meant() or not self.preview.is_open:
            self.show_picture()

    @Slot()
    def _let_trouble_go(self) -> None:
        """What was said of another address or password does not hold any more."""
        if not self.has_picture:
            self.wrong.emit("", False)

    def _source(self, text: str) -> FrameSource:
        chosen, config = self.of_list, self._keeper.config
        if chosen is not None:
            return self._keeper.kept.source(chosen, config)
        return camera_source(text, config)

    @Slot()
    def _show_turned(self) -> None:
        self.preview.show_turned(self.turn)

    @Slot(object)
    def _say_trouble(self, status: SourceStatus) -> None:
        """No picture came."""
        chosen = self.of_list
        title = chosen.title if chosen is not None else self.name.text().strip() or "The camera"
        if status.refused and self.network:
            self.password.setFocus()
            self.password.selectAll()
        self.view.set_placeholder("No picture", "")
        self.wrong.emit(trouble_text(title, status), True)

    def stop(self) -> None:
        """Read no picture any more: a USB camera has one reader."""
        self.preview.stop()
        self._opened = ""

    # The end

    def save(self) -> KeptCamera:
        """Keep what was entered, and watch a new camera.

        Raises:
            CameraError: If the name or the address is not valid.
        """
        chosen = self.of_list
        if chosen is not None:
            self.stop()
            self._keeper.take_up(chosen)
            return chosen
        camera, text = self._camera, self.whole_address()
        if text:
            text = text if parse_address(text).kind != USB else str(int(text))
        elif camera is None:
            raise CameraError("the address is empty: write it like rtsp://camera.local/stream")
        others = [c.title for c in self._keeper.kept.cameras if c is not camera]
        name = check_name(self.name.text(), others)
        former = camera.turn if camera is not None else None
        turn = former if self.turn == self._turn_before else self.turn
        self.stop()
        if camera is None:
            return self._keeper.add(text, name, turn)
        changed = replace(camera, name=name, turn=turn)
        self._keeper.change(changed, text)
        return changed
