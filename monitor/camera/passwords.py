"""Addresses of cameras that hold a password, in the keyring of the system: never in a file of ours.

A keyring may ask its user to be opened, or stand still: no wait for it is without an end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from monitor.files import within

log = logging.getLogger(__name__)

T = TypeVar("T")
SERVICE = "Mask Monitor cameras"
ANSWER_S = 20.0  # the user may have to open the keyring meanwhile


def can_keep() -> bool:
    """Whether this system has a keyring. Slow at first: libraries are loaded. Any thread."""
    import keyring
    from keyring.backends import fail, null

    return not isinstance(keyring.get_keyring(), fail.Keyring | null.Keyring)


def keep(camera_id: str, address: str) -> bool:
    """Put an address into the keyring. False if there is none, or it refuses. Any thread."""

    def put() -> bool:
        import keyring

        if not can_keep():
            return False
        keyring.set_password(SERVICE, camera_id, address)
        return True

    return _asked(put, False)


def read(camera_id: str) -> str | None:
    """An address from the keyring; None if it is not there, or does not answer. Any thread."""

    def get() -> str | None:
        import keyring

        return keyring.get_password(SERVICE, camera_id) if can_keep() else None

    return _asked(get, None)


def forget(camera_id: str) -> None:
    """Take an address out of the keyring, if it is there. Any thread."""

    def delete() -> None:
        import keyring
        from keyring.errors import PasswordDeleteError

        if can_keep():
            try:
                keyring.delete_password(SERVICE, camera_id)
            except PasswordDeleteError:
                log.debug("the keyring does not know %s", camera_id)

    _asked(delete, None)


def _asked(action: Callable[[], T], otherwise: T) -> T:
    """What the keyring gives. Its backends raise what they like, and some of it holds the address:
    it is not logged.
    """
    try:
        return within(action, Path("keyring"), ANSWER_S)
    except Exception as error:
        log.info("the system's keyring cannot be used (%s)", type(error).__name__)
        return otherwise
