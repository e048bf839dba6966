"""Data sets: a manifest names each picture by its SHA-256, with its label, who said so and when.

A version is the first letters of the manifest's own SHA-256: the same content has the same version,
whoever makes it, whenever. A picture that is withdrawn leaves every manifest; `renamed.json` then
says which version became which.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from monitor.config import nearest
from monitor.errors import ConfigError, StoreError
from monitor.files import read_file, write_whole
from monitor.learning.kept import Kept
from monitor.learning.places import Places

VERSION_LETTERS = 12
MANIFEST_MAX = 2**26  # bytes
RENAMED = "renamed.json"


@dataclass(frozen=True, order=True, slots=True)
class Entry:
    """One picture of a data set."""

    sha256: str
    label: str
    by: str
    said: str  # ISO 8601, UTC
    taken: str  # the same
    camera: str
    visit_id: str


@dataclass(frozen=True)
class Manifest:
    """A data set."""

    version: str
    entries: tuple[Entry, ...]  # by SHA-256

    @property
    def labels(self) -> dict[str, int]:
        """How many faces of each label."""
        return dict(sorted(Counter(entry.label for entry in self.entries).items()))


@dataclass(frozen=True)
class Difference:
    """What makes one data set of another."""

    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    judged_anew: tuple[tuple[Entry, Entry], ...]  # before, after: the label or who said so


def manifest_of(faces: Iterable[Kept]) -> Manifest:
    """The data set of some kept faces."""
    return _versioned(
        Entry(
            kept.sha256,
            kept.about.label,
            kept.about.by,
            _utc(kept.about.said),
            _utc(kept.about.taken),
            kept.about.camera,
            kept.about.visit_id,
        )
        for kept in faces
    )


def write_manifest(places: Places, manifest: Manifest) -> Manifest:
    """Have a data set on the disk; one that is there stays as it is.

    Raises:
        StoreError: If it cannot be written.
    """
    path = places.made(places.sets) / f"{manifest.version}.json"
    try:
        if not path.exists():
            write_whole(path, _content(manifest.entries))
    except OSError as error:
        raise StoreError(
            f"a data set cannot be written ({error.strerror}): free the disk"
        ) from None
    return manifest


def read_manifest(places: Places, version: str) -> Manifest:
    """A data set by its version, by its first letters, or by a version that it had before pictures
    were withdrawn.

    Raises:
        ConfigError: If there is none, or several begin so.
        StoreError: If its file is damaged.
    """
    known = versions(places)
    version = resolved(places, version)
    fitting = [name for name in known if name.startswith(version)] if version else []
    if len(fitting) != 1:
        several = f"{', '.join(fitting)} begin so" if fitting else nearest(version, known or [""])
        raise ConfigError(f"no data set {version!r}: {several}")
    return _load(places, fitting[0])


def versions(places: Places) -> list[str]:
    """The versions that are there, oldest first."""
    if not places.sets.is_dir():
        return []
    paths = [path for path in places.sets.glob("*.json") if path.name != RENAMED]
    return [path.stem for path in sorted(paths, key=lambda path: (path.stat().st_mtime, path.name))]


def difference(before: Manifest, after: Manifest) -> Difference:
    """What makes `after` of `before`."""
    old, new = ({e.sha256: e for e in m.entries} for m in (before, after))
    return Difference(
        tuple(new[sha] for sha in sorted(new.keys() - old.keys())),
        tuple(old[sha] for sha in sorted(old.keys() - new.keys())),
        tuple((old[s], new[s]) for s in sorted(old.keys() & new.keys()) if old[s] != new[s]),
    )


def withdraw(places: Places, gone: Collection[str]) -> dict[str, str]:
    """Take pictures, by SHA-256, out of all data sets. Returns what became of which version.

    Raises:
        StoreError: If a data set cannot be read or written; call it again then.
    """
    wanted, renamed = set(gone), {}
    for version in versions(places) if wanted else ():
        before = _load(places, version)
        left = [entry for entry in before.entries if entry.sha256 not in wanted]
        if len(left) == len(before.entries):
            continue
        after = write_manifest(places, _versioned(left))
        renamed[version] = after.version
        _note_renamed(places, renamed)
        (places.sets / f"{version}.json").unlink(missing_ok=True)
    return renamed


def resolved(places: Places, version: str) -> str:
    """The version that a version has become."""
    table = _renamed(places)
    for _ in range(len(table)):
        if version not in table:
            break
        version = table[version]
    return version


def _note_renamed(places: Places, renamed: dict[str, str]) -> None:
    try:
        write_whole(places.sets / RENAMED, json.dumps(_renamed(places) | renamed).encode())
    except OSError as error:
        raise StoreError(
            f"a data set cannot be written ({error.strerror}): free the disk"
        ) from None


def _renamed(places: Places) -> dict[str, str]:
    try:
        table = json.loads(read_file(places.sets / RENAMED, MANIFEST_MAX))
    except (OSError, ValueError):
        return {}
    return table if isinstance(table, dict) else {}


def _versioned(entries: Iterable[Entry]) -> Manifest:
    ordered = tuple(sorted(entries))
    return Manifest(hashlib.sha256(_content(ordered)).hexdigest()[:VERSION_LETTERS], ordered)


def _content(entries: tuple[Entry, ...]) -> bytes:
    rows: list[dict[str, Any]] = [
        {name: getattr(entry, name) for name in Entry.__dataclass_fields__} for entry in entries
    ]
    return json.dumps({"entries": rows}, indent=1, ensure_ascii=False, sort_keys=True).encode()


def _load(places: Places, version: str) -> Manifest:
    path = places.sets / f"{version}.json"
    try:
        content = read_file(path, MANIFEST_MAX)
        entries = tuple(Entry(**row) for row in json.loads(content)["entries"])
        sound = hashlib.sha256(content).hexdigest().startswith(version)
    except (OSError, ValueError, KeyError, TypeError):
        sound = False
    if not sound:
        raise StoreError(f"the data set {version} is damaged: delete {path}")
    return Manifest(version, entries)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
