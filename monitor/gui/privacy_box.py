"""What the monitor keeps and knows of people, among the settings; and what is asked before more of
it is switched on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QGroupBox,
    QLabel,
    QMessageBox,
    QSpinBox,
    QWidget,
)

from monitor.app import RunOptions
from monitor.config import Config
from monitor.gui.side.panel import FaintLabel

if TYPE_CHECKING:
    from monitor.gui.dialogs import SettingsDialog

KEPT = (
    "Older visits and sightings are deleted from the store, their pictures too. This is of the "
    "window: a run without one goes by store.retention_days in the settings file."
)
FIXED = "The settings file says so (store.retention_days): change it there."
NAMED = (
    "Numbers that tell a face (an embedding) are then computed of everybody who comes, and "
    "compared with those of the people who are enrolled. Of anybody else they are not kept."
)
QUESTION = (
    "Name the people who are enrolled?\n\n"
    "From each face that comes, the monitor then computes numbers that tell it from others (an "
    "embedding). They are biometric data. Each person who is enrolled has to have agreed to it "
    "(Monitor > People… keeps what was agreed to), and everybody who passes has to be told. Names "
    "are then in the store, the history and the exports.\n\n"
    "It is switched off again here, and forgotten people are named no more."
)


class PrivacyBox(QGroupBox):
    """For how long rows are kept, which faces are, and whether people are named.

    Args:
        fixed: The settings file says how long rows are kept, and would win at the next start.
    """

    def __init__(self, config: Config, *, identify: bool, fixed: bool) -> None:
        super().__init__("What is kept and known of people")
        form = QFormLayout(self)
        self.retention_days = days = QSpinBox()
        days.setRange(0, 3650)
        days.setSuffix(" days")
        days.setSpecialValueText("for ever")
        days.setValue(config.store.retention_days)
        days.setEnabled(not fixed)
        form.addRow("&Visits and sightings are kept", days)
        form.addRow(_wrapped(FIXED if fixed else KEPT))
        self.collect = QCheckBox("&Keep corrected faces to learn from")
        self.collect.setChecked(config.learning.collect)
        self.collect.setToolTip(
            f"A few faces of visits that are corrected or confirmed, on this PC alone, for "
            f"{config.learning.retention_days} days; Monitor > Models… shows them"
        )
        form.addRow(self.collect)
        self.identify = QCheckBox("&Name people who are enrolled (identification)")
        self.identify.setChecked(identify)
        form.addRow(self.identify)
        form.addRow(_wrapped(NAMED))


def agreed(
    options: RunOptions, dialog: SettingsDialog, parent: QWidget
) -> tuple[dict[tuple[str, str], object], bool]:
    """What was chosen, and whether people are to be named; without what was not agreed to when it
    was asked.
    """
    values, identify, key = dialog.values(), dialog.identify, ("store", "retention_days")
    before, days = options.config.store.retention_days, dialog.privacy.retention_days.value()
    if shortens(before, days) and not agreed_to_delete(days, parent):
        values[key] = before
    if identify and not options.identify:
        identify = agreed_to_name(parent)
    return values, identify


def agreed_to_name(parent: QWidget) -> bool:
    """Ask before people are named; Enter leaves it off."""
    box = QMessageBox(QMessageBox.Icon.Question, "Name people", QUESTION, parent=parent)
    on = box.addButton("&Switch it on", QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
    box.exec()
    return box.clickedButton() is on


def agreed_to_delete(days: int, parent: QWidget) -> bool:
    """Ask before rows are deleted that are kept until now; Enter deletes nothing."""
    question = (
        f"Keep visits and sightings for {days} day{'s' if days != 1 else ''} alone? Those that are "
        f"older are deleted within the hour, with their pictures. This cannot be undone; the "
        f"export saves them before."
    )
    box = QMessageBox(QMessageBox.Icon.Warning, "Delete what is older", question, parent=parent)
    delete = box.addButton("&Delete", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
    box.exec()
    return box.clickedButton() is delete


def shortens(before: int, after: int) -> bool:
    """Whether something that is kept for so many days is deleted under the other rule; 0: for
    ever.
    """
    return after != 0 and (before == 0 or after < before)


def _wrapped(text: str) -> QLabel:
    label = FaintLabel(text)
    label.setWordWrap(True)
    label.setMinimumWidth(380)
    return label
