"""Which rows are exported, how, and where to; and what is said afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QStandardPaths, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QWidget,
)

from monitor.gui.dialogs import wrapped
from monitor.storage.csv_files import dialect
from monitor.storage.export_wish import KINDS, Wish, export_files

if TYPE_CHECKING:
    from monitor.storage.export import Exported

TITLES = {
    "sightings": "&Sightings",
    "visits": "&Visits",
    "shifts": "Totals by s&hift",
    "days": "Totals by &day",
    "hours": "Totals by h&our",
}
SEPARATORS = {
    "auto": "As this computer's region has it",
    "comma": "Comma",
    "semicolon": "Semicolon, decimal comma",
    "tab": "Tab",
}


@dataclass(frozen=True, slots=True)
class ExportPeriod:
    """A stretch of time that can be chosen."""

    title: str
    name: str  # in the file's name
    since: datetime | None
    until: datetime | None = None


def periods(shift_began: datetime, now: datetime) -> tuple[ExportPeriod, ...]:
    """What is offered."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    week, today = midnight - timedelta(days=6), f"{now:%Y-%m-%d}"
    return (
        ExportPeriod("This shift", f"shift_{shift_began:%Y-%m-%d_%H%M}", shift_began),
        ExportPeriod("Today", today, midnight),
        ExportPeriod("The last 7 days", f"{week:%Y-%m-%d}_to_{today}", week),
        ExportPeriod("Everything that is kept", f"all_to_{today}", None),
    )


def exported_text(written: Exported) -> str:
    """How much was saved, as the list of sightings counts it, and where."""
    number, back = written.sightings, written.taken_back
    first, *others = written.files.items()
    kind, path = first
    if kind == "sightings":
        what = f"{number} {'sighting' if number == 1 else 'sightings'}"
        what += f" and {back} not counted, marked so," if back else ""
    else:
        rows = written.rows[kind]
        what = f"{rows} {'row' if rows == 1 else 'rows'}"
    beside = ", ".join(path.name for _, path in others)
    return f"{what} saved to {path}" + (f"; beside it {beside}" if beside else "")


class ExportDialog(QDialog):
    """Main thread.

    Args:
        shift_began: When the present shift did.
        separator: Of `ExportConfig`.
        only: The period, where it is not to be chosen.
    """

    def __init__(
        self,
        shift_began: datetime,
        separator: str = "auto",
        parent: QWidget | None = None,
        only: ExportPeriod | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export sightings and totals")
        form = QFormLayout(self)
        form.setVerticalSpacing(10)
        self.period = QComboBox()
        offered = (only,) if only else periods(shift_began, datetime.now().astimezone())
        for period in offered:
            self.period.addItem(period.title, period)
        form.addRow("&Period", self.period)
        self.kinds = {kind: QCheckBox(TITLES[kind]) for kind in KINDS}
        grid = QGridLayout()
        for place, box in enumerate(self.kinds.values()):
            box.setChecked(True)
            box.toggled.connect(self._enable)
            grid.addWidget(box, place // 2, place % 2)
        form.addRow("A file for each of", grid)
        self.separator = QComboBox()
        for name, title in SEPARATORS.items():
            self.separator.addItem(title, name)
        self.separator.setCurrentIndex(self.separator.findData(separator))
        form.addRow("Between &cells", self.separator)
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
            wrapped(
                "The first kind goes to this file; the others into files beside it, with _visits, "
                "_shifts, _days and _hours in their names. Totals have a row for each camera."
            )
        )
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        form.addRow(self.buttons)

    @Slot()
    def _enable(self) -> None:
        save = self.buttons.button(QDialogButtonBox.StandardButton.Save)
        save.setEnabled(bool(self._chosen_kinds()))

    def _chosen_kinds(self) -> tuple[str, ...]:
        return tuple(kind for kind, box in self.kinds.items() if box.isChecked())

    @Slot()
    def _browse(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self,
            "Save sightings",
            self.path.text(),
            "CSV (*.csv)",
            options=QFileDialog.Option.DontConfirmOverwrite,  # "Save" asks, about all files
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
    def _period(self) -> ExportPeriod:
        period = self.period.currentData()
        assert isinstance(period, ExportPeriod)
        return period

    def accept(self) -> None:
        """Nothing that exists is overwritten without a question."""
        path, wish = self.chosen()
        there = _there(path, wish.kinds)
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
            self._agreed = True
        super().accept()

    _agreed = False  # to replace what is there

    def chosen(self) -> tuple[Path, Wish]:
        """Where to, and what. Only what the user was asked about is replaced."""
        path = Path(self.path.text().strip() or "sightings.csv")
        named = self.separator.currentData()
        wish = Wish(
            self._period.since,
            self._period.until,
            self._chosen_kinds(),
            dialect(named, QLocale.system().decimalPoint()),
        )
        path = path if path.suffix else path.with_suffix(".csv")
        return path, replace(wish, overwrite=self._agreed)


def _there(path: Path, kinds: Sequence[str]) -> list[Path]:
    if path.is_dir():
        return []  # what is wrong with it is said when it is written
    return [place for place in export_files(path, kinds).values() if place.exists()]
