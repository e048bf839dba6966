"""The vote over a track: calm, but not deaf."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from fakes import INCORRECT, MASKED, UNDECIDED, UNMASKED

from monitor.analysis.vote import Vote
from monitor.config import VoteConfig
from monitor.records import MaskState

STEP = 1 / 25


def feed(
    vote: Vote,
    t: float,
    answer: np.ndarray,
    seconds: float,
    weight: float = 1.0,
    step: float = STEP,
) -> float:
    """The same answer for a while; the time after it."""
    for _ in range(round(seconds / step)):
        vote.add(t, answer, weight)
        t += step
    return t


def test_begins_unsure() -> None:
    vote = Vote(VoteConfig())
    assert vote.state is MaskState.UNSURE
    assert vote.confidence == 0
    assert not vote.settled


@pytest.mark.parametrize(
    ("answer", "state"),
    [(MASKED, MaskState.MASKED), (UNMASKED, MaskState.UNMASKED), (INCORRECT, MaskState.INCORRECT)],
)
def test_clear_answers_settle(answer: np.ndarray, state: MaskState) -> None:
    vote = Vote(VoteConfig())
    feed(vote, 0, answer, 1)
    assert vote.state is state
    assert vote.confidence == pytest.approx(0.98, abs=1e-3)
    assert vote.settled


def test_one_answer_is_not_enough() -> None:
    vote = Vote(VoteConfig(evidence_min=1.5))
    vote.add(0, UNMASKED, 1.0)
    assert vote.state is MaskState.UNSURE
    vote.add(STEP, UNMASKED, 1.0)
    assert vote.state is MaskState.UNMASKED


def test_small_faces_need_longer() -> None:
    vote = Vote(VoteConfig(evidence_min=1.5))
    for i in range(14):
        vote.add(i * STEP, UNMASKED, 0.1)
    assert vote.state is MaskState.UNSURE
    feed(vote, 14 * STEP, UNMASKED, 0.2, 0.1)
    assert vote.state is MaskState.UNMASKED


def test_faces_that_cannot_be_judged_say_nothing() -> None:
    vote = Vote(VoteConfig())
    feed(vote, 0, UNMASKED, 5, weight=0.0)
    assert vote.state is MaskState.UNSURE
    assert np.isfinite(vote.confidence)


def test_undecided_answers_stay_unsure() -> None:
    vote = Vote(VoteConfig())
    feed(vote, 0, UNDECIDED, 5)
    assert vote.state is MaskState.UNSURE
    assert not vote.settled


def test_a_hand_before_the_face_changes_nothing() -> None:
    vote = Vote(VoteConfig())
    t = feed(vote, 0, UNMASKED, 2)
    t = feed(vote, t, MASKED, 0.2)
    assert vote.state is MaskState.UNMASKED
    feed(vote, t, UNMASKED, 0.5)
    assert vote.state is MaskState.UNMASKED


def test_a_mask_put_on_takes_over_and_never_flickers() -> None:
    vote = Vote(VoteConfig())
    t, seen = feed(vote, 0, UNMASKED, 2), []
    for _ in range(50):
        vote.add(t, MASKED, 1.0)
        t += STEP
        seen.append(vote.state)
    changes = [b for a, b in itertools.pairwise(seen) if a is not b]
    assert seen[-1] is MaskState.MASKED
    assert seen[0] is MaskState.UNMASKED
    assert len(changes) <= 2  # at most by way of unsure
    assert changes[-1] is MaskState.MASKED


def test_between_the_bounds_the_last_state_stands() -> None:
    # 50 : 50 is above hold_above and below switch_above: each state stays as it was.
    half = np.array([0.5, 0.5, 0.0], np.float32)
    for answer, state in ((MASKED, MaskState.MASKED), (UNMASKED, MaskState.UNMASKED)):
        vote = Vote(VoteConfig(hold_above=0.4, switch_above=0.6))
        t = feed(vote, 0, answer, 1)
        feed(vote, t, half, 5)
        assert vote.state is state
        assert not vote.settled


def test_below_the_lower_bound_it_becomes_unsure() -> None:
    vote = Vote(VoteConfig(hold_above=0.4, switch_above=0.6))
    t = feed(vote, 0, UNMASKED, 1)
    feed(vote, t, UNDECIDED, 5)
    assert vote.state is MaskState.UNSURE


@pytest.mark.parametrize("rate", [5, 60])
def test_time_counts_not_frames(rate: int) -> None:
    vote = Vote(VoteConfig(half_life_s=0.5))
    t = feed(vote, 0, UNMASKED, 3, step=1 / rate)
    assert vote.state is MaskState.UNMASKED
    t = feed(vote, t, MASKED, 1.0, step=1 / rate)
    assert vote.state is MaskState.MASKED
    assert vote.confidence == pytest.approx(0.98 - 0.97 * 0.25, abs=0.06)


def test_after_a_long_gap_the_new_answer_counts_alone() -> None:
    vote = Vote(VoteConfig())
    t = feed(vote, 0, UNMASKED, 2)
    vote.add(t + 3600, MASKED, 1.0)
    assert vote.state is MaskState.MASKED
    assert vote.confidence == pytest.approx(0.98, abs=1e-3)


def test_confidence_stays_in_range_for_an_hour() -> None:
    vote = Vote(VoteConfig())
    t = feed(vote, 0, UNMASKED, 3600, step=0.2)
    assert 0 <= vote.confidence <= 1
    feed(vote, t, MASKED, 2)
    assert vote.state is MaskState.MASKED


def test_poor_looks_do_not_wash_out_good_ones() -> None:
    vote = Vote(VoteConfig(half_life_s=0.5))
    t = feed(vote, 0, MASKED, 2)
    t = feed(vote, t, UNMASKED, 2, weight=0.05)  # a head that turns away
    assert vote.state is MaskState.MASKED
    feed(vote, t, UNMASKED, 2)
    assert vote.state is MaskState.UNMASKED


def test_a_state_is_held_for_as_long_as_a_face_was_surely_seen() -> None:
    vote = Vote(VoteConfig(hold_s=2.0))
    t = feed(vote, 0, INCORRECT, 1)
    t = feed(vote, t, INCORRECT, 1.9, weight=0.0)  # a glance aside
    assert vote.state is MaskState.INCORRECT
    feed(vote, t, INCORRECT, 0.3, weight=0.0)
    assert vote.state is MaskState.UNSURE
    assert vote.confidence == 0


def test_what_may_be_the_back_of_a_head_holds_no_state() -> None:
    vote = Vote(VoteConfig(hold_s=2.0))
    t = feed(vote, 0, UNMASKED, 2)
    for _ in range(round(30 / STEP)):
        vote.add(t, INCORRECT, 0.1, sure=False)
        t += STEP
    assert vote.state is MaskState.UNSURE
    vote.add(t, MASKED, 1.0)  # turns back, with the mask on: one look is not enough
    assert vote.state is MaskState.UNSURE
    vote.add(t + STEP, MASKED, 1.0)
    assert vote.state is MaskState.MASKED
    assert vote.confidence == pytest.approx(0.98, abs=1e-3)


def test_what_was_never_surely_a_face_has_no_state() -> None:
    vote = Vote(VoteConfig())
    for i in range(100):
        vote.add(i * STEP, UNMASKED, 1.0, sure=False)
    assert vote.state is MaskState.UNSURE


@pytest.mark.parametrize("every_s", [1.0, 5.0])
def test_a_slow_camera_gives_states_too(every_s: float) -> None:
    vote = Vote(VoteConfig())
    for i in range(4):
        vote.add(i * every_s, MASKED, 1.0)
    assert vote.state is MaskState.MASKED
