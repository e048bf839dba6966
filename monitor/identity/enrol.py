"""From shots to an `EnrolledPerson`, and whether that face may go into a gallery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.errors import ConfigError
from monitor.identity.embed import Embedder, normalised
from monitor.identity.gallery import Gallery
from monitor.identity.guide import Shot, with_drawn_masks
from monitor.identity.match import Matcher, threshold_for
from monitor.identity.person import EnrolledPerson, Kind
from monitor.identity.results import OddShots, Tell
from monitor.records import FloatArray

KEPT_MAX = 60  # shots whose embeddings go into the gallery; more of them say nothing new
SAME_FACE_FAR = 1e-4  # how seldom two people may be taken for one when somebody is enrolled
# Two groups of shots less alike than this are of two people. Pairs of single pictures taken years
# apart (844 people of LFW, of whom nobody chose it): 99.98 % of strangers are less alike, and 2.5 %
# of the pairs of one person, who takes another picture then.
SHOTS_FAR = 0.01
# With a mask the networks are less sure: of 139 people of RMFRD 10 % are less like their bare face
# with a mask drawn on than this, and 66 % of strangers. Shots with a mask are then left out.
MASKED_FAR = 0.3
ODD_SHARE_MAX = 0.25  # a passer-by may be on this share of the shots, which are left out
Indices = npt.NDArray[np.intp]


def build_person(
    person: EnrolledPerson,
    shots: Sequence[Shot],
    embedder: Embedder,
    tell: Tell = lambda note: None,
) -> EnrolledPerson:
    """`person` with the embeddings of some shots, and of each bare one with a mask drawn on.

    Raises:
        ConfigError: If the shots do not show one and the same face.
    """
    if len(shots) > KEPT_MAX:
        shots = [shots[i] for i in np.linspace(0, len(shots) - 1, KEPT_MAX).round().astype(int)]
    faces, kinds = with_drawn_masks(shots)
    embeddings = embedder.embed(faces)
    odd = odd_shots(person.name, embeddings, kinds, embedder.card)
    if len(odd):
        tell(OddShots(len(odd), int(np.sum(kinds != Kind.DRAWN))))
        kept = np.ones(len(kinds), bool)
        for i in odd:
            kept[i] = False
            if kinds[i] == Kind.BARE:
                kept[i + 1] = False  # its drawn mask follows each bare shot
        embeddings, kinds = embeddings[kept], kinds[kept]
    return replace(person, embeddings=embeddings, kinds=kinds)


def odd_shots(
    name: str, embeddings: FloatArray, kinds: npt.NDArray[np.uint8], card: Mapping[str, Any]
) -> list[int]:
    """The few shots that show somebody else than the others do.

    Raises:
        ConfigError: If there are not few of them.
    """
    odd: list[int] = []
    # faces are compared as they are worn: a mask makes one person less alike
    for kind in (Kind.BARE, Kind.MASKED):
        shots = np.flatnonzero(kinds == kind)
        allowed = len(shots) * ODD_SHARE_MAX
        while len(shots) > 1:
            one, other = two_groups(embeddings[shots])
            means = normalised(np.stack([embeddings[shots[g]].sum(axis=0) for g in (one, other)]))
            if means[0] @ means[1] >= threshold_for(card, SHOTS_FAR):
                break
            fewer, more = sorted((shots[one], shots[other]), key=len)
            allowed -= len(fewer)
            if allowed < 0:
                raise _two_people(name)
            odd += fewer.tolist()
            shots = more
    masked, drawn = (
        [i for i in np.flatnonzero(kinds == kind) if not {i, i - 1} & set(odd)]
        for kind in (Kind.MASKED, Kind.DRAWN)
    )
    if masked and drawn:
        means = normalised(np.stack([embeddings[g].sum(axis=0) for g in (masked, drawn)]))
        if means[0] @ means[1] < threshold_for(card, MASKED_FAR):
            odd += map(int, masked)
    return odd


def two_groups(embeddings: FloatArray) -> tuple[Indices, Indices]:
    """(N, D) shots, N > 1, parted in two: each to whichever of the two least like each other it is
    more like, and then to the mean of its group.
    """
    first, second = np.unravel_index((embeddings @ embeddings.T).argmin(), (len(embeddings),) * 2)
    seeds = embeddings[[first, second]]
    for _ in range(3):
        nearer = (embeddings @ seeds.T).argmax(axis=1)
        if nearer.min() == nearer.max():
            nearer[:] = 0
            nearer[second] = 1
        seeds = normalised(np.stack([embeddings[nearer == group].sum(axis=0) for group in (0, 1)]))
    return np.flatnonzero(nearer == 0), np.flatnonzero(nearer == 1)


def _two_people(name: str) -> ConfigError:
    return ConfigError(
        f"the pictures of {name} do not show one and the same face: give pictures of one person "
        f"alone"
    )


def check_face(
    gallery: Gallery, person: EnrolledPerson, embedder: Embedder, added: bool = False
) -> None:
    """See that a face is not in the gallery under another name, and that shots that are added fit
    the person.

    Raises:
        ConfigError: Naming the other person.
    """
    template = person.templates()[0]
    others = Matcher(gallery.without(person.name).people, embedder.card, SAME_FACE_FAR)
    match = others.match(template)
    if match.name is not None:
        raise ConfigError(
            f"this face is enrolled already as {match.name}: run `python main.py forget` for that "
            f"name first, or enrol under it with --add"
        )
    known = gallery.find(person.name)
    if added and known is not None:
        own = Matcher([replace(known, until=None)], embedder.card, 1e-2).match(template)
        if own.name is None:
            raise ConfigError(
                f"these shots are not like the face enrolled as {known.name}: check them, or enrol "
                f"anew with --replace"
            )
