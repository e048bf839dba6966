"""The Cameras page: all cameras that were set up, and those that are plugged in; add, change,
order, switch, remove.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QMessageBox,
    QPushButton,
    QTableWidgetItem,
    QWidget,
)

from monitor.camera.kept import KeptCamera
from monitor.camera.listing import camera_list
from monitor.camera.turn import UPRIGHT, Turn
from monitor.errors import CameraError
from monitor.gui.banner import Severity
from monitor.gui.cameras.edit import CameraDialog
from monitor.gui.cameras.keeper import CameraKeeper
from monitor.gui.screen import dialog_size
from monitor.gui.side.panel import FaintLabel
from monitor.gui.threads.bridge import Bridge
from monitor.gui.threads.session import Session
from monitor.gui.working_dialog import WorkingDialog, quiet_table

COLUMNS = ("Name", "State", "Picture", "Address")
PLUGGED = "plugged in, not used"
LOOK_MS, LIST_MS = 500, 2000  # at the states, and at what is plugged in


class CamerasDialog(WorkingDialog):
    """Beside the window, which goes on. Main thread."""

    check_wanted = Signal(object)  # a `KeptCamera`: the doctor is to look at it

    def __init__(
        self, keeper: CameraKeeper, session: Session, bridge: Bridge, parent: QWidget
    ) -> None:
        super().__init__(bridge, parent)
        self.setWindowTitle("Cameras")
        self._keeper, self._session = keeper, session
        self.plugged: list[tuple[int, str]] = []
        self._chosen = ""  # the id of the camera whose row is chosen
        self._lay_out()
        self.resize(dialog_size(self, self.sizeHint()))
        keeper.changed.connect(self.show_list)
        self._look_timer = QTimer(self, interval=LOOK_MS)
        self._look_timer.timeout.connect(self._show_states)
        self._list_timer = QTimer(self, interval=LIST_MS)
        self._list_timer.timeout.connect(self.read)
        self.show_list()

    def sizeHint(self) -> QSize:
        return QSize(760, 420)

    def _lay_out(self) -> None:
        self.table = quiet_table("Cameras in their order", COLUMNS, (190, 150, 150))
        self.table.itemSelectionChanged.connect(self._choose)
        self.table.itemActivated.connect(lambda item: self.edit())
        self.inner.addWidget(self.table, 1)
        note = FaintLabel(
            "Names stand on the pictures, in the list, the CSV and the store. What was counted "
            "under a former name keeps it."
        )
        note.setWordWrap(True)
        self.inner.addWidget(note)
        grid = QGridLayout()
        self._buttons = 0

        def button(text: str, action: Callable[[], object]) -> QPushButton:
            made = QPushButton(text)
            made.setAutoDefault(False)
            made.clicked.connect(lambda: action())
            grid.addWidget(made, *divmod(self._buttons, 5))
            self._buttons += 1
            return made

        self.add_button = button("&Add…", self.add)
        self.edit_button = button("&Change…", self.edit)
        self.switch_button = button("&Switch off", self.switch)
        self.password_button = button("&Password…", self.unlock)
        self.remove_button = button("&Remove…", self.remove)
        self.up_button = button("&Up", lambda: self.shift(-1))
        self.down_button = button("&Down", lambda: self.shift(1))
        self.check_button = button("C&heck…", self.check)
        self._for_one = (
            self.edit_button,
            self.switch_button,
            self.remove_button,
            self.check_button,
        )
        close = QPushButton("C&lose")
        close.setAutoDefault(False)  # Enter in the table changes a camera
        close.clicked.connect(self.close)
        grid.addWidget(close, 1, 4)
        self.inner.addLayout(grid)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._keeper.locks.look_for_keyring()
        self._look_timer.start()
        self._list_timer.start()
        self.read()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._look_timer.stop()
        self._list_timer.stop()

    # The list

    @Slot()
    def read(self) -> None:
        """Look for what is plugged in."""
        if not self.busy:
            self.busy = True
            self._bridge.run("listing", camera_list, self._show_plugged, self._not_listed)

    def _show_plugged(self, cameras: list[tuple[int, str]]) -> None:
        self.busy = False
        if cameras != self.plugged:
            self.plugged = cameras
            self.show_list()

    def _not_listed(self, message: str) -> None:
        self.busy = False
        self.banners.show_message("plugged", Severity.WARNING, message)

    @property
    def unused(self) -> list[tuple[int, str]]:
        """What is plugged in and not in the list."""
        used = {camera.shown for camera in self._keeper.kept.cameras}
        return [(number, name) for number, name in self.plugged if str(number) not in used]

    @Slot()
    def show_list(self) -> None:
        """Show the list as it is now; what was chosen stays chosen."""
        chosen, row = self._chosen, self.table.currentRow()
        cameras, names = self._keeper.kept.cameras, dict(self.plugged)
        rows = [(c.title, "", _turn_text(c.turn), _address_text(c, names)) for c in cameras]
        rows += [(name, PLUGGED, "", f"USB camera {number}") for number, name in self.unused]
        self.table.setRowCount(len(rows))
        for place, texts in enumerate(rows):
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.table.setItem(place, column, item)
        self._show_states()
        places = [camera.camera_id for camera in cameras]
        row = places.index(chosen) if chosen in places else max(0, row)  # one is always chosen
        if row < len(rows):
            self.table.selectRow(row)
        self._choose()

    @Slot()
    def _choose(self) -> None:
        camera = self.selected()
        self._chosen = camera.camera_id if camera is not None else ""
        self.enable()

    @Slot()
    def _show_states(self) -> None:
        for row, camera in enumerate(self._keeper.kept.cameras):
            item = self.table.item(row, 1)
            if item is not None and item.text() != (state := self.state(camera)):
                item.setText(state)
                item.setToolTip(state)

    def state(self, camera: KeptCamera) -> str:
        """What a camera does now, in a word."""
        watched = self._keeper.watched(camera)
        if not camera.on:
            return "switched off"
        if self._keeper.kept.address(camera) is None:
            return "password needed"
        if watched is None:
            return "not watched now"
        return "paused" if self._session.paused else self._session.status_of(watched).state.value

    def selected(self) -> KeptCamera | None:
        """The chosen camera of the list."""
        row = self._row()
        return self._keeper.kept.cameras[row] if 0 <= row < self._number else None

    @property
    def _number(self) -> int:
        return len(self._keeper.kept.cameras)

    def _row(self) -> int:
        rows = self.table.selectionModel().selectedRows() if self.table.selectionModel() else []
        return rows[0].row() if rows else -1

    def _selected_number(self) -> int | None:
        """The number of the chosen camera that is plugged in and not in the list."""
        place = self._row() - self._number
        return self.unused[place][0] if 0 <= place < len(self.unused) else None

    @Slot()
    def enable(self) -> None:
        camera, row = self.selected(), self._row()
        for button in self._for_one:
            button.setEnabled(camera is not None)
        self.switch_button.setText("&Switch off" if camera is None or camera.on else "&Switch on")
        self.password_button.setEnabled(camera is not None and not camera.shown.isdigit())
        self.up_button.setEnabled(camera is not None and row > 0)
        self.down_button.setEnabled(camera is not None and row < self._number - 1)

    # What the user does

    def add(self) -> None:
        """Add the chosen one that is plugged in, or another one."""
        self._ask(None, self._selected_number())

    def edit(self) -> None:
        camera = self.selected()
        if camera is not None:
            self._ask(camera)
        elif self._selected_number() is not None:
            self.add()

    def _ask(self, camera: KeptCamera | None, number: int | None = None) -> None:
        offered = self.plugged if camera is not None else self.unused
        dialog = CameraDialog(self._keeper, offered, self, camera, number)
        if dialog.exec() == QDialog.DialogCode.Accepted and camera is None:
            self.table.selectRow(self._number - 1)
        dialog.deleteLater()

    def switch(self) -> None:
        """Switch the chosen camera on or off."""
        camera = self.selected()
        if camera is None:
            return
        try:
            self._keeper.switch(camera, not camera.on)
        except CameraError as error:
            self.banners.show_message("fault", Severity.ERROR, str(error))
        else:
            self.banners.clear("fault")

    def unlock(self) -> None:
        camera = self.selected()
        if camera is not None:
            self._keeper.unlock(camera)

    def check(self) -> None:
        """Have the doctor look at the chosen camera."""
        camera = self.selected()
        if camera is not None:
            self.check_wanted.emit(camera)

    def shift(self, places: int) -> None:
        camera = self.selected()
        if camera is not None:
            self._keeper.move(camera, places)

    def remove(self) -> None:
        """Remove the chosen camera, if that is really wanted."""
        camera = self.selected()
        if camera is None:
            return
        question = (
            f"Remove {camera.title} from the list? It is not watched any more. What was counted "
            f"there stays in the store."
        )
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self, "Remove a camera", question, buttons.Yes | buttons.No, buttons.No
        )
        if answer is buttons.Yes:
            self._keeper.remove(camera)


def _turn_text(turn: Turn | None) -> str:
    if turn is None or turn == UPRIGHT:
        return "as it comes"
    turned = f"turned by {turn.rotate}°" if turn.rotate else ""
    return ", ".join(text for text in (turned, "mirrored" if turn.mirror else "") if text)


def _address_text(camera: KeptCamera, plugged: dict[int, str]) -> str:
    if not camera.shown.isdigit():
        return camera.shown
    name = plugged.get(int(camera.shown), "not plugged in")
    return f"USB camera {camera.shown}: {name}"
