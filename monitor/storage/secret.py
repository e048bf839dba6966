"""The password of a database server: in the keyring of the system, never in a file of ours."""

from __future__ import annotations

import os

import sqlalchemy as sa

from monitor.camera import passwords

# libpq finds the password by itself where one of these is set, as it does in its own file
OWN_VARIABLES = ("PGPASSWORD", "PGPASSFILE")


def stored_password(url: sa.URL) -> str | None:
    """What is kept for a server and user; None: nothing, or libpq is told otherwise. May take
    seconds.
    """
    if url.password is not None or any(name in os.environ for name in OWN_VARIABLES):
        return None
    return passwords.read(_key(url))


def keep_password(url: sa.URL, password: str) -> bool:
    """Put it into the keyring; an empty one is taken out of it. False if it is not kept."""
    if not password:
        passwords.forget(_key(url))
        return False
    return passwords.keep(_key(url), password)


def _key(url: sa.URL) -> str:
    return f"store {url.username}@{url.host}:{url.port or 5432}/{url.database}"
