"""What a live camera shows, and since when, as its capture thread says it."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from capturing import WAIT_S, running
from fakes import NOON, FakeClock, FakeSource

from monitor.camera import evidence
from monitor.camera.capture import CaptureThread
from monitor.camera.condition import Showing
from monitor.camera.source import Picture
from monitor.errors import CameraError
from monitor.records import Condition, Image, SourceState, WatchState


def noisy(seed: int) -> Image:
    rng = np.random.default_rng(seed)
    stripes = 60 * (np.arange(160) // 20 % 2)[None, :, None]
    return (80 + stripes + rng.integers(0, 9, (120, 160, 3))).astype(np.uint8)


class Door:
    """A camera whose time goes by as it is read: ten pictures a second."""

    def __init__(self) -> None:
        self.clock, self.t = FakeClock(), 0.0
        self.frozen, self.error = False, ""
        self._seeds, self._last = itertools.count(), noisy(0)
        self.source = FakeSource(live=True, name="door")
        self.source.next = self._next
        self.stop = threading.Event()

    def _next(self) -> Picture:
        time.sleep(0.001)
        self.clock.t += 0.1
        self.t += 0.1
        if self.error:
            raise CameraError(self.error)
        if not self.frozen:
            self._last = noisy(next(self._seeds))
        return Picture(self._last.copy(), self.t)


def until(told: Callable[[], object]) -> None:
    ends = time.monotonic() + WAIT_S
    while not told():
        assert time.monotonic() < ends
        time.sleep(0.002)


def state(thread: CaptureThread) -> WatchState | None:
    condition = thread.condition()
    return condition.state if condition is not None else None


@pytest.fixture
def door() -> Iterator[tuple[Door, CaptureThread]]:
    one = Door()
    with running(one.source, now=one.clock) as (thread, _, _):
        yield one, thread


def test_a_picture_that_stands_is_frozen_and_its_frames_say_since_when() -> None:
    one = Door()
    with running(one.source, now=one.clock) as (thread, slot, _):
        until(lambda: state(thread) is WatchState.LIVE)
        stopped = one.t
        one.frozen = True
        until(lambda: state(thread) is WatchState.FROZEN)
        condition, now = thread.condition(), datetime.now(UTC)
        assert condition is not None
        # by the camera's clock, which goes faster here than that on the wall
        stood_s = (now - condition.since).total_seconds()
        assert evidence.FROZEN_AFTER_S - 0.1 <= stood_s <= evidence.FROZEN_AFTER_S + 2
        slot.get(WAIT_S)
        shown = slot.get(WAIT_S)
        assert shown is not None
        assert shown.frozen_t == pytest.approx(stopped, abs=0.5)
        one.frozen = False
        until(lambda: state(thread) is WatchState.LIVE)
        until(lambda: (taken := slot.get(WAIT_S)) is not None and taken.frozen_t is None)


def test_a_pause_is_a_pause_and_says_since_when(door: tuple[Door, CaptureThread]) -> None:
    _, thread = door
    until(lambda: state(thread) is WatchState.LIVE)
    before = datetime.now(UTC)
    thread.pause(True)
    paused = thread.condition()
    assert paused is not None
    assert (paused.state, before <= paused.since <= datetime.now(UTC)) == (WatchState.PAUSED, True)
    thread.pause(True)  # again: it goes on
    assert thread.condition() == paused
    thread.pause(False)
    until(lambda: state(thread) is WatchState.LIVE)


def test_a_lost_camera_is_lost_since_its_last_picture(door: tuple[Door, CaptureThread]) -> None:
    one, thread = door
    until(lambda: state(thread) is WatchState.LIVE)
    one.error = "door gives no more pictures"
    before = datetime.now(UTC)
    until(lambda: state(thread) is WatchState.LOST)
    thread.pause(True)  # no picture comes: that is more than a pause
    lost = thread.condition()
    assert lost is not None
    assert (lost.state, abs(lost.since - before) < timedelta(seconds=5)) == (WatchState.LOST, True)
    thread.pause(False)
    one.error = ""
    until(lambda: state(thread) is WatchState.LIVE)


def test_a_silent_camera_is_lost() -> None:
    clock, silent = FakeClock(), threading.Event()
    source = FakeSource([Picture(noisy(0), 0.0)], live=True)
    source.next = lambda: Picture(noisy(1), 1.0) if silent.wait(WAIT_S) else None
    with running(source, now=clock) as (thread, _, _):
        until(lambda: state(thread) is WatchState.LIVE)
        clock.t += 10
        assert thread.status().state is SourceState.STALLED
        assert state(thread) is WatchState.LOST
        silent.set()
        until(lambda: state(thread) is WatchState.LIVE)


def test_before_it_was_tried_nothing_is_known_and_of_a_recording_never() -> None:
    source = FakeSource(live=True)
    source.open_errors = [CameraError("it is not there")] * 2
    source.next = lambda: Picture(noisy(1), 1.0)
    thread = CaptureThread(source, None, None)  # type: ignore[arg-type]  # not started
    assert thread.condition() is None
    with running(source) as (thread, _, _):
        until(lambda: state(thread) is WatchState.LOST)
        assert thread.status().message == "it is not there"
    clip = FakeSource([Picture(noisy(i), i / 10) for i in range(5)])
    with running(clip) as (thread, slot, watch):
        while slot.get(0.2) is not None:
            pass
        watch.wait_for(SourceState.ENDED)
        assert thread.condition() is None


def test_since_is_when_it_began_and_not_when_it_was_known() -> None:
    """Also after the clock on the wall was read many times."""
    moment = itertools.count()
    showing = Showing(wall=lambda: NOON + timedelta(seconds=next(moment) / 4))
    for i in range(40):
        showing.look(Picture(noisy(i), i / 4), 100 + i / 4)
    assert showing.now == Condition(WatchState.LIVE, NOON)
    black = np.zeros((120, 160, 3), np.uint8)
    for i in range(40, 80):
        showing.look(Picture(black, i / 4), 100 + i / 4)
    assert showing.now == Condition(WatchState.BLACK, NOON + timedelta(seconds=39 / 4))
