"""Who is it: aligned face -> embedding -> cosine against the gallery of those who agreed, decided
by a vote over the track. With a recogniser of one's own: aligned face -> its answer -> the same
vote.

Off by default: in mask-only mode nothing of this file is imported and no embedding is computed.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping
from typing import TypeVar

from monitor.card import embedding_of
from monitor.engine import model_stem
from monitor.errors import ConfigError
from monitor.faces.align import align
from monitor.identity import words
from monitor.identity.embed import MODEL, Embedder
from monitor.identity.gallery import Gallery
from monitor.identity.match import FAR, PICTURE_FAR, Matcher, Namer
from monitor.identity.person import VISITOR
from monitor.identity.recogniser import Recogniser
from monitor.identity.watch import GalleryWatch, Known
from monitor.records import FloatArray, Image

LOOKS_MIN = 4  # no name before this many looks: one frame never decides
EVIDENCE_MIN = 1.5  # nor before their weights add up to this
# a visitor is settled later than a name: the face may still come nearer or turn
VISITOR_EVIDENCE = 5.0
K = TypeVar("K", bound=Hashable)

log = logging.getLogger(__name__)


class IdentityVote:
    """Collects the looks at one track until it is clear who it is. The inference thread alone calls
    it.

    The weighted mean of the looks is matched (`Namer.match_mean`).
    """

    def __init__(self, matcher: Namer) -> None:
        self._matcher = matcher
        self._sum: FloatArray | None = None
        self._weight = 0.0
        self.looks = 0
        self.name: str | None = None  # a person's name, VISITOR, or None while it is not clear
        # likeness to the person, or to the nearest one for a visitor: a cosine cut to 0..1
        self.confidence = 0.0

    def add(self, embedding: FloatArray, weight: float) -> None:
        """Take in one look.

        Args:
            embedding: (D,), a row of what `Identifier.embed` gives.
            weight: In [0, 1], as `monitor.faces.quality.weight` gives it; 0 for a face that cannot
                be judged.
        """
        if weight <= 0:
            return
        self._sum = weight * embedding if self._sum is None else self._sum + weight * embedding
        self._weight += weight
        self.looks += 1
        if self.looks < LOOKS_MIN or self._weight < EVIDENCE_MIN:
            return
        match = self._matcher.match_mean(self._sum / self._weight)
        self.confidence = min(1.0, max(0.0, match.cosine))
        if match.name is not None:
            self.name = match.name
        elif self._weight >= VISITOR_EVIDENCE:
            self.name = VISITOR

    @property
    def settled(self) -> bool:
        """Whether no more looks are needed: a person was named, or the track has long been a
        stranger's.
        """
        return self.name is not None and self.looks >= LOOKS_MIN

    def use(self, matcher: Namer) -> None:
        """Other people can be named now: whoever cannot be any more is nobody, and visitors are
        looked at anew.
        """
        self._matcher = matcher
        if self.name is None or self.name in matcher.names:
            return
        if self.name != VISITOR:
            self.name, self.confidence = None, 0.0
        self.begin_again()

    def begin_again_if_visitor(self) -> None:
        """Look anew at somebody who was not known; a name stands."""
        if self.name == VISITOR:
            self.begin_again()

    def begin_again(self) -> None:
        """Forget the looks, for instance when a visitor has taken the mask off; the name stands
        until new ones decide.
        """
        self._sum, self._weight, self.looks = None, 0.0, 0


class Identifier:
    """What the pipeline needs of all this. The inference thread alone calls it."""

    def __init__(
        self, embedder: Embedder | Recogniser, matcher: Namer, watch: GalleryWatch | None = None
    ) -> None:
        """
        Args:
            embedder: Makes of a face what `matcher` takes for a look.
            matcher: Of those who can be named at first.
            watch: Tells when others can be named; the identifier closes it.
        """
        self._embedder, self.matcher, self._watch = embedder, matcher, watch
        self.model = embedder.name

    def embed(
        self, image_bgr: Image, boxes: FloatArray, landmarks: FloatArray | None
    ) -> FloatArray:
        """Embeddings (of a recogniser: answers) of some faces of one picture, in one batch.

        Args:
            image_bgr: (H, W, 3) uint8 BGR.
            boxes: (N, 4) xyxy in pixels of the image; N may be 0.
            landmarks: (N, 5, 2) in pixels of the image, or None.

        Returns:
            (N, D) float32; embeddings are of length 1.
        """
        return self._embedder.embed(align(image_bgr, boxes, landmarks))

    def name_once(self, embeddings: FloatArray) -> list[tuple[str | None, float]]:
        """Who is on a picture that stands alone, by this one look.

        Args:
            embeddings: (N, D), of the faces of one picture.

        Returns:
            Name (from `Namer.picture_threshold` on), None where it is like somebody but not
            enough for one look (from `doubt_threshold` on), else `VISITOR`; and the likeness, a
            cosine cut to 0..1, or a recogniser's probability. Nobody is on it twice: the most
            similar face keeps the name.
        """
        matches = [self.matcher.match(embedding) for embedding in embeddings]
        sure, doubt = self.matcher.picture_threshold, self.matcher.doubt_threshold
        names: list[tuple[str | None, float]] = [
            (None if match.cosine >= doubt else VISITOR, min(1.0, max(0.0, match.cosine)))
            for match in matches
        ]
        taken: set[str] = set()
        for i in sorted(range(len(matches)), key=lambda i: -matches[i].cosine):
            name = matches[i].nearest
            if name is None or matches[i].cosine < sure:
                continue
            names[i] = (VISITOR if name in taken else name, names[i][1])
            taken.add(name)
        return names

    def take_news(self) -> Known | None:
        """Whether other people can be named now: `matcher` then knows them. Whoever takes the news
        calls `obeyed` once its own books are right.
        """
        known = self._watch.take() if self._watch is not None else None
        if known is not None:
            self.matcher = known.matcher
        return known

    def may_name(self, name: str) -> bool:
        """Whether somebody can be called that now."""
        return name == VISITOR or name in self.matcher.names

    def obeyed(self, known: Known) -> None:
        """The forgotten are in no book of this run any more."""
        if self._watch is not None:
            self._watch.obeyed(known)

    def settle(self) -> None:
        """Look for news a last time, for `take_news`: the books are about to be closed."""
        if self._watch is not None:
            self._watch.settle()

    def close(self) -> None:
        """Nobody is named any more."""
        if self._watch is not None:
            self._watch.close()

    def new_vote(self) -> IdentityVote:
        return IdentityVote(self.matcher)

    @staticmethod
    def assign_unique(votes: Mapping[K, IdentityVote]) -> dict[K, str | None]:
        """The names of all visits that are present at once: where several claim one person, the
        surest keeps the name.

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


