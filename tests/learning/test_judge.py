"""What is promoted, and the sentence that says why something is not."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.learning.judge import Answers, Cost, judge

CLASSES = ("masked", "unmasked", "incorrect")
COST = Cost(1000, 0.01)


def answers(right_before: list[bool], right_after: list[bool], group: str = "plain") -> Answers:
    """As many faces of each class, right and wrong in turn as told."""
    number = len(right_before)
    truth = np.arange(number) % 3

    def logits(right: list[bool]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        said = np.where(right, truth, (truth + 1) % 3)
        return np.eye(3, dtype=np.float32)[said]

    return Answers(truth, np.full(number, group), logits(right_before), logits(right_after))


def mix(number: int, wrong: int) -> list[bool]:
    return [i >= wrong for i in range(number)]


GOOD = answers(mix(600, 12), mix(600, 12))
BETTER_HERE = answers(mix(30, 9), mix(30, 3))


def test_what_is_better_here_and_no_worse_elsewhere_is_promoted() -> None:
    verdict = judge(GOOD, BETTER_HERE, CLASSES, (COST, COST))
    assert verdict.promote
    assert "of 30 held-out faces of the site 3 are judged wrong instead of 9" in verdict.reason
    assert sum(map(sum, verdict.confusion)) == 600


@pytest.mark.parametrize(
    ("frozen", "site", "cost", "words"),
    [
        (answers(mix(600, 12), mix(600, 60)), BETTER_HERE, COST, "of the faces labelled masked"),
        (GOOD, answers(mix(30, 9), mix(30, 9)), COST, "it is no better here"),
        (GOOD, answers(mix(5, 5), mix(5, 0)), COST, "5 faces of the site are held out"),
        (GOOD, answers([], []), COST, "0 faces of the site are held out"),
        (GOOD, BETTER_HERE, Cost(2000, 0.01), "2.0 times as large"),
        (GOOD, BETTER_HERE, Cost(1000, 0.03), "3.0 times as long"),
    ],
)
def test_a_refusal_is_one_plain_sentence(
    frozen: Answers, site: Answers, cost: Cost, words: str
) -> None:
    verdict = judge(frozen, site, CLASSES, (COST, cost))
    assert not verdict.promote
    assert words in verdict.reason
    assert "\n" not in verdict.reason


def test_a_group_that_is_worse_beyond_noise_is_enough_though_its_class_gains() -> None:
    night = answers(mix(90, 3), mix(90, 21), "dark")
    day = answers(mix(600, 60), mix(600, 12))
    both = Answers(
        *(
            np.concatenate([getattr(day, name), getattr(night, name)])
            for name in ("truth", "group", "before", "after")
        )
    )
    assert "of the faces of “dark”" in judge(both, BETTER_HERE, CLASSES, (COST, COST)).reason


def test_one_face_more_of_a_group_is_noise() -> None:
    small = answers(mix(90, 3), mix(90, 4), "dark")
    both = Answers(
        *(
            np.concatenate([getattr(GOOD, name), getattr(small, name)])
            for name in ("truth", "group", "before", "after")
        )
    )
    assert judge(both, BETTER_HERE, CLASSES, (COST, COST)).promote
