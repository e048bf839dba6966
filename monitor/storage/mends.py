"""What a database's refusal means and what to do about it, in one line."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.exc import DBAPIError

from monitor.errors import StoreAwayError, StoreError

_AWAY = (
    "connection refused",
    "timeout expired",
    "connection timeout",
    "no route to host",
    "network is unreachable",
    "temporary failure in name resolution",
    "is starting up",
    "is shutting down",
    "closed the connection",
)


def not_opened(label: str, file: Path | None, error: BaseException) -> StoreError:
    """The error for a store that could not be opened; `StoreAwayError` where its server cannot be
    reached now.

    Args:
        label: The store as it may be shown.
        file: SQLite's; None: on a server.
        error: What the driver, or the system, said.
    """
    why = reason(error)
    if file is None and away(why):
        return StoreAwayError(
            f"the store {label} does not answer ({why}): see to its server and the network, or "
            f"give another with --store"
        )
    mend = "check the path, its rights and its disk's room, or give another with --store"
    if file is None:
        mend = refused(why) or mend
    if any(word in why for word in ("locked", "lock timeout")):
        mend = "close the other program that holds it and try again"
    if damaged(why):
        mend = mend_damaged(file)
    return StoreError(f"the store {label} cannot be opened ({why}): {mend}")


def not_written(label: str, file: Path | None, error: BaseException) -> StoreError:
    """The same for one that is open and could not be written."""
    why = reason(error)
    mend = "free the disk or the file"
    if file is None:
        mend = refused(why) or "see to its server; it is tried again"
    if damaged(why):
        mend = mend_damaged(file)
    return StoreError(f"the store {label} cannot be written ({why}): {mend}")


def reason(error: BaseException) -> str:
    """An error in the database's own words, one line without SQL or values."""
    said: object = error.orig if isinstance(error, DBAPIError) else error
    said = error.strerror if isinstance(error, OSError) else said
    return (str(said).splitlines() or [type(error).__name__])[0]


def refused(said: str) -> str:
    """What to do about a server that refuses, or is not the one that is trusted; "" otherwise."""
    words = said.lower()
    if "does not match host name" in words:
        return "the URL has to name the server as its certificate does"
    if "certificate" in words or "ssl" in words:
        return "sslrootcert in the URL has to name the certificate that the server's is signed with"
    if "password" in words or "authentication" in words:
        return (
            "keep the password by `python main.py store password`, or in libpq's own file "
            "(PGPASSFILE)"
        )
    if "permission denied" in words:
        return "the role of the URL may not write here: use a desk's (docs/server.md)"
    return ""


def away(said: str) -> bool:
    """Whether an error says that a server cannot be reached now: it is down, starts, or the network
    is.
    """
    words = said.lower()
    return any(part in words for part in _AWAY)


def damaged(said: str) -> bool:
    """Whether a database's error says that its file is damaged."""
    return any(word in said for word in ("malformed", "not a database", "corrupt", "damaged"))


def mend_damaged(file: Path | None) -> str:
    """What to do about a damaged file."""
    return (
        f"the file is damaged or no store: move it away with its -wal and -shm (a new one is then "
        f"begun) and put a backup in its place, or save what can be read with: "
        f"sqlite3 {file} .recover"
    )
