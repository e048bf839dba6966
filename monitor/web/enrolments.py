"""Enrolling from the page: by pictures, or guided before the browser's camera. The same desk as the
window's and the command line's; one enrolment at a time.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from monitor.camera.slot import LatestSlot
from monitor.errors import MonitorError
from monitor.records import Frame, Image
from monitor.web.problems import Problem

if TYPE_CHECKING:  # imported once somebody enrols
    from monitor.identity.desk import EnrolRequest, PeopleDesk
    from monitor.identity.shots import Control, ShotSource

log = logging.getLogger(__name__)

LOOK_S = 5.0  # a frame is looked at within so long; the first one waits for models


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an enrolment stands, for the page."""

    state: str  # "running", "done", "failed"
    line: str
    taken: int = 0
    wanted: int = 0
    accepted: bool = False  # the last frame was taken


class Enrolment:
    """One person who is being enrolled. Any thread.

    Args:
        desk: The way into the gallery.
        request: Who.
        owner: Who began it.
    """

    def __init__(self, desk: PeopleDesk, request: EnrolRequest, owner: str) -> None:
        from monitor.identity.shots import Control

        self.enrolment_id, self.owner = secrets.token_hex(4), owner
        self._desk, self._request = desk, request
        self._control: Control = Control()
        self._frames: LatestSlot[Frame] = LatestSlot()
        self._began_at = time.monotonic()
        self._number = 0
        self._last = Standing("running", "Loading models…", 0, request.count)
        self.ended_at: float | None = None
        self._thread = threading.Thread(target=self._run, name="enrolling", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        from monitor.identity.shots import shots_from_frames

        take_shots = partial(shots_from_frames, self._frames, self._control)
        standing = enrol(self._desk, self._request, take_shots, self._control.check)
        self._last = Standing(standing.state, standing.line, self._last.taken, self._last.wanted)
        self.ended_at = time.monotonic()

    def look(self, image: Image) -> Standing:
        """Show a frame, and wait for what is said of it."""
        from monitor.identity import words

        now = time.monotonic()
        self._number += 1
        frame = Frame(
            image, self._number, now - self._began_at, now, datetime.now(UTC), "enrolment"
        )
        self._frames.put(frame)
        limit = now + LOOK_S
        while self.ended_at is None and time.monotonic() < limit:
            seen = self._control.seen.get(0.1)
            if seen is not None:
                progress = seen[1]
                line = words.of_progress(progress)
                if not progress.done and progress.failure is None:
                    self._last = Standing(
                        "running", line, progress.taken, progress.wanted, progress.accepted
                    )
                    break
                # all shots are taken: the thread makes the embeddings and writes them
                self._last = Standing("running", "Storing…", progress.taken, progress.wanted)
                break
        return self._last

    @property
    def standing(self) -> Standing:
        return self._last

    def skip(self) -> None:
        """Leave the present step out."""
        self._control.skip.set()

    def cancel(self) -> None:
        """Nothing is stored."""
        self._control.cancelled.set()


def enrol(
    desk: PeopleDesk,
    request: EnrolRequest,
    take_shots: ShotSource,
    check: Callable[[], None] = lambda: None,
) -> Standing:
    """Enrol somebody, and say in words how it ended. Any thread; takes a while."""
    from monitor.identity import words
    from monitor.identity.guide import Progress
    from monitor.identity.results import Note

    notes: list[Note] = []
    try:
        enrolled = desk.enrol(request, take_shots, notes.append, check)
    except (MonitorError, Problem) as error:
        return Standing("failed", str(error))
    except Exception as error:  # the top of a thread; its text may hold a name
        log.error("an enrolment has failed: %s", type(error).__name__)
        return Standing("failed", f"the enrolment has failed ({type(error).__name__}): try again")
    said = [words.of_note(note) for note in notes if not isinstance(note, Progress)]
    shots = enrolled.person.shots
    said.append(
        f"{enrolled.person.name} is enrolled with {shots} {'shot' if shots == 1 else 'shots'}, "
        f"{enrolled.masked} of them with a mask."
    )
    return Standing("done", "\n".join(said), shots, shots)


class Enrolments:
    """The one that runs. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: Enrolment | None = None
        self._busy = False  # pictures are enrolled

    def begin(self, desk: PeopleDesk, request: EnrolRequest, owner: str) -> Enrolment:
        """
        Raises:
            Problem: 409 if somebody is being enrolled.
        """
        with self._lock:
            self._check_free()
            self._now = Enrolment(desk, request, owner)
        self._now.start()
        return self._now

    def from_pictures(
        self, desk: PeopleDesk, request: EnrolRequest, pictures: Iterable[tuple[str, Image]]
    ) -> Standing:
        """Enrol somebody by pictures.

        Raises:
            Problem: 409 if somebody is being enrolled.
        """
        from monitor.identity.shots import shots_from_pictures

        with self._lock:
            self._check_free()
            self._busy = True
        try:
            where = "what was sent"
            return enrol(desk, request, lambda tools: shots_from_pictures(pictures, where, tools))
        finally:
            self._busy = False

    def find(self, enrolment_id: str, owner: str) -> Enrolment:
        """
        Raises:
            Problem: 404 if it is over, or somebody else's.
        """
        with self._lock:
            now = self._now
        if now is None or now.enrolment_id != enrolment_id or now.owner != owner:
            raise Problem(404, "no_enrolment", "this enrolment is over: begin anew")
        return now

    def stop(self) -> None:
        """The server goes down."""
        with self._lock:
            if self._now is not None:
                self._now.cancel()

    def _check_free(self) -> None:
        running = self._now is not None and self._now.ended_at is None
        if running or self._busy:
            raise Problem(409, "enrolling", "somebody is being enrolled: wait until that is done")
