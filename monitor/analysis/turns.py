"""Whose turn it is: which of the people in a frame the networks are asked about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from monitor.analysis.tracked import TrackedPerson
from monitor.analysis.upright import TURN_MAX, Upright
from monitor.analysis.wanted import Indices
from monitor.faces.boxes import longer_side
from monitor.records import Detections

EMBED_MAX = 2  # embeddings in one frame: each costs as much as ten faces cost the mask classifier
EMBED_EVERY_S = 0.2  # how often an embedding is made of a visit that is not named yet
GENDER_MAX = 2  # guesses at genders in one frame
SETTLED_MAX = 4  # settled faces that are classified again in one frame

People = Sequence[TrackedPerson | None]  # of each detection; None: nobody


def to_classify(t: float, people: People, every_s: float) -> Indices:
    """All whose state is not settled, and of the settled ones a few whose answer is oldest, and
    older than `every_s`: a crowd that came in together is not classified again all in one frame.
    """
    fresh, overdue = [], []
    for i, person in enumerate(people):
        if person is None:
            continue
        waited_s = t - person.classified_t
        if not person.vote.settled:
            fresh.append(i)
        elif waited_s >= every_s:
            overdue.append((-waited_s, i))
    return _indices(sorted(fresh + [i for _, i in sorted(overdue)[:SETTLED_MAX]]))


def to_embed(t: float, people: People) -> Indices:
    """Of the visits that are not named yet, those that wait longest."""
    waiting = sorted(
        (person.embedded_t, i)
        for i, person in enumerate(people)
        if person is not None
        and person.visit is not None
        and person.identity_vote is not None
        and not person.identity_vote.settled
        and t - person.embedded_t >= EMBED_EVERY_S
    )
    return _indices(i for _, i in waiting[:EMBED_MAX])


def to_guess(t: float, people: People) -> Indices:
    """Of the visits whose state is settled, those whose gender was not guessed for longest."""
    waiting = sorted(
        (person.gender_vote.guessed_t, i)
        for i, person in enumerate(people)
        if person is not None
        and person.visit is not None
        and person.vote.settled
        and person.gender_vote is not None
        and person.gender_vote.waits(t)
    )
    return _indices(i for _, i in waiting[:GENDER_MAX])


def to_turn(t: float, people: People, found: Detections, upright: Upright) -> Indices:
    """Those who may be upside down, of whom it was asked longest ago."""
    if found.landmarks is None:  # not measured with detectors without
        return _indices(())
    sizes = longer_side(found.boxes)
    waiting = sorted(
        (person.turned_t, i)
        for i, person in enumerate(people)
        if person is not None and upright.wants(person, float(sizes[i]), t)
    )
    return _indices(i for _, i in waiting[:TURN_MAX])


def _indices(positions: Iterable[int]) -> Indices:
    return np.fromiter(positions, np.intp)
