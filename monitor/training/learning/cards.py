"""Model cards are written here and nowhere else; `monitor.card` reads them and says what the fields
mean.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from monitor.card import sha256


def files_of(*paths: Path) -> dict[str, dict[str, Any]]:
    """The card's `files`: name to SHA-256 and size in bytes."""
    return {p.name: {"sha256": sha256(p), "bytes": p.stat().st_size} for p in paths}


def libraries(*names: str) -> dict[str, str]:
    """The card's `libraries`: distributions with the versions that are installed."""
    return {name: version(name) for name in names}


def card_path(stem: Path) -> Path:
    """Where the card of a model lies; `stem` is the weight file's path without its ending."""
    return Path(f"{stem}.json")


def write_card(stem: Path, card: Mapping[str, Any], keep: Sequence[str] = ()) -> Path:
    """Write the card of the model at `stem`; a run that is broken off leaves the old one whole.

    Args:
        stem: The weight file's path without its ending. Its last part becomes the card's `name`.
        card: All else, in the order in which it is to be read.
        keep: Keys that an older card's values stay for, for instance figures that were measured.

    Returns:
        The card's path.
    """
    path = card_path(stem)
    old = json.loads(path.read_text(encoding="utf-8")) if keep and path.is_file() else {}
    kept = {key: old[key] for key in keep if key in old}
    _write(path, {"name": stem.name, **card, **kept})
    return path


def amend_card(stem: Path, **values: Any) -> Path:
    """Put values into the card that is there, all else as it is. Returns the card's path."""
    path = card_path(stem)
    _write(path, json.loads(path.read_text(encoding="utf-8")) | values)
    return path


def _write(path: Path, card: Mapping[str, Any]) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)
