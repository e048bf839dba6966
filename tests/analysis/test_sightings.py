"""When a visit becomes a sighting, by the source's own time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fakes import NOON

from monitor.analysis.sightings import Origin, SightingRule
from monitor.config import SightingConfig
from monitor.records import MaskState, Sighting

M, U, I, X = MaskState.MASKED, MaskState.UNMASKED, MaskState.INCORRECT, MaskState.UNSURE  # noqa: E741

ORIGIN = Origin("door", "shift", "fake_v1")


def rule(alert_after_s: float = 1.0, t: float = 0.0) -> SightingRule:
    return SightingRule(SightingConfig(alert_after_s), ORIGIN, "shift-v1", t, NOON)


def play(
    one: SightingRule, *parts: tuple[MaskState, float], rate: float = 10, start: float = 0.0
) -> tuple[list[Sighting], float]:
    """States for some seconds each; what was reported, and the time after."""
    reports, frame, end = [], 0, 0.0
    for state, seconds in parts:
        end += seconds
        while frame / rate < end - 1e-9:
            report = one.update(start + frame / rate, state, 0.9)
            reports += [report] if report else []
            frame += 1
    return reports, start + frame / rate


@pytest.mark.parametrize("state", [U, I])
def test_opens_after_the_limit(state: MaskState) -> None:
    reports, _ = play(rule(1.0), (state, 1.05))
    assert reports == []
    reports, _ = play(rule(1.0), (state, 1.15))
    assert len(reports) == 1
    assert reports[0].open
    assert reports[0].first_seen == NOON
    assert reports[0].seconds_unmasked > 1.0
    assert reports[0].worst_state is state


@pytest.mark.parametrize("rate", [1, 5, 60])
def test_the_limit_is_in_seconds_not_in_frames(rate: float) -> None:
    one = rule(2.0)
    assert play(one, (U, 2.0), rate=rate)[0] == []
    opened = [one.update(2.0 + i / rate, U, 0.9) for i in range(3)]
    assert any(opened)


def test_one_frame_in_five_seconds() -> None:
    one = rule(1.0)
    assert one.update(0, U, 0.9) is None
    report = one.update(5, U, 0.9)
    assert report is not None
    assert report.open
    assert report.seconds_unmasked == 5


def test_masked_and_unsure_are_no_sighting() -> None:
    one = rule()
    assert play(one, (M, 10), (X, 10), (M, 5))[0] == []
    assert not one.is_open
    assert one.close(X) is None


def test_closes_when_the_mask_is_on() -> None:
    reports, _ = play(rule(), (U, 3), (M, 2))
    last = reports[-1]
    assert [r.open for r in reports].count(False) == 1
    assert not last.open
    assert last.final_state is M
    assert last.worst_state is U
    assert last.last_seen == NOON + timedelta(seconds=3.5)  # the mask has been on for clear_after_s
    assert last.seconds_unmasked == pytest.approx(2.9)


def test_a_hand_that_passes_the_mouth_ends_nothing() -> None:
    reports, _ = play(rule(), (U, 3), (M, 0.3), (U, 3), (M, 0.4))
    assert {r.sighting_id for r in reports} == {"shift-v1-s1"}
    assert all(r.open for r in reports)
    assert reports[-1].seconds_unmasked == pytest.approx(5.6, abs=0.5)


def test_closes_when_the_person_leaves() -> None:
    one = rule()
    play(one, (U, 3))
    report = one.close(U)
    assert report is not None
    assert (report.open, report.final_state) == (False, U)
    assert one.close(U) is None


def test_unsure_does_not_close() -> None:
    one = rule()
    reports, t = play(one, (U, 2), (X, 10))
    assert all(r.open for r in reports)
    assert one.is_open
    reports, _ = play(one, (U, 1), start=t)
    assert {r.sighting_id for r in reports} == {"shift-v1-s1"}


def test_unsure_does_not_open() -> None:
    # 0.3 s bare, ten seconds of doubt, one more bare moment: not bare for longer than a second.
    assert play(rule(1.0), (U, 0.3), (X, 10), (U, 0.2))[0] == []


def test_unsure_time_is_not_counted() -> None:
    one = rule(1.0)
    reports, _ = play(one, (U, 2), (X, 10), (U, 2), (M, 0.6))
    assert reports[-1].seconds_unmasked == pytest.approx(3.8, abs=0.15)


def test_a_second_removal_is_a_new_sighting() -> None:
    reports, _ = play(rule(), (U, 2), (M, 2), (I, 2), (M, 1))
    closed = [r for r in reports if not r.open]
    assert [r.sighting_id for r in closed] == ["shift-v1-s1", "shift-v1-s2"]
    assert [r.worst_state for r in closed] == [U, I]
    assert closed[1].first_seen == NOON + timedelta(seconds=4)
    assert {r.visit_id for r in reports} == {"shift-v1"}


def test_a_short_removal_is_none() -> None:
    reports, _ = play(rule(1.0), (U, 0.8), (M, 2), (U, 0.8), (M, 2))
    assert reports == []


def test_unmasked_is_worse_than_incorrect() -> None:
    reports, _ = play(rule(), (I, 1), (U, 1), (I, 2), (M, 1))
    assert reports[-1].worst_state is U
    assert {r.sighting_id for r in reports} == {"shift-v1-s1"}


def test_an_open_sighting_is_reported_again_each_second() -> None:
    reports, _ = play(rule(), (U, 10))
    assert 8 <= len(reports) <= 10
    seconds = [r.seconds_unmasked for r in reports]
    assert seconds == sorted(seconds)


def test_limit_zero_opens_with_the_second_frame() -> None:
    one = rule(0.0)
    assert one.update(0.0, U, 0.9) is None
    assert one.update(0.04, U, 0.9) is not None


def test_the_best_confidence_and_the_identity_stay() -> None:
    one = rule()
    for t, confidence, identity in ((0, 0.7, None), (1, 0.95, "Ada"), (2, 0.8, None)):
        report = one.update(t, U, confidence, identity)
    assert report is not None
    assert report.confidence == 0.95
    assert report.identity == "Ada"


def test_a_visit_that_is_bad_at_once_was_so_from_its_first_frame() -> None:
    # The visit is told of when it is a quarter of a second old; its vote is made of that time.
    one = rule(1.0, t=1000.0)
    reports, _ = play(one, (U, 0.9), start=1000.25)
    assert len(reports) == 1
    assert reports[0].first_seen == NOON
    assert reports[0].seconds_unmasked == pytest.approx(1.05, abs=0.01)


def test_unsure_at_first_is_not_counted() -> None:
    assert play(rule(1.0), (X, 10), (U, 0.9))[0] == []
    reports, _ = play(rule(1.0), (X, 10), (U, 2), (M, 1))
    assert reports[-1].first_seen == NOON + timedelta(seconds=10)
    assert reports[-1].seconds_unmasked == pytest.approx(1.9, abs=0.11)


def test_masked_at_first_is_not_counted() -> None:
    assert play(rule(1.0), (M, 10), (U, 0.9))[0] == []


def test_time_does_not_begin_at_zero() -> None:
    one = rule(t=1000.0)
    one.update(1000.0, M, 0.9)
    reports, _ = play(one, (U, 2), start=1003.0)
    assert reports[0].first_seen == NOON + timedelta(seconds=3)
