"""One-to-many trials of an embedding: probes against enrolled people, and the figures of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitor.identity.embed import normalised
from monitor.records import FloatArray

ENROLLED = 3  # bare pictures of each person
FARS = (3e-1, 1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)
TAIL_MIN = 10  # a threshold needs at least this number of strangers' scores above it


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Probes of several people against everybody's template."""

    cosines: FloatArray  # (probes, people)
    person: npt.NDArray[np.intp]  # (probes,) column of the person whom each probe shows

    @property
    def genuine(self) -> FloatArray:
        return self.cosines[np.arange(len(self.person)), self.person]

    @property
    def impostor(self) -> FloatArray:
        mask = np.ones(self.cosines.shape, bool)
        mask[np.arange(len(self.person)), self.person] = False
        return self.cosines[mask]


def threshold_at(impostor: FloatArray, far: float) -> float:
    """The cosine above which the share `far` of the strangers' scores lies."""
    ordered = np.sort(impostor)[::-1]
    return float(ordered[min(int(far * len(ordered)), len(ordered) - 1)])


def figures(trial: Trial) -> dict[str, float]:
    """Rank-1 and TAR at FAR 0.1 % and 0.01 %, in per cent, with the counts."""
    if len(trial.person) == 0:
        return {"probes": 0, "people": int(trial.cosines.shape[1])}
    impostor, genuine = trial.impostor, trial.genuine
    result: dict[str, float] = {
        "rank1": 100 * float(np.mean(trial.cosines.argmax(axis=1) == trial.person)),
    }
    for far, label in ((1e-3, "tar_far_0.1"), (1e-4, "tar_far_0.01")):
        result[label] = 100 * float(np.mean(genuine > threshold_at(impostor, far)))
    return result | {
        "probes": len(genuine),
        "people": int(trial.cosines.shape[1]),
        "comparisons": len(impostor),
    }


def at_threshold(trial: Trial, threshold: float) -> dict[str, float]:
    """TAR and FAR in per cent where the threshold was set elsewhere, as in the program."""
    if len(trial.person) == 0:
        return {}
    return {
        "tar_at_card": 100 * float(np.mean(trial.genuine > threshold)),
        "far_at_card": 100 * float(np.mean(trial.impostor > threshold)),
    }


def trial(enrolled: Sequence[FloatArray], probes: Sequence[FloatArray], template: str) -> Trial:
    """Compare.

    Args:
        enrolled: For each person (K, D) embeddings.
        probes: For each person (M, D); M may be 0.
        template: `mean` makes one template of each person's pictures, `max` takes the most similar
            picture.
    """
    if template == "mean":
        enrolled = [normalised(e.mean(axis=0, keepdims=True)) for e in enrolled]
    starts = np.cumsum([0, *map(len, enrolled)])[:-1]
    cosines = np.maximum.reduceat(
        np.concatenate(probes) @ np.concatenate(enrolled).T, starts, axis=1
    )
    return Trial(cosines, np.repeat(np.arange(len(probes)), [len(p) for p in probes]))


def table(trials: Mapping[str, Trial]) -> dict[str, list[float]]:
    """Thresholds for the card: for each FAR the highest that any of the sets asks for, where it is
    measured well enough.
    """
    rows: list[tuple[float, float]] = []
    for far in FARS:
        wanted = [
            threshold_at(t.impostor, far)
            for t in trials.values()
            if far * t.impostor.size >= TAIL_MIN
        ]
        if wanted and (not rows or max(wanted) > rows[-1][1]):
            rows.append((far, round(max(wanted), 4)))
    return {"far": [far for far, _ in rows], "threshold": [t for _, t in rows]}
