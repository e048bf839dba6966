"""What runs behind the window: one capture thread, one inference thread, and a reader of the store. Main thread only."""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.app import RunOptions, build_parts
from monitor.errors import MonitorError
from monitor.gui.bridge import Bridge
from monitor.gui.gate import Gate
from monitor.records import Frame, SourceState, SourceStatus, Update
from monitor.slot import LatestSlot
from monitor.sources import FrameSource

if TYPE_CHECKING:  # imported in the background after the window is up: they take SQLAlchemy with them
    from monitor.capture import CaptureThread
    from monitor.store import Store
    from monitor.worker import InferenceThread, Parts, WorkerState

log = logging.getLogger(__name__)

STOP_LIMIT_S = 8.0  # longer than a read of a dead stream takes by default


class Session:
    """Starts, changes and stops the threads. They report through the bridge; the window then asks here.

    Args:
        options: How models and store are built.
        bridge: Notified by the threads.
        build: Makes the inference thread's parts, in that thread.
    """

    def __init__(self, options: RunOptions, bridge: Bridge, build: Callable[[RunOptions], Parts] = build_parts) -> None:
        self.options = options
        self._bridge, self._build = bridge, build
        self._frames: LatestSlot[Frame] = LatestSlot()
        self._updates: LatestSlot[Update] = LatestSlot()
        self._preview: LatestSlot[Frame] = LatestSlot()
        self._worker: InferenceThread | None = None
        self._capture: CaptureThread | None = None
        self._gate: Gate | None = None
        self._retired: list[threading.Thread] = []
        self._source: FrameSource | None = None
        self._ended_told = False
        self._reader: Store | None = None
        self._reader_lock = threading.Lock()
        self.shift_began = datetime.now().astimezone()
        self.analysed = 0  # frames that the present inference thread has done
        self._analyses = False

    # Starting and changing

    def start_worker(self, options: RunOptions | None = None) -> None:
        """Load models and open the store in a new inference thread; a former one ends first. This is a new shift."""
        from monitor.worker import InferenceThread, WorkerState

        self.options = options or self.options
        built_from, former = self.options, self._worker
        updates: LatestSlot[Update] = LatestSlot()

        def build() -> Parts:
            if former is not None:
                former.join(STOP_LIMIT_S)  # two shifts never write at once
            return self._build(built_from)

        def on_update(update: Update) -> None:
            if update.result is not None and updates is self._updates:
                self.analysed += 1
            updates.put(update)
            self._bridge.notify()

        def on_state(state: WorkerState, message: str) -> None:
            if updates is self._updates:
                self._analyses = state is WorkerState.READY
                if state is WorkerState.FAILED and self._gate is not None:
                    self._gate.drain()
            self._bridge.notify()

        self._frames, self._updates, self._analyses, self.analysed = LatestSlot(), updates, False, 0
        if former is not None:
            former.stop()
            self._retire(former)
        self._worker = InferenceThread(build, self._frames, on_update, on_state)
        if self._gate is not None:
            self._gate.lead_to(self._frames)
        self.shift_began = datetime.now().astimezone()
        self._worker.start()

    def open(self, source: FrameSource) -> None:
        """Leave the present source and read another one. Does not wait for the old one, whose read may hang.

        Args:
            source: Not open, and never opened itself: the capture thread gets a copy, as does the next one in `again`.
        """
        from monitor.capture import CaptureThread

        self.leave_source()
        self._source, self._ended_told = source, False
        self._gate = Gate(self._frames, self._on_frame)
        if self._worker is not None and self._worker.state.name == "FAILED":
            self._gate.drain()
        self._capture = CaptureThread(
            copy.copy(source),
            self._gate,
            self.options.config.camera,
            paced=True,
            on_status=lambda status: self._bridge.notify(),
        )
        self._capture.start()

    def leave_source(self) -> None:
        """Stop reading; the visits of the source end."""
        if self._capture is None or self._gate is None:
            return
        self._capture.stop()
        self._gate.shut()
        self._preview.get(0)
        if self._worker is not None:
            self._worker.end_source(self._capture.source_name)
        self._retire(self._capture)
        self._capture = self._gate = None

    def again(self) -> None:
        """Play the clip from its beginning, or try the source again."""
        if self._source is not None:
            self.open(self._source)

    def pause(self, paused: bool) -> None:
        if self._capture is not None:
            self._capture.pause(paused)

    def submit(self, command: Callable[[Parts], None]) -> None:
        """Have the inference thread do something with pipeline and ledger."""
        if self._worker is not None:
            self._worker.submit(command)

    # What the window asks

    def take_update(self) -> Update | None:
        """The newest update, each once."""
        return self._updates.get(0)

    def take_preview(self) -> Frame | None:
        """The newest frame that nobody has looked at, while models load or after they failed."""
        return self._preview.get(0)

    def source_status(self) -> SourceStatus | None:
        """What the source does; None while there is none."""
        if self._capture is None:
            return None
        status = self._capture.status()
        if status.state is SourceState.ENDED and not self._ended_told and self._worker is not None:
            self._ended_told = True
            self._worker.end_source(self._capture.source_name)
        return status

    @property
    def source_name(self) -> str:
        return self._capture.source_name if self._capture is not None else ""

    @property
    def source_live(self) -> bool:
        """Whether the source is a camera or a stream."""
        return self._capture is not None and self._capture.live

    @property
    def source_stills(self) -> bool:
        return self._capture is not None and self._capture.stills

    @property
    def paused(self) -> bool:
        return self._capture is not None and self._capture.paused

    def worker_state(self) -> tuple[str, str]:
        """Name of the inference thread's state (LOADING, READY, FAILED, ENDED) and its line for the user."""
        return (self._worker.state.name, self._worker.message) if self._worker is not None else ("LOADING", "")

    # The store; called in background threads

    def read_totals(self) -> list[list[str]]:
        """Today's totals as `monitor.export.totals` gives them.

        Raises:
            StoreError: If the store cannot be read.
        """
        from monitor.export import totals
        from monitor.store import Store

        with self._reader_lock:
            if self._reader is None:
                self._reader = Store(self.options.config.store.url)
            midnight = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0).astimezone()
            reader = self._reader
            return totals(reader.read_shifts(midnight), reader.read_visits(midnight), reader.read_sightings(midnight))

    def export(self, path: Path, since: datetime | None) -> tuple[int, Path]:
        """Write sightings and totals; see `monitor.export.export`.

        Raises:
            StoreError: If the store cannot be read or a file cannot be written.
        """
        from monitor.export import export
        from monitor.store import Store

        store = Store(self.options.config.store.url)
        try:
            return export(store, path, since)
        finally:
            store.close()

    # Ending

    def close(self) -> MonitorError | None:
        """Stop all, within a time limit. Returns what could not be saved, if anything."""
        if self._capture is not None:
            self._capture.stop()
            self._retire(self._capture)
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
        if self._reader is not None:
            self._reader.close()
        return worker.error if worker is not None and not failed_before else None

    def _retire(self, thread: threading.Thread) -> None:
        self._retired = [t for t in self._retired if t.is_alive()] + [thread]

    def _on_frame(self, frame: Frame) -> None:
        """The capture thread shows a frame; the picture comes with boxes once the models are ready."""
        if not self._analyses:
            self._preview.put(frame)
            self._bridge.notify()
