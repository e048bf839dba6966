"""The book of an acceptance run: which visits came, and what somebody says that they were."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime

from monitor.doctor.accept_records import Accepted, Seen, Truth
from monitor.faces.boxes import longer_side
from monitor.records import Correction, FrameResult, MaskState

# What was said last of a visit; None: it is skipped. Without a visit: somebody was missed.
_Said = tuple[str | None, Truth | None]


class AcceptBook:
    """One thread. Visits are judged in the order in which they came; each by the state that the
    monitor gave it last.

    Args:
        began: When the run began; aware, UTC.
    """

    def __init__(self, name: str, began: datetime) -> None:
        self._name, self._began = name, began
        self._visits: dict[str, Seen] = {}
        self._said: list[_Said] = []
        self._number = 0
        self._model = ""

    def take(self, result: FrameResult) -> None:
        """What the analysis says of one frame of this camera."""
        frame = result.frame
        self._model = result.model or self._model
        for face in result.faces:
            if face.visit_id is None:
                continue
            left, _, right, _ = (float(value) for value in face.xyxy)
            known = self._visits.get(face.visit_id)
            if known is None:
                self._number += 1
                known = Seen(face.visit_id, self._number, frame.wall_time, face.state, 0.0, 0.0)
            self._visits[face.visit_id] = replace(
                known,
                state=face.state,
                place=min(1.0, max(0.0, (left + right) / 2 / frame.size_wh[0])),
                size_px=float(longer_side(face.xyxy[None])[0]),
            )
        for visit in result.visits:
            self._end(visit.visit_id, visit.state, visit.corrected)

    def _end(self, visit_id: str, state: MaskState, corrected: Correction | None) -> None:
        """The scene's own word of a visit; one that it takes back itself never was."""
        if corrected is Correction.NEVER_MOVED and visit_id not in self._judged:
            self._visits.pop(visit_id, None)
        elif visit_id in self._visits:
            self._visits[visit_id] = replace(self._visits[visit_id], state=state)

    @property
    def _judged(self) -> set[str]:
        return {visit_id for visit_id, _ in self._said if visit_id is not None}

    @property
    def words(self) -> int:
        """How much was said that can be taken back."""
        return len(self._said)

    @property
    def waiting(self) -> tuple[Seen, ...]:
        """The visits that are still to be judged, the oldest first."""
        judged = self._judged
        return tuple(seen for seen in self._visits.values() if seen.visit_id not in judged)

    def judge(self, truth: Truth | None) -> Seen | None:
        """Say what the oldest visit that waits was; None: leave it out. Returns that visit; None if
        none waits.
        """
        waiting = self.waiting
        if not waiting:
            return None
        self._said.append((waiting[0].visit_id, truth))
        return waiting[0]

    def miss(self) -> None:
        """Somebody came whom the monitor did not see."""
        self._said.append((None, None))

    def undo(self) -> bool:
        """Take the last word back. False: there is none."""
        if self._said:
            self._said.pop()
            return True
        return False

    def result(self, seconds: float) -> Accepted:
        """What was found so far."""
        cells: Counter[tuple[Truth, MaskState]] = Counter()
        for visit_id, truth in self._said:
            if visit_id is not None and truth is not None:
                cells[truth, self._visits[visit_id].state] += 1
        return Accepted(
            self._name,
            self._began,
            seconds,
            self._model,
            dict(cells),
            missed=sum(visit_id is None for visit_id, _ in self._said),
            skipped=sum(v is not None and truth is None for v, truth in self._said),
            left=len(self.waiting),
        )
