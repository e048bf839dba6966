"""When a recording was made.

In this order: what the user says (`--recorded-at`); its name; what its container notes
(`creation_time`); when its file was last written. A name comes before the note: a recorder writes
it for people, everybody sees it and can mend it, and it survives what the note does not, a cut or a
conversion, which notes its own time. The note comes before the file's time, which a copy changes.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.errors import CameraError

# 2026-11-21_08-30-00, 20261121_083000, 2026-11-21T08:30:00 ...
_IN_NAME = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_.]?(\d\d)[-_.]?(\d\d)[-_.T ]?"
    r"(\d\d)[-_.:h]?(\d\d)[-_.:m]?(\d\d)(?!\d)"
)
# A camera whose clock was never set notes the first moment of its own count: of 1904 (MP4), 1970
# (Unix), 1980 (FAT), 2000 and 2001 (small devices).
_NOTED_SINCE = datetime(2001, 1, 2, tzinfo=UTC)
_LENGTH_MAX = timedelta(days=7)
_BYTES_A_SECOND_MIN = 2  # of a whole clip; one that claims to be longer has a wild time stamp


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording's place, and when it was made."""

    path: Path  # a clip, or a folder of pictures
    made_at: datetime | None = None  # aware, as the user says; None: its file tells

    def began(self, now: datetime) -> datetime:
        """When it began, in UTC; never so late that it would end after `now`. Reads the file.

        Raises:
            CameraError: If it is not there.
        """
        try:
            return recorded_at(self.path, now) if self.made_at is None else self.made_at
        except OSError as error:
            raise CameraError(
                f"{self.path} cannot be read ({error.strerror}): check the path"
            ) from None


def recorded_at(path: Path, now: datetime) -> datetime:
    """When a clip or a folder of pictures began, in UTC; never so late that it would end after
    `now`. A name tells local time.

    Raises:
        OSError: If it is not there.
    """
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    length, noted = _in_container(path)
    began = _in_name(path.stem)
    if began is None and noted is not None and _NOTED_SINCE <= noted <= now:
        began = noted
    return min(written - length if began is None else began, now - length)


def _in_name(name: str) -> datetime | None:
    found = _IN_NAME.search(name)
    if found is None:
        return None
    try:
        return datetime(*map(int, found.groups())).astimezone(UTC)  # type: ignore[arg-type]
    except (ValueError, OverflowError):  # some other number
        return None


def _in_container(path: Path) -> tuple[timedelta, datetime | None]:
    """Length and noted time of a clip; none where it does not say, and of a folder."""
    if not path.is_file():
        return timedelta(), None
    import av
    import av.error

    try:
        with av.open(
            f"file:{path.absolute()}",
            options={"protocol_whitelist": "file", "pattern_type": "none"},
            metadata_errors="replace",
        ) as clip:
            length = timedelta(microseconds=max(0, clip.duration or 0))
            if length.total_seconds() * _BYTES_A_SECOND_MIN > path.stat().st_size:
                length = timedelta()
            notes = [clip.metadata, *(track.metadata for track in clip.streams.video)]
    except (av.error.FFmpegError, ValueError, OverflowError):
        return timedelta(), None
    noted = next((n["creation_time"] for n in notes if "creation_time" in n), "")
    return min(length, _LENGTH_MAX), _as_time(noted)


def _as_time(noted: str) -> datetime | None:
    """ISO 8601; without a zone it is UTC."""
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(noted)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    return None
