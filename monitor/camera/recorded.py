"""When a recording was made: by its name, or by when its file was last written."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2

# 2026-11-21_08-30-00, 20261121_083000, 2026-11-21T08:30:00 ...
_IN_NAME = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_.]?(\d\d)[-_.]?(\d\d)[-_.T ]?"
    r"(\d\d)[-_.:h]?(\d\d)[-_.:m]?(\d\d)(?!\d)"
)


def recorded_at(path: Path, now: datetime) -> datetime:
    """When a clip or a folder of pictures began, in UTC; never so late that it would end after
    `now`. A name tells local time.

    Raises:
        OSError: If it is not there.
    """
    length = timedelta(seconds=_length_s(path))
    named = _in_name(path.stem)
    began = named if named is not None else _written(path) - length
    return min(began, now - length)


def _in_name(name: str) -> datetime | None:
    found = _IN_NAME.search(name)
    if found is None:
        return None
    try:
        return datetime(*map(int, found.groups())).astimezone(UTC)  # type: ignore[arg-type]
    except (ValueError, OverflowError):  # some other number
        return None


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _length_s(path: Path) -> float:
    """Of a clip; 0 where it does not say, and of a folder."""
    if not path.is_file():
        return 0.0
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    frames, rate = (capture.get(p) for p in (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FPS))
    capture.release()
    return min(frames / rate, 7 * 86400.0) if frames > 0 and rate > 0 else 0.0
