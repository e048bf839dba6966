"""The inference thread: runs, skips bad frames, stops visibly, writes all at the end."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes import FailingStore, FakeClassifier, FakeClock, FakeDetector, face_at, found, frame

from monitor.analysis.pipeline import Pipeline
from monitor.analysis.worker import FAULTS_MAX, InferenceThread, Parts
from monitor.camera.slot import LatestSlot
from monitor.config import Config
from monitor.errors import ModelError
from monitor.records import Condition, Count, Detections, Frame, Update, WatchState, WorkerState
from monitor.storage.ledger import Ledger
from monitor.storage.store import Store

WAIT_S = 20.0
FACE = found(face_at(100))


class Bench:
    """An inference thread with faked models and a real store."""

    def __init__(
        self,
        path: Path,
        answers: list[Detections | Exception],
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.path, self.frames = path, LatestSlot[Frame]()
        self.updates: list[Update] = []
        self.states: list[tuple[WorkerState, str]] = []
        self.changed = threading.Condition()
        self.store: FailingStore | None = None
        options = {"now": clock} if clock is not None else {}

        def build() -> Parts:
            self.store = FailingStore(f"sqlite:///{path}")
            pipeline = Pipeline(FakeDetector(answers), FakeClassifier(), Config(), "shift")  # type: ignore[arg-type]
            return Parts(pipeline, Ledger(self.store, "shift"), "fake_v1 on fake")

        self.thread = InferenceThread(build, self.frames, self._update, self._state, **options)

    def _update(self, update: Update) -> None:
        with self.changed:
            self.updates.append(update)
            self.changed.notify_all()

    def _state(self, state: WorkerState, message: str) -> None:
        with self.changed:
            self.states.append((state, message))
            self.changed.notify_all()

    def wait(self, condition: Callable[[], object]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, WAIT_S), (self.states, len(self.updates))

    def feed(self, *frames: Frame) -> None:
        """Give frames one by one, each when the last was taken."""
        for one in frames:
            while not self.frames.put_when_empty(one, 0.2, one.camera):
                assert self.thread.is_alive(), self.states
        for one in frames:
            while not self.frames.wait_empty(0.2, one.camera):
                assert self.thread.is_alive(), self.states

    def stored(self) -> tuple[int, int]:
        other = Store(f"sqlite:///{self.path}")
        open_visits = sum(v.open for v in other.read_visits())
        number = len(other.read_sightings())
        other.close()
        return open_visits, number


@contextmanager
def running(
    path: Path, answers: list[Detections | Exception], **options: Callable[[], float]
) -> Iterator[Bench]:
    bench = Bench(path, answers, **options)
    bench.thread.start()
    try:
        yield bench
    finally:
        bench.thread.stop()
        bench.thread.join(WAIT_S)
        assert not bench.thread.is_alive()


def frames(n: int, *, start: int = 0, **changes: object) -> list[Frame]:
    return [frame((start + i) / 10, index=start + i, **changes) for i in range(n)]


def test_from_frames_to_the_store(tmp_path: Path) -> None:
    with running(tmp_path / "m.db", [FACE]) as bench:
        bench.feed(*frames(30))
    assert bench.states == [(WorkerState.READY, "fake_v1 on fake"), (WorkerState.ENDED, "")]
    assert bench.updates[-1].count == Count(unmasked=1)
    assert bench.updates[-1].sighting_total == 1
    assert bench.stored() == (0, 1)
    indices = [u.result.frame.index for u in bench.updates if u.result is not None]
    assert indices == list(range(30))


def test_a_model_that_cannot_be_loaded_is_a_state() -> None:
    def build() -> Parts:
        raise ModelError("mask_v5.onnx is missing")

    states = []
    thread = InferenceThread(
        build, LatestSlot(), lambda update: None, lambda *state: states.append(state)
    )
    thread.start()
    thread.join(WAIT_S)
    assert states == [(WorkerState.FAILED, "mask_v5.onnx is missing")]
    assert isinstance(thread.error, ModelError)


def test_an_unexpected_fault_while_loading(caplog: pytest.LogCaptureFixture) -> None:
    def build() -> Parts:
        raise ValueError("odd")

    thread = InferenceThread(build, LatestSlot(), lambda update: None)
    thread.start()
    thread.join(WAIT_S)
    assert thread.state is WorkerState.FAILED
    assert "odd" in thread.message
    assert thread.error is None
    caplog.clear()


def test_one_bad_frame_is_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running(tmp_path / "m.db", [FACE, RuntimeError("bad frame"), FACE]) as bench:
        bench.feed(*frames(30))
    assert bench.states[-1][0] is WorkerState.ENDED
    assert bench.updates[-1].sighting_total == 1
    assert caplog.text.count("a frame was skipped") == 1
    caplog.clear()


def test_ten_bad_frames_in_a_row_stop_it_visibly(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path / "m.db", [FACE] * 20 + [RuntimeError("broken")]) as bench:  # type: ignore[list-item]
        bench.feed(*frames(20))
        for one in frames(FAULTS_MAX, start=20):
            assert bench.frames.put_when_empty(one, WAIT_S, one.camera)
        bench.wait(lambda: any(state is WorkerState.FAILED for state, _ in bench.states))
    state, message = bench.states[-1]
    assert state is WorkerState.FAILED
    assert "ten faults in a row" in message
    assert bench.stored() == (0, 1)  # what was seen before is safe, and closed
    caplog.clear()


def test_people_before_a_silent_camera_leave(tmp_path: Path) -> None:
    clock = FakeClock(1000.0)
    with running(tmp_path / "m.db", [FACE], clock=clock) as bench:
        for one in frames(30):
            clock.t = 1000.0 + one.t
            bench.feed(frame(one.t, index=one.index, captured_at=clock.t))
        bench.wait(lambda: len(bench.updates) >= 30)
        assert bench.stored()[0] == 1
        clock.t += 120
        bench.wait(lambda: bench.updates[-1].sightings and not bench.updates[-1].sightings[0].open)
        assert bench.stored() == (0, 1)


def test_what_a_camera_shows_is_booked_until_it_is_closed(tmp_path: Path) -> None:
    shown = {"door": WatchState.LIVE}
    with running(tmp_path / "m.db", [FACE]) as bench:
        bench.thread.watch("door", lambda: Condition(shown["door"], datetime.now(UTC)))
        bench.thread.watch("yard", lambda: None)
        bench.feed(*frames(5))
        for state in (WatchState.LOST, WatchState.LIVE):
            time.sleep(0.3)
            shown["door"] = state
        time.sleep(0.3)
        bench.thread.unwatch("door")
        time.sleep(0.3)
        bench.thread.unwatch("door")
    store = Store(f"sqlite:///{tmp_path / 'm.db'}")
    found = store.read_watches()
    store.close()
    assert [watch.state.value for watch in found] == ["live", "lost", "live"]
    assert not any(watch.open for watch in found)
    assert all(before.ended == after.began for before, after in itertools.pairwise(found))


def test_a_picture_that_is_turned_is_booked_as_that(tmp_path: Path) -> None:
    with running(tmp_path / "m.db", [FACE]) as bench:
        bench.thread.watch("door", lambda: Condition(WatchState.LIVE, datetime.now(UTC)))
        bench.feed(*frames(5))
        time.sleep(0.3)
        bench.thread.submit(
            lambda parts: parts.pipeline._scene("door")._upright._turned.extend([True] * 5)
        )
        time.sleep(0.4)
        assert bench.thread.turned["door"].state is WatchState.UPSIDE_DOWN
    store = Store(f"sqlite:///{tmp_path / 'm.db'}")
    assert [watch.state.value for watch in store.read_watches()] == ["live", "upside down"]
    store.close()


def test_a_closed_source_ends_its_visits(tmp_path: Path) -> None:
    with running(tmp_path / "m.db", [FACE]) as bench:
        bench.feed(*frames(30, live=False))
        bench.thread.end_source("door")
        bench.wait(
            lambda: (
                bench.updates and bench.updates[-1].result is None and bench.updates[-1].sightings
            )
        )
        assert not bench.updates[-1].sightings[0].open
        assert bench.stored() == (0, 1)


def test_commands_run_in_the_thread_and_are_told(tmp_path: Path) -> None:
    names: list[str] = []
    with running(tmp_path / "m.db", [FACE]) as bench:
        bench.wait(lambda: bench.states)
        bench.thread.submit(lambda parts: names.append(threading.current_thread().name))
        bench.wait(lambda: bench.updates)
    assert names == ["inference"]


def test_a_store_that_stays_broken_ends_in_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path / "m.db", [FACE]) as bench:
        bench.wait(lambda: bench.states)
        assert bench.store is not None
        bench.store.broken = True
        bench.feed(*frames(30))
    assert bench.states[-1][0] is WorkerState.FAILED
    assert "could not be saved" in bench.states[-1][1]
    assert bench.thread.error is not None
    caplog.clear()


def test_several_cameras_and_stills(tmp_path: Path) -> None:
    with running(tmp_path / "m.db", [FACE]) as bench:
        for i in range(20):
            bench.feed(frame(i / 10, camera="a"), frame(i / 10, camera="b"))
        bench.feed(frame(camera="pictures", still=True, file="x.jpg", live=False))
    assert bench.updates[-1].camera_counts == {
        "a": Count(unmasked=1),
        "b": Count(unmasked=1),
        "pictures": Count(unmasked=1),
    }


def test_a_recording_that_begins_anew_is_somebody_else_and_a_late_end_does_not_end_it(
    tmp_path: Path,
) -> None:
    clock = FakeClock(100.0)
    with running(tmp_path / "m.db", [FACE], clock=clock) as bench:
        bench.feed(*frames(20, live=False, camera="clip"))
        bench.wait(lambda: bench.updates and bench.updates[-1].count == Count(unmasked=1))
        bench.feed(frame(0.0, index=0, live=False, camera="clip", captured_at=200.0))
        bench.thread.end_source("clip")  # of the look before, at 100
        bench.feed(*frames(20, start=1, live=False, camera="clip"))
        bench.wait(lambda: bench.updates[-1].count == Count(unmasked=2))
    visits = Store(f"sqlite:///{tmp_path / 'm.db'}").read_visits()
    assert len({visit.visit_id for visit in visits}) == 2
