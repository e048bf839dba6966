"""How the visits of a clip are scored against what a person sees."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import face_at

from monitor.bench.truth import Person, Seen, read_truth, score
from monitor.bench.visits import TRUTH
from monitor.errors import ConfigError
from monitor.records import MaskState

STEP_S = 0.1
BARE, MASKED = MaskState.UNMASKED, MaskState.MASKED


def somebody(who: str, x: float, **changes: Any) -> Person:
    """Stands at `x` from 0 to 4 s, bare, and is one sighting."""
    seen = (np.array([[0, x, 100, 80], [4, x, 100, 80]], np.float32),)
    values: dict[str, Any] = {"needed": True, "sightings": (1, 1), "seen": seen}
    values |= {"states": ((0.0, 4.0, BARE),)}
    return Person(who, **values | changes)


def shown(
    visit: str, x: float, first: float = 0, last: float = 4, state: MaskState = BARE
) -> list[Seen]:
    box = np.array(face_at(x), np.float32)
    return [Seen(t, visit, box, state) for t in np.arange(first, last, STEP_S)]


PEOPLE = (somebody("left", 100), somebody("right", 500))


def test_what_is_right_is_told_nothing_of() -> None:
    result = score(PEOPLE, shown("a", 110) + shown("b", 490), Counter("ab"), STEP_S)
    assert result.right
    assert (result.visits, result.wrong_state_s) == (2, 0)


def test_a_person_without_a_visit_is_too_few() -> None:
    result = score(PEOPLE, shown("a", 100), Counter("a"), STEP_S)
    assert (result.too_few, result.missed_sightings) == (1, 1)
    assert not result.right


def test_who_need_not_be_seen_may_be_missed() -> None:
    people = (PEOPLE[0], somebody("far away", 500, needed=False, sightings=(0, 1)))
    assert score(people, shown("a", 100), Counter("a"), STEP_S).right


def test_a_second_visit_and_one_of_nobody_are_too_many() -> None:
    seen = shown("a", 100, 0, 2) + shown("c", 100, 2, 4) + shown("b", 500) + shown("d", 300)
    result = score(PEOPLE, seen, Counter("abd"), STEP_S)
    assert (result.too_many, result.false_sightings, result.too_few) == (2, 1, 0)


def test_two_people_in_one_visit_are_swapped() -> None:
    seen = shown("a", 100, 0, 2.5) + shown("a", 500, 2.5, 4) + shown("b", 500, 0, 2.5)
    result = score(PEOPLE, seen, Counter("ab"), STEP_S)
    assert result.swapped == 1
    assert "a goes on with right" in result.told


def test_a_visit_that_goes_on_with_what_is_no_face_is_told() -> None:
    seen = shown("a", 100, 0, 3) + shown("a", 300, 3, 4) + shown("b", 500)
    assert "a goes on with what is no face" in score(PEOPLE, seen, Counter("ab"), STEP_S).told


def test_a_wrong_state_is_counted_in_seconds_and_unsure_is_none() -> None:
    seen = shown("a", 100, 0, 1, MASKED) + shown("a", 100, 1, 2, MaskState.UNSURE)
    result = score(PEOPLE[:1], [*seen, *shown("a", 100, 2, 4)], Counter("a"), STEP_S)
    assert result.wrong_state_s == pytest.approx(1.0)


def test_who_has_left_is_nobody_any_more() -> None:
    result = score(PEOPLE[:1], shown("a", 100, 0, 4) + shown("b", 100, 6, 8), Counter("a"), STEP_S)
    assert result.too_many == 1


def test_the_bundled_truth_can_be_read() -> None:
    clips = read_truth(TRUTH)
    assert len(clips["assets/demo.mp4"]) == 2
    assert clips["../shared/data/videos/mask_on_bench_no_person.mp4"] == ()
    for people in clips.values():
        for person in people:
            for stretch in person.seen:
                assert (np.diff(stretch[:, 0]) > 0).all(), person.who


@pytest.mark.parametrize("text", ["[]", "{", json.dumps({"clips": {"a.mp4": [{"who": "x"}]}})])
def test_what_is_no_truth_file_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"t\.json is no truth file"):
        read_truth(path)
