"""From shots to an `EnrolledPerson`, and whether that face may go into a gallery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from monitor.errors import ConfigError
from monitor.identity.embed import Embedder, normalised
from monitor.identity.gallery import Gallery
from monitor.identity.guide import Shot, with_drawn_masks
from monitor.identity.match import Matcher, threshold_for
from monitor.identity.person import EnrolledPerson, Kind
from monitor.identity.results import OddShots, Tell

KEPT_MAX = 60  # shots whose embeddings go into the gallery; more of them say nothing new
SAME_FACE_FAR = 1e-4  # how seldom two people may be taken for one when somebody is enrolled
# a shot less like the others than every third stranger is cannot be of the same person
STRANGER_FAR = 0.3


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
    real = np.flatnonzero(kinds == Kind.BARE)
    if len(real) < 3:  # all with a mask, or nearly
        real = np.flatnonzero(kinds != Kind.DRAWN)
    if len(real) >= 3:
        others = normalised(embeddings[real].sum(axis=0) - embeddings[real])
        alike = np.sum(others * embeddings[real], axis=1)
        odd = real[alike < threshold_for(embedder.card, STRANGER_FAR)]
        if len(odd) > len(real) / 2:
            raise ConfigError(
                f"the pictures of {person.name} do not show one and the same face: give pictures "
                f"of one person alone"
            )
        if len(odd):
            tell(OddShots(len(odd), len(real)))
            kept = np.ones(len(kinds), bool)
            for i in odd:
                kept[i] = False
                if kinds[i] == Kind.BARE:
                    kept[i + 1] = False  # its drawn mask follows each bare shot
            embeddings, kinds = embeddings[kept], kinds[kept]
    return replace(person, embeddings=embeddings, kinds=kinds)


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
