"""Who is before one camera: tracks become visits, visits get a state, a state may become a
sighting.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from monitor.analysis.sightings import SightingRule
from monitor.analysis.track import Track, Tracker
from monitor.analysis.vote import Vote
from monitor.config import Config
from monitor.faces.boxes import clip, longer_side
from monitor.faces.classify import STATES
from monitor.faces.quality import can_be_judged, weight
from monitor.records import Detections, Face, FloatArray, Frame, MaskState, Sighting, Visit

if TYPE_CHECKING:  # not imported in mask-only mode
    from monitor.faces.gender import GenderGuesser, GenderVote
    from monitor.identity.identify import Identifier, IdentityVote

EMBED_MAX = 2  # embeddings in one frame: each costs as much as ten faces cost the mask classifier
EMBED_EVERY_S = 0.2  # how often an embedding is made of a visit that is not named yet
GRACE_S = 5e-4  # frame times are rounded
SETTLED_LOOKS_MAX = 4  # settled faces that are looked at again in one frame


@dataclass(slots=True, eq=False)
class Person:
    """What is known of one track."""

    vote: Vote
    began: datetime  # wall time of the first frame
    raw: FloatArray | None = None  # (3,) the last answer of the classifier
    looked_t: float = -1e9  # when it was given
    confidence: float = 0.0  # of the newest detection
    visit: Visit | None = None  # None until the track is more than a flicker
    rule: SightingRule | None = None
    identity_vote: IdentityVote | None = None  # None in mask-only mode
    identity_t: float = -1e9  # when an embedding was last made
    # a name, or "visitor"; None while it is not clear, and in mask-only mode
    identity: str | None = None
    gender_vote: GenderVote | None = None  # None where no gender is guessed


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Visits and sightings that a step has begun, changed or ended."""

    visits: tuple[Visit, ...] = ()
    sightings: tuple[Sighting, ...] = ()


