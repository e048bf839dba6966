"""A recogniser of one's own: a network that was trained on pictures of a few people
(`monitor.training.experiments.closed_set --keep`), in place of cosines against the gallery.

Its card says whom each output stands for and which consent it learnt under. Somebody is named only
while the gallery has them under that very consent: `forget`, a consent's end and a consent that was
given anew hold for a recogniser, too, wherever its file lies. Its own fields of the card:

    people      [{"name": "Ann", "given": "2026-11-21T08:30:00+00:00"}, null, ...], an output each;
                null where somebody was forgotten. Outputs after them are nobody's
    input       {"embedding": "sface_masked_v3"}: it takes that model's embeddings; or
                {"size": 112, "colour": "RGB", "range": [-1, 1]}: it takes aligned faces
    threshold   the least probability that names somebody, of one look and of a track's mean alike
    doubt       from here on it is like somebody, but not enough
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from monitor.card import shown
from monitor.engine import Network, load_network
from monitor.errors import ModelError
from monitor.faces.align import SIZE
from monitor.identity.embed import MODEL, Embedder
from monitor.identity.match import Match
from monitor.identity.person import EnrolledPerson
from monitor.identity.straighten import MAX_BATCH
from monitor.names import same_name
from monitor.records import FloatArray, Image

TASK = "recogniser"
_TRAIN = "train one with `python -m monitor.training.experiments.closed_set --keep FOLDER`"


@dataclass(frozen=True, slots=True)
class Learnt:
    """Whom an output stands for."""

    name: str
    given: datetime  # aware; when the consent was given under which the pictures were taken

    def is_of(self, person: EnrolledPerson) -> bool:
        """Whether somebody in the gallery is this person under the same consent."""
        return same_name(person.name, self.name) and person.given == self.given


class Recogniser:
    """Aligned faces to a probability for each of a few people. Not thread-safe but for `classes`
    and `unnamed`: one thread calls it.
    """

    def __init__(self, network: Network, embedder: Embedder | None = None) -> None:
        """
        Args:
            network: With the card of a recogniser.
            embedder: Of the embeddings that it takes; None where it takes faces.

        Raises:
            ModelError: If the card is not that of a recogniser that can be used, or network and
                card do not fit.
        """
        self._network, self._embedder = network, embedder
        card = network.card
        try:
            self.name = str(card["name"])
            self._learnt = [_learnt(entry) for entry in card["people"]]
            self._threshold, self._doubt = float(card["threshold"]), float(card["doubt"])
            fits = 0 < self._doubt <= self._threshold
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"the recogniser's card is incomplete ({error!r}): {_TRAIN}") from None
        if not fits:
            raise ModelError(f"the card of {self.name} has thresholds that cannot be: {_TRAIN}")
        if not any(self._learnt):
            raise ModelError(
                f"the recogniser {self.name} knows nobody: whom it learnt was forgotten; {_TRAIN}"
            )
        self._check_outputs()

    @classmethod
    def load(cls, path: str, threads: int = 2) -> Recogniser:
        """ONNX Runtime in every case.

        Raises:
            ModelError: If the file is missing, changed, without a card, or no recogniser for this
                program.
        """
        name, network = shown(Path(path).name), load_network(path, "onnx", threads)
        takes = network.card.get("input")
        if network.card.get("task") != TASK or not isinstance(takes, dict):
            raise ModelError(f"{name} is no recogniser: {_TRAIN}")
        of = takes.get("embedding")
        if of is not None and of != MODEL:
            raise ModelError(
                f"the recogniser {name} was made for the embedding model "
                f"{shown(str(of))}, not {MODEL}: {_TRAIN}"
            )
        embedder = Embedder.load(MODEL, threads) if of is not None else None
        return cls(network, embedder)

    @property
    def card(self) -> dict[str, Any]:
        return self._network.card

    def embed(self, faces_bgr: Image) -> FloatArray:
        """What a look is to a recogniser.

        Args:
            faces_bgr: (N, 112, 112, 3) uint8 BGR from `align`. N may be 0.

        Returns:
            (N, people) float32: the probability of each person of the card, of those too who are
            not named. Less than 1 in sum where it also learnt what strangers look like.
        """
        people = len(self._learnt)
        if len(faces_bgr) == 0:
            return np.empty((0, people), np.float32)
        if self._embedder is not None:
            return self._network(self._embedder.embed(faces_bgr))[:, :people]
        parts = [
            self._network(faces_bgr[i : i + MAX_BATCH, ..., ::-1].astype(np.float32) / 127.5 - 1)
            for i in range(0, len(faces_bgr), MAX_BATCH)
        ]
        return np.concatenate(parts)[:, :people]

    def classes(
        self,
        people: Sequence[EnrolledPerson],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Classes:
        """Those of its people who may be named. Any thread.

        Args:
            people: Of the gallery, without ended consents.
            now: The clock that consents run out by.
        """
        own = [
            next((p for p in people if one is not None and one.is_of(p)), None)
            for one in self._learnt
        ]
        return Classes(own, self._threshold, self._doubt, now)

    def unnamed(self, people: Sequence[EnrolledPerson]) -> tuple[str, ...]:
        """Whom it knows and may not name, as they are not in the gallery or agreed anew. Any
        thread.
        """
        return tuple(
            one.name for one in self._learnt if one and not any(one.is_of(p) for p in people)
        )

    def _check_outputs(self) -> None:
        """One blank face, so that a network that does not fit its card is found before the first
        frame.
        """
        try:
            answer = self.embed(np.zeros((1, SIZE, SIZE, 3), np.uint8))
            fits = answer.shape == (1, len(self._learnt)) and bool(np.isfinite(answer).all())
        except Exception as error:  # onnxruntime raises its own unexported classes
            raise ModelError(
                f"the recogniser {self.name} cannot be run ({type(error).__name__}): {_TRAIN}"
            ) from None
        if not fits:
            raise ModelError(
                f"the recogniser {self.name} does not answer for the people of its card: {_TRAIN}"
            )


class Classes:
    """Whom a recogniser may name now; a `match.Namer`. The thread that owns it calls it.

    Args:
        people: By output; None where it stands for nobody who may be named.
        threshold, doubt: See the module.
        now: The clock that consents run out by.
    """

    def __init__(
        self,
        people: Sequence[EnrolledPerson | None],
        threshold: float,
        doubt: float,
        now: Callable[[], datetime],
    ) -> None:
        self._people, self._now = tuple(people), now
        self.names = tuple(p.name for p in people if p is not None)
        self.picture_threshold, self.doubt_threshold = threshold, doubt

    def match(self, look: FloatArray) -> Match:
        """Whoever is most probable on one look, (people,).

        A face that is most like somebody who may not be named is nobody's: it is not called by the
        name of the next best.
        """
        best = int(look.argmax())
        person, probability = self._people[best], float(look[best])
        if person is None or person.ended(self._now()):
            return Match(None, None, 0.0)
        name = person.name if probability >= self.picture_threshold else None
        return Match(name, person.name, probability)

    def match_mean(self, mean: FloatArray) -> Match:
        """As `match`: the mean of probabilities is one."""
        return self.match(mean)


def _learnt(entry: Any) -> Learnt | None:
    """
    Raises:
        KeyError, TypeError, ValueError: If it is no entry of `people`.
    """
    if entry is None:
        return None
    given = datetime.fromisoformat(entry["given"])
    if not isinstance(entry["name"], str) or given.tzinfo is None:
        raise ValueError("people")
    return Learnt(entry["name"], given)
