"""What runs behind the window: a capture thread a camera, one inference thread, a reader of the
store. Main thread only.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from monitor.app import RunOptions, build_parts
from monitor.camera.address import told_apart
from monitor.camera.slot import LatestSlot
from monitor.camera.source import FrameSource
from monitor.errors import CameraError, MonitorError, StoreAwayError, StoreError
from monitor.gui.threads.bridge import Bridge
from monitor.gui.threads.store_side import StoreSide
from monitor.gui.threads.unread import Unread
from monitor.gui.threads.watched import Watched
from monitor.records import (
    Condition,
    Frame,
    SourceState,
    SourceStatus,
    Update,
    WatchState,
    WorkerState,
)

# imported in the background after the window is up: they take SQLAlchemy with them
if TYPE_CHECKING:
    from monitor.analysis.pipeline import Pipeline
    from monitor.analysis.worker import InferenceThread, Parts

log = logging.getLogger(__name__)

T = TypeVar("T")

STOP_LIMIT_S = 8.0  # longer than a read of a dead stream takes by default
CAMERAS_MAX = 9


class Session(StoreSide):
    """Starts, changes and stops the threads. They report through the bridge; the window then asks
    here.

    Args:
        options: How models and store are built.
        bridge: Notified by the threads.
        build: Makes the inference thread's parts, in that thread.
    """

    def __init__(
        self,
        options: RunOptions,
        bridge: Bridge,
        build: Callable[[RunOptions], Parts] = build_parts,
    ) -> None:
        super().__init__(options)
        self._bridge, self._build = bridge, build
        self._frames: LatestSlot[Frame] = LatestSlot()
        self._updates: LatestSlot[tuple[int, Update]] = LatestSlot()
        self._worker: InferenceThread | None = None
        self.watched: tuple[Watched, ...] = ()  # never changed in place: other threads look at it
        self._retired: list[threading.Thread] = []
        self.heard = 0  # updates of all inference threads
        self.analysed = 0  # frames that the present inference thread has done
        # people whom the present inference thread can name; None in mask-only mode
        self.enrolled: int | None = None
        self.paused = False
        self.left_open: datetime | None = None  # the last run ended then, and was not closed
        self.unread = Unread(self._book_as, self._unbook)
        self._analyses = False

    # The inference thread

    def start_worker(self, options: RunOptions | None = None) -> None:
        """Load models and open the store in a new inference thread; a former one ends first. The
        shift goes on.
        """
        from monitor.analysis.worker import InferenceThread

        self.options = options or self.options
        built_from, former = self.options, self._worker
        pipelines: list[Pipeline] = []
        updates: LatestSlot[tuple[int, Update]] = LatestSlot()
        numbers = itertools.count()

        def build() -> Parts:
            if former is not None:
                former.join(STOP_LIMIT_S)  # two shifts never write at once
            parts = self._build(built_from)
            pipelines.append(parts.pipeline)
            if former is None:
                self.left_open = parts.ledger.left_open
            if updates is self._updates:
                self.enrolled = parts.pipeline.enrolled
            return parts

        def on_update(update: Update) -> None:
            if updates is self._updates:
                self.analysed += update.result is not None
                self.enrolled = pipelines[0].enrolled  # the gallery may have changed
            self.heard += 1
            if update.result is not None and not update.result.frame.live:
                watched = self.find(update.result.frame.camera)
                if watched is not None:
                    watched.recall.keep(update.result)
            camera = update.result.frame.camera if update.result is not None else None
            updates.put((next(numbers), update), camera)
            self._bridge.notify()

        def on_state(state: WorkerState, message: str) -> None:
            if updates is self._updates:
                self._analyses = state is WorkerState.READY
                if state is WorkerState.FAILED:
                    for watched in self.watched:
                        watched.gate.drain()
            self._bridge.notify()

        self._frames, self._updates, self._analyses, self.analysed = LatestSlot(), updates, False, 0
        if former is not None:
            former.stop()
            self._retire(former)
        self._worker = InferenceThread(build, self._frames, on_update, on_state)
        for watched in self.watched:
            if not watched.lent:
                watched.gate.lead_to(self._frames)
            if watched.review is not None and not self.options.into_store:
                watched.review.begin_anew()  # its books ended with the former thread
                watched.ended_told = False
            self._book(watched)
        self.unread.book_all()
        self._worker.start()

    def submit(self, command: Callable[[Parts], None]) -> None:
        """Have the inference thread do something with pipeline and ledger."""
        if self._worker is not None:
            self._worker.submit(command)

    @property
    def store_is_away(self) -> bool:
        """Whether the inference thread has not begun for want of the store's server."""
        return self._worker is not None and isinstance(self._worker.error, StoreAwayError)

    def worker_state(self) -> tuple[WorkerState, str]:
        """The inference thread's state and its line for the user."""
        if self._worker is None:
            return WorkerState.LOADING, ""
        return self._worker.state, self._worker.message

    def take_updates(self) -> list[Update]:
        """The newest update of each camera, each once, the oldest first. All of them have the
        newest count and sightings.
        """
        taken = [
            update for _, update in sorted(self._updates.take_all(0), key=lambda pair: pair[0])
        ]
        return [replace(taken[-1], result=update.result) for update in taken]

    # The cameras

    def open(self, *sources: FrameSource) -> None:
        """Leave what is watched and read these sources. Does not wait for the old ones, whose reads
        may hang.
        """
        left, self.watched, self.paused = self.watched, (), False
        for watched in left:
            self._leave(watched)
        if sources and not any(source.live for source in sources):
            self.unread.set_aside(watched.source for watched in left if watched.live)
        else:
            self.unread.cameras_are_back()
        for source in sources:
            self.add(source)

    def add(self, source: FrameSource) -> None:
        """Read a source beside those that are watched.

        Raises:
            CameraError: If it is watched already, or if there are too many.
        """
        same = next((w for w in self.watched if _is_same(w.source, source)), None)
        if same is not None:
            raise CameraError(f"{same.name} is watched already: choose another camera")
        if len(self.watched) >= CAMERAS_MAX:
            raise CameraError(
                f"{CAMERAS_MAX} cameras are watched already: remove one before another is added"
            )
        source.name = told_apart(source.name, self.names)
        self._start(source, len(self.watched))

    def remove(self, name: str) -> None:
        """Stop reading one source; its visits end, and what was counted stays. One that is set
        aside does not come back, and is not booked as paused any more.
        """
        self.unread.remove(name)
        watched = self.find(name)
        if watched is not None:
            self.watched = tuple(w for w in self.watched if w is not watched)
            self._leave(watched)

    def exchange(self, name: str, source: FrameSource) -> None:
        """Read another source in the place of one: the same camera, called or turned otherwise."""
        watched = self.find(name)
        if watched is not None:
            place = self.watched.index(watched)
            self.remove(name)
            source.name = told_apart(source.name, self.names)
            self._start(source, place)

    def order(self, place: Callable[[Watched], int]) -> None:
        """Put what is watched in order."""
        self.watched = tuple(sorted(self.watched, key=place))

    def again(self, name: str) -> None:
        """Play a clip from its beginning, or try a source again."""
        watched = self.find(name)
        if watched is not None and not watched.lent:
            place, shown = self.watched.index(watched), watched.condition()
            self.remove(name)
            lost = shown is not None and shown.state is WatchState.LOST
            self._start(watched.source, place, shown.since if shown and lost else None)

    def play_again(self, name: str) -> None:
        """Show a recording from its beginning: what was judged is not judged again. A source in
        which one cannot go back is opened again.
        """
        watched = self.find(name)
        if watched is not None and watched.review is not None and watched.review.is_alive():
            watched.review.seek(0.0)
        else:
            self.again(name)

    def pause(self, paused: bool) -> None:
        """Hold all cameras, or let them go on."""
        self.paused = paused
        for watched in self.watched:
            watched.capture.pause(paused)

    def find(self, name: str) -> Watched | None:
        return next((w for w in self.watched if w.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(w.name for w in self.watched)

    def status_of(self, watched: Watched) -> SourceStatus:
        """What a source does now."""
        status = watched.status()
        if (
            status.state is SourceState.ENDED
            and not watched.ended_told
            and self._worker is not None
        ):
            watched.ended_told = True
            self._worker.end_source(watched.name)
        return status

    def condition_of(self, watched: Watched) -> Condition | None:
        """What a live camera shows now; None of recordings, and before it was open."""
        from monitor.analysis.worker import judged

        condition = watched.condition()
        if condition is None or self._worker is None:
            return condition
        return judged(condition, self._worker.turned.get(watched.name))

    def take_previews(self) -> list[Frame]:
        """The newest frame of each camera that nobody analyses: while models load, after they
        failed, while it is lent.
        """
        return [frame for w in self.watched if (frame := w.take_preview()) is not None]

    def lend(self, name: str) -> LatestSlot[Frame] | None:
        """The frames of a camera for an enrolment; nobody is counted there meanwhile. None if it is
        not watched.
        """
        watched = self.find(name)
        if watched is None or watched.lent:
            return None
        frames = watched.lend()
        if self._worker is not None:
            self._worker.end_source(name)
        return frames

    def give_back(self, name: str) -> None:
        """The enrolment is over."""
        watched = self.find(name)
        if watched is not None and watched.lent:
            watched.give_back(self._frames)
            if self._failed:
                watched.gate.drain()

    def _start(self, source: FrameSource, place: int, lost_since: datetime | None = None) -> None:
        watched = Watched(
            source,
            self.options.config.camera,
            self._frames,
            self._bridge.notify,
            lambda: self._analyses,
        )
        self.watched = (*self.watched[:place], watched, *self.watched[place:])
        if self._failed:
            watched.gate.drain()
        watched.capture.pause(self.paused)
        if lost_since is not None:
            watched.capture.lost_since(lost_since)  # before it finds that out anew
        self.unread.is_read(watched.name)
        self._book(watched)
        watched.capture.start()

    def _book(self, watched: Watched) -> None:
        """Have the inference thread book what a live camera shows."""
        if watched.live and self._worker is not None:
            self._worker.watch(watched.name, watched.condition)

    def _book_as(self, name: str, condition: Condition) -> None:
        if self._worker is not None:
            self._worker.watch(name, lambda: condition)

    def _unbook(self, name: str) -> None:
        if self._worker is not None:
            self._worker.unwatch(name)

    def _leave(self, watched: Watched) -> None:
        watched.leave()
        if self._worker is not None:
            self._worker.end_source(watched.name)
            self._worker.unwatch(watched.name)
        self._retire(watched.capture)

    @property
    def _failed(self) -> bool:
        return self._worker is not None and self._worker.state is WorkerState.FAILED

    # Ending

    def close(self) -> MonitorError | None:
        """Stop all, within a time limit. Returns what could not be saved, if anything."""
        for watched in self.watched:
            watched.capture.stop()
            self._retire(watched.capture)
        worker, failed_before = self._worker, False
        if worker is not None:
            failed_before = worker.error is not None
            worker.stop()
            self._retire(worker)
        deadline = time.monotonic() + STOP_LIMIT_S
        for thread in self._retired:
            thread.join(max(0.1, deadline - time.monotonic()))
            if thread.is_alive():
                log.warning("the %s thread did not end in time", thread.name)
        self._bridge.close(2.0)
        self.close_reader()
        if worker is not None and worker.error is None and worker.is_alive():
            return StoreError(
                f"the analysis has not ended within {STOP_LIMIT_S:.0f} s: a disk, a share or the "
                f"store does not answer; what was said to be saved is saved"
            )
        return worker.error if worker is not None and not failed_before else None

    def _retire(self, thread: threading.Thread) -> None:
        self._retired = [t for t in self._retired if t.is_alive()] + [thread]


def _is_same(a: FrameSource, b: FrameSource) -> bool:
    """Whether they are one camera, whatever of their addresses may be shown."""
    return a.name == b.name if a.address is None or b.address is None else a.address == b.address
