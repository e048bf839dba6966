"""API keys: made by `main.py keys`, shown once, kept as a hash, read by the server while it runs.

A key is `mm_ID_SECRET`. The secret is 256 random bits, so that a plain SHA-256 of it cannot be
turned round; a slow hash is for words that people choose.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import re
import secrets
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from monitor.data_folder import data_folder
from monitor.errors import ConfigError, StoreError
from monitor.files import one_writer, read_file, write_whole

MASK, IDENTIFY, PAGE = "mask", "identify", "page"
SCOPES = {
    MASK: "has pictures judged",
    IDENTIFY: "the same, with the names of those who agreed",
    PAGE: "signs in on the page, where people are enrolled and forgotten",
}
NAME_MAX, KEYS_MAX = 100, 1000
FILE_BYTES_MAX = 2**20
LOCK_WAIT_S = 10.0
_FORM = re.compile(r"mm_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
_NOBODY = hashlib.sha256(b"").hexdigest()  # compared with where there is no such key


@dataclass(frozen=True, slots=True)
class Key:
    """One key as it is kept."""

    key_id: str
    name: str  # what for; chosen by whoever made it
    sha256: str  # of the secret, hex
    scopes: tuple[str, ...]
    made: str  # ISO 8601 with offset

    def allows(self, scope: str) -> bool:
        return scope in self.scopes or (scope == MASK and IDENTIFY in self.scopes)


def default_keys() -> Path:
    """
    Raises:
        StoreError: If the data folder cannot be made.
    """
    return data_folder() / "web_keys.json"


class Keys:
    """The keys of one file. Any thread; several programs take turns.

    Args:
        path: The file; begun with the first key, readable by its owner alone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._state: tuple[int, int, int] | None = None
        self._known: dict[str, Key] = {}

    def add(self, name: str, scopes: tuple[str, ...]) -> tuple[Key, str]:
        """Make a key.

        Returns:
            What is kept, and the key itself, which cannot be told again.

        Raises:
            ConfigError: If the name is taken or none.
            StoreError: If the file cannot be written.
        """
        name = " ".join(name.split())
        if not name.isprintable() or not 0 < len(name) <= NAME_MAX:
            raise ConfigError(f"a key's name has 1 to {NAME_MAX} letters: give another one")
        with self._writing():
            known = self._read()
            if any(key.name == name for key in known.values()):
                raise ConfigError(
                    f"there is a key {name!r} already: revoke it first, or give another name"
                )
            if len(known) >= KEYS_MAX:
                raise ConfigError(f"there are {KEYS_MAX} keys already: revoke one first")
            key_id, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
            while key_id in known:
                key_id = secrets.token_hex(4)
            made = datetime.now(UTC).isoformat(timespec="seconds")
            key = Key(key_id, name, _hash(secret), scopes, made)
            self._write(known | {key_id: key})
        return key, f"mm_{key_id}_{secret}"

    def listed(self) -> list[Key]:
        """All keys, by name.

        Raises:
            StoreError: If the file cannot be read.
        """
        return sorted(self._read().values(), key=lambda key: key.name.casefold())

    def revoke(self, name: str) -> Key:
        """Take a key back, by its name or its id. A server that runs obeys with the next request.

        Raises:
            ConfigError: If there is no such key.
            StoreError: If the file cannot be written.
        """
        with self._writing():
            known = self._read()
            found = [key for key in known.values() if name in (key.name, key.key_id)]
            if not found:
                raise ConfigError(f"there is no key {name!r}: see `python main.py keys list`")
            self._write({id_: key for id_, key in known.items() if key is not found[0]})
        return found[0]

    def find(self, text: str) -> Key | None:
        """The key that somebody shows, if it is one. Takes as long for a wrong secret as for the
        right one.

        Raises:
            StoreError: If the file cannot be read: then nobody has a key.
        """
        self._refresh()
        form = _FORM.fullmatch(text)
        key = self._known.get(form[1]) if form else None
        right = hmac.compare_digest(
            _hash(form[2] if form else ""), key.sha256 if key is not None else _NOBODY
        )
        return key if right and form is not None else None

    def _refresh(self) -> None:
        """Read the file again if it was replaced."""
        try:
            found = self._path.stat()
            state = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            state = None
        with self._lock:
            if state is None or state != self._state:
                self._known, self._state = self._read(), state

    def _read(self) -> dict[str, Key]:
        try:
            found = json.loads(read_file(self._path, FILE_BYTES_MAX).decode("utf-8"))
            keys = [replace(Key(**entry), scopes=tuple(entry["scopes"])) for entry in found["keys"]]
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StoreError(
                f"the file of keys {self._path} cannot be read ({error.strerror}): check its rights"
            ) from None
        except (ValueError, TypeError, KeyError, RecursionError):
            raise StoreError(
                f"{self._path} is damaged or no file of keys: delete it, and make the keys anew"
            ) from None
        return {key.key_id: key for key in keys}

    def _write(self, keys: dict[str, Key]) -> None:
        text = json.dumps({"keys": [asdict(key) for key in keys.values()]}, indent=1)
        try:
            write_whole(Path(os.path.realpath(self._path)), text.encode("utf-8"))
        except OSError as error:
            raise StoreError(
                f"the file of keys {self._path} cannot be written ({error.strerror}): check its "
                f"path, its rights and the disk"
            ) from None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """One writer at a time, in all programs; a crash lets the lock go."""
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(one_writer(self._path, LOCK_WAIT_S))
            except TimeoutError:
                raise StoreError(
                    f"another program has been writing {self._path} for {LOCK_WAIT_S:.0f} s: "
                    f"close it and try again"
                ) from None
            except OSError as error:
                raise StoreError(
                    f"the file of keys {self._path} cannot be written ({error.strerror}): check "
                    f"its path and its rights"
                ) from None
            yield


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()