class Scene:
    """The people before one camera. The inference thread alone calls it.

    Args:
        config: All settings.
        camera: The source's public name.
        shift_id: Part of every visit's id, so that ids are unique between runs and desks.
        model: The mask model's name, written into sightings.
        ids: Where track ids come from.
        identifier: Who names people; None in mask-only mode.
        guesser: Who guesses genders; None where they are not shown.
    """

    def __init__(
        self,
        config: Config,
        camera: str,
        shift_id: str,
        model: str,
        ids: Iterator[int],
        identifier: Identifier | None = None,
        guesser: GenderGuesser | None = None,
    ) -> None:
        self._config, self._camera, self._shift_id, self._model = config, camera, shift_id, model
        self._identifier, self._guesser = identifier, guesser
        self._tracker = Tracker(config.track, ids)
        self._people: dict[int, Person] = {}
        self._searched_t = self._swept_t = -1e9

    def wants_search(self, t: float) -> float | None:
        """Whether, and how closely, the detector should look at the frame of time `t` (s).

        Returns:
            The smallest face that matters, in pixels of the frame; None: the tracks' forecast will
            do.
        """
        detect = self._config.detect
        every_s = detect.every_s if len(self._tracker) else detect.idle_every_s
        if t - self._searched_t < every_s - GRACE_S:
            return None
        self._searched_t = t
        # Everybody who is small now and then; those who are followed, and may walk away, each time.
        if t - self._swept_t >= detect.sweep_every_s - GRACE_S:
            self._swept_t = t
            return float(detect.min_face_px)
        return 0.8 * self._tracker.smallest_px()

    def coast(self, frame: Frame) -> tuple[Face, ...]:
        """The faces of a frame that is not searched: where they are expected, in the state that
        they had.
        """
        size_wh = frame.image.shape[1], frame.image.shape[0]
        return tuple(
            _face(clip(box[None], size_wh)[0], track, person)
            for track, box in self._tracker.forecast(frame.t)
            if (person := self._people[track.track_id]).visit is not None
        )

    def follow(self, frame: Frame, found: Detections) -> tuple[list[Track | None], Changes]:
        """Give each detection its track, and end the visits of tracks that are gone."""
        tracks, ended = self._tracker.update(frame.t, found)
        for track, confidence in zip(tracks, found.confidence, strict=True):
            if track is not None:
                if track.track_id not in self._people:
                    person = Person(Vote(self._config.vote), frame.wall_time)
                    person.identity_vote = (
                        self._identifier.new_vote() if self._identifier is not None else None
                    )
                    person.gender_vote = (
                        self._guesser.new_vote() if self._guesser is not None else None
                    )
                    self._people[track.track_id] = person
                self._people[track.track_id].confidence = float(confidence)
        return tracks, self._end(ended)

    def wants_look(self, frame: Frame, tracks: list[Track | None]) -> list[int]:
        """Which detections the classifier should look at, in ascending order.

        All whose state is not settled, and of the settled ones a few that were not looked at for
        longest: a crowd that came in together is not looked at again all in one frame.
        """
        every_s = self._config.classify.settled_every_s
        fresh, overdue = [], []
        for i, track in enumerate(tracks):
            if track is None:
                continue
            person = self._people[track.track_id]
            waited_s = frame.t - person.looked_t
            if not person.vote.settled:
                fresh.append(i)
            elif waited_s >= every_s:
                overdue.append((-waited_s, i))
        return sorted(fresh + [i for _, i in sorted(overdue)[:SETTLED_LOOKS_MAX]])

    def wants_embedding(self, frame: Frame, tracks: list[Track | None]) -> list[int]:
        """Which detections an embedding should be made of: of the visits that are not named yet,
        those that wait longest.
        """
        waiting = []
        for i, track in enumerate(tracks):
            person = self._people[track.track_id] if track is not None else None
            if (
                person is None
                or person.identity_vote is None
                or person.identity_vote.settled
                or person.visit is None
            ):
                continue
            if frame.t - person.identity_t >= EMBED_EVERY_S:
                waiting.append((person.identity_t, i))
        return [i for _, i in sorted(waiting)[:EMBED_MAX]]

    def identify(
        self,
        frame: Frame,
        found: Detections,
        tracks: list[Track | None],
        chosen: list[int],
        embeddings: FloatArray,
    ) -> None:
        """Take in the embeddings, (len(chosen), D), of the detections from `wants_embedding`."""
        if not chosen:
            return
        sizes = longer_side(found.boxes)
        for i, embedding in zip(chosen, embeddings, strict=True):
            track = tracks[i]
            assert track is not None
            person = self._people[track.track_id]
            assert person.identity_vote is not None
            person.identity_t = frame.t
            person.identity_vote.add(embedding, weight(float(sizes[i]), float(found.confidence[i])))
        assert self._identifier is not None
        votes = {
            key: person.identity_vote
            for key, person in self._people.items()
            if person.identity_vote is not None
        }
        for key, name in self._identifier.assign_unique(votes).items():
            self._people[key].identity = name

    def gender_votes(self, tracks: list[Track | None]) -> list[GenderVote | None]:
        """Of each detection whose visit is settled the vote on its gender, for
        `GenderGuesser.look_at`; else None.
        """
        people = [self._people[track.track_id] if track is not None else None for track in tracks]
        return [
            p.gender_vote if p is not None and p.visit is not None and p.vote.settled else None
            for p in people
        ]

    def judge(
        self,
        frame: Frame,
        found: Detections,
        tracks: list[Track | None],
        looked: list[int],
        rois: FloatArray,
        answers: FloatArray,
    ) -> tuple[tuple[Face, ...], Changes]:
        """Take in the classifier's answers.

        Args:
            frame, found, tracks: As given to and by `follow`.
            looked: Indices of the detections that were looked at, from `wants_look`.
            rois: (len(looked), S, S, 3) what the classifier saw.
            answers: (len(looked), 3) what it said.
        """
        sizes = longer_side(found.boxes)
        for k, i in enumerate(looked):
            track = tracks[i]
            assert track is not None
            landmarks = None if found.landmarks is None else found.landmarks[i]
            judged = can_be_judged(float(sizes[i]), rois[k], landmarks, self._config.classify)
            person = self._people[track.track_id]
            person.raw, person.looked_t = answers[k], frame.t
            person.vote.add(
                frame.t,
                answers[k],
                weight(float(sizes[i]), float(found.confidence[i])) if judged else 0.0,
            )
        visits, sightings, faces = [], [], []
        for i, track in enumerate(tracks):
            if track is None:
                continue
            person = self._people[track.track_id]
            visit, sighting = self._update(frame, track, person)
            visits += [visit] if visit else []
            sightings += [sighting] if sighting else []
            if person.visit is not None:
                faces.append(_face(found.boxes[i], track, person))
        return tuple(faces), Changes(tuple(visits), tuple(sightings))

    def _update(
        self, frame: Frame, track: Track, person: Person
    ) -> tuple[Visit | None, Sighting | None]:
        """Bring a person's visit and sighting up to date."""
        state, now = person.vote.state, _wall(person, track)
        if state is MaskState.UNSURE and person.visit is not None:
            # once judged, a visit keeps its last clear state while somebody looks away
            state = person.visit.state
        changed = None
        if person.visit is None:
            if not self._tracker.is_person(track):
                return None, None
            visit_id = f"{self._shift_id}-v{track.track_id}"
            person.visit = changed = Visit(visit_id, self._camera, person.began, now, state)
            person.rule = SightingRule(
                self._config.sighting,
                self._camera,
                visit_id,
                self._model,
                track.first_t,
                person.began,
            )
        elif state is not person.visit.state or person.identity != person.visit.identity:
            if person.identity_vote is not None and state is MaskState.UNMASKED:
                person.identity_vote.begin_again_if_visitor()  # more of the face can be seen now
            person.visit = changed = dataclasses.replace(
                person.visit, state=state, last_seen=now, identity=person.identity
            )
        assert person.rule is not None
        return changed, person.rule.update(
            frame.t, person.vote.state, person.vote.confidence, person.identity
        )

    def expire(self, t: float) -> Changes:
        """End the visits of those who were not seen for too long, where no frames come."""
        return self._end(self._tracker.expire(t))

    def end_all(self) -> Changes:
        """End all visits: the source was closed."""
        return self._end(self._tracker.end_all())

    def _end(self, tracks: list[Track]) -> Changes:
        visits, sightings = [], []
        for track in tracks:
            person = self._people.pop(track.track_id)
            if person.visit is None or person.rule is None:
                continue
            visits.append(
                dataclasses.replace(person.visit, last_seen=_wall(person, track), open=False)
            )
            sighting = person.rule.close(person.vote.state)
            sightings += [sighting] if sighting else []
        return Changes(tuple(visits), tuple(sightings))


def _wall(person: Person, track: Track) -> datetime:
    return person.began + timedelta(seconds=track.last_t - track.first_t)


def _face(xyxy: FloatArray, track: Track, person: Person) -> Face:
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


def still_faces(
    found: Detections, rois: FloatArray, answers: FloatArray, config: Config
) -> tuple[Face, ...]:
    """The faces of a picture that stands alone: no track, no vote."""
    sizes = longer_side(found.boxes)
    faces = []
    for i, answer in enumerate(answers):
        best = int(answer.argmax())
        landmarks = None if found.landmarks is None else found.landmarks[i]
        # Unmasked or incorrect is a matter of degree; masked or not is what must be clear.
        masked = float(answer[STATES.index(MaskState.MASKED)])
        side = masked if STATES[best] is MaskState.MASKED else 1 - masked
        clear = side >= config.classify.unsure_below
        sure = clear and can_be_judged(float(sizes[i]), rois[i], landmarks, config.classify)
        state = STATES[best] if sure else MaskState.UNSURE
        probability = float(answer[best])
        faces.append(
            Face(
                found.boxes[i],
                float(found.confidence[i]),
                STATES[best],
                probability,
                state,
                probability,
                None,
            )
        )
    return tuple(faces)
