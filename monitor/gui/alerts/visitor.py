"""What is said to the visitor. No Qt, no clock: times are seconds of a steady clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from monitor.records import MaskState

STALE_S = 2.0  # an older picture says nothing
HOLD_S = 1.0  # somebody who is not found for so long is still there
UNSURE_AFTER_S = 1.0  # everybody is "not sure" at first


class Saying(Enum):
    """What the window shows. NOTHING: there is no picture of this moment."""

    NOTHING = "nothing"
    NOBODY = "nobody"
    MASKED = "masked"
    UNMASKED = "unmasked"
    INCORRECT = "incorrect"
    UNSURE = "unsure"


# of several people, this goes first
FIRST = (MaskState.UNMASKED, MaskState.INCORRECT, MaskState.MASKED, MaskState.UNSURE)


@dataclass(slots=True)
class VisitorRule:
    """Follows what one camera shows."""

    _picture_t: float = -1e9
    _state: MaskState | None = None
    _state_t: float = -1e9
    _unsure_since: float | None = None

    def saw(self, t: float, states: Iterable[MaskState]) -> None:
        """Take in the states of all in a picture that was taken at `t`."""
        there = set(states)
        self._picture_t = t
        state = next((s for s in FIRST if s in there), None)
        if state is MaskState.UNSURE:
            self._unsure_since = t if self._unsure_since is None else self._unsure_since
            if t - self._unsure_since < UNSURE_AFTER_S:
                return
        elif state is not None:
            self._unsure_since = None
        if state is not None or t - self._state_t > HOLD_S:
            self._state, self._state_t = state, t
            if state is None:
                self._unsure_since = None

    def saying(self, now: float) -> Saying:
        """What is said at `now`."""
        if now - self._picture_t > STALE_S:
            return Saying.NOTHING
        return Saying.NOBODY if self._state is None else Saying(self._state.value)

    def forget(self) -> None:
        """Another camera, or its picture is not of this moment."""
        self._picture_t = self._state_t = -1e9
        self._state = self._unsure_since = None
