"""Which USB cameras there are."""

from __future__ import annotations

import logging
import sys

log = logging.getLogger(__name__)


def camera_list() -> list[tuple[int, str]]:
    """Index and name of the cameras that the system knows, without opening any."""
    import cv2
    from cv2_enumerate_cameras import enumerate_cameras

    backend = {"win32": cv2.CAP_DSHOW, "darwin": cv2.CAP_AVFOUNDATION}.get(
        sys.platform, cv2.CAP_V4L2
    )
    try:
        return [(camera.index % 100, str(camera.name)) for camera in enumerate_cameras(backend)]
    except (OSError, RuntimeError, ValueError) as error:
        log.warning("the cameras could not be listed: %s", error)
        return []
