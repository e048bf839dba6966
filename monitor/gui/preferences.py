"""What the window keeps between runs. The command line and the settings file win over it."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime

from PySide6.QtCore import QByteArray, QSettings

from monitor.app import RunOptions
from monitor.config import AlertsConfig, Config, VisitorConfig, with_values
from monitor.errors import ConfigError
from monitor.gui.alerts.rule import Snooze
from monitor.gui.theme import THEMES

# Settings of the program that the window can change: section, name.
KEPT = (
    ("detect", "name"),
    ("sighting", "alert_after_s"),
    ("detect", "min_face_px"),
    ("shift", "times"),
    ("learning", "collect"),
    *(("alerts", field.name) for field in dataclasses.fields(AlertsConfig)),
    *(("visitor", field.name) for field in dataclasses.fields(VisitorConfig)),
)
SNOOZE_KEYS = ("since", "until", "until_day")


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

    @property
    def snooze(self) -> Snooze | None:
        """A snooze outlives the run."""
        since, until, until_day = (
            str(self._settings.value(f"snooze/{key}", "")) for key in SNOOZE_KEYS
        )
        try:
            began = datetime.fromisoformat(since).astimezone()
            end = datetime.fromisoformat(until).astimezone() if until else None
            return Snooze(began, end, date.fromisoformat(until_day) if until_day else None)
        except (ValueError, OverflowError):  # there is none, or it was written by hand
            return None

    @snooze.setter
    def snooze(self, value: Snooze | None) -> None:
        self._settings.remove("snooze")
        for key in SNOOZE_KEYS if value is not None else ():
            part = getattr(value, key)
            self._settings.setValue(f"snooze/{key}", part.isoformat() if part else "")

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

    def text(self, key: str) -> str:
        return str(self._settings.value(f"window/{key}", ""))

    def keep_text(self, key: str, value: str) -> None:
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
                config = with_values(config, {section: {name: _as(type(default), kept)}})
            except (ConfigError, ValueError, TypeError):
                self._settings.remove(f"{section}/{name}")
        return dataclasses.replace(options, config=config)

    def save(self) -> None:
        self._settings.sync()


def _as(kind: type, kept: object) -> object:
    """A value as the file gives it, all of them texts, as what it was."""
    if kind is bool:
        return {"true": True, "false": False}.get(str(kept).lower(), kept)
    return kind(kept)
