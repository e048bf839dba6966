"""What the window keeps between runs. The command line and the settings file win over it."""

from __future__ import annotations

import dataclasses

from PySide6.QtCore import QByteArray, QSettings

from monitor.app import RunOptions
from monitor.config import Config, with_values
from monitor.errors import ConfigError
from monitor.gui.theme import THEMES

# Settings of the program that the window can change: section, name.
KEPT = (("detect", "name"), ("sighting", "alert_after_s"), ("detect", "min_face_px"))


def default_settings() -> QSettings:
    """The user's own file."""
    return QSettings(
        QSettings.Format.IniFormat, QSettings.Scope.UserScope, "mask-monitor", "mask-monitor"
    )


class Preferences:
    """Reads defensively: a settings file written by hand or by another version must not keep the
    window from opening.
    """

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings

    @property
    def theme(self) -> str:
        value = str(self._settings.value("window/theme", "system"))
        return value if value in THEMES else "system"

    @theme.setter
    def theme(self, value: str) -> None:
        self._settings.setValue("window/theme", value)

    @property
    def muted(self) -> bool:
        return str(self._settings.value("window/muted", "true")).lower() != "false"

    @muted.setter
    def muted(self, value: bool) -> None:
        self._settings.setValue("window/muted", value)

    def bytes_of(self, key: str) -> QByteArray:
        value = self._settings.value(f"window/{key}")
        return value if isinstance(value, QByteArray) else QByteArray()

    def keep_bytes(self, key: str, value: QByteArray) -> None:
        self._settings.setValue(f"window/{key}", value)

    def flag(self, key: str, default: bool) -> bool:
        return self._flag(f"window/{key}", default)

    def _flag(self, key: str, default: bool) -> bool:
        return str(self._settings.value(key, default)).lower() == "true"

    def keep_flag(self, key: str, value: bool) -> None:
        self._settings.setValue(f"window/{key}", value)

    def keep_setting(self, section: str, name: str, value: object) -> None:
        self._settings.setValue(f"{section}/{name}", value)

    def apply(self, options: RunOptions) -> RunOptions:
        """The options, with what was kept put where they still have the program's default."""
        config, defaults = options.config, Config()
        for section, name in KEPT:
            kept = self._settings.value(f"{section}/{name}")
            default = getattr(getattr(defaults, section), name)
            named = (
                f"{section}.{name}" in options.named
                or getattr(getattr(config, section), name) != default
            )
            if kept is None or named:
                continue
            try:
                config = with_values(config, {section: {name: type(default)(kept)}})
            except (ConfigError, ValueError, TypeError):
                self._settings.remove(f"{section}/{name}")
        return dataclasses.replace(options, config=config)

    def save(self) -> None:
        self._settings.sync()
