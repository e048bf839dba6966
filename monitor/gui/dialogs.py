"""Small dialogs: settings and export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSpinBox,
    QWidget,
)

from monitor.config import Config
from monitor.declared import DetectorInfo, detectors
from monitor.gui.side.panel import FaintLabel


def detector_text(info: DetectorInfo) -> str:
    """How a detector is offered."""
    return f"{info.title} ({info.line})"


def _wrapped(text: str) -> QLabel:
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
            _wrapped(
                f"{kept} (store.retention_days in the settings file). A change begins a new shift; "
                f"the old one stays in the store."
            )
        )
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)

    def values(self) -> dict[tuple[str, str], object]:
        """Section and name to value."""
        return {
            ("sighting", "alert_after_s"): self.alert_after_s.value(),
            ("detect", "min_face_px"): self.min_face_px.value(),
            ("detect", "name"): self.detector.currentData(),
            ("learning", "collect"): self.collect.isChecked(),
        }


@dataclass(frozen=True, slots=True)
class _Period:
    title: str
    name: str  # in the file's name
    since: datetime | None


def _periods(shift_began: datetime, now: datetime) -> tuple[_Period, ...]:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    week, today = midnight - timedelta(days=6), f"{now:%Y-%m-%d}"
    return (
        _Period("This shift", f"shift_{shift_began:%Y-%m-%d_%H%M}", shift_began),
        _Period("Today", today, midnight),
        _Period("The last 7 days", f"{week:%Y-%m-%d}_to_{today}", week),
        _Period("Everything that is kept", f"all_to_{today}", None),
    )


def totals_path(path: Path) -> Path:
    """The second file of an export, as `monitor.storage.csv_files` names it: not imported before
    it is needed. A test holds them together.
    """
    return path.with_name(f"{path.stem}_totals.csv")


class ExportDialog(QDialog):
    """Which sightings, and where to."""

    def __init__(self, shift_began: datetime, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export sightings and totals")
        now = datetime.now().astimezone()
        form = QFormLayout(self)
        form.setVerticalSpacing(10)
        self.period = QComboBox()
        for period in _periods(shift_began, now):
            self.period.addItem(period.title, period)
        form.addRow("&Period", self.period)
        documents = Path(
            QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        )
        self._folder = documents if documents.is_dir() else Path.home()
        self.path = QLineEdit()
        self._name_after_period()
        self.period.currentIndexChanged.connect(self._name_after_period)
        self.path.setAccessibleName("Save as")
        self.path.setMinimumWidth(340)
        browse = QPushButton("&Browse…")
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.path, 1)
        row.addWidget(browse)
        form.addRow("Save as", row)
        form.addRow(
            _wrapped(
                "The totals by shift, day and hour go into a second file beside it, with _totals "
                "in its name."
            )
        )
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)

    @Slot()
    def _browse(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self,
            "Save sightings",
            self.path.text(),
            "CSV (*.csv)",
            options=QFileDialog.Option.DontConfirmOverwrite,  # "Save" asks, about both files
        )
        if path:
            self.path.setText(path)
            self.path.setModified(True)

    @Slot()
    def _name_after_period(self) -> None:
        """Offer a name of the period's own, unless the user has typed one."""
        if not self.path.isModified():
            self.path.setText(str(self._folder / f"sightings_{self._period.name}.csv"))

    @property
    def _period(self) -> _Period:
        period = self.period.currentData()
        assert isinstance(period, _Period)
        return period

    def accept(self) -> None:
        """Nothing that exists is overwritten without a question."""
        path = self.chosen()[0]
        there = [p for p in (path, totals_path(path)) if p.exists()]
        if there:
            names = " and ".join(p.name for p in there)
            question = (
                f"{names} {'is' if len(there) == 1 else 'are'} in {path.absolute().parent} "
                f"already. Overwrite?"
            )
            buttons = QMessageBox.StandardButton
            answer = QMessageBox.question(
                self, "Overwrite?", question, buttons.Yes | buttons.No, buttons.No
            )
            if answer is not buttons.Yes:
                return
        super().accept()

    def chosen(self) -> tuple[Path, datetime | None]:
        """Where to, and from when on."""
        path = Path(self.path.text().strip() or "sightings.csv")
        return (path if path.suffix else path.with_suffix(".csv")), self._period.since
