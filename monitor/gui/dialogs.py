"""What a receptionist may want to set."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from monitor.config import Config
from monitor.declared import DetectorInfo, detectors
from monitor.gui.side.panel import FaintLabel
from monitor.shift_times import parse_shifts


def detector_text(info: DetectorInfo) -> str:
    """How a detector is offered."""
    return f"{info.title} ({info.line})"


def wrapped(text: str) -> QLabel:
    label = FaintLabel(text)
    label.setWordWrap(True)
    label.setMinimumWidth(380)
    return label


class SettingsDialog(QDialog):
    """What a receptionist may want to change. Everything else is in the settings file."""

    def __init__(self, config: Config, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        form = QFormLayout(self)
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
        self.collect = QCheckBox("&Keep corrected faces to learn from")
        self.collect.setChecked(config.learning.collect)
        self.collect.setToolTip(
            f"A few faces of visits that are corrected or confirmed, on this PC alone, for "
            f"{config.learning.retention_days} days; Monitor > Models… shows them"
        )
        form.addRow(self.collect)
        days = config.store.retention_days
        kept = (
            f"Visits and sightings are deleted after {days} days"
            if days
            else "Visits and sightings are never deleted"
        )
        form.addRow(
            wrapped(
                f"{kept} (store.retention_days in the settings file). After a change the models "
                f"are loaded again; the count goes on."
            )
        )
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)

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
            ("learning", "collect"): self.collect.isChecked(),
        }
