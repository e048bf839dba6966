"""Stalled, damaged or well: what the capture thread says of a source without good pictures."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from capturing import WAIT_S, running
from fakes import FakeClock, FakeSource, picture

from monitor.camera.source import Picture
from monitor.config import CameraConfig
from monitor.errors import DamagedPictureError
from monitor.records import SourceState, WatchState


def test_a_silent_camera_is_stalled() -> None:
    clock, silent = FakeClock(), threading.Event()
    source = FakeSource([picture()], live=True)
    source.next = lambda: picture() if silent.wait(WAIT_S) else None
    with running(source, now=clock, config=CameraConfig(stall_after_s=2)) as (thread, slot, watch):
        watch.wait_for(SourceState.LIVE)
        assert slot.get(WAIT_S) is not None
        assert thread.status().state is SourceState.LIVE
        clock.t += 2.5
        assert thread.status().state is SourceState.STALLED
        assert "no picture for" in thread.status().message
        gone = thread.condition()
        assert gone is not None
        assert gone.state is WatchState.LOST
        before = datetime.now(UTC)
        silent.set()
        assert slot.get(WAIT_S) is not None
        assert thread.status().state is SourceState.LIVE
        again = thread.condition()
        assert again is not None
        assert again.state is WatchState.LIVE
        assert again.since >= before  # the silence was not watched


def test_a_camera_that_sends_damaged_pictures_is_not_called_stalled() -> None:
    clock, held, go_on = FakeClock(), threading.Event(), threading.Event()
    source = FakeSource([picture()], live=True)

    def damaged() -> Picture:
        clock.t += 0.5
        time.sleep(0.001)
        raise DamagedPictureError("one of them")

    def whole() -> Picture:
        time.sleep(0.001)
        return picture()

    def hold() -> Picture:
        held.set()
        go_on.wait(WAIT_S)
        return picture()

    source.next = damaged
    config = CameraConfig(stall_after_s=2, read_timeout_s=1e9)
    with running(source, now=clock, config=config) as (thread, _, watch):
        watch.wait_for(SourceState.DAMAGED)
        assert thread.status().state is SourceState.DAMAGED
        assert "sends damaged pictures" in thread.status().message
        source.next = whole
        watch.wait_for(SourceState.LIVE, 2)
        source.next = damaged
        watch.wait_for(SourceState.DAMAGED, 2)
        source.next = hold
        assert held.wait(WAIT_S)
        clock.t += 3
        assert thread.status().state is SourceState.STALLED  # not even damaged ones come
        source.next = whole
        go_on.set()
    assert watch.names() == [
        *(SourceState.OPENING, SourceState.LIVE, SourceState.DAMAGED),
        *(SourceState.LIVE, SourceState.DAMAGED, SourceState.LIVE),
    ]


def test_a_camera_that_sends_nothing_else_is_opened_again() -> None:
    clock = FakeClock()
    source = FakeSource([picture()], live=True)

    def damaged() -> Picture:
        clock.t += 0.5
        time.sleep(0.001)
        raise DamagedPictureError("one of them")

    source.next = damaged
    config = CameraConfig(stall_after_s=2, read_timeout_s=5)
    with running(source, now=clock, config=config) as (_, _, watch):
        watch.wait_for(SourceState.LOST)
    assert watch.names()[:4] == [
        *(SourceState.OPENING, SourceState.LIVE, SourceState.DAMAGED, SourceState.LOST),
    ]
    assert "sends damaged pictures" in watch.states[3].message


def test_a_recording_is_never_stalled() -> None:
    clock = FakeClock()
    with running(FakeSource([picture()]), now=clock) as (thread, _slot, watch):
        watch.wait_for(SourceState.LIVE)
        clock.t += 100
        assert thread.status().state is SourceState.LIVE
