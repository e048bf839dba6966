"""Shots to a person, with a fake network."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.faces.align import TEMPLATE
from monitor.identity.embed import Embedder
from monitor.identity.enrol import KEPT_MAX, build_person
from monitor.identity.guide import Shot, Step
from monitor.identity.person import EnrolledPerson, Kind
from monitor.identity.results import Note, OddShots, Tell

# Shots to a person, with a fake network


class FakeEmbedder:
    name, dimension = "fake", 4
    card: ClassVar = {
        "output": {"dimension": 4},
        "threshold": {"far": [0.1, 0.01], "threshold": [0.2, 0.4]},
    }

    def embed(self, faces: np.ndarray) -> np.ndarray:
        """Told by the colour of the upper left pixel, which no drawn mask reaches."""
        return np.eye(4, dtype=np.float32)[faces[:, 0, 0, 0]]


def shot(who: int, kind: Kind = Kind.BARE) -> Shot:
    face = np.full((112, 112, 3), who, np.uint8)
    return Shot(face, TEMPLATE, kind, Step.FREE, 0.0, 100.0, np.zeros(4, np.float32))


def build(shots: list[Shot], tell: Tell = lambda note: None) -> EnrolledPerson:
    nothing = np.empty((0, 4), np.float32), np.empty(0, np.uint8)
    person = EnrolledPerson("Ann", "door", datetime.now(UTC), None, "desk", *nothing)
    fake: Embedder = FakeEmbedder()  # type: ignore[assignment]
    return build_person(person, shots, fake, tell)


def test_a_shot_of_somebody_else_is_left_out() -> None:
    told: list[Note] = []
    person = build([shot(0), shot(0), shot(1), shot(0), shot(0), shot(0, Kind.MASKED)], told.append)
    assert told == [OddShots(left_out=1, of=6)]
    assert person.kinds.tolist() == [0, 2, 0, 2, 0, 2, 0, 2, 1]
    assert set(person.embeddings.argmax(axis=1)) == {0}


@pytest.mark.parametrize("kind", [Kind.BARE, Kind.MASKED])
def test_a_folder_of_different_people_is_refused(kind: Kind) -> None:
    with pytest.raises(ConfigError, match="do not show one and the same face"):
        build([shot(who, kind) for who in range(4)])


def test_of_many_shots_some_go_into_the_gallery() -> None:
    assert build([shot(0)] * 500).shots == KEPT_MAX


@pytest.mark.parametrize(
    "who", [[0, 1], [0, 0, 1], [0, 0, 1, 1], [0, 0, 0, 1, 1, 1], [0] * 5 + [1] * 2]
)
def test_two_people_are_not_one(who: list[int]) -> None:
    with pytest.raises(ConfigError, match="do not show one and the same face"):
        build([shot(one) for one in who])
    with pytest.raises(ConfigError, match="do not show one and the same face"):
        build([shot(one, Kind.MASKED) for one in who])


def test_somebody_else_with_a_mask_is_left_out() -> None:
    told: list[Note] = []
    person = build([shot(0), shot(0), shot(1, Kind.MASKED)], told.append)
    assert told == [OddShots(left_out=1, of=3)]
    assert Kind.MASKED not in person.kinds
    assert build([shot(0), shot(0, Kind.MASKED)]).kinds.tolist() == [0, 2, 1]
