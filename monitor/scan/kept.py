"""What workers have found so far, on the disk: a scan that was ended goes on from there.

A file for each piece, by the key of its task (`Task.key`): visits and sightings of a clip that is
not whole yet, without a picture or a name. They are deleted once the clip is in the store. The
folder is locked while a scan fills it: one at a time for each store.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor.camera.clip import Cut
from monitor.data_folder import data_folder
from monitor.errors import StoreError
from monitor.files import read_file, try_lock, write_whole
from monitor.records import Sighting, Visit
from monitor.scan.records import Clip, Looked, Mark, Piece, Stretch
from monitor.storage.spool import items_of, line_of

FILE_BYTES_MAX = 2**28
FORGOTTEN_AFTER_S = 30 * 86400.0  # what nobody has gone on with


class Kept:
    """One thread calls it.

    Args:
        label: Of the store that is filled.

    Raises:
        StoreError: If another scan fills it, or the folder cannot be written.
    """

    def __init__(self, label: str) -> None:
        above = data_folder() / "scan"
        folder = above / hashlib.sha256(label.encode()).hexdigest()[:16]
        self._folder, self._lock = folder, -1
        try:
            for place in (above, folder):
                place.mkdir(mode=0o700, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._cannot(error) from None
        if not try_lock(self._lock):
            self.close()
            raise StoreError(
                f"another scan is filling the store {label}: wait until it has ended, or end it"
            )
        self._forget_old()

    def close(self) -> None:
        """Let another scan begin."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def piece(self, key: str) -> Piece | None:
        """What was found for a task; None: nothing yet."""
        found = self._read(key)
        with contextlib.suppress(KeyError, TypeError, ValueError):
            return _as_piece(found) if found is not None else None
        return None

    def keep(self, key: str, piece: Piece) -> None:
        """
        Raises:
            StoreError: If it cannot be written.
        """
        self._write(key, _piece_cells(piece))

    def looked(self, clip: Clip, every_s: float) -> Looked | None:
        """What was seen at a clip; None: nobody has looked since it was changed."""
        found = self._read(_clip_key(clip, every_s))
        with contextlib.suppress(KeyError, TypeError, ValueError):
            if found is not None:
                cuts = tuple(Cut(*cut) for cut in found["cuts"])
                began = datetime.fromisoformat(found["began"])
                return Looked(clip, found["digest"], began, found["length_s"], cuts)
        return None

    def keep_look(self, looked: Looked, every_s: float) -> None:
        """
        Raises:
            StoreError: If it cannot be written.
        """
        cells = {
            "digest": looked.digest,
            "began": looked.began.isoformat(),
            "length_s": looked.length_s,
            "cuts": [[cut.stamp, cut.before, cut.t] for cut in looked.cuts],
        }
        self._write(_clip_key(looked.clip, every_s), cells)

    def drop(self, *keys: str) -> None:
        """What it was kept for is in the store."""
        for key in keys:
            with contextlib.suppress(OSError):
                self._place(key).unlink(missing_ok=True)

    def drop_looks(self, clips: Iterable[Clip], every_s: float) -> None:
        """The scan is complete."""
        self.drop(*(_clip_key(clip, every_s) for clip in clips))

    def _forget_old(self) -> None:
        limit = time.time() - FORGOTTEN_AFTER_S
        for path in self._folder.glob("*.json"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < limit:
                    path.unlink()

    def _place(self, key: str) -> Path:
        return self._folder / f"{key}.json"

    def _read(self, key: str) -> Any:
        with contextlib.suppress(OSError, ValueError, RecursionError):
            return json.loads(read_file(self._place(key), FILE_BYTES_MAX))
        return None

    def _write(self, key: str, cells: dict[str, Any]) -> None:
        try:
            write_whole(self._place(key), json.dumps(cells).encode())
        except OSError as error:
            raise self._cannot(error) from None

    def _cannot(self, error: OSError) -> StoreError:
        return StoreError(
            f"{self._folder} cannot be written ({error.strerror}): free the disk, then run the "
            f"same command again"
        )


def _clip_key(clip: Clip, every_s: float) -> str:
    told = f"{clip.path}\n{clip.size}\n{clip.mtime_ns}\n{clip.camera}\n{every_s}"
    return "look-" + hashlib.sha256(told.encode(errors="surrogateescape")).hexdigest()


def _piece_cells(piece: Piece) -> dict[str, Any]:
    return {
        "stretches": [
            {
                "start": list(stretch.start),
                "next": list(stretch.next) if stretch.next is not None else None,
                "rows": "".join(map(line_of, stretch.visits))
                + "".join(map(line_of, stretch.sightings)),
            }
            for stretch in piece.stretches
        ],
        "open_ended": piece.open_ended,
        "even": piece.even,
        "sought": piece.sought,
        "failed": piece.failed,
    }


def _as_piece(cells: dict[str, Any]) -> Piece:
    return Piece(
        tuple(_as_stretch(stretch) for stretch in cells["stretches"]),
        open_ended=bool(cells["open_ended"]),
        even=bool(cells["even"]),
        sought=bool(cells["sought"]),
        failed=int(cells["failed"]),
    )


def _as_stretch(cells: dict[str, Any]) -> Stretch:
    items = list(items_of(cells["rows"]))
    return Stretch(
        Mark(*cells["start"]),
        Mark(*cells["next"]) if cells["next"] is not None else None,
        tuple(item for item in items if isinstance(item, Visit)),
        tuple(item for item in items if isinstance(item, Sighting)),
    )
