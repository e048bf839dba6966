"""Going back and forth in a recording: every picture is judged once, in order, and the picture that
is shown is exactly the one that was asked for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.camera.clip import ClipSource
from monitor.camera.folder import FolderSource
from monitor.camera.review import ReviewSource, ReviewThread
from monitor.camera.slot import LatestSlot
from monitor.config import CameraConfig
from monitor.records import Frame, SourceState
from tests.gui.review.tapes import RATE, number_in, numbered, write_tape

WAIT_S = 20.0


class Room:
    """A thread whose frames are judged at once, and what it has shown."""

    def __init__(self, source: ReviewSource) -> None:
        self.slot: LatestSlot[Frame] = LatestSlot()
        self.judged: list[Frame] = []
        self.shown: list[Frame] = []
        self.states: list[SourceState] = []
        self._over = threading.Event()
        self.thread = ReviewThread(
            source,
            self.slot,
            CameraConfig(),
            self.shown.append,
            lambda status: self.states.append(status.state),
        )
        self._judge = threading.Thread(target=self._take, daemon=True)

    def _take(self) -> None:
        while not self._over.is_set():
            frame = self.slot.get(0.05)
            if frame is not None:
                self.judged.append(frame)

    def start(self) -> None:
        self._judge.start()
        self.thread.start()

    def close(self) -> None:
        self.thread.stop()
        self.thread.join(WAIT_S)
        assert not self.thread.is_alive()
        self._over.set()
        self._judge.join(WAIT_S)

    def wait(self, is_so: Callable[[], bool]) -> None:
        limit = time.monotonic() + WAIT_S
        while not is_so():
            assert time.monotonic() < limit, self.thread.place()
            time.sleep(0.005)

    def judge_all(self) -> None:
        self.thread.seek(1e6)
        self.wait(lambda: SourceState.ENDED in self.states)

    def see(self, number: int) -> Frame:
        """The frame that is shown, once it is this one."""
        self.wait(lambda: self.thread.place().number == number and bool(self.shown))
        self.wait(lambda: self.shown[-1].index == number)
        return self.shown[-1]


@pytest.fixture
def enter() -> Iterator[Callable[..., Room]]:
    rooms: list[Room] = []

    def make(source: ReviewSource, paused: bool = True) -> Room:
        room = Room(source)
        rooms.append(room)
        room.thread.pause(paused)
        room.start()
        return room

    yield make
    for room in rooms:
        room.close()


Enter = Callable[..., Room]
# what a file makes of seeking: key frames far apart, all of them, none that can be found
KINDS: dict[str, tuple[str, str, dict[str, str]]] = {
    "mp4, few key frames": ("tape.mp4", "libx264", {"g": "250", "bf": "3"}),
    "mkv": ("tape.mkv", "libx264", {"g": "12"}),
    "avi": ("tape.avi", "mjpeg", {}),
    "ts": ("tape.ts", "libx264", {"g": "30"}),
    "raw, without index and stamps": ("tape.h264", "libx264", {"g": "40"}),
    "webm": ("tape.webm", "libvpx-vp9", {"g": "40", "deadline": "realtime", "cpu-used": "8"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_was_judged_is_shown_again_exactly(
    tmp_path: Path, enter: Enter, kind: str
) -> None:
    name, codec, options = KINDS[kind]
    room = enter(ClipSource(write_tape(tmp_path / name, 100, codec, options=options)))
    room.judge_all()
    times = [frame.t for frame in room.judged]
    assert [number_in(frame.image) for frame in room.judged] == list(range(100))
    for number in (57, 3, 99, 0, 58, 57, 56, 90):
        room.thread.seek(times[number])
        frame = room.see(number)
        assert number_in(frame.image) == number
        assert frame.t == times[number]
        assert frame.shown_only
    assert [frame.index for frame in room.judged] == list(range(100))


def test_steps_show_the_picture_before_and_the_next_one(tmp_path: Path, enter: Enter) -> None:
    room = enter(ClipSource(write_tape(tmp_path / "tape.mp4")))
    room.thread.seek(2.0)
    room.wait(lambda: room.thread.place().number == 40)
    for number in (39, 38, 37):
        room.thread.step(-1)
        assert number_in(room.see(number).image) == number
    for number in (38, 39, 40):
        room.thread.step(1)
        assert number_in(room.see(number).image) == number
    assert len(room.judged) == 41
    for number in (41, 42):  # at the front the next picture is judged
        room.thread.step(1)
        room.wait(lambda number=number: room.thread.place().number == number)
    room.wait(lambda: len(room.judged) == 43)
    assert [number_in(frame.image) for frame in room.judged] == list(range(43))
    room.thread.step(-100)
    assert room.see(0).index == 0


def test_a_seek_ahead_judges_all_on_the_way_and_lands_there(tmp_path: Path, enter: Enter) -> None:
    room = enter(ClipSource(write_tape(tmp_path / "tape.mp4", 200)))
    room.thread.seek(7.03)
    room.wait(lambda: room.thread.place().number == 140 and room.thread.place().target_s is None)
    place = room.thread.place()
    assert place.at_front
    assert abs(place.t - 7.03) < 1 / RATE
    room.wait(lambda: len(room.judged) == 141)
    assert [frame.index for frame in room.judged] == list(range(141))


def test_space_on_the_way_stops_there(tmp_path: Path, enter: Enter) -> None:
    room = enter(ClipSource(write_tape(tmp_path / "tape.mp4", 400)))
    gate = threading.Event()
    room.thread._put = gated(room.thread._put, gate, 30)  # type: ignore[method-assign]
    room.thread.seek(19.0)
    room.wait(lambda: len(room.judged) == 30)
    assert room.thread.place().target_s == 19.0
    room.thread.pause(True)
    gate.set()
    room.wait(lambda: room.thread.place().target_s is None)
    judged = len(room.judged)
    assert judged < 40
    room.thread.step(1)
    room.wait(lambda: len(room.judged) > judged)
    assert [frame.index for frame in room.judged] == list(range(len(room.judged)))


def gated(put: Callable[..., None], gate: threading.Event, after: int) -> Callable[..., None]:
    """`put` that waits for a gate after so many calls."""
    calls = 0

    def waiting(picture: object) -> None:
        nonlocal calls
        calls += 1
        if calls > after:
            assert gate.wait(WAIT_S)
        put(picture)

    return waiting


def test_a_look_ahead_judges_nothing(tmp_path: Path, enter: Enter) -> None:
    room = enter(ClipSource(write_tape(tmp_path / "tape.mp4", 200)))
    room.thread.seek(1.0)
    room.wait(lambda: room.thread.place().number == 20)
    room.thread.glance(8.0)
    room.wait(lambda: bool(room.shown) and room.shown[-1].index == -1)
    assert number_in(room.shown[-1].image) == 160
    assert room.thread.place().t == pytest.approx(8.0)
    assert (room.thread.place().number, room.thread.at_front) == (-1, False)
    room.thread.glance(0.5)  # what was judged is shown as it was
    assert number_in(room.see(10).image) == 10
    assert len(room.judged) == 21
    room.thread.seek(1.05)
    room.wait(lambda: len(room.judged) == 22)
    assert [number_in(frame.image) for frame in room.judged] == list(range(22))


def test_times_of_a_clip_whose_rate_varies(tmp_path: Path, enter: Enter) -> None:
    stamps = [sum(20 + 60 * (i % 3) + i for i in range(n)) for n in range(90)]
    room = enter(ClipSource(write_tape(tmp_path / "tape.mkv", 90, stamps=stamps)))
    room.judge_all()
    assert [frame.t for frame in room.judged] == pytest.approx([s / 1000 for s in stamps])
    for number in (70, 11, 12, 45):
        t, following = stamps[number] / 1000, stamps[number + 1] / 1000
        room.thread.seek((t + following) / 2)  # the picture that is shown at that time
        assert number_in(room.see(number).image) == number
    assert room.thread.place().length_s == pytest.approx(stamps[-1] / 1000)


def test_a_clip_that_was_cut_short_is_as_long_as_what_could_be_read(
    tmp_path: Path, enter: Enter, caplog: pytest.LogCaptureFixture
) -> None:
    whole = write_tape(tmp_path / "whole.avi", 100, "mjpeg", options={})
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    room = enter(ClipSource(cut))
    room.wait(lambda: room.thread.place().length_s > 0)
    room.judge_all()
    caplog.clear()  # it says that frames are missing
    last = len(room.judged) - 1
    assert 40 < last < 80
    assert room.thread.place().length_s == pytest.approx(last / RATE)
    room.thread.seek(4.9)  # more than there is
    room.wait(lambda: room.thread.place().number == last)
    room.thread.seek(1.0)
    assert number_in(room.see(20).image) == 20
    assert room.thread.status().state is SourceState.LIVE


def test_the_end_is_no_end_of_the_review(tmp_path: Path, enter: Enter) -> None:
    room = enter(ClipSource(write_tape(tmp_path / "tape.mp4", 30)), paused=False)
    room.wait(lambda: SourceState.ENDED in room.states)
    assert len(room.judged) == 30
    room.states.clear()
    room.thread.speed = 8.0
    room.thread.seek(0.0)
    room.wait(lambda: SourceState.ENDED in room.states)
    assert number_in(room.shown[0].image) == 0
    assert number_in(room.shown[-1].image) == 29
    assert [frame.index for frame in room.shown] == list(range(30))
    assert len(room.judged) == 30


class Stepped:
    """A clock that goes only while somebody waits on the event that it makes."""

    def __init__(self) -> None:
        self.t = 100.0

    def __call__(self) -> float:
        return self.t


class Waits(threading.Event):
    """An event whose waits take the time of a clock, and none of ours."""

    def __init__(self, clock: Stepped) -> None:
        super().__init__()
        self.clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is None:
            return super().wait()
        if not self.is_set():
            self.clock.t += timeout
        return self.is_set()


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.0, 2.0, 8.0])
def test_the_speed_is_that_of_the_play(tmp_path: Path, enter: Enter, speed: float) -> None:
    clock = Stepped()
    room = Room(ClipSource(write_tape(tmp_path / "tape.mp4", 60)))
    room.thread._now = clock
    room.thread._wake = Waits(clock)
    room.thread.speed = speed
    room.start()
    try:
        room.wait(lambda: SourceState.ENDED in room.states)
        assert len(room.judged) == 60
        taken_s = room.judged[-1].captured_at - room.judged[0].captured_at
        assert taken_s == pytest.approx((59 / RATE) / speed, rel=0.01)
        assert room.thread.place().reached is None
    finally:
        room.close()


def test_a_play_that_is_too_fast_leaves_no_picture_out_and_says_what_it_reaches(
    tmp_path: Path,
) -> None:
    clock = Stepped()
    room = Room(ClipSource(write_tape(tmp_path / "tape.mp4", 200)))
    room.thread._now, room.thread._wake = clock, Waits(clock)
    put = room.thread._put

    def slow(picture: object) -> None:
        clock.t += 0.025  # 40 pictures a second, 2 s of the recording
        reached.append(room.thread.place().reached)
        put(picture)  # type: ignore[arg-type]

    reached: list[float | None] = []
    room.thread._put = slow  # type: ignore[method-assign, assignment]
    room.thread.speed = 8.0
    room.start()
    try:
        room.wait(lambda: SourceState.ENDED in room.states)
        assert [frame.index for frame in room.judged] == list(range(200))
        told = [speed for speed in reached if speed is not None]
        assert told[-1] == pytest.approx(2.0, rel=0.1)
    finally:
        room.close()


def test_a_fresh_look_begins_at_the_beginning(tmp_path: Path, enter: Enter) -> None:
    room = enter(ClipSource(write_tape(tmp_path / "tape.mp4", 40)))
    room.judge_all()
    room.thread.begin_anew()
    assert room.thread.status().state is SourceState.OPENING
    room.wait(lambda: not room.thread.place().ended)
    room.thread.seek(1e6)
    room.wait(lambda: len(room.judged) == 80)
    assert [frame.index for frame in room.judged] == 2 * list(range(40))


def test_a_folder_is_gone_through_picture_by_picture(
    tmp_path: Path, enter: Enter, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(6):
        cv2.imwrite(str(tmp_path / f"{number}.png"), numbered(number))
    (tmp_path / "2b.png").write_bytes(b"damaged")
    room = enter(FolderSource(tmp_path))
    room.thread.seek(2.0)
    room.wait(lambda: room.thread.place().number == 2)
    room.thread.step(-1)
    frame = room.see(1)
    assert (number_in(frame.image), frame.file, frame.still) == (1, "1.png", True)
    room.thread.glance(5.0)
    room.wait(lambda: bool(room.shown) and room.shown[-1].index == -1)
    room.thread.seek(1e6)
    room.wait(lambda: SourceState.ENDED in room.states)
    assert [number_in(np.asarray(frame.image)) for frame in room.judged] == list(range(6))
    assert room.thread.place().length_s == 5.0
    (left_out,) = caplog.messages
    assert "2b.png" in left_out
    caplog.clear()


def test_a_file_that_is_gone_meanwhile_fails_in_one_line(tmp_path: Path, enter: Enter) -> None:
    path = write_tape(tmp_path / "tape.mp4", 40)
    room = enter(ClipSource(path))
    room.judge_all()
    path.unlink()
    room.thread.seek(0.5)  # no decoder can be opened any more: what is shown stays
    room.wait(lambda: room.thread.place().number == 10)
    assert room.shown == []
    room.thread.begin_anew()
    room.wait(lambda: SourceState.FAILED in room.states)
    assert "is not there: check the path" in room.thread.status().message
