"""The inference thread of the server: pictures wait in a short line for the one pipeline.

The line is short on purpose: who comes when it is full is told when to come again, instead of
waiting behind everybody else.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from monitor.errors import MonitorError
from monitor.records import Frame, FrameResult, WorkerState

if TYPE_CHECKING:
    from monitor.analysis.pipeline import Pipeline
    from monitor.learning.watch import ModelWatch

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.1  # the gallery's news are obeyed as often, whatever comes in
T = TypeVar("T")


class Judged(NamedTuple):
    """What the pipeline says of one picture, and by which mask model."""

    result: FrameResult
    model: str


class StoppedError(Exception):
    """The server is going down: nothing is analysed any more."""


class ScoringThread(threading.Thread):
    """Runs until it is stopped.

    Args:
        build: Loads the models; called in this thread. May raise `MonitorError`.
        models: Who says that another mask model is live; this thread starts and closes it.
    """

    def __init__(self, build: Callable[[], Pipeline], models: ModelWatch | None = None) -> None:
        super().__init__(name="inference", daemon=True)
        self._build, self._models = build, models
        self._jobs: queue.SimpleQueue[Callable[[Pipeline], None]] = queue.SimpleQueue()
        self._stop_event = threading.Event()
        self.ready = threading.Event()  # or failed
        self.state = WorkerState.LOADING
        self.error: MonitorError | None = None

    # Called by other threads

    def analyse(self, frame: Frame) -> Future[Judged]:
        """Have one picture analysed. The caller bounds how many wait."""
        return self.ask(
            lambda pipeline: Judged(pipeline.process([frame])[0], pipeline.classifier.name)
        )

    def ask(self, work: Callable[[Pipeline], T]) -> Future[T]:
        """Have something done with the pipeline between two pictures."""
        future: Future[T] = Future()

        def job(pipeline: Pipeline) -> None:
            if not future.set_running_or_notify_cancel():
                return  # nobody waits for it any more
            try:
                future.set_result(work(pipeline))
            except Exception as error:  # it is the asker's: the thread goes on
                future.set_exception(error)

        if self.state is WorkerState.ENDED:
            future.set_exception(StoppedError())
        else:
            self._jobs.put(job)
        return future

    def stop(self) -> None:
        self._stop_event.set()

    # The thread itself

    def run(self) -> None:
        try:
            pipeline = self._build()
        except MonitorError as error:
            self.error, self.state = error, WorkerState.FAILED
            self.ready.set()
            return
        except Exception as error:  # the top of a thread
            log.exception("the models could not be loaded")
            self.error = MonitorError(f"the models could not be loaded ({error})")
            self.state = WorkerState.FAILED
            self.ready.set()
            return
        if self._models is not None:
            self._models.start()
        self.state = WorkerState.READY
        self.ready.set()
        try:
            while not self._stop_event.is_set():
                try:
                    job = self._jobs.get(timeout=LOOK_EVERY_S)
                except queue.Empty:
                    job = None
                self._obey_gallery(pipeline)
                self._take_model(pipeline)
                if job is not None:
                    job(pipeline)
        finally:
            self.state = WorkerState.ENDED
            while not self._jobs.empty():
                self._jobs.get()(pipeline)
            pipeline.close()
            if self._models is not None:
                self._models.close()

    def _take_model(self, pipeline: Pipeline) -> None:
        news = self._models.take() if self._models is not None else None
        if news is not None:
            pipeline.use(news)
            log.info("judging with %s from now on", news.name)

    @staticmethod
    def _obey_gallery(pipeline: Pipeline) -> None:
        """Whoever was forgotten is named no more; this program has no books to clean."""
        known = pipeline.take_news()
        if known is not None:
            pipeline.obeyed(known)