def load_identifier(
    watch: GalleryWatch, fars: tuple[float, float] = (FAR, PICTURE_FAR), threads: int = 2
) -> Identifier:
    """The identifier of a run, which the watch keeps up to date. People whose consent has ended
    are left out.

    Args:
        fars: See `Matcher`.

    Raises:
        ModelError: If the embedding model is missing, changed or incomplete.
        ConfigError: If the gallery is damaged, foreign, or made with another model.
    """
    embedder = Embedder.load(MODEL, threads)
    gallery = watch.load(embedder.name, embedder.dimension)

    def match(read: Gallery) -> Namer:
        return Matcher(read.people, embedder.card, *fars)

    matcher = match(gallery)
    watch.start(matcher, match)
    return Identifier(embedder, matcher, watch)


def load_recogniser(watch: GalleryWatch, path: str, threads: int = 2) -> Identifier:
    """The identifier of a run that names people by a recogniser of one's own. It names whom the
    watch's gallery has under the consent that the recogniser learnt from, and nobody else.

    Args:
        path: The recogniser's file.

    Raises:
        ModelError: If it is missing, changed, no recogniser, or made for another embedding model.
        ConfigError: If the gallery is damaged or foreign, or nobody of the recogniser is in it.
    """
    recogniser = Recogniser.load(path, threads)
    gallery = watch.load(*embedding_of(model_stem(MODEL).with_suffix(".onnx")))

    def match(read: Gallery) -> Namer:
        return recogniser.classes(read.people)

    matcher = recogniser.classes(gallery.people)
    if not matcher.names:
        raise ConfigError(
            f"nobody whom the recogniser {recogniser.name} knows is in the gallery under the "
            f"consent that it learnt from: enrol with --keep-pictures and train it anew, or give "
            f"another --gallery"
        )
    for line in words.of_unnamed(recogniser.name, recogniser.unnamed(gallery.people)):
        log.warning("%s", line)
    watch.start(matcher, match)
    return Identifier(recogniser, matcher, watch)
