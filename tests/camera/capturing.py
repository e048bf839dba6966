"""A capture thread at work, and what it said."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fakes import FakeSource

from monitor.camera.capture import CaptureThread
from monitor.camera.slot import LatestSlot
from monitor.config import CameraConfig
from monitor.records import Frame, SourceState, SourceStatus

WAIT_S = 20.0


class Watch:
    """Keeps the states that the thread tells, and can be waited on."""

    def __init__(self) -> None:
        self.states: list[SourceStatus] = []
        self._changed = threading.Condition()

    def __call__(self, status: SourceStatus) -> None:
        with self._changed:
            self.states.append(status)
            self._changed.notify_all()

    def wait_for(self, state: SourceState, times: int = 1) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.names().count(state) >= times, WAIT_S), (
                self.states
            )

    def names(self) -> list[SourceState]:
        return [status.state for status in self.states]


@contextmanager
def running(
    source: FakeSource, **options: Any
) -> Iterator[tuple[CaptureThread, LatestSlot[Frame], Watch]]:
    slot: LatestSlot[Frame] = LatestSlot()
    watch = Watch()
    thread = CaptureThread(
        source, slot, options.pop("config", CameraConfig()), on_status=watch, **options
    )
    thread.start()
    try:
        yield thread, slot, watch
    finally:
        thread.stop()
        thread.join(WAIT_S)
        assert not thread.is_alive()
        assert source.closed >= 1
