"""The menus and their keys. What an action does is the window's business."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QWidget

from monitor.config import DETECTORS
from monitor.gui.dialogs import DETECTOR_WORDS
from monitor.gui.theme import THEMES


class Menus:
    """Builds the menu bar of `window`; the actions are its attributes."""

    def __init__(self, window: QMainWindow, corrections: Sequence[QAction]) -> None:
        self._window = window
        bar = window.menuBar()
        file = bar.addMenu("&File")
        self.open_clip = self._add(file, "&Open clip…", "Ctrl+O")
        self.open_folder = self._add(file, "Open &folder of pictures…", "Ctrl+Shift+O")
        self.open_stream = self._add(file, "Open &stream…", "Ctrl+L")
        self.cameras = file.addMenu("&Camera")
        self.camera_group = QActionGroup(window)
        file.addSeparator()
        self.export = self._add(file, "&Export…", "Ctrl+E")
        file.addSeparator()
        self.quit = self._add(file, "&Quit", QKeySequence(QKeySequence.StandardKey.Quit).toString() or "Ctrl+Q")
        self.quit.setMenuRole(QAction.MenuRole.QuitRole)

        view = bar.addMenu("&View")
        self.full_screen = self._add(view, "&Full screen", "F11", checkable=True)
        self.leave_full_screen = QAction("Leave full screen", window)
        self.leave_full_screen.setShortcut("Esc")
        window.addAction(self.leave_full_screen)
        self.panels = view.addMenu("&Panels")
        view.addSeparator()
        self.theme_group = QActionGroup(window)
        themes = view.addMenu("&Theme")
        self.themes = {name: self._choice(themes, self.theme_group, f"&{name.capitalize()}", name) for name in THEMES}

        monitor = bar.addMenu("&Monitor")
        self.pause = self._add(monitor, "&Pause", "Space", checkable=True)
        self.mute = self._add(monitor, "&Mute", "M", checkable=True)
        monitor.addSeparator()
        self.undo = self._add(monitor, "&Undo the last correction", "Ctrl+Z")
        correct = monitor.addMenu("&Correct the selected sighting")
        correct.addActions(list(corrections))
        monitor.addSeparator()
        self.new_shift = self._add(monitor, "Start a &new shift", "Ctrl+N")
        self.detector_group = QActionGroup(window)
        detectors = monitor.addMenu("Face &detector")
        self.detectors = {
            name: self._choice(detectors, self.detector_group, DETECTOR_WORDS[name], name) for name in DETECTORS
        }
        self.settings = self._add(monitor, "&Settings…", "Ctrl+,")
        self.settings.setMenuRole(QAction.MenuRole.PreferencesRole)

        help_menu = bar.addMenu("&Help")
        self.help = self._add(help_menu, "&Keys and meanings", "F1")
        self.about = self._add(help_menu, "&About Mask Monitor", "")
        self.about.setMenuRole(QAction.MenuRole.AboutRole)

    def _add(self, menu: QMenu, text: str, key: str, *, checkable: bool = False) -> QAction:
        action = QAction(text, self._window)
        action.setShortcut(key)
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setCheckable(checkable)
        menu.addAction(action)
        self._window.addAction(action)  # its key also works while the menu bar is hidden
        return action

    def _choice(self, menu: QMenu, group: QActionGroup, text: str, data: str) -> QAction:
        action = QAction(text, self._window)
        action.setCheckable(True)
        action.setData(data)
        group.addAction(action)
        menu.addAction(action)
        return action

    def add_panel(self, text: str, panel: QWidget, shown: bool) -> QAction:
        """A panel that can be hidden."""
        action = QAction(text, self._window)
        action.setCheckable(True)
        action.toggled.connect(panel.setVisible)
        action.setChecked(shown)
        panel.setVisible(shown)
        self.panels.addAction(action)
        return action

    def show_cameras(self, cameras: Sequence[tuple[int, str]]) -> None:
        """Fill the list of cameras."""
        for action in self.camera_group.actions():
            self.camera_group.removeAction(action)
        self.cameras.clear()
        for index, name in cameras:
            self._choice(self.cameras, self.camera_group, f"{index}: {name}".replace("&", "&&"), str(index))
        if not cameras:
            self.cameras.addAction("No camera found").setEnabled(False)
        self.cameras.addSeparator()
        self.look_again = self.cameras.addAction("&Look again")

    def check_camera(self, source_name: str) -> None:
        """Tick the camera that is shown, if any."""
        for action in self.camera_group.actions():
            action.setChecked(f"camera {action.data()}" == source_name)
