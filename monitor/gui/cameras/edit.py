"""A camera is added, or changed: the form with its live picture, in a dialog."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QVBoxLayout, QWidget

from monitor.camera.kept import KeptCamera
from monitor.errors import CameraError
from monitor.gui.banner import BannerStack, Severity
from monitor.gui.cameras.form import CameraForm
from monitor.gui.cameras.keeper import CameraKeeper
from monitor.gui.cameras.words import fault_text
from monitor.gui.picture.view import PictureView
from monitor.gui.screen import dialog_size


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
        self.setWindowTitle("Add a camera" if camera is None else f"Camera: {camera.title}")
        self.banners = BannerStack()
        self.banners.reserve()  # nothing moves under the mouse when a line comes
        self.view = PictureView()
        self.view.setMinimumSize(240, 180)
        self.view.setAccessibleName("Live picture of this camera")
        self.form = CameraForm(keeper, self.view, camera)
        self.form.wrong.connect(self._say)
        self.form.came.connect(lambda: self._say(""))
        self._lay_out()
        self.form.offer(plugged)
        self.form.fill(number)
        self.resize(dialog_size(self, QSize(760, 460)))

    def _lay_out(self) -> None:
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        # Enter in a field of the form shows the picture, and saves nothing
        buttons.button(QDialogButtonBox.StandardButton.Save).setAutoDefault(False)
        buttons.button(QDialogButtonBox.StandardButton.Save).setDefault(False)
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setAutoDefault(False)
        both = QHBoxLayout()
        both.setContentsMargins(16, 14, 16, 0)
        both.setSpacing(16)
        both.addWidget(self.form, 1)
        both.addWidget(self.view, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 14)
        column.addLayout(both, 1)
        column.addWidget(self.banners)
        row = QHBoxLayout()
        row.setContentsMargins(16, 0, 16, 0)
        row.addWidget(buttons)
        column.addLayout(row)

    @Slot(str, bool)
    def _say(self, text: str, no_picture: bool = False) -> None:
        self.banners.show_message("fault", Severity.ERROR, text)

    def accept(self) -> None:
        """Keep what was entered; what is wrong with it is said."""
        try:
            self.form.save()
        except CameraError as error:
            self._say(fault_text(error))
        else:
            super().accept()

    def done(self, result: int) -> None:
        self.form.stop()
        super().done(result)
