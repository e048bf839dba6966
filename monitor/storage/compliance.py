"""The running compliance count: every visit once, under its present state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from monitor.records import Correction, Count, Face, MaskState, Sighting, Visit

# of a count, by state; an enum's `value` is slow, and counts are summed with each frame
_FIELDS = tuple((state, state.value) for state in MaskState)


def judged(count: Count) -> int:
    """How many were masked, unmasked or incorrect; `unsure` is never among them."""
    return count.masked + count.unmasked + count.incorrect


def compliance(count: Count) -> float | None:
    """masked / (masked + unmasked + incorrect), in [0, 1]; None while nobody was judged."""
    return count.masked / judged(count) if judged(count) else None


def as_count(states: Iterable[MaskState | None]) -> Count:
    """How often each state occurs; None is not counted. A `Counter` is taken as it is."""
    tally = Counter(states)
    return Count(**{state.value: tally[state] for state in MaskState})


def counted_state(visit: Visit) -> MaskState | None:
    """What a visit counts as, the receptionist's word before the machine's; None: it was no
    person.
    """
    return as_counted(visit.state, visit.corrected)


def as_counted(state: MaskState, corrected: Correction | None) -> MaskState | None:
    """As `counted_state`, of a state and what the receptionist said instead."""
    if corrected is None:
        return state
    return None if is_nobody(corrected) else MaskState(corrected.value)


def is_nobody(corrected: Correction | None) -> bool:
    """Whether it was no person, by the receptionist's word or by the machine's."""
    return corrected in (Correction.NO_PERSON, Correction.NEVER_MOVED)


def stands(sighting: Sighting) -> bool:
    """Whether a sighting counts: it was not taken back by the receptionist or withdrawn."""
    return is_standing(sighting.corrected)


def is_standing(corrected: Correction | None) -> bool:
    """As `stands`, of what the receptionist said."""
    return corrected is not Correction.MASKED and not is_nobody(corrected)


def total(counts: Iterable[Count]) -> Count:
    """The sum of some counts."""
    listed = list(counts)
    return Count(**{name: sum(getattr(count, name) for count in listed) for _, name in _FIELDS})


class RunningCount:
    """The count of one camera in a shift. Remembers one small state a visit. Not thread-safe."""

    def __init__(self) -> None:
        self._states: dict[str, MaskState | None] = {}
        self._tally: Counter[MaskState | None] = Counter()
        self._stills: Counter[MaskState] = Counter()

    def update(self, visit: Visit) -> None:
        """Count a visit that is new, or move one that has changed."""
        state = counted_state(visit)
        if visit.visit_id in self._states:
            self._tally[self._states[visit.visit_id]] -= 1
        self._states[visit.visit_id] = state
        self._tally[state] += 1

    def recount(self, before: Visit, after: Visit) -> None:
        """Move a visit that is counted and not remembered."""
        self._tally[counted_state(before)] -= 1
        self._tally[counted_state(after)] += 1

    def let_go(self, visit_id: str) -> None:
        """A visit stays counted as it is, and is not remembered."""
        self._states.pop(visit_id, None)

    def add_stills(self, faces: Iterable[Face]) -> None:
        """Count the faces of a picture that stands alone: each is a visit of its own."""
        self._stills.update(face.state for face in faces)

    def take_stills(self, count: Count) -> None:
        """Count such faces that were counted before."""
        self._stills.update({state: getattr(count, state.value) for state in MaskState})

    @property
    def stills(self) -> Count:
        """The faces of pictures that stand alone."""
        return Count(**{state.value: self._stills[state] for state in MaskState})

    def count(self) -> Count:
        """Visits and such faces together."""
        return Count(**{name: self._tally[state] + self._stills[state] for state, name in _FIELDS})
