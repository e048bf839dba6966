"""Who is it: aligned face -> embedding -> cosine against the gallery of those who agreed, decided by a vote over the track.

Off by default: in mask-only mode nothing of this file is imported and no embedding is computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from monitor.engine import Network, load_network
from monitor.errors import ModelError
from monitor.faces.align import SIZE, align
from monitor.identity.gallery import VISITOR, Gallery, Person, open_gallery
from monitor.identity.straighten import MAX_BATCH, Aligner
from monitor.records import FloatArray, Image

MODEL = "sface_masked_v3"  # the embedding model in models/
FAR = 1e-3  # wanted: the share of strangers that may be named as anybody in the gallery
LOOKS_MIN = 4  # no name before so many looks: one frame never decides
EVIDENCE_MIN = 1.5  # nor before their weights add up to this
VISITOR_EVIDENCE = 5.0  # a visitor is settled later than a name: the face may still come nearer or turn
K = TypeVar("K", bound=Hashable)


class Embedder:
    """Faces to embeddings. Not thread-safe: one thread calls it."""

    def __init__(self, network: Network, aligner: Aligner | None = None) -> None:
        """
        Args:
            network: Of aligned faces.
            aligner: Lays them straight first.

        Raises:
            ModelError: If the card is not that of an embedding model for this program.
        """
        self._network, self._aligner = network, aligner
        card = network.card
        try:
            self.name = str(card["name"])
            self.dimension = int(card["output"]["dimension"])
            fits = card["task"] == "embedding" and card["input"]["size"] == SIZE and card["input"]["colour"] == "RGB"
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"the embedding model's card is incomplete ({error!r}): make it anew with monitor.training.identity.export"
            ) from None
        if not fits:
            raise ModelError(f"{self.name} is no embedding model for {SIZE} px RGB faces: name another one")

    @classmethod
    def load(cls, model: str = MODEL, threads: int = 2) -> Embedder:
        """ONNX Runtime in every case: no Keras file of this network is shipped.

        The aligner that its card names is looked for in `models`, or where the name is a path, there.

        Raises:
            ModelError: If the model or its aligner is missing, changed, without a card or not for this program.
        """
        network = load_network(model, "onnx", threads)
        aligner = network.card.get("aligner")
        return cls(network, Aligner.load(str(aligner), threads) if aligner else None)

    @property
    def card(self) -> dict[str, Any]:
        return self._network.card

    def embed(self, faces_bgr: Image) -> FloatArray:
        """
        Args:
            faces_bgr: (N, 112, 112, 3) uint8 BGR from `align`, of several pictures if wanted. N may be 0.

        Returns:
            (N, D) float32, each of length 1.
        """
        if len(faces_bgr) == 0:
            return np.empty((0, self.dimension), np.float32)
        if self._aligner is not None:
            faces_bgr = self._aligner(faces_bgr)
        parts = [
            self._network(np.ascontiguousarray(faces_bgr[i : i + MAX_BATCH, ..., ::-1], np.float32))
            for i in range(0, len(faces_bgr), MAX_BATCH)
        ]
        return normalised(np.concatenate(parts))


def normalised(vectors: FloatArray) -> FloatArray:
    """Rows brought to length 1; a row of zeros stays."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.maximum(length, 1e-9)).astype(np.float32)  # type: ignore[no-any-return]


def threshold_for(card: Mapping[str, Any], far: float) -> float:
    """The least cosine that makes two faces one person, for a wanted false accept rate of a single comparison.

    Between the rows of the card's table it is read off on a logarithmic scale of FAR. Below the lowest FAR that was measured
    the last slope goes on, as the tail of the strangers' scores falls about so.

    Raises:
        ModelError: If the card has no table.
    """
    try:
        table = card["threshold"]
        fars, thresholds = np.array(table["far"], np.float64), np.array(table["threshold"], np.float64)
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


