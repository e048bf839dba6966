"""What waits for a store that does not answer: lines in a file of the data folder, on the disk
before anybody is told, and written to the store at the next start if this program cannot.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor.data_folder import data_folder
from monitor.errors import StoreError
from monitor.names import name_digest, same_name
from monitor.records import Correction, Count, MaskState, Shift, Sighting, Visit, Watch, WatchState
from monitor.storage.store import Store

log = logging.getLogger(__name__)

SPOOL_MAX = 64 * 2**20  # bytes; then it is written anew with the newest versions alone


@dataclass(frozen=True, slots=True)
class Corrected:
    """What the receptionist said of a visit."""

    visit_id: str
    correction: Correction | None
    at: datetime | None = None
    found_out: bool = False  # by the machine


@dataclass(frozen=True, slots=True)
class Noted:
    """The receptionist's note to a sighting, or to the visit of that id."""

    sighting_id: str
    note: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody was forgotten whose name the store may still hold."""

    digest: str  # of the name (`name_digest`), which is not to be on the disk any more


Item = Visit | Sighting | Watch | Shift | Corrected | Noted | Gone
_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (Visit, Sighting, Watch, Shift, Corrected, Noted, Gone)
}


class Spool:
    """The file of one shift. One thread calls it; made with the first line.

    Args:
        label: Of the store, without a password.
        shift_id: Whose visits wait.
        folder: In the data folder by default.
    """

    def __init__(self, label: str, shift_id: str, folder: Path | None = None) -> None:
        self.folder = folder or data_folder() / "waiting"
        self.path = self.folder / f"{_key(label)}-{shift_id}.jsonl"

    def add(self, items: Iterable[Item]) -> bool:
        """Write items to the disk. Returns whether the file has become too large: `replace` it.

        Raises:
            StoreError: If they cannot be written.
        """
        return self._write(items, os.O_APPEND) > SPOOL_MAX

    def replace(self, items: Iterable[Item]) -> None:
        """Write all that waits anew.

        Raises:
            StoreError: If it cannot be written.
        """
        self._write(items, os.O_TRUNC)

    def clear(self) -> None:
        """Nothing waits any more."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _write(self, items: Iterable[Item], how: int) -> int:
        text = "".join(line_of(item) for item in items)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self.path, os.O_CREAT | os.O_WRONLY | how, 0o600)
            try:
                os.write(file, text.encode())
                os.fsync(file)
                return os.fstat(file).st_size
            finally:
                os.close(file)
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be written ({error.strerror}): free the disk"
            ) from None


def write_left(store: Store, folder: Path | None = None) -> int:
    """Write to the store what programs that have ended left waiting for it. Returns how much.

    Raises:
        StoreError: If they cannot be written; they then go on waiting.
    """
    done, gone = 0, dict[Path, set[str]]()
    for path in _left(store.label, folder):
        newest = {key_of(item): item for item in _read(path)}
        _write_items(store, list(newest.values()))
        done += len(newest)
        names = {item.digest for item in newest.values() if isinstance(item, Gone)}
        if names:
            gone[path] = names
        else:
            path.unlink(missing_ok=True)
    # last: another program's records, which hold the name still, are in the store by now
    for path, names in gone.items():
        for name in store.names():
            if name_digest(name) in names:
                store.forget_identity(name)
        path.unlink(missing_ok=True)
    if done:
        log.info("%d records that waited for the store have been saved", done)
    return done


def _write_items(store: Store, items: list[Item]) -> None:
    visits = [i for i in items if isinstance(i, Visit)]
    sightings = [i for i in items if isinstance(i, Sighting)]
    watches = [i for i in items if isinstance(i, Watch)]
    store.save(
        [replace(visit, open=False) for visit in visits],
        [replace(sighting, open=False) for sighting in sightings],
        watches=[replace(watch, open=False) for watch in watches],
    )
    for item in items:
        if isinstance(item, Shift):
            store.save([], [], [item])
        elif isinstance(item, Corrected):
            found_out = item.found_out
            store.correct(item.visit_id, item.correction, item.at, found_out=found_out)
        elif isinstance(item, Noted):
            store.annotate(item.sighting_id, item.note, item.at)


def forget_waiting(store: Store, name: str, folder: Path | None = None) -> None:
    """Take a person's name, in any spelling, out of what waits.

    Raises:
        StoreError: If a file cannot be written.
    """
    for path in _left(store.label, folder):
        items = list(_read(path))
        nameless = [
            replace(item, identity=None)
            if isinstance(item, Visit | Sighting)
            and item.identity is not None
            and same_name(item.identity, name)
            else item
            for item in items
        ]
        if nameless != items:
            spool = Spool(store.label, "", path.parent)
            spool.path = path
            spool.replace(nameless)


def _left(label: str, folder: Path | None) -> list[Path]:
    return sorted((folder or data_folder() / "waiting").glob(f"{_key(label)}-*.jsonl"))


def _key(label: str) -> str:
    return hashlib.sha256(label.encode()).hexdigest()[:16]


def key_of(item: Item) -> tuple[type[Item], str]:
    """What a newer version of an item has, too."""
    if isinstance(item, Shift):
        return Shift, item.shift_id
    if isinstance(item, Watch):
        return Watch, item.watch_id
    if isinstance(item, Gone):
        return Gone, item.digest
    return type(item), item.visit_id if isinstance(item, Visit | Corrected) else item.sighting_id


def line_of(item: Item) -> str:
    """An item as a line of text, with its end."""
    cells = {
        key: value.isoformat() if isinstance(value, datetime) else getattr(value, "value", value)
        for key, value in asdict(item).items()
    }
    return json.dumps([type(item).__name__, cells]) + "\n"


def _read(path: Path) -> Iterator[Item]:
    return items_of(path.read_text(encoding="utf-8", errors="replace"))


def items_of(text: str) -> Iterator[Item]:
    """The items of such lines; one that was cut short by a crash is passed over."""
    for line in text.splitlines():
        with contextlib.suppress(ValueError, TypeError, KeyError):
            name, cells = json.loads(line)
            for key in ("first_seen", "last_seen", "started", "until", "began", "ended", "at"):
                if cells.get(key):
                    cells[key] = datetime.fromisoformat(cells[key])
            for key in ("state", "worst_state", "final_state"):
                if key in cells:
                    kind = WatchState if name == Watch.__name__ else MaskState
                    cells[key] = kind(cells[key])
            for key in ("corrected", "correction"):
                if cells.get(key):
                    cells[key] = Correction(cells[key])
            if "stills" in cells:
                cells["stills"] = Count(**cells["stills"])
            yield _KINDS[name](**cells)
