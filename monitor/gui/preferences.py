"""What the window keeps between runs. The command line and the settings file win over it."""

from __future__ import annotations

import dataclasses
import logging
import os
from datetime import date, datetime
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from monitor.app import RunOptions
from monitor.config import AlertsConfig, Config, VisitorConfig, with_values
from monitor.errand import ANSWER_S, Errand
from monitor.errors import ConfigError
from monitor.files import read_file, write_whole
from monitor.gui.alerts.rule import Snooze
from monitor.gui.ini_file import changed
from monitor.gui.theme import THEMES

log = logging.getLogger(__name__)

FILE_BYTES_MAX = 2**20

# Settings of the program that the window can change: section, name.
KEPT = (
    ("detect", "name"),
    ("sighting", "alert_after_s"),
    ("detect", "min_face_px"),
    ("shift", "times"),
    ("store", "retention_days"),
    ("learning", "collect"),
    *(("alerts", field.name) for field in dataclasses.fields(AlertsConfig)),
    *(("visitor", field.name) for field in dataclasses.fields(VisitorConfig)),
)
IDENTIFY = "identify"  # the window's flag that people are named, without the command line
SNOOZE_KEYS = ("since", "until", "until_day")


def default_settings() -> QSettings:
    """The user's own file."""
    return QSettings(
        QSettings.Format.IniFormat, QSettings.Scope.UserScope, "mask-monitor", "mask-monitor"
    )


class Preferences:
    """Reads defensively: a settings file written by hand or by another version must not keep the
    window from opening. Main thread; what is kept is written by another one, as a disk that stands
    still must not stop the window.

    Args:
        settings: The file; read here and now alone.
    """

    def __init__(self, settings: QSettings) -> None:
        settings.sync()
        self._path, self._disk = settings.fileName(), Errand()
        self._values = {key: settings.value(key) for key in settings.allKeys()}
        self._changed: set[str] = set()  # keys that the file has otherwise

    @property
    def theme(self) -> str:
        value = str(self._values.get("window/theme", "system"))
        return value if value in THEMES else "system"

    @theme.setter
    def theme(self, value: str) -> None:
        self._keep("window/theme", value)

    @property
    def muted(self) -> bool:
        return str(self._values.get("window/muted", "true")).lower() != "false"

    @muted.setter
    def muted(self, value: bool) -> None:
        self._keep("window/muted", value)

    @property
    def snooze(self) -> Snooze | None:
        """A snooze outlives the run."""
        since, until, until_day = (
            str(self._values.get(f"snooze/{key}", "")) for key in SNOOZE_KEYS
        )
        try:
            began = datetime.fromisoformat(since).astimezone()
            end = datetime.fromisoformat(until).astimezone() if until else None
            return Snooze(began, end, date.fromisoformat(until_day) if until_day else None)
        except (ValueError, OverflowError):  # there is none, or it was written by hand
            return None

    @snooze.setter
    def snooze(self, value: Snooze | None) -> None:
        for key in SNOOZE_KEYS:
            part = getattr(value, key, None)
            self._keep(f"snooze/{key}", part.isoformat() if part else "")

    def bytes_of(self, key: str) -> QByteArray:
        value = self._values.get(f"window/{key}")
        return value if isinstance(value, QByteArray) else QByteArray()

    def keep_bytes(self, key: str, value: QByteArray) -> None:
        self._keep(f"window/{key}", value)

    def flag(self, key: str, default: bool) -> bool:
        return self._flag(f"window/{key}", default)

    def _flag(self, key: str, default: bool) -> bool:
        return str(self._values.get(key, default)).lower() == "true"

    def keep_flag(self, key: str, value: bool) -> None:
        self._keep(f"window/{key}", value)

    def text(self, key: str) -> str:
        return str(self._values.get(f"window/{key}", ""))

    def keep_text(self, key: str, value: str) -> None:
        self._keep(f"window/{key}", value)

    def keep_setting(self, section: str, name: str, value: object) -> None:
        self._keep(f"{section}/{name}", value)

    def apply(self, options: RunOptions) -> RunOptions:
        """The options, with what was kept put where they still have the program's default."""
        config, defaults = options.config, Config()
        for section, name in KEPT:
            kept = self._values.get(f"{section}/{name}")
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
                self._keep(f"{section}/{name}", None)
        identify = options.identify or self.flag(IDENTIFY, False)
        return dataclasses.replace(options, config=config, identify=identify)

    def is_given(self, options: RunOptions, section: str, name: str) -> bool:
        """Whether a setting comes from the settings file or the command line, which win."""
        value = getattr(getattr(options.config, section), name)
        kept = self._values.get(f"{section}/{name}") is not None
        other = value != getattr(getattr(Config(), section), name) and not kept
        return f"{section}.{name}" in options.named or other

    def save(self) -> None:
        """Write what has changed. A disk that does not answer is waited for a moment only."""
        self._disk.settle(ANSWER_S)
        self._write()
        self._disk.settle(ANSWER_S)

    def _keep(self, key: str, value: object) -> None:
        """None: the program's own value from now on."""
        former = self._values.get(key)
        if former == value or (former is not None and str(former).lower() == str(value).lower()):
            return  # the file knows texts alone
        self._values[key] = value
        self._changed.add(key)
        self._write()

    def _write(self) -> None:
        if not self._changed or not self._disk.settle():
            return
        changes = {key: self._values[key] for key in self._changed}
        self._changed.clear()

        def write() -> None:
            path = Path(os.path.realpath(self._path))
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                content = read_file(path, FILE_BYTES_MAX).decode("latin-1")
            except FileNotFoundError:
                content = ""
            write_whole(path, changed(content, changes).encode("latin-1"))

        def written(error: Exception | None) -> None:
            if error is not None:
                log.debug("the settings %s cannot be written: %s", self._path, error)

        self._disk.run(write, written)


def _as(kind: type, kept: object) -> object:
    """A value as the file gives it, all of them texts, as what it was."""
    if kind is bool:
        return {"true": True, "false": False}.get(str(kept).lower(), kept)
    return kind(kept)
