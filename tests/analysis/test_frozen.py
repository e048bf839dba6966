"""The time in which a camera's picture stands still is nobody's: visits and sightings end where it
stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest
from fakes import (
    NOON,
    UNMASKED,
    FakeClassifier,
    FakeClock,
    FakeDetector,
    FakeSource,
    face_at,
    found,
    frame,
)

from monitor.analysis.pipeline import Pipeline
from monitor.analysis.sightings import Origin, SightingRule
from monitor.camera.source import Picture
from monitor.config import Config, SightingConfig
from monitor.records import Frame, FrameResult, MaskState, Sighting, Visit
from tests.camera.capturing import running

U, M = MaskState.UNMASKED, MaskState.MASKED


def pipeline() -> Pipeline:
    return Pipeline(
        FakeDetector([found(face_at(100))]),
        FakeClassifier([UNMASKED]),
        Config(),
        "shift",  # type: ignore[arg-type]
    )


def last(results: list[FrameResult]) -> tuple[dict[str, Visit], dict[str, Sighting]]:
    visits = {v.visit_id: v for result in results for v in result.visits}
    sightings = {s.sighting_id: s for result in results for s in result.sightings}
    return visits, sightings


def watched(seconds: float, frozen_s: float, after_s: float) -> Iterator[Frame]:
    """What the capture thread says of ten pictures a second."""
    for i in range(round(10 * (seconds + frozen_s + after_s))):
        t = i / 10
        stood = seconds + 9 <= t < seconds + frozen_s
        yield frame(
            t, index=i, wall=NOON + timedelta(seconds=t), frozen_t=seconds if stood else None
        )


def test_a_sighting_ends_where_the_picture_stopped() -> None:
    one = pipeline()
    results = [r for f in watched(6, 15, 0) for r in one.process([f])]
    visits, sightings = last(results)
    (visit,), (sighting,) = visits.values(), sightings.values()
    assert not visit.open
    assert visit.last_seen == NOON + timedelta(seconds=6)
    assert not sighting.open
    assert sighting.seconds_unmasked == pytest.approx(6, abs=0.2)
    assert sighting.last_seen == NOON + timedelta(seconds=6)
    assert sighting.final_state is U
    assert results[-1].faces == ()


def test_nothing_begins_before_an_old_picture_and_all_goes_on_after_it() -> None:
    one = pipeline()
    results = [r for f in watched(6, 60, 4) for r in one.process([f])]
    visits, sightings = last(results)
    assert len(visits) == len(sightings) == 2
    _, again = sightings.values()
    assert again.first_seen >= NOON + timedelta(seconds=66)
    assert again.seconds_unmasked < 4.1


def test_through_the_capture_thread() -> None:
    """6 s watched and 15 s frozen are 6 s without a mask."""
    clock, results = FakeClock(), []
    rng = np.random.default_rng(0)
    shown = [rng.integers(0, 255, (240, 320, 3)).astype(np.uint8) for _ in range(60)]
    one = pipeline()
    source, wanted = FakeSource(live=True, name="door"), threading.Semaphore(0)

    def read() -> Picture | None:
        wanted.acquire(timeout=5)
        clock.t += 0.1
        index = round(10 * (clock.t - 100))
        return Picture(shown[min(index, 60) - 1].copy(), index / 10)

    source.next = read
    with running(source, now=clock) as (thread, slot, _):
        while clock.t < 100 + 21:
            wanted.release()
            taken = slot.get(5)
            assert taken is not None, thread.status()
            results += one.process([taken])
        thread.stop()
        wanted.release()
    visits, sightings = last(results)
    (visit,), (sighting,) = visits.values(), sightings.values()
    assert not visit.open
    assert not sighting.open
    assert sighting.seconds_unmasked == pytest.approx(6, abs=0.5)
    assert sighting.last_seen - sighting.first_seen == pytest.approx(
        timedelta(seconds=6), abs=timedelta(seconds=0.5)
    )


def rule() -> SightingRule:
    return SightingRule(SightingConfig(1.0), Origin("door", "shift", "fake"), "v1", 0.0, NOON)


def play(one: SightingRule, *parts: tuple[MaskState, float]) -> None:
    t = 0.0
    for state, seconds in parts:
        for _ in range(round(10 * seconds)):
            one.update(t, state, 0.9)
            t += 0.1


def test_only_time_without_a_mask_is_taken_back() -> None:
    one = rule()
    play(one, (U, 5), (M, 0.4), (U, 5))
    closed = one.close(U, until_t=7.4)
    assert closed is not None
    assert closed.seconds_unmasked == pytest.approx(7, abs=0.2)
    assert closed.last_seen == NOON + timedelta(seconds=7.4)


def test_what_began_after_the_picture_stopped_has_no_length() -> None:
    one = rule()
    play(one, (M, 5), (U, 5))
    closed = one.close(U, until_t=3)
    assert closed is not None
    assert closed.seconds_unmasked == 0
    assert closed.last_seen == closed.first_seen


def test_an_end_that_has_not_come_changes_nothing() -> None:
    one = rule()
    play(one, (U, 5))
    closed = one.close(U, until_t=99)
    assert closed is not None
    assert closed.seconds_unmasked == pytest.approx(4.9)
