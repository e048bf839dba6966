"""A database's URL as it may be shown: it may hold a password in places that nobody thought of."""

from __future__ import annotations

import re
from pathlib import Path

HIDDEN = "…"
_FILES = ("sqlite", "sqlite+pysqlite")  # a path, and no password
# user and password, host and port, the database's name, options (where a password may stand, too)
_SERVER = re.compile(
    r"(?:[^:/]*(?::[^@]*)?@)?((?:[\w.-]*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:/[\w.-]*)?)(?:\?[^@]*)?",
    re.ASCII,
)


def file_url(path: Path) -> str:
    """The URL of an SQLite file, whatever its folders are called."""
    return "sqlite:///" + str(path).replace("%", "%25").replace("?", "%3F")


def shown_url(url: str) -> str:
    """A database's URL without user, password and options; of one that is not perfectly formed no
    more than its scheme.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return HIDDEN if url else ""
    if scheme in _FILES:
        return url
    found = _SERVER.fullmatch(rest)
    return f"{scheme}://{found[1] if found else HIDDEN}"


def holds_password(url: str) -> bool:
    """Whether a server's URL has a password in clear."""
    scheme, _, rest = url.partition("://")
    user = rest.partition("@")[0] if "@" in rest else ""
    return scheme not in _FILES and (":" in user or "password=" in rest)


def is_ambiguous(url: str) -> bool:
    """Whether a password may have been taken for a part of a server's address."""
    scheme, _, rest = url.partition("://")
    return scheme not in _FILES and rest.partition(":")[2].count("@") > 1
