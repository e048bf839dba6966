"""The people before one camera: tracks become visits, visits get a state, a state may become a
sighting.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from monitor.analysis import turns
from monitor.analysis.evidence import sure
from monitor.analysis.returns import Returns
from monitor.analysis.sightings import Origin, SightingRule
from monitor.analysis.stillness import Places, Stillness
from monitor.analysis.track import Track, Tracker
from monitor.analysis.tracked import TrackedPerson, face_of, last_seen
from monitor.analysis.upright import Upright
from monitor.analysis.vote import Vote
from monitor.analysis.wanted import Answers, Changes, Wanted
from monitor.config import Config
from monitor.faces.boxes import clip, longer_side
from monitor.faces.covered import mouth_in_sight
from monitor.faces.quality import can_be_judged, weak_profile, weights
from monitor.records import (
    Correction,
    Detections,
    Face,
    FloatArray,
    Frame,
    MaskState,
    Sighting,
    Visit,
)

if TYPE_CHECKING:  # not imported in mask-only mode
    from monitor.faces.gender import GenderGuesser
    from monitor.identity.identify import Identifier

GRACE_S = 5e-4  # frame times are rounded


class Scene:
    """The people before one camera. The inference thread alone calls it.

    A frame is either not searched (`coast`), or its detections go to `follow`, which says what it
    wants to know of them, and the answers go to `take`.

    Args:
        config: All settings.
        origin: What visits and sightings are marked with.
        ids: Where track ids come from.
        identifier: Who names people; None in mask-only mode.
        guesser: Who guesses genders; None where they are not shown.
    """

    def __init__(
        self,
        config: Config,
        origin: Origin,
        ids: Iterator[int],
        identifier: Identifier | None = None,
        guesser: GenderGuesser | None = None,
    ) -> None:
        self._config, self._origin = config, origin
        self._identifier, self._guesser = identifier, guesser
        self._tracker = Tracker(config.track, ids)
        self._people: dict[int, TrackedPerson] = {}
        self._upright = Upright()
        self._places = Places(config.track.still_after_s)
        self._returns = Returns(config.track.return_s)
        self._detected_t = self._swept_t = -1e9

    def wants_detection(self, t: float) -> float | None:
        """Whether, and how closely, faces are to be detected in the frame of time `t` (s).

        Returns:
            The smallest face that matters, in pixels of the frame; None: the tracks' forecast will
            do.
        """
        detect = self._config.detect
        alive = any(not person.lifeless for person in self._people.values())
        every_s = detect.every_s if alive else detect.idle_every_s
        if t - self._detected_t < every_s - GRACE_S:
            return None
        self._detected_t = t
        # Everybody who is small now and then; those who are followed, and may walk away, each time.
        if t - self._swept_t >= detect.sweep_every_s - GRACE_S:
            self._swept_t = t
            return float(detect.min_face_px)
        return 0.8 * self._tracker.smallest_px()

    @property
    def turn(self) -> int:
        """How far the pictures have to be turned clockwise to stand upright, by the last faces."""
        return self._upright.turn

    def quiet(self, t: float) -> bool:
        """Whether nothing is known at time `t` (s) that matters to who comes later: of people, of
        places that show something lifeless, of which way is up.
        """
        self._returns.fade(t)
        known = len(self._tracker) or self._returns.people or self._places.any
        return not known and self._upright.clear

    def coast(self, frame: Frame) -> tuple[Face, ...]:
        """The faces of a frame that is not searched: where they are expected, in the state that
        they had.
        """
        size_wh = frame.size_wh
        return tuple(
            face_of(person, track, clip(box[None], size_wh)[0])
            for track, box in self._tracker.forecast(frame.t)
            if (person := self._people[track.track_id]).visit is not None
        )

    def follow(self, frame: Frame, found: Detections) -> Wanted:
        """Give each detection its track, and end the visits of tracks that are gone.

        Returns:
            What is to be known of the detections; goes back to `take` with the answers.
        """
        self._returns.fade(frame.t)
        tracks, ended = self._tracker.update(frame.t, found)
        people = [self._person(frame, track) for track in tracks]
        for person, confidence in zip(people, found.confidence, strict=True):
            if person is not None:
                person.confidence = float(confidence)
        changes = self._end(ended)
        changes = self._look_for_life(frame, tracks, changes)
        people = [
            None if track is None or self._people[track.track_id].lifeless else person
            for track, person in zip(tracks, people, strict=True)
        ]
        return Wanted(
            frame,
            found,
            classify=turns.to_classify(frame.t, people, self._config.classify.settled_every_s),
            embed=turns.to_embed(frame.t, people),
            guess_gender=turns.to_guess(frame.t, people),
            turn=turns.to_turn(frame.t, people, found, self._upright),
            ways=self._upright.ways(frame.t, found, frame.image),
            tracks=tuple(tracks),
            ended=changes,
        )

    def take(self, wanted: Wanted, answers: Answers) -> tuple[tuple[Face, ...], Changes]:
        """Take in what the networks say of the frame that `follow` got last.

        Returns:
            The faces of all visits in the frame, and what has changed since the frame before.
        """
        voices = weights(wanted.found)
        self._take_turned(wanted, answers)
        self._upright.take_ways(wanted.frame.t, wanted.found, answers.ways)
        self._take_embeddings(wanted, answers, voices)
        self._take_genders(wanted, answers, voices)
        self._take_probabilities(wanted, answers, voices)
        visits, sightings = list(wanted.ended.visits), list(wanted.ended.sightings)
        faces = []
        for box, track in zip(wanted.found.boxes, wanted.tracks, strict=True):
            if track is None:
                continue
            person = self._people[track.track_id]
            if person.lifeless:
                continue
            visit, sighting = self._update(wanted.frame, track, person)
            visits += [visit] if visit else []
            sightings += [sighting] if sighting else []
            if person.visit is not None:
                faces.append(face_of(person, track, box))
                self._returns.watch(wanted.frame.t, wanted.frame.image, person, box)
        return tuple(faces), Changes(tuple(visits), tuple(sightings))

    def expire(self, t: float) -> Changes:
        """End the visits of those who were not seen for too long, where no frames come."""
        self._returns.fade(t)
        return self._end(self._tracker.expire(t))

    def freeze(self, frozen_t: float) -> Changes:
        """The picture has stood still since the time `frozen_t` (s): what was seen ended then, for
        all that is known.
        """
        return self._end(self._tracker.end_all(), until_t=frozen_t)

    def end_all(self) -> Changes:
        """End all visits: the source was closed."""
        return self._end(self._tracker.end_all())

    def use_model(self, name: str) -> None:
        """Another mask model answers from now on."""
        self._origin = dataclasses.replace(self._origin, model=name)
        for person in self._everybody():
            if person.rule is not None:
                person.rule.use_model(name)

    def name_anew(self) -> None:
        """Other people can be named now: see `Identifier.take_news`."""
        if self._identifier is None:
            return
        for person in self._everybody():
            if person.identity_vote is None:
                continue
            person.identity_vote.use(self._identifier.matcher)
            if person.identity is None or self._identifier.may_name(person.identity):
                continue
            person.identity = None
            if person.visit is not None:
                person.visit = dataclasses.replace(person.visit, identity=None)
            if person.rule is not None:
                person.rule.forget_name()

    def _everybody(self) -> list[TrackedPerson]:
        """With those who may come back."""
        return [*self._people.values(), *self._returns.people]

    # What is wanted

    def _person(self, frame: Frame, track: Track | None) -> TrackedPerson | None:
        """Whoever is followed by a track; a new track is a new person."""
        if track is None:
            return None
        if track.track_id not in self._people:
            self._people[track.track_id] = TrackedPerson(
                Vote(self._config.vote),
                frame.wall_time,
                identity_vote=self._identifier.new_vote() if self._identifier else None,
                gender_vote=self._guesser.new_vote() if self._guesser else None,
            )
        return self._people[track.track_id]

    def _look_for_life(
        self, frame: Frame, tracks: Sequence[Track | None], changes: Changes
    ) -> Changes:
        """End the visits of what has turned out not to be alive, and begin with whoever was taken
        for such a thing and moves; both are added to `changes`.
        """
        if not self._config.track.still_after_s:
            return changes
        for track in tracks:
            person = self._people[track.track_id] if track is not None else None
            if track is None or person is None or person.stillness is None:
                continue
            moving_t = self._places.watch(frame.t, frame.image)
            person.stillness.look(moving_t, frame.image, track.box)
            if person.lifeless and not person.stillness.still:
                self._begin_anew(frame, track)
            elif not person.lifeless and person.stillness.still:
                ended = self._end([track], Correction.NEVER_MOVED)
                visits, sightings = ended.visits, ended.sightings
                changes = Changes(changes.visits + visits, changes.sightings + sightings)
                self._people[track.track_id] = person
                self._begin_anew(frame, track, person.stillness)
        return changes

    def _begin_anew(self, frame: Frame, track: Track, stillness: Stillness | None = None) -> None:
        """Follow a track as somebody else: as nobody where it is known to be still."""
        self._people.pop(track.track_id)
        self._tracker.renew(track, frame.t)
        person = self._person(frame, track)
        assert person is not None
        if stillness is not None:
            person.stillness, person.lifeless = stillness, True
            if stillness.place is not None:
                self._places.remember(stillness.place)

    # What is answered

    def _asked(self, wanted: Wanted, index: int) -> TrackedPerson:
        track = wanted.tracks[index]
        assert track is not None
        return self._people[track.track_id]

    def _take_turned(self, wanted: Wanted, answers: Answers) -> None:
        if answers.turned is None:
            return
        for i, turned in zip(wanted.turn, answers.turned, strict=True):
            person = self._asked(wanted, i)
            person.turned_t = wanted.frame.t
            confidence = float(wanted.found.confidence[i])
            person.on_its_head = self._upright.take(confidence, float(turned))

    def _take_embeddings(self, wanted: Wanted, answers: Answers, voices: list[float]) -> None:
        if self._identifier is None or answers.embeddings is None or not len(wanted.embed):
            return
        for i, embedding in zip(wanted.embed, answers.embeddings, strict=True):
            person = self._asked(wanted, i)
            assert person.identity_vote is not None
            person.embedded_t = wanted.frame.t
            person.identity_vote.add(embedding, voices[i])
        people = self._people.items()
        votes = {k: p.identity_vote for k, p in people if p.identity_vote is not None}
        for key, name in self._identifier.assign_unique(votes).items():
            self._people[key].identity = name

    def _take_genders(self, wanted: Wanted, answers: Answers, voices: list[float]) -> None:
        if answers.genders is None:
            return
        for i, answer in zip(wanted.guess_gender, answers.genders, strict=True):
            vote = self._asked(wanted, i).gender_vote
            assert vote is not None
            vote.add(wanted.frame.t, answer, voices[i])

    def _take_probabilities(self, wanted: Wanted, answers: Answers, voices: list[float]) -> None:
        found, t = wanted.found, wanted.frame.t
        sizes = longer_side(found.boxes)
        certain = sure(found)
        asked = zip(wanted.classify, answers.rois, answers.probabilities, strict=True)
        for i, roi, answer in asked:
            landmarks: FloatArray | None = None if found.landmarks is None else found.landmarks[i]
            judged = can_be_judged(float(sizes[i]), roi, landmarks, self._config.classify)
            person = self._asked(wanted, i)
            upright = not (person.on_its_head or self._upright.doubtful)
            in_sight = landmarks is None or (
                not weak_profile(landmarks, float(found.confidence[i]))
                and mouth_in_sight(wanted.frame.image, found.boxes[i], landmarks, answer)
            )
            person.raw, person.classified_t = answer, t
            voice = voices[i] if judged and upright and in_sight else 0.0
            person.vote.add(t, answer, voice, sure=bool(certain[i]))

    # Visits and sightings

    def _update(
        self, frame: Frame, track: Track, person: TrackedPerson
    ) -> tuple[Visit | None, Sighting | None]:
        """Bring a person's visit and sighting up to date."""
        state, now = person.vote.state, last_seen(person, track)
        if state is MaskState.UNSURE and person.visit is not None:
            # once judged, a visit keeps its last clear state while somebody looks away
            state = person.visit.state
        changed = None
        if person.visit is None:
            if not self._tracker.is_person(track):
                return None, None
            place = self._places.known(frame.image, track.box)
            person.stillness = Stillness(self._config.track.still_after_s, place)
            person.lifeless = place is not None
            if person.lifeless:
                return None, None
            changed = self._come(frame, track, person)
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

    def _come(self, frame: Frame, track: Track, person: TrackedPerson) -> Visit:
        """Begin a visit, or go on with that of somebody who has just left."""
        state, now = person.vote.state, last_seen(person, track)
        back = self._returns.back(frame.t, frame.image, track.box)
        if back is not None and back.visit is not None and back.rule is not None:
            state = back.visit.state if state is MaskState.UNSURE else state
            person.visit = dataclasses.replace(back.visit, state=state, last_seen=now, open=True)
            person.rule, person.looks = back.rule, back.looks
            person.rule.come(track.first_t)
            person.identity, person.identity_vote = back.identity, back.identity_vote
            if person.identity_vote is not None:
                person.identity_vote.begin_again()  # the name stands until new looks decide
        else:
            visit_id = f"{self._origin.run_id}-v{track.track_id}"
            person.visit = Visit(visit_id, self._origin.camera, person.began, now, state)
            since = track.first_t, person.began
            person.rule = SightingRule(self._config.sighting, self._origin, visit_id, *since)
        return person.visit

    def _end(
        self,
        tracks: list[Track],
        corrected: Correction | None = None,
        until_t: float = math.inf,
    ) -> Changes:
        """End the visits of some tracks, at the time `until_t` (s) at the latest, and say what they
        were if that is known.
        """
        visits, sightings = [], []
        for track in tracks:
            person = self._people.pop(track.track_id)
            if person.visit is None or person.rule is None:
                continue
            visits.append(
                dataclasses.replace(
                    person.visit,
                    last_seen=last_seen(person, track, until_t),
                    corrected=corrected,
                    open=False,
                )
            )
            if corrected is None:
                self._returns.left(min(track.last_t, until_t), track.box, person)
            sighting = person.rule.close(person.vote.state, until_t)
            sightings += [sighting] if sighting else []
        return Changes(tuple(visits), tuple(sightings))
