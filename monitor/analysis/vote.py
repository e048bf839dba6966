"""The vote over a track: many answers, one calm state."""

from __future__ import annotations

import math

import numpy as np

from monitor.config import VoteConfig
from monitor.faces.classify import STATES
from monitor.records import FloatArray, MaskState


class Vote:
    """Smooths the answers for one track: a mean whose older parts fade. The inference thread alone
    calls it.
    """

    def __init__(self, config: VoteConfig) -> None:
        self._config = config
        self._sum = np.zeros(len(STATES))
        self._weight = 0.0  # fades with time
        self._evidence = 0.0  # does not
        self._t: float | None = None
        self._sure_t = -math.inf  # when there was a look that was surely at a face
        self.state = MaskState.UNSURE
        self.confidence = 0.0

    def add(self, t: float, probabilities: FloatArray, weight: float, *, sure: bool = True) -> None:
        """Take in one answer.

        Args:
            t: Seconds, of the source.
            probabilities: (3,) in the order of `STATES`.
            weight: In [0, 1]; 0 for a face that cannot be judged.
            sure: Whether it was surely a face that was looked at. Answers about what may as well
                be the back of a head have a voice, but hold no state.
        """
        if sure and weight > 0:
            self._sure_t = t
        if t - self._sure_t > self._config.hold_s:
            self._forget()
            return
        # What is known fades with the weight of what comes in its place: poor answers do not wash
        # out good ones.
        fade = (
            0.5 ** (weight * (t - self._t) / self._config.half_life_s)
            if self._t is not None
            else 1.0
        )
        self._t = t
        self._sum = fade * self._sum + weight * probabilities
        self._weight = fade * self._weight + weight
        self._evidence += weight
        self._decide()

    def _forget(self) -> None:
        """Nothing holds the state any more: who turns back to the camera is judged anew."""
        self._sum = np.zeros(len(STATES))
        self._weight = self._evidence = self.confidence = 0.0
        self._t = None
        self.state = MaskState.UNSURE

    def _decide(self) -> None:
        if self._evidence < self._config.evidence_min or self._weight < 1e-6:
            return
        mean = self._sum / self._weight
        best = int(mean.argmax())
        if mean[best] >= self._config.switch_above:
            self.state = STATES[best]
        elif (
            self.state is not MaskState.UNSURE
            and mean[STATES.index(self.state)] < self._config.hold_above
        ):
            self.state = MaskState.UNSURE
        # Between the two bounds the last state stands: a hand before the face is no reason to
        # flicker.
        self.confidence = float(
            mean[best] if self.state is MaskState.UNSURE else mean[STATES.index(self.state)]
        )

    @property
    def settled(self) -> bool:
        return self.state is not MaskState.UNSURE and self.confidence >= self._config.settled_above
