"""Names of people: what one is known by, however it is spelled."""

from __future__ import annotations

import unicodedata


def name_key(name: str) -> str:
    """What is equal for two spellings of one name."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).strip().casefold())


def same_name(one: str, other: str) -> bool:
    """Whether two names differ in case or in the way their letters are composed alone."""
    return name_key(one) == name_key(other)
