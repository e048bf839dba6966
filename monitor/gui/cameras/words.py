"""What the window says of cameras that cannot be opened: here user and password have fields of
their own, and nobody has a command line.
"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.camera.kept import KeptCamera
from monitor.errors import CameraError, NoAddressError
from monitor.records import SourceStatus

NO_ADDRESS = (
    "This is no address of a camera: it begins with rtsp:// or http://, as "
    "rtsp://camera.local/stream. The camera's manual tells it"
)


def fault_text(error: CameraError) -> str:
    """One line for what was entered."""
    return NO_ADDRESS if isinstance(error, NoAddressError) else _as_sentence(str(error))


def trouble_text(name: str, status: SourceStatus) -> str:
    """One line for a camera that gives no picture.

    Args:
        name: As it is called in the window.
        status: Of that camera.
    """
    if status.refused:
        return f"{name} refuses this user or password: enter them again"
    return _as_sentence(status.message)


def not_watched_text(locked: Sequence[KeptCamera]) -> str:
    """What stands in the place of the picture while passwords are missing."""
    names = ", ".join(camera.title for camera in locked)
    if len(locked) == 1:
        return f"{names} is not watched: its password is needed"
    return f"{names} are not watched: their passwords are needed"


def missing_text(locked: Sequence[KeptCamera]) -> str:
    """The same in a few words; empty for none."""
    return f"{', '.join(camera.title for camera in locked)}: password needed" if locked else ""


def _as_sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
