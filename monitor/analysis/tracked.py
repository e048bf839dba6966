"""A tracked person: what is known of one track. An enrolled person is `monitor.identity`'s."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from monitor.analysis.sightings import SightingRule
from monitor.analysis.stillness import Stillness
from monitor.analysis.track import Track
from monitor.analysis.vote import Vote
from monitor.faces.classify import STATES
from monitor.records import Face, FloatArray, Visit

if TYPE_CHECKING:  # not imported in mask-only mode
    from monitor.analysis.returns import Looks
    from monitor.faces.gender import GenderVote
    from monitor.identity.identify import IdentityVote


@dataclass(slots=True, eq=False)
class TrackedPerson:
    """What is known of one track. Times are seconds of the source's own time."""

    vote: Vote
    began: datetime  # wall time of the first frame
    raw: FloatArray | None = None  # (3,) the last answer of the classifier
    classified_t: float = -1e9  # when it was given
    confidence: float = 0.0  # of the newest detection
    turned_t: float = -1e9  # when it was last looked at turned by 180 degrees
    on_its_head: bool = False  # what that said
    stillness: Stillness | None = None  # None until the track is more than a flicker
    lifeless: bool = False  # it has not moved at all: no visit, until it does
    visit: Visit | None = None  # None until the track is more than a flicker
    rule: SightingRule | None = None
    identity_vote: IdentityVote | None = None  # None in mask-only mode
    embedded_t: float = -1e9  # when an embedding was last made
    # a name, or "visitor"; None while it is not clear, and in mask-only mode
    identity: str | None = None
    gender_vote: GenderVote | None = None  # None where no gender is guessed
    # how the person looks but for the face, the newest last; see `returns`
    looks: tuple[Looks, ...] = ()
    looked_t: float = -1e9


def last_seen(person: TrackedPerson, track: Track, until_t: float = math.inf) -> datetime:
    """Wall time of the newest detection, up to `until_t` (s), by the source's own time: a clock
    that is set meanwhile changes nothing.
    """
    return person.began + timedelta(seconds=max(min(track.last_t, until_t) - track.first_t, 0.0))


def face_of(person: TrackedPerson, track: Track, xyxy: FloatArray) -> Face:
    """A classified person as a face at `xyxy`, (4,) pixels of the frame."""
    assert person.raw is not None
    best = int(np.argmax(person.raw))
    return Face(
        xyxy=xyxy,
        confidence=person.confidence,
        raw_state=STATES[best],
        raw_confidence=float(person.raw[best]),
        state=person.vote.state,
        state_confidence=person.vote.confidence,
        track_id=track.track_id,
        visit_id=person.visit.visit_id if person.visit is not None else None,
        alerting=person.rule is not None and person.rule.is_open,
        identity=person.identity,
        identity_confidence=person.identity_vote.confidence
        if person.identity_vote and person.identity
        else None,
        gender=person.gender_vote.guess if person.gender_vote is not None else None,
    )
