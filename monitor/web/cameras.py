"""Browsers' cameras that are watched live: what is known of each between two frames."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from monitor.records import Count, Frame, FrameResult, Image, MaskState
from monitor.web.problems import Problem

CAMERAS_MAX = 8
SILENT_S = 15.0  # a camera that sends nothing for so long has gone


@dataclass(slots=True)
class WebCamera:
    """One browser's camera, from start to end."""

    camera_id: str
    owner: str  # who began it
    began_at: float  # monotonic, seconds
    heard_at: float
    frames: int = 0
    busy: bool = False  # a frame of it is worked on
    states: dict[str, MaskState] = field(default_factory=dict)  # of each visit

    @property
    def name(self) -> str:
        return f"web {self.camera_id}"

    def frame(self, image: Image) -> Frame:
        """The next frame, taken just now."""
        now = time.monotonic()
        self.frames += 1
        return Frame(image, self.frames - 1, now - self.began_at, now, datetime.now(UTC), self.name)

    def count(self, result: FrameResult) -> Count:
        """Visits by their present state, as in the window; they are kept nowhere."""
        self.states.update((visit.visit_id, visit.state) for visit in result.visits)
        return count_of(self.states.values())


class Cameras:
    """The event loop alone calls it."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._cameras: dict[str, WebCamera] = {}

    def begin(self, owner: str) -> WebCamera:
        """
        Raises:
            Problem: 503 if there are too many.
        """
        if len(self._cameras) >= CAMERAS_MAX:
            raise Problem(
                503, "too_many_cameras", f"{CAMERAS_MAX} cameras are live already", SILENT_S
            )
        camera_id, now = secrets.token_hex(4), self._now()
        self._cameras[camera_id] = WebCamera(camera_id, owner, now, now)
        return self._cameras[camera_id]

    def find(self, camera_id: str, owner: str) -> WebCamera:
        """
        Raises:
            Problem: 404 if it is over, or somebody else's.
        """
        camera = self._cameras.get(camera_id)
        if camera is None or camera.owner != owner:
            raise Problem(404, "no_camera", "this camera is not live any more: start it again")
        camera.heard_at = self._now()
        return camera

    def end(self, camera_id: str) -> None:
        self._cameras.pop(camera_id, None)

    def take_silent(self) -> list[WebCamera]:
        """Those that have gone; they are over."""
        limit = self._now() - SILENT_S
        gone = [c for c in self._cameras.values() if c.heard_at < limit and not c.busy]
        for camera in gone:
            self.end(camera.camera_id)
        return gone


def count_of(states: Iterable[MaskState]) -> Count:
    """How many there are of each."""
    count = Count()
    for state in states:
        count = replace(count, **{state.value: getattr(count, state.value) + 1})
    return count
