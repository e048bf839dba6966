"""The menus and their keys. What an action does is the window's business."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMainWindow, QMenu, QWidget

from monitor.camera.address import parse_address
from monitor.declared import detectors
from monitor.gui.dialogs import detector_text
from monitor.gui.theme import THEMES
from monitor.gui.threads.session import CAMERAS_MAX


@dataclass(frozen=True, slots=True)
class ReviewActions:
    """What can be done with a recording."""

    back: QAction  # a picture
    on: QAction
    far_back: QAction  # ten seconds
    far_on: QAction
    previous: QAction  # sighting
    next: QAction
    slower: QAction
    faster: QAction
    anew: QAction
    export: QAction

    @property
    def all(self) -> tuple[QAction, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)


class Menus:
    """Builds the menu bar of `window`; the actions are its attributes."""

    def __init__(self, window: QMainWindow, corrections: Sequence[QAction]) -> None:
        self._window = window
        bar = window.menuBar()
        self._fill_file(bar.addMenu("&File"))
        self._fill_view(bar.addMenu("&View"))
        self._fill_monitor(bar.addMenu("&Monitor"), corrections)
        self._fill_help(bar.addMenu("&Help"))

    def _fill_file(self, file: QMenu) -> None:
        self.set_up = self._add(file, "&Cameras…", "Ctrl+Shift+C")
        self.open_clip = self._add(file, "&Open clip…", "Ctrl+O")
        self.open_folder = self._add(file, "Open &folder of pictures…", "Ctrl+Shift+O")
        self.back = self._add(file, "&Back to the cameras", "Ctrl+B")
        self.back.setEnabled(False)
        self._fill_other(file.addMenu("&Watch another"))
        file.addSeparator()
        self.print = self._add(file, "&Print…", "")
        self.export = self._add(file, "&Export…", "Ctrl+E")
        file.addSeparator()
        self.quit = self._add(file, "&Quit", "Ctrl+Q")
        self.quit.setMenuRole(QAction.MenuRole.QuitRole)

    def _fill_other(self, other: QMenu) -> None:
        """What is seldom wanted: to watch a camera instead of the others, or beside them."""
        self.open_stream = self._add(other, "Open &stream…", "Ctrl+L")
        self.cameras = other.addMenu("&Camera")
        self.camera_group = QActionGroup(self._window)
        other.addSeparator()
        self.add_cameras = other.addMenu("&Add camera")
        self.add_group = QActionGroup(self._window)
        self.add_group.setExclusionPolicy(QActionGroup.ExclusionPolicy.None_)
        self.add_stream = self._add(other, "A&dd stream…", "Ctrl+Shift+L")
        self.remove = self._add(other, "&Remove this camera", "")

    def _fill_view(self, view: QMenu) -> None:
        self.full_screen = self._add(view, "&Full screen", "F11", checkable=True)
        self.leave_full_screen = QAction("Leave full screen", self._window)
        self.leave_full_screen.setShortcut("Esc")
        self._window.addAction(self.leave_full_screen)
        self.tiles = view.addMenu("&Cameras")
        self.tile_group = QActionGroup(self._window)
        self.tile_choices = [
            self._choice(self.tiles, self.tile_group, "", str(n)) for n in range(CAMERAS_MAX)
        ]
        for number, action in enumerate(self.tile_choices, 1):
            action.setShortcut(f"Ctrl+{number}")
            self._window.addAction(action)
        self.tiles.addSeparator()
        self.alone = QAction("Show the chosen one &alone", self._window)
        self.alone.setCheckable(True)
        self.tiles.addAction(self.alone)
        self.panels = view.addMenu("&Panels")
        self.visitor = self._add(view, "&Visitor window", "Ctrl+Shift+V", checkable=True)
        view.addSeparator()
        self.history = self._add(view, "&History…", "Ctrl+H")
        view.addSeparator()
        self.theme_group = QActionGroup(self._window)
        themes = view.addMenu("&Theme")
        self.themes = {
            name: self._choice(themes, self.theme_group, f"&{name.capitalize()}", name)
            for name in THEMES
        }

    def _fill_monitor(self, monitor: QMenu, corrections: Sequence[QAction]) -> None:
        self.pause = self._add(monitor, "&Pause", "Space", checkable=True)
        self.mute = self._add(monitor, "&Mute", "M", checkable=True)
        self._fill_recording(monitor.addMenu("&Recording"))
        self._fill_alerts(monitor.addMenu("&Alerts"))
        monitor.addSeparator()
        self.undo = self._add(monitor, "&Undo the last correction or note", "Ctrl+Z")
        correct = monitor.addMenu("&Correct the selected sighting")
        correct.addActions(list(corrections))
        monitor.addSeparator()
        self.new_shift = self._add(monitor, "Start a &new shift", "Ctrl+N")
        self.detector_group = QActionGroup(self._window)
        self._detector, self._detector_menu = "", monitor.addMenu("Face &detector")
        # their files are read then: the window is up sooner
        self._detector_menu.aboutToShow.connect(lambda: self.detectors)
        self.zones = self._add(monitor, "&Zones of the picture…", "Ctrl+Shift+Z")
        monitor.addSeparator()
        self.people = self._add(monitor, "P&eople…", "Ctrl+P")
        self.models = self._add(monitor, "M&odels…", "Ctrl+Shift+M")
        self.settings = self._add(monitor, "&Settings…", "Ctrl+,")
        self.settings.setMenuRole(QAction.MenuRole.PreferencesRole)

    @cached_property
    def detectors(self) -> dict[str, QAction]:
        """By name, the choices of a face detector."""
        choices = {
            name: self._choice(self._detector_menu, self.detector_group, detector_text(info), name)
            for name, info in detectors().items()
        }
        if self._detector:
            choices[self._detector].setChecked(True)
        return choices

    def check_detector(self, name: str) -> None:
        """Show which detector is used."""
        self._detector = name
        if "detectors" in self.__dict__:
            self.detectors[name].setChecked(True)

    def _fill_recording(self, recording: QMenu) -> None:
        self.recording = recording

        def add(text: str, key: str, tip: str) -> QAction:
            action = self._add(recording, text, key)
            action.setToolTip(f"{tip} ({key})" if key else tip)
            return action

        self.review = ReviewActions(
            back=add("One picture &back", "B", "One picture back, and stay there"),
            on=add("One picture &on", "F", "One picture on, and stay there"),
            far_back=add("&Ten seconds back", "J", "Ten seconds back"),
            far_on=add("Ten seconds o&n", "L", "Ten seconds on"),
            previous=add("&Previous sighting", "P", "To the sighting before"),
            next=add("Ne&xt sighting", "N", "To the next sighting that was found"),
            slower=add("&Slower", "D", "Slower"),
            faster=add("&Faster", "U", "Faster"),
            anew=add("&Judge it anew", "", "From its beginning; the count begins from zero"),
            export=add("&Export…", "", "Save this recording's sightings and totals as CSV"),
        )
        recording.setEnabled(False)

    def _fill_alerts(self, alerts: QMenu) -> None:
        self.acknowledge = self._add(alerts, "&Acknowledge", "Ctrl+K")
        alerts.addSeparator()
        self.snooze = self._add(alerts, "Snooze for &10 minutes", "Ctrl+Shift+S")
        self.snooze_hour = self._add(alerts, "Snooze for an &hour", "")
        self.snooze_day = self._add(alerts, "Snooze until &tomorrow", "")
        self.alert_again = self._add(alerts, "Alert a&gain", "")
        alerts.addSeparator()
        self.alert_settings = self._add(alerts, "A&lerts and visitor window…", "Ctrl+Shift+A")

    def _fill_help(self, help_menu: QMenu) -> None:
        self.help = self._add(help_menu, "&Keys and meanings", "F1")
        self.first_steps = self._add(help_menu, "First &steps…", "")
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

    def show_cameras(self, cameras: Sequence[tuple[int, str]], none: str) -> None:
        """Fill the two lists of cameras: to watch one, and to add one to those that are watched;
        or say why there are none.
        """
        for menu, group in ((self.cameras, self.camera_group), (self.add_cameras, self.add_group)):
            for action in group.actions():
                group.removeAction(action)
            menu.clear()
            for index, name in cameras:
                self._choice(menu, group, f"{index}: {name}".replace("&", "&&"), str(index))
            if not cameras:
                menu.addAction(none).setEnabled(False)
            menu.addSeparator()
        self.look_again = self.cameras.addAction("&Look again")
        self.cameras.addAction(self.set_up)

    def show_watched(self, names: Sequence[str], chosen: str, alone: bool) -> None:
        """Tick the cameras that are watched, and say what can be done with them."""
        several = len(names) > 1
        for action in self.camera_group.actions():
            action.setChecked(not several and parse_address(action.data()).name in names)
        for action in self.add_group.actions():
            action.setChecked(parse_address(action.data()).name in names)
            action.setEnabled(parse_address(action.data()).name not in names)
        for number, action in enumerate(self.tile_choices):
            there = several and number < len(names)
            action.setVisible(there)
            action.setEnabled(there)
            if there:
                action.setText(names[number].replace("&", "&&"))
                action.setChecked(names[number] == chosen)
        self.tiles.setEnabled(several)
        self.alone.setEnabled(several)
        self.alone.setChecked(several and alone)
        self.remove.setEnabled(several)
        self.remove.setText(
            f"&Remove {chosen.replace('&', '&&')}" if several else "&Remove this camera"
        )
