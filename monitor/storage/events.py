"""`--events`: one JSON line per frame, for other programs."""

from __future__ import annotations

import json
from pathlib import Path

from monitor.errors import StoreError
from monitor.records import Count, Face, FrameResult


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
    """Writes events to a file, a line each, flushed. The inference thread alone calls it.

    Raises:
        StoreError: If the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise StoreError(
                f"{path} cannot be written ({error.strerror}): give another file after --events"
            ) from None

    def write(self, result: FrameResult, count: Count) -> None:
        """Write a frame's line, with the count after it.

        Raises:
            StoreError: If the line cannot be written.
        """
        try:
            self._file.write(json.dumps(event(result, count)) + "\n")
            self._file.flush()
        except OSError as error:
            raise StoreError(
                f"{self._path} cannot be written ({error.strerror}): free the disk"
            ) from None

    def close(self) -> None:
        """
        Raises:
            StoreError: If the last line cannot be written.
        """
        try:
            self._file.close()
        except OSError as error:
            raise StoreError(
                f"{self._path} cannot be written ({error.strerror}): free the disk"
            ) from None
