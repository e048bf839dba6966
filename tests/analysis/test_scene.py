"""Tracks become visits, visits get a state, a state may become a sighting."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest
from fakes import (
    INCORRECT,
    MASKED,
    NOON,
    UNDECIDED,
    UNMASKED,
    FakeClassifier,
    face_at,
    found,
    frame,
)

from monitor.analysis.scene import Scene
from monitor.analysis.sightings import Origin
from monitor.analysis.wanted import Answers
from monitor.config import ClassifyConfig, Config
from monitor.faces.boxes import NO_BOXES
from monitor.records import Detections, Face, MaskState, Sighting, Visit

NOBODY = Detections(NO_BOXES, np.empty(0, np.float32))


class Door:
    """A scene that is fed by hand."""

    def __init__(self, config: Config | None = None) -> None:
        origin = Origin("door", "shift", "fake_v1")
        self.scene = Scene(config or Config(), origin, itertools.count(1))
        self.visits: list[Visit] = []
        self.sightings: list[Sighting] = []
        self.faces: tuple[Face, ...] = ()
        self.classified: list[int] = []
        self.t = 0.0

    def see(
        self,
        detections: Detections,
        answer: np.ndarray | Sequence[np.ndarray] = UNMASKED,
        *,
        wall: float | None = None,
    ) -> None:
        """One frame."""
        moment = frame(self.t, wall=NOON + timedelta(seconds=self.t if wall is None else wall))
        wanted = self.scene.follow(moment, detections)
        rois = FakeClassifier().rois(moment.image, detections.boxes[wanted.classify])
        every = np.broadcast_to(np.asarray(answer, np.float32), (len(detections), 3))
        self.faces, changes = self.scene.take(wanted, Answers(rois, every[wanted.classify]))
        self.classified.append(len(wanted.classify))
        self.visits += changes.visits
        self.sightings += changes.sightings

    def stand(
        self,
        seconds: float,
        answer: np.ndarray,
        *boxes: Sequence[float],
        rate: float = 10,
        confidence: float = 0.95,
    ) -> None:
        for _ in range(round(seconds * rate)):
            self.see(found(*boxes, confidence=confidence) if boxes else NOBODY, answer)
            self.t += 1 / rate

    def leave(self) -> None:
        changes = self.scene.end_all()
        self.visits += changes.visits
        self.sightings += changes.sightings

    @property
    def final(self) -> dict[str, Visit]:
        return {visit.visit_id: visit for visit in self.visits}


def test_one_person_is_one_visit() -> None:
    door = Door()
    door.stand(4, UNMASKED, face_at(100))
    door.stand(3, UNMASKED)
    (visit,) = door.final.values()
    assert visit.visit_id == "shift-v1"
    assert visit.state is MaskState.UNMASKED
    assert not visit.open
    assert visit.first_seen == NOON
    assert visit.last_seen == NOON + timedelta(seconds=3.9)


@pytest.mark.parametrize("rate", [5, 60])
def test_any_frame_rate(rate: float) -> None:
    door = Door()
    door.stand(4, UNMASKED, face_at(100), rate=rate)
    door.stand(3, UNMASKED, rate=rate)
    assert len(door.final) == 1
    (closed,) = [s for s in door.sightings if not s.open]
    assert closed.seconds_unmasked == pytest.approx(4, abs=0.9)


def test_a_flicker_is_no_visit() -> None:
    door = Door()
    door.stand(0.2, UNMASKED, face_at(100))
    assert door.faces == ()
    door.stand(5, UNMASKED)
    assert door.visits == []
    assert door.sightings == []


def test_weak_detections_are_no_visit() -> None:
    door = Door()
    door.stand(5, UNMASKED, face_at(100), confidence=0.5)
    door.leave()
    assert door.visits == []
    assert sum(door.classified) == 0


def test_a_mask_put_on_moves_the_visit_and_ends_the_sighting() -> None:
    door = Door()
    door.stand(3, UNMASKED, face_at(100))
    assert door.faces[0].alerting
    door.stand(3, MASKED, face_at(100))
    assert not door.faces[0].alerting
    assert door.final["shift-v1"].state is MaskState.MASKED
    assert {s.sighting_id for s in door.sightings} == {"shift-v1-s1"}
    last = door.sightings[-1]
    assert (last.open, last.final_state, last.worst_state) == (
        False,
        MaskState.MASKED,
        MaskState.UNMASKED,
    )
    assert last.model == "fake_v1"


def test_taken_off_again_is_a_new_sighting_of_the_same_visit() -> None:
    door = Door()
    for answer in (UNMASKED, MASKED, INCORRECT, MASKED):
        door.stand(3, answer, face_at(100))
    door.leave()
    closed = [s for s in door.sightings if not s.open]
    assert [s.sighting_id for s in closed] == ["shift-v1-s1", "shift-v1-s2"]
    assert len(door.final) == 1


def test_undecided_is_unsure_and_no_sighting() -> None:
    door = Door()
    door.stand(5, UNDECIDED, face_at(100))
    door.leave()
    assert door.final["shift-v1"].state is MaskState.UNSURE
    assert door.sightings == []
    assert door.visits[-1].state is MaskState.UNSURE


def test_a_small_face_is_unsure_but_has_a_raw_answer() -> None:
    door = Door(Config(classify=ClassifyConfig(unsure_face_px=50)))
    door.stand(2, UNMASKED, face_at(100, size=40))
    (face,) = door.faces
    assert face.state is MaskState.UNSURE
    assert face.raw_state is MaskState.UNMASKED
    assert face.raw_confidence == pytest.approx(0.98)


def test_raw_state_is_this_frames_answer() -> None:
    door = Door()
    door.stand(1, UNDECIDED, face_at(100))
    door.see(found(face_at(100)), INCORRECT)
    (face,) = door.faces
    assert face.raw_state is MaskState.INCORRECT
    assert face.state is MaskState.UNSURE


def test_a_settled_track_is_classified_rarely() -> None:
    door = Door(Config(classify=ClassifyConfig(settled_every_s=0.5)))
    door.stand(10, MASKED, face_at(100), rate=25)
    assert 18 <= sum(door.classified[25:]) <= 20  # twice a second after the first one
    always = Door(Config(classify=ClassifyConfig(settled_every_s=0)))
    always.stand(2, MASKED, face_at(100), rate=25)
    assert sum(always.classified) == 50


def test_an_undecided_track_is_classified_always() -> None:
    door = Door()
    door.stand(4, UNDECIDED, face_at(100), rate=25)
    assert sum(door.classified) == 100


def test_two_people_have_their_own_states() -> None:
    door = Door()
    for _ in range(30):
        door.see(found(face_at(100), face_at(400)), np.stack([MASKED, UNMASKED]))
        door.t += 0.1
    door.leave()
    assert {v.visit_id: v.state for v in door.final.values()} == {
        "shift-v1": MaskState.MASKED,
        "shift-v2": MaskState.UNMASKED,
    }
    assert {s.visit_id for s in door.sightings} == {"shift-v2"}
    assert [face.track_id for face in door.faces] == [1, 2]


def test_a_clock_set_back_changes_no_duration() -> None:
    # The wall clock goes back an hour in mid-visit; the source's own time goes on.
    door = Door()
    for i in range(40):
        door.see(found(face_at(100)), UNMASKED, wall=door.t - (3600 if i > 15 else 0))
        door.t += 0.1
    door.leave()
    (visit,) = door.final.values()
    assert visit.last_seen - visit.first_seen == timedelta(seconds=3.9)
    assert visit.first_seen == NOON
    closed = door.sightings[-1]
    assert closed.first_seen <= closed.last_seen == visit.last_seen
    assert 0 < closed.seconds_unmasked < 4


def test_people_before_a_silent_camera_leave() -> None:
    door = Door()
    door.stand(3, UNMASKED, face_at(100))
    changes = door.scene.expire(door.t + 60)
    assert [v.open for v in changes.visits] == [False]
    assert [s.open for s in changes.sightings] == [False]
    assert door.scene.expire(door.t + 120).visits == ()


def test_every_visit_and_sighting_is_closed_at_the_end() -> None:
    door = Door()
    door.stand(3, UNMASKED, face_at(100), face_at(300), face_at(500))
    door.leave()
    assert all(not visit.open for visit in door.final.values())
    assert len(door.final) == 3
    newest = {s.sighting_id: s for s in door.sightings}
    assert all(not s.open for s in newest.values())
    door.leave()
    assert len(door.final) == 3


@pytest.mark.parametrize("answer", [INCORRECT, UNMASKED])
def test_who_turns_away_is_not_sure_and_no_sighting_goes_on(answer: np.ndarray) -> None:
    # The back of a head is found now and then, with little confidence, and called anything.
    door = Door()
    door.stand(2, MASKED, face_at(100))
    landmarks = np.array([[[70, 80], [130, 80], [100, 105], [80, 125], [120, 125]]], np.float32)
    for _ in range(150):
        away = found(face_at(100), confidence=0.7)
        door.see(Detections(away.boxes, away.confidence, landmarks), answer)
        door.t += 0.1
    (face,) = door.faces
    assert face.state is MaskState.UNSURE
    door.leave()
    assert [v.state for v in door.final.values()] == [MaskState.MASKED]
    assert door.sightings == []
