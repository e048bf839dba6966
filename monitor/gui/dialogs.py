"""What a receptionist may want to set."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from monitor.config import Config
from monitor.declared import DetectorInfo, detectors
from monitor.gui.privacy_box import PrivacyBox
from monitor.gui.screen import dialog_size
from monitor.gui.side.panel import FaintLabel
from monitor.shift_times import parse_shifts

AFTER = "A change takes effect at once: the models are loaded again, and the count goes on."


def detector_text(info: DetectorInfo) -> str:
    """How a detector is offered."""
    return f"{info.title} ({info.line})"


def wrapped(text: str) -> QLabel:
    label = FaintLabel(text)
    label.setWordWrap(True)
    label.setMinimumWidth(380)
    return label


class SettingsDialog(QDialog):
    """What a receptionist may want to change. Everything else is in the settings file.

    Args:
        config: The settings as they are.
        identify: Whether people are named now.
        fixed: See `PrivacyBox`.
    """

    def __init__(
        self,
        config: Config,
        parent: QWidget | None = None,
        *,
        identify: bool = False,
        fixed: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        body = QWidget()
        form = QFormLayout(body)
        form.setVerticalSpacing(10)
        self.alert_after_s = QDoubleSpinBox()
        self.alert_after_s.setRange(0, 600)
        self.alert_after_s.setDecimals(1)
        self.alert_after_s.setSingleStep(0.5)
        self.alert_after_s.setSuffix(" s")
        self.alert_after_s.setValue(config.sighting.alert_after_s)
        form.addRow("A sighting begins &after", self.alert_after_s)
        self.min_face_px = QSpinBox()
        self.min_face_px.setRange(8, 1000)
        self.min_face_px.setSuffix(" px")
        self.min_face_px.setValue(config.detect.min_face_px)
        form.addRow("&Smallest face", self.min_face_px)
        self.detector = QComboBox()
        for name, info in detectors().items():
            self.detector.addItem(detector_text(info), name)
        self.detector.setCurrentIndex(self.detector.findData(config.detect.name))
        form.addRow("Face &detector", self.detector)
        self.shifts = QLineEdit(config.shift.times)
        self.shifts.setPlaceholderText("Morning 06:00, Late 14:00")
        self.shifts.setToolTip(
            "A name and a time of day for each shift, with commas between several"
        )
        form.addRow("S&hifts begin", self.shifts)
        form.addRow(
            "",
            wrapped(
                "Like Morning 06:00, Late 14:00, Closed 20:00. From one time to the next the door "
                "is to be watched; when the program did not run is then said, too."
            ),
        )
        self._wrong = QLabel()
        self._wrong.setWordWrap(True)
        self._wrong.hide()
        form.addRow(self._wrong)
        self.privacy = PrivacyBox(config, identify=identify, fixed=fixed)
        self.collect = self.privacy.collect
        form.addRow(self.privacy)
        form.addRow(wrapped(AFTER))
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._lay_out(body, form, buttons)

    def _lay_out(self, body: QWidget, form: QFormLayout, buttons: QDialogButtonBox) -> None:
        """All of it, and the buttons below in any case."""
        scroll = QScrollArea()  # for small screens
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows = QVBoxLayout(self)
        rows.addWidget(scroll, 1)
        rows.addWidget(buttons)
        width = body.sizeHint().width() + scroll.verticalScrollBar().sizeHint().width()
        scroll.setMinimumWidth(width)
        height = form.totalHeightForWidth(width) + buttons.sizeHint().height() + 40
        self.resize(dialog_size(self, QSize(width + 24, height)))

    def accept(self) -> None:
        """Times that cannot be read are said."""
        try:
            parse_shifts(self.shifts.text())
        except ValueError as error:
            self._wrong.setText(f"⚠ {error}")
            self._wrong.show()
            self.shifts.setFocus()
            return
        super().accept()

    def values(self) -> dict[tuple[str, str], object]:
        """Section and name to value."""
        return {
            ("sighting", "alert_after_s"): self.alert_after_s.value(),
            ("detect", "min_face_px"): self.min_face_px.value(),
            ("detect", "name"): self.detector.currentData(),
            ("shift", "times"): self.shifts.text(),
            ("store", "retention_days"): self.privacy.retention_days.value(),
            ("learning", "collect"): self.collect.isChecked(),
        }

    @property
    def identify(self) -> bool:
        """Whether people are to be named."""
        return self.privacy.identify.isChecked()
