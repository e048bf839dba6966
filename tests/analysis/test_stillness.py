"""What never moves is nobody; people who stand still are somebody."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes import UNMASKED, FakeClassifier, frame

from monitor.analysis.scene import Scene
from monitor.analysis.sightings import Origin
from monitor.analysis.wanted import Answers
from monitor.config import Config, TrackConfig
from monitor.records import Correction, Detections, Image, Sighting, Visit

PICTURE = cv2.imread(str(Path(__file__).resolve().parent.parent / "data" / "bare.jpg"))
POSTER = (130.0, 60.0, 190.0, 140.0)
SIZE_WH = (320, 240)
STEP_S = 0.2
Shift = Callable[[float], tuple[float, float]]  # px at a time, s


def at_rest(t: float) -> tuple[float, float]:
    return 0.0, 0.0


def swaying(t: float) -> tuple[float, float]:
    """A head that stands still: 3 % of its height either way, once in five seconds."""
    return 2.4 * np.sin(2 * np.pi * t / 5), 0.8 * np.sin(2 * np.pi * t / 3.1)


class Hall:
    """A scene before a textured wall with one face on it, five frames a second."""

    def __init__(self, config: Config | None = None) -> None:
        self.scene = Scene(config or Config(), Origin("door", "shift", "fake"), itertools.count(1))
        self._noise = np.random.default_rng(1)
        self._grain = self._noise.normal(0, 1, (12, *SIZE_WH[::-1], 3)).astype(np.float32)
        wall = self._noise.uniform(60, 180, (12, 16, 3)).astype(np.float32)
        self._wall = cv2.resize(wall, SIZE_WH, interpolation=cv2.INTER_CUBIC)
        assert PICTURE is not None
        self._face = cv2.resize(PICTURE, (60, 80), interpolation=cv2.INTER_AREA)
        self.visits: dict[str, Visit] = {}
        self.sightings: dict[str, Sighting] = {}
        self.shown = 0  # faces in the newest frame
        self.t = 0.0

    def picture(self, shift: tuple[float, float], noise: float, light: float) -> Image:
        move = np.array([[1, 0, POSTER[0] + shift[0]], [0, 1, POSTER[1] + shift[1]]], np.float32)
        picture = self._wall.copy()
        cv2.warpAffine(
            self._face.astype(np.float32),
            move,
            SIZE_WH,
            dst=picture,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_TRANSPARENT,
        )
        grain = noise * self._grain[self._noise.integers(len(self._grain))]
        return (picture * light + grain).clip(0, 255).astype(np.uint8)

    def show(
        self, seconds: float, shift: Shift = at_rest, *, noise: float = 4.0, light: float = 1.0
    ) -> None:
        for _ in range(round(seconds / STEP_S)):
            dx, dy = shift(self.t)
            box = np.array([POSTER], np.float32) + np.array([dx, dy, dx, dy], np.float32)
            self.take(self.picture((dx, dy), noise, light), box)

    def take(self, picture: Image, boxes: np.ndarray) -> None:
        found = Detections(boxes.astype(np.float32), np.full(len(boxes), 0.93, np.float32))
        wanted = self.scene.follow(frame(self.t, pixels=picture), found)
        rois = FakeClassifier().rois(picture, found.boxes[wanted.classify])
        answers = Answers(rois, np.tile(UNMASKED, (len(rois), 1)))
        faces, changes = self.scene.take(wanted, answers)
        self.shown = len(faces)
        self.visits |= {visit.visit_id: visit for visit in changes.visits}
        self.sightings |= {sighting.sighting_id: sighting for sighting in changes.sightings}
        self.t += STEP_S

    def nobody(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.take(self.picture((0, 0), 4.0, 1.0), np.empty((0, 4)))

    @property
    def people(self) -> int:
        return sum(v.corrected is not Correction.NEVER_MOVED for v in self.visits.values())


def test_a_poster_is_a_visit_for_some_seconds_and_then_nobody() -> None:
    hall = Hall()
    hall.show(5)
    assert hall.people == 1  # as is said of whoever stands still: it may be somebody
    hall.show(10)
    (visit,) = hall.visits.values()
    assert visit.corrected is Correction.NEVER_MOVED
    assert not visit.open
    assert not any(sighting.open for sighting in hall.sightings.values())
    assert hall.shown == 0
    hall.show(60)
    assert len(hall.visits) == 1


@pytest.mark.parametrize("noise", [1.0, 12.0])
def test_noise_and_light_do_not_bring_a_poster_to_life(noise: float) -> None:
    hall = Hall()
    hall.show(15, noise=noise)
    for light in (1.0, 0.9, 0.8, 1.1):
        hall.show(10, noise=noise, light=light)
    assert hall.people == 0
    assert len(hall.visits) == 1


def test_a_trembling_camera_does_not_bring_a_poster_to_life() -> None:
    hall = Hall()
    hall.show(30, lambda t: (np.sin(2 * np.pi * 1.7 * t), 0.7 * np.sin(2 * np.pi * 1.3 * t)))
    assert hall.people == 0


def test_a_poster_that_was_covered_is_known_again() -> None:
    hall = Hall()
    hall.show(15)
    for _ in range(3):
        hall.nobody(3)  # somebody stands before it
        hall.show(20)
    assert len(hall.visits) == 1
    assert hall.people == 0


@pytest.mark.parametrize("noise", [1.0, 12.0])
def test_who_stands_still_sways(noise: float) -> None:
    hall = Hall()
    hall.show(60, swaying, noise=noise)
    assert hall.people == len(hall.visits) == 1


def test_who_was_taken_for_a_poster_and_moves_is_somebody() -> None:
    hall = Hall()
    hall.show(15)
    assert hall.people == 0
    moved_t = hall.t
    hall.show(4, lambda t: (30 * (t - moved_t), 0.0))
    assert hall.people == 1
    assert hall.shown == 1
    (alive,) = [v for v in hall.visits.values() if v.corrected is None]
    assert alive.open
    assert {s.visit_id for s in hall.sightings.values() if s.open} == {alive.visit_id}


def test_who_was_taken_for_a_poster_and_sways_is_somebody() -> None:
    hall = Hall()
    hall.show(15)
    hall.show(15, swaying)
    assert hall.people == 1


def test_a_picture_that_does_not_change_at_all_says_nothing() -> None:
    # A frozen camera is told of where cameras are watched.
    hall = Hall()
    hall.show(40, noise=0.0)
    assert hall.people == 1


@pytest.mark.parametrize("frozen_s", [9.0, 11.0, 40.0])
def test_who_was_there_when_the_picture_froze_was_somebody(frozen_s: float) -> None:
    hall = Hall()
    hall.show(6, swaying)
    stood = swaying(hall.t)
    hall.show(frozen_s, lambda t: stood, noise=0.0)
    hall.show(1, lambda t: stood)  # the picture goes on, and its box is still followed
    hall.nobody(10)
    (visit,) = hall.visits.values()
    assert visit.corrected is None
    assert not visit.open


def test_a_poster_on_a_camera_whose_picture_changes_now_and_then_is_nobody() -> None:
    hall = Hall()
    for _ in range(8):
        hall.show(4, noise=0.0)
        hall.show(0.4)  # a key frame
    assert hall.people == 0


def test_it_can_be_switched_off() -> None:
    hall = Hall(Config(track=TrackConfig(still_after_s=0)))
    hall.show(30)
    assert hall.people == 1
