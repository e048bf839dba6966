"""The capture thread: newest frame for cameras, every frame for recordings, states,
reconnecting.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from capturing import WAIT_S, Watch, running
from fakes import FakeClock, FakeSource, picture

from monitor.camera.capture import CaptureThread, PacedCapture
from monitor.camera.slot import LatestSlot
from monitor.camera.source import Picture
from monitor.config import CameraConfig
from monitor.errors import CameraError
from monitor.records import Frame, SourceState


def test_a_recording_loses_no_frame() -> None:
    source = FakeSource([picture(i / 10, grey=i) for i in range(50)])
    with running(source) as (_, slot, watch):
        frames = []
        while (frame := slot.get(WAIT_S if len(frames) < 50 else 0.0)) is not None:
            frames.append(frame)
        watch.wait_for(SourceState.ENDED)
    assert [f.index for f in frames] == list(range(50))
    assert [int(f.image[0, 0, 0]) for f in frames] == list(range(50))
    assert [f.t for f in frames] == pytest.approx([i / 10 for i in range(50)])
    assert watch.names() == [SourceState.OPENING, SourceState.LIVE, SourceState.ENDED]
    assert slot.dropped == 0


def test_it_ends_only_when_the_last_frame_was_taken() -> None:
    with running(FakeSource([picture()])) as (thread, slot, watch):
        watch.wait_for(SourceState.LIVE)
        thread.join(0.5)
        assert SourceState.ENDED not in watch.names()
        assert slot.get(WAIT_S) is not None
        watch.wait_for(SourceState.ENDED)


def test_frames_carry_what_records_say() -> None:
    with running(FakeSource([picture(1.5, "a.jpg")], stills=True, name="pictures")) as (
        _,
        slot,
        _watch,
    ):
        frame = slot.get(WAIT_S)
    assert frame is not None
    assert (frame.t, frame.file, frame.camera, frame.still, frame.live) == (
        1.5,
        "a.jpg",
        "pictures",
        True,
        False,
    )
    assert not frame.image.flags.writeable
    assert frame.wall_time.utcoffset() is not None
    assert abs(frame.wall_time - frame.wall_time.now().astimezone()) < timedelta(minutes=1)


def test_newest_frame_of_a_camera_wins() -> None:
    read = threading.Event()
    source = FakeSource([picture(i) for i in range(5)], live=True)

    def wait() -> None:
        read.set()
        raise CameraError("gone")

    source.next = wait  # type: ignore[assignment]
    with running(source) as (_, slot, _watch):
        assert read.wait(WAIT_S)
        frame = slot.get(0)
        assert frame is not None
        assert frame.index == 4
        assert slot.get(0) is None
    assert slot.dropped == 4


class Pauses(threading.Event):
    """A stop event that does not wait, but remembers how long it was asked to."""

    def __init__(self, enough: int) -> None:
        super().__init__()
        self.asked: list[float] = []
        self._enough = enough

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout or 0.0)
        if len(self.asked) >= self._enough:
            self.set()
        return self.is_set()


def run_with_pauses(source: FakeSource, pauses: int, **options: Any) -> tuple[list[float], Watch]:
    """Run the thread's work here, without waiting, until it has paused so often."""
    watch = Watch()
    thread = CaptureThread(
        source, LatestSlot(), options.pop("config", CameraConfig()), on_status=watch, **options
    )
    events = Pauses(pauses)
    thread._stop_event = events
    thread.run()
    return events.asked, watch


def test_pauses_between_tries_grow_to_thirty_seconds() -> None:
    source = FakeSource(live=True)
    source.open_errors = [CameraError("not there")] * 8
    pauses, watch = run_with_pauses(source, 8)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    lost = [s for s in watch.states if s.state is SourceState.LOST]
    assert [s.retry_in_s for s in lost] == pauses
    assert {s.message for s in lost} == {"not there"}


def test_pauses_keep_to_the_setting() -> None:
    source = FakeSource(live=True)
    source.open_errors = [CameraError("not there")] * 5
    assert run_with_pauses(source, 4, config=CameraConfig(retry_max_s=3))[0] == [1, 2, 3, 3]


def test_a_camera_that_came_back_begins_with_short_pauses_again() -> None:
    source = FakeSource([picture(), CameraError("gone")], live=True)
    source.open_errors = [CameraError("x")] * 3 + [None] + [CameraError("x")] * 3
    pauses, watch = run_with_pauses(source, 6)
    assert pauses == [1, 2, 4, 1, 2, 4]
    assert watch.names().count(SourceState.LIVE) == 1


