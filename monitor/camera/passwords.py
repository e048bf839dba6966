"""Addresses of cameras that hold a password, in the keyring of the system: never in a file of ours.

A keyring may ask its user to be opened, or stand still: no wait for it is without an end.
"""

from __future__ import annotations

import functools
import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from monitor.files import within

log = logging.getLogger(__name__)

T = TypeVar("T")
SERVICE = "Mask Monitor cameras"
BACKENDS = {
    "win32": ("keyring.backends.Windows.WinVaultKeyring",),
    "darwin": ("keyring.backends.macOS.Keyring",),
    "linux": ("keyring.backends.SecretService.Keyring", "keyring.backends.kwallet.DBusKeyring"),
}
_CHOOSING = threading.Lock()
ANSWER_S = 20.0  # the user may have to open the keyring meanwhile


@functools.cache
def _choose() -> None:
    """Have the library use what the user has set for it, else what this system has.

    Not the library's own search: it loads the backends of all systems, of which the one for macOS
    starts a compiler on Linux to look for a library.
    """
    from keyring import core
    from keyring.backends import fail

    chosen = core.load_env() or core.load_config()
    for name in () if chosen is not None else BACKENDS.get(sys.platform, BACKENDS["linux"]):
        try:
            chosen = core.load_keyring(name)
        except Exception as error:  # they raise what they like where they cannot be used
            log.debug("%s cannot be used (%s)", name, type(error).__name__)
        else:
            break
    core.set_keyring(chosen or fail.Keyring())  # type: ignore[no-untyped-call]


def can_keep() -> bool:
    """Whether this system has a keyring. Slow at first: libraries are loaded. Any thread."""
    import keyring
    from keyring.backends import fail, null

    with _CHOOSING:
        _choose()
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
