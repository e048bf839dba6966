"""Keeps faces of visits that the receptionist corrects or confirms. Only with `learning.collect`.

A correction comes seconds or minutes after the face was seen. Until then a few cut faces of each of
the newest visits wait in memory, where they are bounded, and are gone with the program: nobody's
face is on the disk who was not judged by the receptionist.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime

from monitor.learning.kept import About, Cut, KeptFaces, cut
from monitor.learning.manifest import withdraw
from monitor.learning.places import Places
from monitor.learning.withdrawn import purge, withdraw_visits
from monitor.records import Correction, Face, FrameResult, MaskState

VISITS_MAX = 300  # whose faces wait; at most 10 of about 12 kB each
EVERY_S = 0.5  # how often a face of one visit is looked at
DESK = "the desk"  # who said so, of a visit
ENOUGH_PX = 24  # smaller faces teach nothing


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    cutting: Cut
    taken: datetime
    state: MaskState  # as the visit counted then
    raw_state: MaskState
    raw_confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A face that somebody is to judge."""

    cutting: Cut
    about: About  # its label is "" until then, or what was said of its visit


@dataclass(slots=True)
class _Visit:
    camera: str
    model: str
    looked_t: float = -1e9  # seconds of the source's own time
    faces: list[_Waiting] = field(default_factory=list)


class Collector:
    """The inference thread alone calls it.

    Args:
        places: Where faces are kept.
        per_visit: Faces of one visit at most.
        days: How long they are kept.
    """

    def __init__(self, places: Places, per_visit: int, days: int) -> None:
        self._places, self._per_visit, self._days = places, per_visit, days
        self._kept = KeptFaces(places)
        self._visits: OrderedDict[str, _Visit] = OrderedDict()  # that was seen last, last
        self._written: dict[str, list[str]] = {}  # by visit, the SHA-256 of what this run has kept

    def look(self, result: FrameResult) -> None:
        """Cut the faces of a frame that are worth it. Frames that were not searched are passed
        over: their boxes are a forecast.
        """
        if result.timings.detect_s <= 0 or not result.frame.live:
            return
        for face in result.faces:
            if face.visit_id is not None:
                self._look_at(result, face, face.visit_id)

    def _look_at(self, result: FrameResult, face: Face, visit_id: str) -> None:
        frame, model = result.frame, result.model
        visit = self._visits.setdefault(visit_id, _Visit(frame.camera, model))
        self._visits.move_to_end(visit_id)
        if len(self._visits) > VISITS_MAX:
            self._visits.popitem(last=False)
        x0, y0, x1, y1 = face.xyxy
        if frame.t - visit.looked_t < EVERY_S or max(x1 - x0, y1 - y0) < ENOUGH_PX:
            return
        visit.looked_t, visit.model = frame.t, model
        waiting = _Waiting(
            cut(frame.image, face.xyxy),
            frame.wall_time,
            face.state,
            face.raw_state,
            face.raw_confidence,
        )
        visit.faces.append(waiting)
        if len(visit.faces) > self._per_visit:
            visit.faces.remove(_spare(visit.faces))

    def label(
        self, visit_id: str, state: MaskState, correction: Correction | None
    ) -> Callable[[], None]:
        """The receptionist has judged a visit that counted as `state`; None takes it back.

        Only faces that were seen while the visit counted so are kept: who takes the mask off later
        was not judged wrong before.

        Returns:
            What is to be done on the disk, in the order of the calls, by whichever thread; it
            raises StoreError if a face cannot be kept, or deleted.
        """
        former = self._written.pop(visit_id, [])
        visit = self._visits.get(visit_id)
        kept: list[tuple[Cut, About]] = []
        if correction is not None and visit is not None:
            kept = [
                (waiting.cutting, _about(visit_id, visit, waiting, correction.value))
                for waiting in visit.faces
                if waiting.state in (state, MaskState.UNSURE)
            ]
            self._written[visit_id] = [cutting.sha256 for cutting, _ in kept]

        def write() -> None:
            if former:
                withdraw(self._places, self._kept.delete(former))
            for cutting, about in kept:
                self._kept.keep(cutting, about)

        return write

    def unsure(self, count: int, judged: Collection[str]) -> list[Question]:
        """Faces that wait and that nobody has judged, one a visit: those that the model was least
        sure of first.

        Args:
            judged: Visits of which faces are kept.
        """
        least = [
            (min(visit.faces, key=lambda f: f.raw_confidence), name, visit)
            for name, visit in self._visits.items()
            if visit.faces and name not in judged
        ]
        least.sort(key=lambda found: found[0].raw_confidence)
        return [
            Question(waiting.cutting, _about(name, visit, waiting, ""))
            for waiting, name, visit in least[:count]
        ]

    def forget(self, visit_ids: set[str]) -> Callable[[], None]:
        """Whoever made these visits is forgotten. Returns as `label`."""
        for visit_id in visit_ids:
            self._visits.pop(visit_id, None)
            self._written.pop(visit_id, None)

        def delete() -> None:
            withdraw_visits(visit_ids, self._places)

        return delete

    def purge(self) -> None:
        """Delete what is too old. Any thread.

        Raises:
            StoreError: If a face cannot be deleted.
        """
        purge(self._places, self._days)


def _spare(faces: list[_Waiting]) -> _Waiting:
    """The one that teaches least: neither the least sure, nor the largest, nor the newest."""
    kept = {
        id(min(faces, key=lambda f: f.raw_confidence)),
        id(max(faces, key=lambda f: f.cutting.face_px)),
        id(faces[-1]),
    }
    spare = [face for face in faces if id(face) not in kept]
    return spare[0] if spare else faces[0]


def _about(visit_id: str, visit: _Visit, waiting: _Waiting, label: str) -> About:
    return About(
        label=label,
        by=DESK,
        said=datetime.now(UTC),
        taken=waiting.taken,
        box=waiting.cutting.box,
        face_px=waiting.cutting.face_px,
        camera=visit.camera,
        visit_id=visit_id,
        model=visit.model,
        state=waiting.raw_state.value,
        confidence=round(waiting.raw_confidence, 4),
    )
