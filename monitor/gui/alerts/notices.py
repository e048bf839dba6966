"""Notices of the system: beside the clock, and in the taskbar. The window stays where it is, and
the keyboard with whom it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QSystemTrayIcon

SHOWN_MS = 10_000


class Notices(QObject):
    """Main thread.

    Args:
        window: Whose taskbar button asks for a look.
        actions: What can be done from the tray.
    """

    def __init__(self, window: QMainWindow, actions: Sequence[QAction]) -> None:
        super().__init__(window)
        self._window, self._actions = window, actions
        self._tray: QSystemTrayIcon | None = None
        self._menu: QMenu | None = None

    def use(self, wanted: bool) -> None:
        """Be in the tray, where the system has one, or leave it."""
        if not wanted or not QSystemTrayIcon.isSystemTrayAvailable():
            self.close()
        elif self._tray is None:
            self._menu = QMenu()
            self._menu.addAction("&Show the window").triggered.connect(self._show_window)
            self._menu.addSeparator()
            self._menu.addActions(list(self._actions))
            self._tray = QSystemTrayIcon(self._window.windowIcon(), self)
            self._tray.setToolTip("Mask Monitor")
            self._tray.setContextMenu(self._menu)
            self._tray.messageClicked.connect(self._show_window)
            self._tray.activated.connect(self._activated)
            self._tray.show()

    def tell(self, text: str) -> None:
        """Say one line. Never takes the keyboard from anybody."""
        QApplication.alert(self._window)
        if self._tray is not None:
            icon = QSystemTrayIcon.MessageIcon.Warning
            self._tray.showMessage("Mask Monitor", text, icon, SHOWN_MS)

    def close(self) -> None:
        if self._tray is not None:
            self._tray.hide()
            self._tray.deleteLater()
            self._tray = None
        self._menu = None

    @Slot(QSystemTrayIcon.ActivationReason)
    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is QSystemTrayIcon.ActivationReason.Trigger:
            self._show_window()

    @Slot()
    def _show_window(self) -> None:
        """The user has asked for it."""
        self._window.setWindowState(self._window.windowState() & ~Qt.WindowState.WindowMinimized)
        self._window.show()
        self._window.raise_()
        self._window.activateWindow()
