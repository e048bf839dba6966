"""A keyring in memory, chosen by the library's own call, for as long as a test needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from monitor.camera import passwords


class MemoryKeyring(KeyringBackend):
    """Forgets all when the test ends."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise PasswordDeleteError(username)
        del self.kept[service, username]


class BrokenKeyring(MemoryKeyring):
    """Refuses everything, with the password in its complaint."""

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("no bus")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"cannot keep {password}")


@contextmanager
def keyring_in_use(one: MemoryKeyring) -> Iterator[MemoryKeyring]:
    passwords.can_keep()  # has chosen this system's
    before = keyring.get_keyring()
    keyring.set_keyring(one)
    try:
        yield one
    finally:
        keyring.set_keyring(before)
