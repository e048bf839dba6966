"""Settings that are written without QSettings are what QSettings reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QSettings

from monitor.gui.ini_file import changed

VALUES = (
    "plain",
    "",
    "two words",
    'a "quoted" one; with, signs = and \\ a backslash',
    "@strange",
    "Zoë Ľubomír 🙂",
    "a\nline\tand\x01a1",
    True,
    False,
    7,
    -2.5,
    "2026-12-01T08:00:00+01:00",
    QByteArray(b'\x00\xffplace\x01a1\x80@)"\\'),
)


def read(path: Path) -> dict[str, object]:
    settings = QSettings(str(path), QSettings.Format.IniFormat)
    return {key: expected(settings.value(key)) for key in settings.allKeys()}


def expected(value: object) -> object:
    """The file knows texts and bytes alone."""
    if isinstance(value, QByteArray):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_qsettings_reads_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "w.ini"
    values = {f"window/key{n}": value for n, value in enumerate(VALUES)}
    path.write_text(changed("", values), encoding="latin-1")
    assert read(path) == {key: expected(value) for key, value in values.items()}


def test_what_qsettings_wrote_stays(tmp_path: Path) -> None:
    path = tmp_path / "w.ini"
    settings = QSettings(str(path), QSettings.Format.IniFormat)
    for number, value in enumerate(VALUES):
        settings.setValue(f"window/key{number}", value)
        settings.setValue(f"other/key{number}", value)
    settings.sync()
    before = read(path)
    assert len(before) == 2 * len(VALUES)
    changes = {"window/key2": "else", "window/key3": None, "new/key": 1, "other/more": "x"}
    path.write_text(changed(path.read_text(encoding="latin-1"), changes), encoding="latin-1")
    after = before | {"window/key2": "else", "new/key": "1", "other/more": "x"}
    del after["window/key3"]
    assert read(path) == after


@pytest.mark.parametrize(
    "junk", ["\x00\xff\xfe binary \x80\n" * 40, "[window\ntheme=dark\n===\n[[[", "[a]\nb\n=\n"]
)
def test_junk_does_no_harm(tmp_path: Path, junk: str) -> None:
    path = tmp_path / "w.ini"
    path.write_text(changed(junk, {"window/theme": "light"}), encoding="latin-1")
    assert read(path)["window/theme"] == "light"
    again = changed(path.read_text(encoding="latin-1"), {"window/theme": "dark"})
    path.write_text(again, encoding="latin-1")
    assert read(path)["window/theme"] == "dark"
