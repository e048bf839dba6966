"""Who leans out and comes back is one visit; who comes in other clothes, elsewhere or later is
another.
"""

from __future__ import annotations

import itertools
from datetime import timedelta

import cv2
import numpy as np
import pytest
from fakes import NOON, UNMASKED, FakeClassifier, face_at, found, frame

from monitor.analysis.returns import Returns
from monitor.analysis.scene import Scene
from monitor.analysis.sightings import Origin
from monitor.analysis.tracked import TrackedPerson
from monitor.analysis.vote import Vote
from monitor.analysis.wanted import Answers
from monitor.config import Config, VoteConfig, load_config
from monitor.faces.boxes import NO_BOXES
from monitor.records import Detections, Image, Sighting, Visit

NOBODY = Detections(NO_BOXES, np.empty(0, np.float32))
SIZE, RED, BLUE = 80, (40, 40, 200), (200, 60, 40)


def picture(at: int | None, clothing: tuple[int, int, int], seed: int) -> Image:
    """A room with noise, and somebody whose face's middle is at column `at`."""
    rng = np.random.default_rng(seed)
    image = np.full((480, 640, 3), (150, 170, 160), np.uint8)
    if at is not None:
        cv2.rectangle(image, (at - SIZE, 150), (at + SIZE, 480), clothing, -1)
        cv2.ellipse(image, (at, 100), (SIZE // 2, SIZE // 2), 0, 0, 360, (120, 150, 210), -1)
        cv2.rectangle(image, (at - 40, 20), (at + 40, 68), (30, 40, 60), -1)
    return cv2.add(image, rng.integers(0, 12, image.shape, np.uint8))  # type: ignore[return-value]


class Desk:
    """One camera, where one person at a time is seen."""

    def __init__(self, config: Config | None = None) -> None:
        self.scene = Scene(config or Config(), Origin("d", "shift", "m"), itertools.count(1))
        self.visits: dict[str, Visit] = {}
        self.sightings: dict[str, Sighting] = {}
        self.t = 0.0

    def show(self, seconds: float, at: int | None, clothing: tuple[int, int, int] = RED) -> None:
        for _ in range(round(10 * seconds)):
            image = picture(at, clothing, round(10 * self.t))
            seen = found(face_at(at, 100, size=SIZE)) if at is not None else NOBODY
            moment = frame(self.t, wall=NOON + timedelta(seconds=self.t), pixels=image)
            wanted = self.scene.follow(moment, seen)
            rois = FakeClassifier().rois(moment.image, seen.boxes[wanted.classify])
            answers = np.broadcast_to(UNMASKED, (len(seen), 3))[wanted.classify]
            _, changes = self.scene.take(wanted, Answers(rois, answers))
            self.take(changes.visits, changes.sightings)
            self.t += 0.1

    def take(self, visits: tuple[Visit, ...], sightings: tuple[Sighting, ...]) -> None:
        self.visits |= {visit.visit_id: visit for visit in visits}
        self.sightings |= {sighting.sighting_id: sighting for sighting in sightings}

    def close(self) -> None:
        ended = self.scene.end_all()
        self.take(ended.visits, ended.sightings)


def test_who_leans_out_and_comes_back_is_one_visit_and_the_time_away_counts_as_nothing() -> None:
    desk = Desk()
    desk.show(4, at=200)
    desk.show(5, at=None)
    assert not desk.visits["shift-v1"].open  # whoever is gone is not shown as there
    desk.show(3, at=240)
    assert list(desk.visits) == ["shift-v1"]
    assert desk.visits["shift-v1"].open
    desk.close()
    assert list(desk.visits) == ["shift-v1"]
    assert desk.visits["shift-v1"].last_seen == NOON + timedelta(seconds=desk.t - 0.1)
    assert list(desk.sightings) == ["shift-v1-s1", "shift-v1-s2"]
    seconds = [sighting.seconds_unmasked for sighting in desk.sightings.values()]
    assert seconds == pytest.approx([3.9, 2.9], abs=0.2)


@pytest.mark.parametrize(
    ("away_s", "at", "clothing"),
    [(5, 200, BLUE), (5, 460, RED), (12, 200, RED)],
    ids=["in other clothes", "elsewhere", "later"],
)
def test_others_are_other_visits(away_s: float, at: int, clothing: tuple[int, int, int]) -> None:
    desk = Desk()
    desk.show(4, at=200)
    desk.show(away_s, at=None)
    desk.show(3, at=at, clothing=clothing)
    desk.close()
    assert len(desk.visits) == 2


def test_it_can_be_switched_off() -> None:
    desk = Desk(load_config(None, {"track": {"return_s": 0.0}}))
    desk.show(4, at=200)
    desk.show(5, at=None)
    desk.show(3, at=200)
    desk.close()
    assert len(desk.visits) == 2


def test_whoever_is_away_is_forgotten_after_that_time() -> None:
    desk = Desk()
    desk.show(4, at=200)
    desk.show(5, at=None)
    assert len(desk.scene._returns.people) == 1
    desk.show(5, at=None)
    assert desk.scene._returns.people == []


def test_of_two_who_left_at_once_the_second_comes_back() -> None:
    returns, images = Returns(8), {at: picture(at, RED, at) for at in (200, 460)}
    people = {at: TrackedPerson(Vote(VoteConfig()), NOON) for at in images}
    for at, image in images.items():
        box = np.array(face_at(at, 100, size=SIZE), np.float32)
        returns.watch(3.0, image, people[at], box)
        returns.left(4.0, box, people[at])
    box = np.array(face_at(460, 100, size=SIZE), np.float32)
    assert returns.back(6.0, images[460], box) is people[460]
    assert returns.people == [people[200]]
