"""Banners between the menu and the picture: what is wrong, or good to know, and what to do about
it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from monitor.gui.theme import is_dark

SHOWN_MAX = 2  # banners; the rest is folded
READ_MS = 20_000  # after which a banner goes by itself where nothing is to be done


class Severity(Enum):
    """How much a banner matters: (symbol, stripe, fill in light, fill in dark)."""

    INFO = ("i", "#0B63A5", "#E3EFF9", "#1E3347")
    WARNING = ("!", "#B97900", "#FFF3DA", "#443617")
    ERROR = ("✕", "#C24D00", "#FDE6DA", "#4A2818")


class _Sign(QWidget):
    """The symbol of the severity."""

    def __init__(self, severity: Severity) -> None:
        super().__init__()
        self._severity = severity
        self.setFixedSize(QSize(22, 22))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        symbol, colour, *_ = self._severity.value
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        painter.drawEllipse(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        font = QFont(self.font())
        font.setPixelSize(14)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor("#FFFFFF"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, symbol)
        painter.end()


class Banner(QWidget):
    """One message."""

    def __init__(self, severity: Severity, close: Callable[[], None]) -> None:
        super().__init__()
        self.severity, self.folded = severity, False
        self.text = ""  # what it says, without what changes all the time
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.button = QPushButton()
        self.button.setVisible(False)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._action: Callable[[], object] | None = None
        self.button.clicked.connect(self._act)
        self.other = QPushButton()  # what else helps
        self.other.setVisible(False)
        self.other.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._other_action: Callable[[], object] | None = None
        self.other.clicked.connect(lambda: self._other_action and self._other_action())
        self._read_timer = QTimer(self, singleShot=True, interval=READ_MS)
        self._read_timer.timeout.connect(close)
        self._hide = hide = QToolButton()
        hide.setText("✕")
        hide.setAutoRaise(True)
        hide.setToolTip("Hide this message")
        hide.setAccessibleName("Hide this message")
        hide.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        hide.clicked.connect(close)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(14, 7, 8, 7)
        row.setSpacing(10)
        row.addWidget(_Sign(severity), 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.label, 1)
        row.addWidget(self.button)
        row.addWidget(self.other)
        row.addWidget(hide)

    def set_message(self, text: str, button: str, action: Callable[[], object] | None) -> None:
        self.label.setText(text)
        self.setAccessibleName(text)
        self.set_button(button, action)

    def set_button(self, button: str, action: Callable[[], object] | None) -> None:
        self._action = action
        self.button.setText(button)
        self.button.setVisible(action is not None)

    def set_other(self, button: str, action: Callable[[], object] | None) -> None:
        self._other_action = action
        self.other.setText(button)
        self.other.setVisible(action is not None)

    def time(self, goes: bool) -> None:
        """Whether it goes by itself, once it could be read."""
        if goes and not self._read_timer.isActive():
            self._read_timer.start()
        elif not goes:
            self._read_timer.stop()

    def fold(self) -> None:
        """Leave the button alone, in a thin strip: what can be done must stay in reach."""
        self.folded = True
        self._hide.hide()
        self.label.setText(self.label.text().partition(": ")[0])
        self.label.setWordWrap(False)
        self._row.setContentsMargins(14, 2, 8, 2)

    @property
    def has_action(self) -> bool:
        return self._action is not None

    def _act(self) -> None:
        if self._action is not None:
            self._action()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        _, stripe, light, dark = self.severity.value
        painter.fillRect(self.rect(), QColor(dark if is_dark(self.palette()) else light))
        painter.fillRect(0, 0, 4, self.height(), QColor(stripe))
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
        painter.end()


class BannerStack(QWidget):
    """Banners by key. One that the user has hidden stays hidden until its text changes; where it
    is a trouble with a button, that stays in a thin strip.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._banners: dict[str, Banner] = {}
        self._hidden: dict[str, str] = {}
        self._reserved = self._all_shown = False
        self.more = QToolButton()
        self.more.setAutoRaise(True)
        self.more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.more.clicked.connect(self._show_all)
        self.more.hide()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._layout.addWidget(self.more)
        self.setVisible(False)

    def show_message(
        self,
        key: str,
        severity: Severity,
        text: str,
        button: str = "",
        action: Callable[[], object] | None = None,
        *,
        changing: str = "",
    ) -> None:
        """Show or change the banner `key`; without text it goes.

        Args:
            changing: Goes on with the text, and a hidden banner stays hidden when it changes.
        """
        if text and self._hidden.get(key) == text:
            if key in self._banners:
                self._banners[key].set_button(button, action)
            return
        self._hidden.pop(key, None)
        if not text:
            self._remove(key)
            return
        banner = self._banners.get(key)
        if banner is not None and (banner.severity is not severity or banner.folded):
            self._remove(key)
            banner = None
        if banner is None:
            banner = self._banners[key] = Banner(severity, lambda: self._hide(key))
            self._layout.insertWidget(self._layout.count() - 1, banner)
            self.setVisible(True)
        banner.text = text
        banner.set_message(text + changing, button, action)
        banner.set_other("", None)
        banner.time(severity is Severity.INFO and action is None)
        self._arrange()

    def offer(self, key: str, button: str, action: Callable[[], object]) -> None:
        """A second button for the banner `key`, if it is there."""
        banner = self._banners.get(key)
        if banner is not None:
            banner.set_other(button, action)

    def reserve(self) -> None:
        """Keep the room of a message of two lines, so that nothing moves when one comes."""
        self._reserved = True
        self.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 20)
        self.setVisible(True)

    def clear(self, key: str) -> None:
        self._hidden.pop(key, None)
        self._remove(key)

    def text(self, key: str) -> str:
        """What the banner `key` says; empty if it is not there or hidden."""
        banner = self._banners.get(key)
        return "" if banner is None or banner.folded else banner.label.text()

    def _hide(self, key: str) -> None:
        banner = self._banners[key]
        self._hidden[key] = banner.text
        if banner.has_action and banner.severity is not Severity.INFO:
            banner.fold()
        else:
            self._remove(key)

    def _remove(self, key: str) -> None:
        banner = self._banners.pop(key, None)
        if banner is not None:
            self._layout.removeWidget(banner)
            banner.hide()
            banner.deleteLater()
        self._arrange()
        self.setVisible(self._reserved or bool(self._banners))

    def _arrange(self) -> None:
        """Show what matters most, of the same the newest, and fold the rest into one line: the
        picture keeps its room.
        """
        order = {kind: place for place, kind in enumerate(Severity)}
        newest = list(reversed(self._banners.values()))
        first = sorted(newest, key=lambda banner: -order[banner.severity])
        shown = first if self._all_shown else first[:SHOWN_MAX]
        for banner in first:
            banner.setVisible(banner in shown)
        folded = len(first) - len(shown)
        self._all_shown = self._all_shown and len(first) > SHOWN_MAX
        self.more.setText(f"{folded} more")
        self.more.setVisible(folded > 0)

    def _show_all(self) -> None:
        self._all_shown = True
        self._arrange()
