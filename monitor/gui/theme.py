"""Light and dark: Fusion with two palettes of our own, after the system's choice or the user's."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

THEMES = ("system", "light", "dark")

_Role = QPalette.ColorRole
_LIGHT = {
    _Role.Window: "#F3F4F6",
    _Role.WindowText: "#1B1F24",
    _Role.Base: "#FFFFFF",
    _Role.AlternateBase: "#F7F8FA",
    _Role.Text: "#1B1F24",
    _Role.PlaceholderText: "#5B6470",
    _Role.Button: "#FBFBFC",
    _Role.ButtonText: "#1B1F24",
    _Role.BrightText: "#FFFFFF",
    _Role.Highlight: "#0B63A5",
    _Role.HighlightedText: "#FFFFFF",
    _Role.Link: "#0B63A5",
    _Role.ToolTipBase: "#1B1F24",
    _Role.ToolTipText: "#FFFFFF",
    _Role.Light: "#FFFFFF",
    _Role.Midlight: "#E7E9ED",
    _Role.Mid: "#C9CED6",
    _Role.Dark: "#A3ABB6",
    _Role.Shadow: "#6A727D",
}
_DARK = {
    _Role.Window: "#1C1F24",
    _Role.WindowText: "#E9EBEE",
    _Role.Base: "#25292F",
    _Role.AlternateBase: "#2A2F36",
    _Role.Text: "#E9EBEE",
    _Role.PlaceholderText: "#A2AAB5",
    _Role.Button: "#2E333B",
    _Role.ButtonText: "#E9EBEE",
    _Role.BrightText: "#FFFFFF",
    _Role.Highlight: "#2D7FC4",
    _Role.HighlightedText: "#FFFFFF",
    _Role.Link: "#6DB3F2",
    _Role.ToolTipBase: "#E9EBEE",
    _Role.ToolTipText: "#1B1F24",
    _Role.Light: "#3A4049",
    _Role.Midlight: "#31363E",
    _Role.Mid: "#414853",
    _Role.Dark: "#15181B",
    _Role.Shadow: "#0C0E10",
}


# Fusion draws the outline of these 140 % darker than what it takes for the window behind them,
# which nobody would see on a dark one
_OUTLINED = ("QCheckBox", "QRadioButton", "QLineEdit", "QAbstractSpinBox")
_BEHIND = "#AEB6C2"


def is_dark(palette: QPalette) -> bool:
    """Whether a palette has light text on dark."""
    return palette.color(_Role.Window).lightness() < 128


def make_palette(dark: bool) -> QPalette:
    """The palette of one of the two looks."""
    palette = QPalette()
    for role, colour in (_DARK if dark else _LIGHT).items():
        palette.setColor(role, QColor(colour))
    faint = QColor("#6F7783" if dark else "#9097A1")
    for role in (_Role.WindowText, _Role.Text, _Role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, faint)
    return palette


class Theme(QObject):
    """Keeps the application's palette; follows the system live while the choice is "system"."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self.choice = "system"
        self._outlined = False  # some kinds of widgets have a palette of their own
        application.styleHints().colorSchemeChanged.connect(self._follow)

    def choose(self, choice: str) -> None:
        """Take one of `THEMES`."""
        self.choice = choice
        hints = QGuiApplication.styleHints()
        # Also asked of the system, so that title bar and file dialogs go along.
        if choice == "system":
            hints.unsetColorScheme()
            self._show(hints.colorScheme() is Qt.ColorScheme.Dark)
        else:
            hints.setColorScheme(Qt.ColorScheme.Dark if choice == "dark" else Qt.ColorScheme.Light)
            self._show(choice == "dark")

    @Slot(Qt.ColorScheme)
    def _follow(self, scheme: Qt.ColorScheme) -> None:
        if self.choice == "system":
            self._show(scheme is Qt.ColorScheme.Dark)

    def _show(self, dark: bool) -> None:
        palette = make_palette(dark)
        self._application.setPalette(palette)
        if dark:
            palette.setColor(_Role.Window, QColor(_BEHIND))
        if dark or self._outlined:
            for name in _OUTLINED:
                self._application.setPalette(palette, name)  # type: ignore[arg-type]  # it is text
        self._outlined = dark
