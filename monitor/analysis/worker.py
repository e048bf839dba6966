"""The inference thread: loads the models, runs the pipeline on the newest frame of each camera,
keeps the ledger.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from monitor.analysis.pipeline import Pipeline
from monitor.camera.slot import LatestSlot
from monitor.errors import MonitorError
from monitor.records import Condition, Frame, Update, WorkerState
from monitor.storage.ledger import Ledger

if TYPE_CHECKING:
    from monitor.identity.watch import Known
    from monitor.learning.collect import Collector
    from monitor.learning.watch import ModelWatch

log = logging.getLogger(__name__)

FAULTS_MAX = 10  # bad frames in a row that stop the thread, visibly
IDLE_S = 0.1  # housekeeping is done as often, whatever comes in


def judged(condition: Condition, turned: Condition | None) -> Condition:
    """What a camera shows, where the analysis has found that its picture is turned."""
    return turned if condition.state.watches and turned is not None else condition


@dataclass(frozen=True, slots=True)
class Parts:
    """What the inference thread owns; built in that thread, so that the window need not wait for
    models.
    """

    pipeline: Pipeline
    ledger: Ledger
    model: str  # for the status bar
    models: ModelWatch | None = None  # who says that another model is live
    keeper: Collector | None = None  # who keeps faces to learn from, where that is wanted


class InferenceThread(threading.Thread):
    """Runs until it is stopped, or a fault ends it.

    Args:
        build: Loads models and opens the store; called in this thread. May raise `MonitorError`.
        frames: Where frames come from.
        on_update: Called in this thread with each `Update`.
        on_state: Called in this thread when the state changes, with a line for the user.
    """

    def __init__(
        self,
        build: Callable[[], Parts],
        frames: LatestSlot[Frame],
        on_update: Callable[[Update], None],
        on_state: Callable[[WorkerState, str], None] = lambda state, message: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(name="inference", daemon=True)
        self._build = build
        self._frames = frames
        self._on_update = on_update
        self._on_state = on_state
        self._now = now
        self._commands: queue.SimpleQueue[Callable[[Parts], None]] = queue.SimpleQueue()
        self._stop_event = threading.Event()
        self._live_zero: dict[str, float] = {}  # camera -> monotonic time of its t = 0
        self._begun: dict[str, float] = {}  # recording -> when its first frame was read
        self._looks: dict[str, Callable[[], Condition | None]] = {}  # by live camera
        # cameras whose pictures are turned, by their last faces; replaced, never changed in place
        self.turned: dict[str, Condition] = {}
        self._faults = 0  # in a row
        self.skipped = 0  # frames that could not be analysed
        self._tidy_at = 0.0
        self._obeying: Known | None = None  # news of the gallery, not confirmed yet
        self.state, self.message = WorkerState.LOADING, ""
        # what ended the thread, if it was the user's to mend
        self.error: MonitorError | None = None

    # Called by other threads

    def stop(self) -> None:
        """Ask the thread to end the open visits, write all and end."""
        self._stop_event.set()

    def submit(self, command: Callable[[Parts], None]) -> None:
        """Have something done with pipeline and ledger between two frames."""
        self._commands.put(command)

    def end_source(self, camera: str) -> None:
        """End the visits of a source that was closed, after the frames that it gave."""

        asked_at = self._now()

        def end(parts: Parts) -> None:
            if self._begun.get(camera, asked_at) > asked_at:
                return  # it was opened again meanwhile, and ended then
            changes = parts.pipeline.end(camera)
            self._live_zero.pop(camera, None)
            parts.ledger.leave(camera)
            parts.ledger.absorb(changes.visits, changes.sightings)

        self.submit(end)

    def watch(self, camera: str, look: Callable[[], Condition | None]) -> None:
        """Book what a live camera shows from now on.

        Args:
            camera: Its name.
            look: Says what it shows; called in this thread.
        """
        self.submit(lambda parts: self._looks.__setitem__(camera, look))

    def unwatch(self, camera: str) -> None:
        """A live camera was closed."""

        def unwatch(parts: Parts) -> None:
            self._looks.pop(camera, None)
            parts.ledger.show(camera, None)

        self.submit(unwatch)

    # The thread itself

    def run(self) -> None:
        try:
            parts = self._build()
        except MonitorError as error:
            self.error = error
            self._set(WorkerState.FAILED, str(error))
            return
        except Exception as error:  # the top of a thread
            log.exception("the models could not be loaded")
            self._set(
                WorkerState.FAILED,
                f"the models could not be loaded ({error}): run `python main.py check`",
            )
            return
        self._set(WorkerState.READY, parts.model)
        try:
            while not self._stop_event.is_set() and self._faults < FAULTS_MAX:
                self._step(parts)
        finally:
            self._finish(parts)

    def _step(self, parts: Parts) -> None:
        frames = self._frames.take_all(IDLE_S)
        taken_at = self._now()
        try:
            for frame in frames:
                if not frame.live and frame.index == 0:
                    self._begin_recording(parts, frame)
                if frame.live:
                    if frame.camera not in self._live_zero:
                        parts.ledger.watch(frame.camera, frame.camera_key)
                    self._live_zero[frame.camera] = frame.captured_at - frame.t
            for result in parts.pipeline.process(frames):
                self._on_update(parts.ledger.record(result))
            if taken_at >= self._tidy_at:
                self._tidy_at = taken_at + IDLE_S
                self._tidy(parts, taken_at, {frame.camera for frame in frames})
            self._run_commands(parts)
            self._faults = 0
        except Exception:  # the top of a thread: one bad frame is skipped
            self._faults += 1
            self.skipped += max(len(frames), 1)
            log.exception("a frame was skipped (%d in a row)", self._faults)
            if self._faults >= FAULTS_MAX:
                again = "start Mask Monitor again and see the log"
                self._set(
                    WorkerState.FAILED,
                    f"the analysis has stopped after ten faults in a row: {again}",
                )

    def _begin_recording(self, parts: Parts, frame: Frame) -> None:
        """A recording begins, perhaps once more: what a former look has counted is not counted
        twice.
        """
        self._begun[frame.camera] = frame.captured_at
        changes = parts.pipeline.end(frame.camera)
        parts.ledger.absorb(changes.visits, changes.sightings)
        parts.ledger.begin_recording(frame.camera)

    def _tidy(self, parts: Parts, taken_at: float, lively: set[str]) -> None:
        """Housekeeping by the clock. People before a silent camera leave, however lively another
        one is: nothing of a camera that is not among `lively` was newer than `taken_at`.
        """
        self._book(parts)
        written = parts.ledger.tidy()
        for camera, zero in self._live_zero.items():
            if camera in lively:
                continue
            changes = parts.pipeline.expire(camera, taken_at - zero)
            if changes.visits:
                parts.ledger.absorb(changes.visits, changes.sightings)
                written = True
        if written:
            self._on_update(parts.ledger.update())

    def _book(self, parts: Parts) -> None:
        """What each camera shows: as it says itself, or what the analysis knows better."""
        turned: dict[str, Condition] = {}
        for camera in parts.pipeline.cameras:
            state, before = parts.pipeline.turned(camera), self.turned.get(camera)
            if state is not None:
                if before is None or before.state is not state:
                    before = Condition(state, datetime.now(UTC))
                turned[camera] = before
        self.turned = turned
        for camera, look in self._looks.items():
            condition = look()
            if condition is not None:
                parts.ledger.show(camera, judged(condition, turned.get(camera)))

    def _run_commands(self, parts: Parts) -> None:
        self._take_model(parts)
        ran = self._obey_gallery(parts)
        while not self._commands.empty():
            self._commands.get()(parts)
            ran = True
        if ran:
            self._on_update(parts.ledger.update())

    def _take_model(self, parts: Parts) -> None:
        """Go on with a model that was promoted, or with the one before it."""
        news = parts.models.take() if parts.models is not None else None
        if news is not None:
            parts.pipeline.use(news)
            log.info("the mask model is %s now", news.name)
            self._set(WorkerState.READY, parts.pipeline.model)

    def _obey_gallery(self, parts: Parts) -> bool:
        """Take the names of those who were forgotten out of the books. True if there were news."""
        news = parts.pipeline.take_news()
        if news is not None:
            self._obeying = news
            if news.gone:
                parts.ledger.forget(news.gone)
        # confirmed once no file holds a name any more
        if self._obeying is not None and parts.ledger.forgotten:
            parts.pipeline.obeyed(self._obeying)
            self._obeying = None
        return news is not None

    def _finish(self, parts: Parts) -> None:
        try:
            parts.pipeline.settle()
            self._run_commands(parts)
            for camera in parts.pipeline.cameras:
                changes = parts.pipeline.end(camera)
                parts.ledger.absorb(changes.visits, changes.sightings)
            try:
                parts.ledger.close()
            finally:
                self._on_update(parts.ledger.update())
        except MonitorError as error:
            self.error = error
            self._set(WorkerState.FAILED, str(error))
        else:
            if self.state is not WorkerState.FAILED:
                self._set(WorkerState.ENDED, "")
        finally:
            parts.pipeline.close()
            if parts.models is not None:
                parts.models.close()

    def _set(self, state: WorkerState, message: str) -> None:
        self.state, self.message = state, message
        self._on_state(state, message)
