"""Names of people: what one is known by, however it is spelled."""

from __future__ import annotations

import hashlib
import unicodedata


def name_key(name: str) -> str:
    """What is equal for two spellings of one name."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).strip().casefold())


def same_name(one: str, other: str) -> bool:
    """Whether two names differ in case or in the way their letters are composed alone."""
    return name_key(one) == name_key(other)


def name_digest(name: str) -> str:
    """What a name can be known again by, in any spelling, where it must not be written itself."""
    return hashlib.sha256(name_key(name).encode()).hexdigest()