def test_a_lost_camera_comes_back() -> None:
    source = FakeSource([picture(0, grey=1), CameraError("cable"), picture(5, grey=2)], live=True)
    hold = threading.Event()
    source.next = lambda: picture(9) if hold.wait(WAIT_S) else None
    with running(source, config=CameraConfig(retry_max_s=1)) as (_, _slot, watch):
        watch.wait_for(SourceState.LIVE, times=2)
        hold.set()
    assert (
        watch.names()[:6]
        == [
            *(SourceState.OPENING, SourceState.LIVE, SourceState.LOST),
            *(SourceState.OPENING, SourceState.LIVE),
        ][: len(watch.names())]
    )
    assert source.opened == 2


def test_the_size_may_change_after_a_reconnect() -> None:
    import numpy as np

    source = FakeSource(
        [picture(), CameraError("cable"), Picture(np.zeros((20, 30, 3), np.uint8), 2.0)], live=True
    )
    second = threading.Event()
    source.next = lambda: second.wait(WAIT_S) and None  # type: ignore[assignment,return-value]
    with running(source) as (_, slot, watch):
        watch.wait_for(SourceState.LIVE, times=2)
        frame = slot.get(WAIT_S)
        while frame is not None and frame.index == 0:
            frame = slot.get(WAIT_S)
        second.set()
    assert frame is not None
    assert frame.image.shape == (20, 30, 3)


def test_a_recording_that_cannot_be_opened_is_not_tried_again() -> None:
    source = FakeSource()
    source.open_errors = [CameraError("not there")]
    with running(source) as (_, _slot, watch):
        watch.wait_for(SourceState.FAILED)
    assert watch.states[-1].message == "not there"
    assert source.opened == 1


def test_a_recording_is_never_tried_again() -> None:
    source = FakeSource([picture(), CameraError("damaged")])
    with running(source) as (_, slot, watch):
        slot.get(WAIT_S)
        watch.wait_for(SourceState.FAILED)
    assert source.opened == 1


def test_an_unexpected_fault_is_a_state(caplog: pytest.LogCaptureFixture) -> None:
    with running(FakeSource([ValueError("odd")])) as (_, _slot, watch):
        watch.wait_for(SourceState.FAILED)
    assert "odd" in watch.states[-1].message
    assert "capture thread" in caplog.text
    caplog.clear()


def test_stop_ends_a_recording_that_nobody_reads() -> None:
    source = FakeSource()
    source.next = picture
    with running(source) as (thread, _slot, watch):
        watch.wait_for(SourceState.LIVE)
        thread.stop()
        thread.join(WAIT_S)
        assert not thread.is_alive()


def test_stop_ends_a_long_pause() -> None:
    source = FakeSource(live=True)
    source.open_errors = [CameraError("x")] * 99
    with running(source) as (thread, _slot, watch):
        watch.wait_for(SourceState.LOST)
        thread.stop()
        thread.join(WAIT_S)
        assert not thread.is_alive()


def test_pause_holds_a_recording() -> None:
    source = FakeSource([picture(i) for i in range(3)])
    with running(source) as (thread, slot, _watch):
        assert slot.get(WAIT_S) is not None
        thread.pause(True)
        assert thread.paused
        held = 0
        while slot.get(0.2) is not None:
            held += 1
        assert held <= 2  # one in the slot, one in the hand
        thread.pause(False)
        while held < 2:
            assert slot.get(WAIT_S) is not None
            held += 1


def test_a_paused_camera_goes_on_being_read() -> None:
    read = threading.Semaphore(0)
    source = FakeSource(live=True)

    def give() -> Any:
        read.release()
        return picture()

    source.next = give
    with running(source) as (thread, slot, watch):
        watch.wait_for(SourceState.LIVE)
        thread.pause(True)
        slot.get(0.1)
        for _ in range(50):
            assert read.acquire(timeout=WAIT_S)
        slot.get(0)  # one that was on its way
        assert slot.get(0.05) is None
        thread.pause(False)
        assert slot.get(WAIT_S) is not None


def test_a_recording_is_paced_by_its_frame_times() -> None:
    clock = FakeClock(0.0)
    waits: list[float] = []
    source = FakeSource([picture(0.0), picture(0.5), picture(2.0)])
    slot: LatestSlot[Frame] = LatestSlot()
    thread = PacedCapture(source, slot, CameraConfig(), now=clock)
    slot.put_when_empty = lambda *_: True  # type: ignore[method-assign]

    class Sleep(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0.0)
            clock.t += timeout or 0.0
            return False

    thread._stop_event = Sleep()
    thread.run()
    assert waits == pytest.approx([0.0, 0.5, 1.5])


def test_only_the_capture_thread_touches_the_source() -> None:
    touched: set[str] = set()

    class Spy(FakeSource):
        def open(self) -> None:
            touched.add(threading.current_thread().name)
            super().open()

        def read(self) -> Any:
            touched.add(threading.current_thread().name)
            return super().read()

        def close(self) -> None:
            touched.add(threading.current_thread().name)
            super().close()

    with running(Spy([picture()], name="spy")) as (_, slot, watch):
        slot.get(WAIT_S)
        watch.wait_for(SourceState.ENDED)
    assert touched == {"capture spy"}
