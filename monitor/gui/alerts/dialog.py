"""The settings of alerts and of the visitor window. They hold at once, within the shift."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTime, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QSpinBox,
    QTimeEdit,
    QVBoxLayout,
    QWidget,
)

from monitor.config import AlertsConfig, Config, VisitorConfig
from monitor.gui.alerts.sentences import SENTENCES
from monitor.gui.picture.symbols import state_icon
from monitor.gui.side.panel import FaintLabel
from monitor.marks import MARKS
from monitor.records import MaskState

# Plays a state's sound at a volume, then calls back with what went wrong.
Test = Callable[[MaskState, int, Callable[[str], None]], None]
TESTS = {
    MaskState.UNMASKED: "&Test",
    MaskState.INCORRECT: "T&est",
    MaskState.MASKED: "Te&st",
}
QUIET = (QTime(12, 0), QTime(13, 0))  # offered where there are no quiet hours


class AlertsDialog(QDialog):
    """Main thread.

    Args:
        config: The settings as they are.
        cameras: That are watched, by name.
        test: Plays a sound.
        parent: The window.
    """

    def __init__(
        self, config: Config, cameras: Sequence[str], test: Test, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Alerts and visitor window")
        self._test, self._is_open = test, True
        rows = QVBoxLayout(self)
        rows.setSpacing(12)
        rows.addWidget(self._alerts(config.alerts))
        rows.addWidget(self._visitor(config.visitor, cameras))
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        rows.addWidget(buttons)

    def _alerts(self, config: AlertsConfig) -> QGroupBox:
        box = QGroupBox("Alerts")
        form = QFormLayout(box)
        self.sound = QCheckBox("S&ound when somebody wears no mask, or wears it wrong (M)")
        form.addRow("", self.sound)
        self.cooldown_s = QSpinBox()
        self.cooldown_s.setRange(0, 3600)
        self.cooldown_s.setSuffix(" s")
        self.cooldown_s.setValue(round(config.cooldown_s))
        form.addRow("Same visitor not &again within", self.cooldown_s)
        self.is_quiet = QCheckBox("&Quiet hours, each day from")
        self.quiet_from, self.quiet_to = QTimeEdit(), QTimeEdit()
        kept = zip((config.quiet_from, config.quiet_to), QUIET, strict=True)
        for edit, (text, offered) in zip((self.quiet_from, self.quiet_to), kept, strict=True):
            edit.setDisplayFormat("HH:mm")
            edit.setTime(QTime.fromString(text, "HH:mm") if text else offered)
            self.is_quiet.toggled.connect(edit.setEnabled)
            edit.setEnabled(False)
        self.quiet_from.setAccessibleName("Quiet hours from")
        self.quiet_to.setAccessibleName("Quiet hours to")
        self.is_quiet.setChecked(bool(config.quiet_from and config.quiet_to))
        row = QHBoxLayout()
        for widget in (self.quiet_from, QLabel("to"), self.quiet_to):
            row.addWidget(widget)
        row.addStretch(1)
        form.addRow(self.is_quiet, row)
        self.volume = QSlider(Qt.Orientation.Horizontal)
        self.volume.setRange(0, 100)
        self.volume.setPageStep(10)
        self.volume.setValue(config.volume)
        form.addRow("&Volume of the sounds", self.volume)
        form.addRow("", self._tests())
        self.heard = FaintLabel("")
        self.heard.setWordWrap(True)
        # room for the longest fault, so that nothing moves
        self.heard.setMinimumHeight(2 * self.heard.fontMetrics().lineSpacing() + 4)
        form.addRow("", self.heard)
        self.thanks = QCheckBox("A sound, too, when the &mask is put on")
        self.thanks.setChecked(config.thanks)
        form.addRow("", self.thanks)
        self.notices = QCheckBox("&Notice of the system, and in the taskbar")
        self.notices.setChecked(config.notices)
        form.addRow("", self.notices)
        return box

    def _tests(self) -> QWidget:
        """A button for each state that has a sound."""
        body = QWidget()
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 0, 0)
        self.tests: dict[MaskState, QPushButton] = {}
        for state, test in TESTS.items():
            button = QPushButton(state_icon(state), f"{test}: {MARKS[state].word}")
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, s=state: self._play(s))
            row.addWidget(button)
            self.tests[state] = button
        row.addStretch(1)
        return body

    def _visitor(self, config: VisitorConfig, cameras: Sequence[str]) -> QGroupBox:
        box = QGroupBox("Visitor window (View menu)")
        form = QFormLayout(box)
        self.language = QComboBox()
        for code, language in SENTENCES.items():
            self.language.addItem(language.name, code)
        self.language.setCurrentIndex(self.language.findData(config.language))
        form.addRow("&Language", self.language)
        self.camera = QComboBox()
        self.camera.addItem("The first one", "")
        known = dict.fromkeys([*cameras, *([config.camera] if config.camera else [])])
        for name in known:
            self.camera.addItem(name, name)
        self.camera.setCurrentIndex(self.camera.findData(config.camera))
        self.camera.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.camera.setMinimumContentsLength(24)
        form.addRow("Speaks for &camera", self.camera)
        self.show_face = QCheckBox("Show the &picture, as in a mirror")
        self.show_face.setChecked(config.show_face)
        form.addRow("", self.show_face)
        return box

    @Slot()
    def _play(self, state: MaskState) -> None:
        self.heard.setText("Playing…")
        self._test(state, self.volume.value(), self._say)

    def _say(self, problem: str) -> None:
        if self._is_open:
            text = f"{problem[:1].upper()}{problem[1:]}" if problem else "Played"
            self.heard.setText(text)

    def done(self, result: int) -> None:
        self._is_open = False  # a sound may end later
        super().done(result)

    def values(self) -> dict[tuple[str, str], object]:
        """Section and name to value."""
        quiet = self.is_quiet.isChecked()
        times = (self.quiet_from.time(), self.quiet_to.time())
        begin, end = (t.toString("HH:mm") if quiet else "" for t in times)
        return {
            ("alerts", "cooldown_s"): float(self.cooldown_s.value()),
            ("alerts", "quiet_from"): begin,
            ("alerts", "quiet_to"): end,
            ("alerts", "volume"): self.volume.value(),
            ("alerts", "thanks"): self.thanks.isChecked(),
            ("alerts", "notices"): self.notices.isChecked(),
            ("visitor", "language"): self.language.currentData(),
            ("visitor", "camera"): self.camera.currentData(),
            ("visitor", "show_face"): self.show_face.isChecked(),
        }
