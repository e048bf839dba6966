"""What the main window has of this room: alerts, the visitor window, and their settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QDialog

from monitor.config import with_values
from monitor.gui.alerts.alerts import Alerts
from monitor.gui.alerts.visitor_window import Visitor
from monitor.gui.layout import WindowParts
from monitor.gui.source_state import SourceWatch
from monitor.records import Face, Frame


class AlertRoom(QObject):
    """Main thread.

    Args:
        parts: Of the window.
        watch: Knows which pictures are of this moment.
    """

    def __init__(self, parts: WindowParts, watch: SourceWatch) -> None:
        super().__init__(parts.window)
        self._parts, self._watch = parts, watch
        self.alerts, self.visitor = Alerts(parts), Visitor(parts)
        parts.menus.alert_settings.triggered.connect(self.ask_for_settings)

    def saw(self, frame: Frame, faces: Sequence[Face]) -> None:
        """Take in a picture that the window shows, with its faces as the receptionist has said."""
        if frame.camera in self._watch.present:
            self.alerts.look(frame, faces)
            self.visitor.look(frame, faces)

    def tick(self) -> None:
        """Twice a second."""
        self.alerts.tick()
        self.visitor.tick(self._watch.present)

    def restore(self) -> None:
        self.visitor.restore()

    def close(self) -> None:
        self.alerts.close()
        self.visitor.close()

    @Slot()
    def ask_for_settings(self) -> None:
        session = self._parts.session
        test: Callable[..., None] = self.alerts.play
        from monitor.gui.alerts.dialog import AlertsDialog

        sound = self.alerts.sound
        dialog = AlertsDialog(session.options.config, session.names, test, self._parts.window)
        dialog.sound.setChecked(sound.on)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.change_settings(dialog.values())
            sound.choose(dialog.sound.isChecked())
        dialog.deleteLater()

    def change_settings(self, values: dict[tuple[str, str], object]) -> None:
        """Keep settings and go by them at once; the shift goes on."""
        session = self._parts.session
        for (section, name), value in values.items():
            config = session.options.config
            if getattr(getattr(config, section), name) != value:
                config = with_values(config, {section: {name: value}})
                session.options = dataclasses.replace(session.options, config=config)
                self._parts.preferences.keep_setting(section, name, value)
        self.alerts.use_options()
        self.visitor.use_options()
