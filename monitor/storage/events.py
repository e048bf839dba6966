"""`--events`: one JSON line per frame, for other programs."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from monitor.errors import StoreError
from monitor.records import Count, Face, FrameResult
from monitor.storage.places import check_regular, open_to_append

FIRST_LINE_MAX = 2**20  # bytes of a file that are searched for its first event
_KEYS = {"frame", "t", "faces", "count"}


def event(result: FrameResult, count: Count) -> dict[str, object]:
    """A frame's event. Boxes are xyxy in pixels of the frame as read; the README has the format."""
    timings = result.timings
    return {
        "frame": result.frame.index,
        "camera": result.frame.camera,
        "file": result.frame.file,
        "t": round(result.frame.t, 3),
        "faces": [_face(face) for face in result.faces],
        "count": {
            "masked": count.masked,
            "unmasked": count.unmasked,
            "incorrect": count.incorrect,
            "unsure": count.unsure,
        },
        "ms": {
            "detect": round(timings.detect_s * 1e3, 2),
            "track": round(timings.track_s * 1e3, 2),
            "classify": round(timings.classify_s * 1e3, 2),
            "identify": round(timings.identify_s * 1e3, 2),
        },
    }


def event_line(result: FrameResult, count: Count) -> bytes:
    """A frame's line, with the count after it."""
    return json.dumps(event(result, count)).encode() + b"\n"


def _face(face: Face) -> dict[str, object]:
    return {
        "track": face.track_id,
        "box": [round(float(v), 1) for v in face.xyxy],
        "confidence": round(face.confidence, 4),
        "state": face.state.value,
        "state_confidence": round(face.state_confidence, 4),
        "raw_state": face.raw_state.value,
        "identity": face.identity,
        "identity_confidence": face.identity_confidence,
    }


class EventLog:
    """Writes events to a file, a line each, flushed. One thread at a time.

    A file of events is carried on. When it is full it is put aside as NAME.1 (what was there as
    NAME.2, and so on), and the oldest is deleted.

    Args:
        path: Of the file; begun if it is not there.
        max_bytes: Of a file.
        files: How many are kept, the one that is written included.

    Raises:
        StoreError: If the file cannot be written, or one of the names is taken by something that
            holds no events.
    """

    def __init__(self, path: Path, max_bytes: int = 100 * 2**20, files: int = 5) -> None:
        self._path, self._max_bytes = path, max_bytes
        self.label = str(path)
        self._places = event_files(path, files)
        for place in self._places:
            _check_own(place)
        self._open()

    def _open(self) -> None:
        try:
            descriptor = open_to_append(self._path)
            self._file = os.fdopen(descriptor, "a+b", buffering=0)
            self._size = self._file.seek(0, os.SEEK_END)
        except OSError as error:
            raise _cannot(self._path, error, "give another file after --events") from None

    def write(self, lines: Iterable[bytes]) -> None:
        """Write lines of `event_line`.

        Raises:
            StoreError: If one cannot be written; no half of it is then left.
        """
        try:
            for line in lines:
                if self._size and self._size + len(line) > self._max_bytes:
                    self._put_aside()
                self._write(line)
        except OSError as error:
            raise _cannot(self._path, error, "free the disk") from None

    def _write(self, line: bytes) -> None:
        if self._size:
            self._file.seek(self._size - 1)
            if self._file.read(1) != b"\n":  # a run was killed within a line
                line = b"\n" + line
        written = self._file.write(line)
        if written != len(line):
            self._file.truncate(self._size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += written

    def _put_aside(self) -> None:
        """Begin the file anew."""
        for place in self._places:
            _check_own(place)
        self._file.close()
        try:
            for newer, older in reversed(list(pairwise(self._places))):
                with contextlib.suppress(FileNotFoundError):
                    newer.replace(older)
            if len(self._places) == 1:
                self._path.unlink()
        finally:
            self._open()

    def close(self) -> None:
        """
        Raises:
            StoreError: If the last line cannot be written.
        """
        try:
            self._file.close()
        except OSError as error:
            raise _cannot(self._path, error, "free the disk") from None


def event_files(path: Path, files: int) -> list[Path]:
    """All names that a log of this name may take, newest first."""
    return [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, files))]


def _cannot(path: Path, error: OSError, mend: str) -> StoreError:
    return StoreError(f"{path} cannot be written ({error.strerror}): {mend}")


def _check_own(path: Path) -> None:
    """
    Raises:
        StoreError: If something is there that holds no events of ours.
    """
    try:
        check_regular(path)
        with path.open("rb") as file:
            first = file.readline(FIRST_LINE_MAX)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        reason = error if isinstance(error, OSError) else OSError(0, str(error))
        raise _cannot(path, reason, "give another file after --events") from None
    try:
        found = json.loads(first) if first else dict.fromkeys(_KEYS)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not found.keys() >= _KEYS:
        raise StoreError(
            f"{path} is there already and holds no events: give another file after --events"
        )
