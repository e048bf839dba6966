"""Pictures that are kept when somebody is enrolled and asks for it: a training set on disk, in the
owner's hands alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path

import cv2

from monitor.errors import ConfigError
from monitor.files import private
from monitor.identity.guide import Shot
from monitor.identity.person import EnrolledPerson
from monitor.identity.results import PicturesRemoval
from monitor.names import same_name


def keep_pictures(shots: Sequence[Shot], root: Path, person: EnrolledPerson) -> Path:
    """Write the shots' pictures as JPEG into `root`/NAME/SESSION, with the consent beside them.
    Returns the person's folder.

    Raises:
        ConfigError: If they cannot be written.
    """
    readable = re.sub(r"[^\w-]+", "_", person.name)[:40].strip("_") or "person"
    folder = root / f"{readable}-{hashlib.sha256(person.name.encode()).hexdigest()[:8]}"
    session = folder / f"{person.given.astimezone():%Y-%m-%d_%H%M%S}"
    record = {
        "name": person.name,
        "consent": person.consent,
        "given": person.given.isoformat(),
        "until": person.until.isoformat() if person.until else None,
        "by": person.by,
    }
    try:
        session.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (folder, session):
            path.chmod(0o700)
        _write_private(
            folder / "consent.json",
            json.dumps(record, ensure_ascii=False, indent=2).encode() + b"\n",
        )
        for number, shot in enumerate(shots, start=1):
            picture = shot.picture if shot.picture is not None else shot.face
            good, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
            if good:
                _write_private(
                    session / f"{number:04}_{shot.step.name.lower()}_{shot.kind.name.lower()}.jpg",
                    data.tobytes(),
                )
    except OSError as error:
        raise ConfigError(
            f"the pictures cannot be written into {root} ({error.strerror}): give another folder "
            f"with --keep-pictures"
        ) from None
    return folder


def _write_private(path: Path, content: bytes) -> None:
    with private(path) as file:
        file.write(content)


def remove_pictures(person: EnrolledPerson) -> tuple[PicturesRemoval, ...]:
    """Delete what `keep_pictures` wrote for a person, and nothing else, folder by folder."""
    return tuple(
        PicturesRemoval(*_remove(Path(folder), person.name), folder) for folder in person.pictures
    )


def _remove(folder: Path, name: str) -> tuple[int, bool]:
    """How many pictures were deleted, and whether that is all of them."""
    removed = 0
    try:
        record = folder / "consent.json"
        if not same_name(json.loads(record.read_text(encoding="utf-8"))["name"], name):
            return 0, False
        for picture in folder.glob("*/[0-9][0-9][0-9][0-9]*_*_*.jpg"):
            picture.unlink()
            removed += 1
        record.unlink()
        for path in [*folder.iterdir(), folder]:
            with contextlib.suppress(OSError):  # somebody else's files are in it
                path.rmdir()
    except (OSError, ValueError, KeyError, TypeError):
        return removed, False
    return removed, True
