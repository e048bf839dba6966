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
    began_t: float  # from where on its box is seen
    ended_t: float
    state: MaskState  # the worst of it
    lasted_s: float


class Recall:
    """Written by the inference thread; any thread may ask it. Nobody's name is kept here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faces: OrderedDict[int, tuple[Face, ...]] = OrderedDict()
        self._number = 0
        self._marks: dict[str, Mark] = {}
        self._came: dict[str, float] = {}  # when a visit's box was seen first, s

    def keep(self, result: FrameResult) -> None:
        """Take in what was found in a picture. The first one begins anew."""
        frame = result.frame
        faces = tuple(replace(face, identity=None, gender=None) for face in result.faces)
        with self._lock:
            if frame.index == 0:
                self._forget()
            for face in faces:
                self._came.setdefault(face.visit_id or "", frame.t)
            if faces:
                self._faces[frame.index] = faces
                self._number += len(faces)
            while self._number > FACES_MAX:
                self._number -= len(self._faces.popitem(last=False)[1])
            marks = {s.sighting_id: self._mark(s, frame.t) for s in result.sightings}
            self._marks = self._marks | marks if marks else self._marks

    def forget(self) -> None:
        """Let go of all: the recording was left."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self._faces.clear()
        self._marks, self._came, self._number = {}, {}, 0

    def _mark(self, sighting: Sighting, t: float) -> Mark:
        lasted_s = (sighting.last_seen - sighting.first_seen).total_seconds()
        known = self._marks.get(sighting.sighting_id)
        began_t = max(t - lasted_s, self._came.get(sighting.visit_id, 0.0), 0.0)
        ids = sighting.sighting_id, sighting.visit_id
        if known is not None:
            began_t, more_s = known.began_t, lasted_s - known.lasted_s
            return Mark(*ids, began_t, known.ended_t + more_s, sighting.worst_state, lasted_s)
        return Mark(*ids, began_t, max(t, began_t), sighting.worst_state, lasted_s)

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
