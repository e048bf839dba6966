"""Changes of some values in a settings file as QSettings writes it: text in, text out. QSettings
itself would hold all of Python while a disk stands still.
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QByteArray

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/+-")
_HEX = frozenset("0123456789abcdefABCDEF")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def changed(content: str, changes: Mapping[str, object]) -> str:
    """The file with other values; what else it holds stays.

    Args:
        content: Of the file.
        changes: By "section/name"; None takes a value out.
    """
    left = {key: written(value) for key, value in changes.items() if value is not None}
    lines: list[str] = []
    section = ""

    def add_left() -> None:
        for key in [key for key in left if key.partition("/")[0] == section]:
            lines.append(f"{key.partition('/')[2]}={left.pop(key)}")

    for line in content.splitlines():
        bare = line.strip()
        if bare.startswith("[") and bare.endswith("]"):
            add_left()
            section = bare[1:-1]
        key = f"{section}/{bare.partition('=')[0].strip()}"
        if "=" in bare and key in changes:
            if key in left:
                lines.append(f"{key.partition('/')[2]}={left.pop(key)}")
            continue
        lines.append(line)
    add_left()
    while left:
        section = next(iter(left)).partition("/")[0]
        lines += ([""] if lines else []) + [f"[{section}]"]
        add_left()
    return "".join(f"{line}\n" for line in lines)


def written(value: object) -> str:
    """A value as it stands in the file."""
    if isinstance(value, QByteArray):
        return _escaped(f"@ByteArray({bytes(value.data()).decode('latin-1')})")
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return _escaped(f"@{text}" if text.startswith("@") else text)


def _escaped(text: str) -> str:
    parts, after_hex = [], False
    units = text.encode("utf-16-le", "surrogatepass")
    for low, high in zip(units[::2], units[1::2], strict=True):
        unit = low + 256 * high
        letter = chr(unit)
        if letter in _ESCAPES:
            parts.append(_ESCAPES[letter])
        elif 0x20 <= unit < 0x7F and not (after_hex and letter in _HEX):
            parts.append(letter)
        else:
            parts.append(f"\\x{unit:x}")
            after_hex = True
            continue
        after_hex = False
    body = "".join(parts)
    return body if body and _PLAIN.issuperset(text) else f'"{body}"'