class Matcher:
    """Cosine against all templates of the gallery. The thread that owns it calls it.

    Args:
        people: Whom to know.
        card: The embedding model's, with its table of thresholds.
        far: Wanted share of strangers that are named as anybody. As a stranger is compared with everybody, each single
            comparison gets `far` divided by the number of people.
        now: The clock that consents run out by.
    """

    def __init__(
        self,
        people: Sequence[Person],
        card: Mapping[str, Any],
        far: float = FAR,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        people = [p for p in people if len(p.embeddings)]
        self.names = tuple(p.name for p in people)
        self.threshold = threshold_for(card, far / max(1, len(people)))
        self._now = now
        templates = [p.templates() for p in people]
        dimension = int(card["output"]["dimension"])
        self._matrix = np.ascontiguousarray(np.concatenate([np.empty((0, dimension), np.float32), *templates]))
        self._starts = np.cumsum([0, *map(len, templates)])[:-1].astype(np.intp)
        never = datetime.max.replace(tzinfo=UTC)
        self._until = [p.until or never for p in people]
        self._first_end = min(self._until, default=never)

    def cosines(self, embeddings: FloatArray) -> FloatArray:
        """(N, D) embeddings to (N, people) cosines, of each person's most similar template; -1 where a consent has ended."""
        if not self.names:
            return np.empty((len(embeddings), 0), np.float32)
        by_person: FloatArray = np.maximum.reduceat(embeddings @ self._matrix.T, self._starts, axis=1)
        now = self._now()
        if now >= self._first_end:
            by_person[:, [now >= until for until in self._until]] = -1
        return by_person

    def match(self, embedding: FloatArray) -> Match:
        """The nearest person of one embedding, (D,); it may be shorter than 1, as a mean over a track is."""
        if not self.names:
            return Match(None, None, 0.0)
        cosines = self.cosines(embedding[None])[0]
        best = int(cosines.argmax())
        cosine = float(cosines[best])
        if cosine <= -1:
            return Match(None, None, 0.0)
        return Match(self.names[best] if cosine >= self.threshold else None, self.names[best], cosine)


class IdentityVote:
    """Collects the looks at one track until it is clear who it is. The inference thread alone calls it.

    The weighted mean of the embeddings is matched. Left as short as it is, its cosine would be the mean of the looks' cosines:
    safe, but many weak looks could never add up. Brought back to length 1 it would name more people, and more strangers than
    the threshold of single pictures allows. Its length is brought halfway, to the square root.
    """

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._sum: FloatArray | None = None
        self._weight = 0.0
        self.looks = 0
        self.name: str | None = None  # a person's name, VISITOR, or None while it is not clear
        self.confidence = 0.0  # likeness to the person, or to the nearest one for a visitor: a cosine cut to 0..1

    def add(self, embedding: FloatArray, weight: float) -> None:
        """Take in one look.

        Args:
            embedding: (D,) of length 1.
            weight: In [0, 1], as `monitor.faces.quality.weight` gives it; 0 for a face that cannot be judged.
        """
        if weight <= 0:
            return
        self._sum = weight * embedding if self._sum is None else self._sum + weight * embedding
        self._weight += weight
        self.looks += 1
        if self.looks < LOOKS_MIN or self._weight < EVIDENCE_MIN:
            return
        mean = self._sum / self._weight
        match = self._matcher.match(mean / np.sqrt(max(float(np.linalg.norm(mean)), 1e-9)))
        self.confidence = min(1.0, max(0.0, match.cosine))
        if match.name is not None:
            self.name = match.name
        elif self._weight >= VISITOR_EVIDENCE:
            self.name = VISITOR

    @property
    def settled(self) -> bool:
        """Whether no more looks are needed: a person was named, or the track has long been a stranger's."""
        return self.name is not None and self.looks >= LOOKS_MIN

    def begin_again_if_visitor(self) -> None:
        """Look anew at somebody who was not known; a name stands."""
        if self.name == VISITOR:
            self.begin_again()

    def begin_again(self) -> None:
        """Forget the looks, for instance when a visitor has taken the mask off; the name stands until new ones decide."""
        self._sum, self._weight, self.looks = None, 0.0, 0


def assign_unique(votes: Mapping[K, IdentityVote]) -> dict[K, str | None]:
    """The names of all visits that are present at once: where several claim one person, the surest keeps the name.

    Args:
        votes: Any key (a track or visit id) to its vote.

    Returns:
        The same keys to a name, `VISITOR`, or None while it is not clear.
    """
    names: dict[K, str | None] = {}
    taken: set[str] = set()
    for key, vote in sorted(votes.items(), key=lambda item: -item[1].confidence):
        name = vote.name
        if name is not None and name != VISITOR:
            name = VISITOR if name in taken else name
            taken.add(name)
        names[key] = name
    return names


class Identifier:
    """What the pipeline needs of all this. The inference thread alone calls it."""

    def __init__(self, embedder: Embedder, matcher: Matcher) -> None:
        self._embedder, self.matcher = embedder, matcher
        self.model = embedder.name

    def looks(self, image_bgr: Image, boxes: FloatArray, landmarks: FloatArray | None) -> FloatArray:
        """Embeddings of some faces of one picture, in one batch.

        Args:
            image_bgr: (H, W, 3) uint8 BGR.
            boxes: (N, 4) xyxy in pixels of the image; N may be 0.
            landmarks: (N, 5, 2) in pixels of the image, or None.

        Returns:
            (N, D) float32 of length 1.
        """
        return self._embedder.embed(align(image_bgr, boxes, landmarks))

    def embed(self, faces_bgr: npt.NDArray[np.uint8]) -> FloatArray:
        """The same for faces that `align` has already cut out, of several frames if wanted."""
        return self._embedder.embed(faces_bgr)

    def new_vote(self) -> IdentityVote:
        return IdentityVote(self.matcher)

    @staticmethod
    def assign_unique(votes: Mapping[K, IdentityVote]) -> dict[K, str | None]:
        """See the function of that name."""
        return assign_unique(votes)


def load_identifier(gallery_path: Path | None = None, far: float = FAR, threads: int = 2) -> Identifier:
    """The identifier of a run. People whose consent has ended are taken out of the file.

    Args:
        gallery_path: The gallery file; None for the one in the user's data folder. One that is not there is empty.

    Raises:
        ModelError: If the embedding model is missing, changed or incomplete.
        ConfigError: If the gallery is damaged, foreign, or made with another model.
    """
    embedder = Embedder.load(MODEL, threads)
    gallery: Gallery = open_gallery(gallery_path, embedder.name, embedder.dimension)
    return Identifier(embedder, Matcher(gallery.people, embedder.card, far))
