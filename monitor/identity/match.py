"""Embeddings against the gallery: who is nearest by cosine, and whether that is near enough."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np

from monitor.errors import ModelError
from monitor.identity.person import EnrolledPerson
from monitor.records import FloatArray

FAR = 1e-3  # wanted: the share of strangers that may be named as anybody in the gallery
PICTURE_FAR = 1e-4  # of single comparisons, for a picture that stands alone


def threshold_for(card: Mapping[str, Any], far: float) -> float:
    """The least cosine that makes two faces one person, for a wanted false accept rate of a single
    comparison.

    Between the rows of the card's table it is read off on a logarithmic scale of FAR. Below the
    lowest FAR that was measured the last slope goes on, as the tail of the strangers' scores falls
    roughly like that.

    Raises:
        ModelError: If the card has no table.
    """
    try:
        table = card["threshold"]
        fars = np.array(table["far"], np.float64)
        thresholds = np.array(table["threshold"], np.float64)
        order = np.argsort(fars)
        fars, thresholds = fars[order], thresholds[order]
        if len(fars) < 2 or not (fars > 0).all() or not (np.diff(thresholds) < 0).all():
            raise ValueError("thresholds must fall as FAR grows")
        logs = np.log10(fars)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelError(
            f"the embedding model's card has no usable table of thresholds ({error!r}): "
            "run `python -m monitor.training.identity.verify --write-table`"
        ) from None
    wanted = math.log10(min(max(far, 1e-12), 1.0))
    if wanted < logs[0]:
        slope = (thresholds[1] - thresholds[0]) / (logs[1] - logs[0])
        return float(min(thresholds[0] + slope * (wanted - logs[0]), 0.95))
    return float(np.interp(wanted, logs, thresholds))


@dataclass(frozen=True, slots=True)
class Match:
    """The person in the gallery who is most like a face."""

    name: str | None  # None: nobody is like it enough
    nearest: str | None  # whoever is most like it, accepted or not; None in an empty gallery
    cosine: float  # with `nearest`, -1..1; a measure of likeness, not a probability


class Namer(Protocol):
    """Tells from looks who somebody is: `Matcher` from embeddings, `recogniser.Classes` from the
    answers of a recogniser. A look is (D,), whatever `Identifier.embed` gives.
    """

    names: tuple[str, ...]  # who can be named
    picture_threshold: float  # of a picture that stands alone
    doubt_threshold: float  # like somebody from here on, but not enough

    def match(self, look: FloatArray) -> Match:
        """Who is on one look."""
        ...

    def match_mean(self, mean: FloatArray) -> Match:
        """Who is on the looks of one track, by their weighted mean."""
        ...


class Matcher:
    """Cosine against all templates of the gallery. The thread that owns it calls it.

    Args:
        people: Whom to know.
        card: The embedding model's, with its table of thresholds.
        far: Wanted share of strangers that are named as anybody. As a stranger is compared with
            everybody, each single comparison gets `far` divided by the number of people.
        picture_far: Wanted share of wrong names in single comparisons of pictures that stand
            alone; counts where it is stricter than `far`.
        now: The clock that consents run out by.
    """

    def __init__(
        self,
        people: Sequence[EnrolledPerson],
        card: Mapping[str, Any],
        far: float = FAR,
        picture_far: float = PICTURE_FAR,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        people = [p for p in people if len(p.embeddings)]
        self.names = tuple(p.name for p in people)
        self.threshold = threshold_for(card, far / max(1, len(people)))
        # like somebody, but not enough: a stranger is so ten times as often
        self.doubt_threshold = threshold_for(card, min(10 * far, 1.0) / max(1, len(people)))
        # of a picture that stands alone: also no more than so many single comparisons may be wrong
        self.picture_threshold = max(self.threshold, threshold_for(card, picture_far))
        self._now = now
        templates = [p.templates() for p in people]
        dimension = int(card["output"]["dimension"])
        self._matrix = np.ascontiguousarray(
            np.concatenate([np.empty((0, dimension), np.float32), *templates])
        )
        self._starts = np.cumsum([0, *map(len, templates)])[:-1].astype(np.intp)
        never = datetime.max.replace(tzinfo=UTC)
        self._until = [p.until or never for p in people]
        self._first_end = min(self._until, default=never)

    def cosines(self, embeddings: FloatArray) -> FloatArray:
        """(N, D) embeddings to (N, people) cosines, of each person's most similar template; -1
        where a consent has ended.
        """
        if not self.names:
            return np.empty((len(embeddings), 0), np.float32)
        by_person: FloatArray = np.maximum.reduceat(
            embeddings @ self._matrix.T, self._starts, axis=1
        )
        now = self._now()
        if now >= self._first_end:
            by_person[:, [now >= until for until in self._until]] = -1
        return by_person

    def match(self, embedding: FloatArray) -> Match:
        """The nearest person of one embedding, (D,); it may be shorter than 1, as a mean over a
        track is.
        """
        if not self.names:
            return Match(None, None, 0.0)
        cosines = self.cosines(embedding[None])[0]
        best = int(cosines.argmax())
        cosine = float(cosines[best])
        if cosine <= -1:
            return Match(None, None, 0.0)
        return Match(
            self.names[best] if cosine >= self.threshold else None, self.names[best], cosine
        )

    def match_mean(self, mean: FloatArray) -> Match:
        """The nearest person of the weighted mean of one track's embeddings, (D,).

        Left as short as it is, its cosine would be the mean of the looks' cosines: safe, but many
        weak looks could never add up. Brought back to length 1 it would name more people, and more
        strangers than the threshold of single pictures allows. Its length is brought halfway, to
        the square root.
        """
        return self.match(mean / np.sqrt(max(float(np.linalg.norm(mean)), 1e-9)))
