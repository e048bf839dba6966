"""What was found in a recording that is reviewed: the faces of each picture, to be shown again, and
where its sightings are.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

from monitor.records import Face, FrameResult, MaskState, Sighting

FACES_MAX = 200_000  # kept of one recording: some 100 MB
BEFORE_S = 0.5  # who has just come to a sighting and wants the last one means the one before it


@dataclass(frozen=True, slots=True)
class Mark:
    """A sighting's place in a recording; times are those of the recording, s."""

    sighting_id: str
    visit_id: str
    began_t: float
    ended_t: float
    state: MaskState  # the worst of it


class Recall:
    """Written by the inference thread; any thread may ask it. Nobody's name is kept here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faces: OrderedDict[int, tuple[Face, ...]] = OrderedDict()
        self._number = 0
        self._marks: dict[str, Mark] = {}

    def keep(self, result: FrameResult) -> None:
        """Take in what was found in a picture. The first one begins anew."""
        frame = result.frame
        faces = tuple(replace(face, identity=None, gender=None) for face in result.faces)
        with self._lock:
            if frame.index == 0:
                self._faces.clear()
                self._marks, self._number = {}, 0
            if faces:
                self._faces[frame.index] = faces
                self._number += len(faces)
            while self._number > FACES_MAX:
                self._number -= len(self._faces.popitem(last=False)[1])
            marks = {s.sighting_id: self._mark(s, frame.t) for s in result.sightings}
            self._marks = self._marks | marks if marks else self._marks

    def _mark(self, sighting: Sighting, t: float) -> Mark:
        lasted_s = (sighting.last_seen - sighting.first_seen).total_seconds()
        known = self._marks.get(sighting.sighting_id)
        began_t = max(0.0, t - lasted_s) if known is None else known.began_t
        ids = sighting.sighting_id, sighting.visit_id
        return Mark(*ids, began_t, began_t + lasted_s, sighting.worst_state)

    def faces(self, number: int) -> tuple[Face, ...]:
        """What was found in a picture, by its number."""
        with self._lock:
            return self._faces.get(number, ())

    def marks(self) -> tuple[Mark, ...]:
        """All sightings so far, the first one first."""
        return tuple(sorted(self._marks.values(), key=lambda mark: mark.began_t))


def after(marks: tuple[Mark, ...], t: float) -> Mark | None:
    """The next sighting that begins after the time `t` (s)."""
    return next((mark for mark in marks if mark.began_t > t + 0.001), None)


def before(marks: tuple[Mark, ...], t: float) -> Mark | None:
    """The last sighting that began before the time `t` (s)."""
    return next((mark for mark in reversed(marks) if mark.began_t < t - BEFORE_S), None)
