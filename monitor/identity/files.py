"""The gallery's files: what is left of them beside it; one writer at a time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from monitor.errors import ConfigError
from monitor.files import one_writer, write_whole
from monitor.names import name_key

LOCK_WAIT_S = 30.0  # other desks hold the lock while they write, which takes a moment


def keep_aside(path: Path) -> Path | None:
    """A copy of a file that was refused, once for each content; None where the folder cannot be
    written.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:8]
            copy = path.with_name(f"{path.name}.refused-{digest}")
            if not copy.exists():
                file.seek(0)
                write_whole(copy, file.read())
    except OSError:
        return None
    return copy


def remove_leftovers(gallery: Path, name: str) -> int:
    """Delete what stopped writers and refused galleries have left beside a gallery, and blank a
    name in the damaged ones that were set aside. Call it with the lock held. Returns how many
    files.

    Raises:
        OSError: If one cannot be deleted.
    """
    gallery = Path(os.path.realpath(gallery))
    temporary = re.compile(rf"\.{re.escape(gallery.name)}(\.refused-[0-9a-f]+)?\.\d+\.tmp")
    refused = re.compile(rf"{re.escape(gallery.name)}\.refused-[0-9a-f]+")
    damaged = re.compile(rf"{re.escape(gallery.name)}\.damaged-[0-9a-f]+")
    number = 0
    for path in list(gallery.parent.iterdir()):
        if temporary.fullmatch(path.name) or refused.fullmatch(path.name):
            path.unlink(missing_ok=True)
            number += 1
        elif damaged.fullmatch(path.name):
            before = path.read_bytes()
            after = blanked(before, name)
            if after != before:
                write_whole(path, after)
                number += 1
    return number


def set_aside(path: Path, name: str) -> Path:
    """Rename a gallery that cannot be read, without what it says of one person.

    Raises:
        OSError: If that cannot be done.
    """
    path = Path(os.path.realpath(path))
    content = blanked(path.read_bytes(), name)
    aside = path.with_name(f"{path.name}.damaged-{hashlib.sha256(content).hexdigest()[:8]}")
    write_whole(aside, content)
    path.unlink()
    return aside


def blanked(content: bytes, name: str) -> bytes:
    """Bytes of a gallery with zeros in place of the records of one person, in any spelling."""
    wanted, kept = name_key(name), bytearray(content)
    for found in re.finditer(rb'\{"name": "((?:[^"\\]|\\.){1,2000})"[^{}]*\}?', content):
        if name_key(_plain(found[1])) == wanted:
            kept[found.start() : found.end()] = bytes(found.end() - found.start())
    # what is left of a record that was cut or changed
    text = bytes(kept).decode("utf-8", "surrogateescape")
    letter = r"[^\W\d_]"  # "Al" is not in "also"
    anywhere = re.compile(rf"(?<!{letter}){re.escape(name)}(?!{letter})", re.IGNORECASE)
    text = anywhere.sub(lambda found: "\0" * len(found[0].encode("utf-8", "surrogateescape")), text)
    return text.encode("utf-8", "surrogateescape")


def _plain(text: bytes) -> str:
    return re.sub(rb"\\(.)", rb"\1", text).decode(errors="replace")


@contextlib.contextmanager
def gallery_lock(gallery: Path, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
    """One writer of a gallery at a time, in all threads and programs; a crash lets it go.

    Raises:
        ConfigError: If another program has held it for `wait_s`, or the folder cannot be written.
    """
    gallery = Path(os.path.realpath(gallery))
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(one_writer(gallery, wait_s))
        except TimeoutError:
            raise ConfigError(
                f"another program has been writing the gallery {gallery} for {wait_s:.0f} s: "
                f"close it and try again"
            ) from None
        except OSError as error:
            raise ConfigError(
                f"the gallery {gallery} cannot be written ({error.strerror}): check its path, its "
                f"rights and the disk"
            ) from None
        yield
