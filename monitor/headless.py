"""A run without a window: prints the count and the sightings, stops on Ctrl+C or at the end of a
recording.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from monitor.analysis.worker import InferenceThread, Parts
from monitor.app import (
    RunOptions,
    begun_with,
    build_parts,
    check_source,
    choose_source,
    outlived,
)
from monitor.camera.capture import CaptureThread
from monitor.camera.condition import Showing
from monitor.camera.scenery import Scenery
from monitor.camera.slot import LatestSlot
from monitor.camera.source import FrameSource
from monitor.camera.turn import UPRIGHT, Turn
from monitor.camera.words import DOUBTS, turned_text
from monitor.errors import CameraError, MonitorError, StoreAwayError, StoreError
from monitor.files import within
from monitor.records import (
    Condition,
    Correction,
    Count,
    Frame,
    SourceState,
    SourceStatus,
    Update,
    WatchState,
    WorkerState,
)
from monitor.signals import ended_by_signals
from monitor.storage.compliance import compliance
from monitor.storage.csv_files import local
from monitor.storage.csv_log import list_at

log = logging.getLogger(__name__)

STOP_WAIT_S = 10.0
STORE_AGAIN_S = 10.0  # between two tries to reach the store's server
# models are loaded and a large store is brought up to date meanwhile
START_WAIT_S = 900.0
# the last frame, what is left to be written, and a database or a disk that stands still
END_WAIT_S = 60.0


def run_headless(options: RunOptions) -> int:
    """Run until a recording ends or a signal comes. Returns the exit status.

    Raises:
        MonitorError: If something that the user named is wrong.
    """
    chosen = choose_source(options)
    for source in chosen.sources:
        check_source(source)
    if chosen.notice:
        print(chosen.notice, file=sys.stderr)
    _refuse_if_counted(options, chosen.sources)
    options = begun_with(replace(options, headless=True), chosen.sources)
    _warn_of_retention(options, chosen.sources)
    run = _Run(options, [source.name for source in chosen.sources])
    run.turns = {source.name: source.turn for source in chosen.sources}
    frames: LatestSlot[Frame] = LatestSlot()
    live = any(source.live for source in chosen.sources)
    worker = InferenceThread(
        lambda: _built(options, run, patient=live), frames, run.on_update, run.on_worker
    )
    captures = [
        CaptureThread(
            source,
            frames,
            options.config.camera,
            showing=Showing(Scenery(source.name)) if source.live else None,
            on_status=partial(run.on_source, source.name),
        )
        for source in chosen.sources
    ]
    for capture in captures:
        if capture.live:
            worker.watch(capture.source_name, capture.condition)
    with ended_by_signals(run.on_signal):
        try:
            worker.start()
            _watch(run, captures)
        finally:
            for capture in captures:
                capture.stop()
            for capture in captures:
                if capture.ident is not None:
                    capture.join(STOP_WAIT_S)
            worker.stop()
            worker.join(END_WAIT_S)
    if worker.is_alive():
        raise MonitorError(
            f"the analysis has not ended within {END_WAIT_S:.0f} s: a disk, a share or the store "
            f"does not answer; what was said to be saved is saved"
        )
    return run.close(worker.error, worker.skipped)


def _watch(run: _Run, captures: Sequence[CaptureThread]) -> None:
    """Read the sources from when models and store are open until the run is over."""
    if not run.done_or_ready.wait(START_WAIT_S):
        raise MonitorError(
            f"models and store have not been opened within {START_WAIT_S:.0f} s: a disk, a share "
            f"or the store does not answer"
        )
    for capture in captures if not run.done.is_set() else ():
        capture.start()
    while not run.done.wait(0.5):  # waking up lets the signal handlers run on every system
        for capture in captures:
            run.look(capture.source_name, capture.condition())


def _built(options: RunOptions, run: _Run, *, patient: bool) -> Parts:
    """As `build_parts`; cameras are not given up because the store's server is away."""
    told = False
    while True:
        try:
            return build_parts(options)
        except StoreAwayError as error:
            if not patient:
                raise
            run.done_or_ready.set()
            if not told:
                log.warning("%s. Nobody is counted until it answers; it is tried again", error)
            told = True
            if run.done.wait(STORE_AGAIN_S):
                raise


def _refuse_if_counted(options: RunOptions, sources: Sequence[FrameSource]) -> None:
    """
    Raises:
        StoreError: If another program counts one of the cameras into the same store.
    """
    live = {s.name: s.address.key if s.address is not None else "" for s in sources if s.live}
    if live:
        from monitor.storage.claims import refuse_if_counted

        with contextlib.suppress(StoreAwayError):  # it is waited for, and asked then
            refuse_if_counted(options.config.store.url, live)


def _warn_of_retention(options: RunOptions, sources: Sequence[FrameSource]) -> None:
    now = datetime.now(UTC)
    if any(s.recorded and outlived(options, s.recorded.began(now)) for s in sources):
        log.warning(
            "the recording is older than store.retention_days: what it adds to the store is "
            "deleted again within the hour"
        )


class _Run:
    """What the threads report, and what is printed of it. The callbacks come from the threads."""

    def __init__(self, options: RunOptions, source_names: Sequence[str]) -> None:
        self._options, self._source_names = options, source_names
        self._states = dict.fromkeys(source_names, SourceState.OPENING)
        self._recorded = options.recording is not None
        self._last = Update(None, Count(), (), 0)
        self._shown: dict[str, bool] = {}
        self._lost: dict[str, str] = {}  # by camera: why, as it was said
        self._fault: MonitorError | None = None
        self._were_live: set[str] = set()
        self._problem = ""
        self._signalled = False
        self._seen = False  # a frame was analysed
        self._turned: dict[str, int] = {}  # how cameras hang, as it was said last
        self.turns: dict[str, Turn] = {}  # how the cameras' pictures are turned already
        self._withdrawn: set[str] = set()  # sightings of which it was said
        self._doubts: dict[str, WatchState] = {}  # of live cameras
        self.done, self.done_or_ready = threading.Event(), threading.Event()

    def on_signal(self) -> None:
        self._signalled = True
        self.done.set()
        self.done_or_ready.set()

    def on_worker(self, state: WorkerState, message: str) -> None:
        if state is WorkerState.FAILED:
            self._fault = self._fault or MonitorError(message)
            self.done.set()
        self.done_or_ready.set()

    def on_source(self, name: str, status: SourceStatus) -> None:
        before, self._states[name] = self._states[name], status.state
        if status.mistake and name not in self._were_live:
            # at the start this is the user's to mend; later it is the camera's trouble
            status = replace(status, state=SourceState.FAILED)
            self._states[name] = SourceState.FAILED
        if status.state is SourceState.LIVE:
            self._were_live.add(name)
        if status.state is SourceState.FAILED:
            self._fault = CameraError(status.message)
            if len(self._states) > 1:
                log.error(status.message)
        elif status.state in (SourceState.LOST, SourceState.DAMAGED):
            if self._lost.get(name) != status.message:
                self._lost[name] = status.message
                more = "; trying again" if status.state is SourceState.LOST else ""
                log.warning("%s%s", status.message, more)
        elif (
            status.state is SourceState.LIVE
            and not self._recorded
            and before is not SourceState.LIVE
        ):
            self._lost.pop(name, None)
            log.info("%s is live", name)
        if all(state in (SourceState.FAILED, SourceState.ENDED) for state in self._states.values()):
            self.done.set()

    def look(self, name: str, condition: Condition | None) -> None:
        """Say it when a live camera's picture begins to show nobody, and when it is good again. The
        main thread alone calls it.
        """
        if condition is None or condition.state is WatchState.LOST:  # which is said by `on_source`
            return
        before, now = self._doubts.get(name), condition.state
        if now in DOUBTS and now is not before:
            self._doubts[name] = now
            log.warning("%s %s", name, DOUBTS[now])
        elif before is not None and now is WatchState.LIVE:
            del self._doubts[name]
            log.info("%s shows a good picture again", name)

    def on_update(self, update: Update) -> None:
        self._last = update
        self._seen = self._seen or update.result is not None
        result = update.result
        if result and result.turn and self._turned.get(result.frame.camera) != result.turn:
            self._turned[result.frame.camera] = result.turn
            self._tell_turned(result.frame, result.turn)
        told = self._withdrawn
        for sighting in reversed(update.sightings):
            if not sighting.open and sighting.sighting_id not in self._shown:
                continue  # of an earlier run in the same shift
            if self._shown.get(sighting.sighting_id) != sighting.open:
                self._shown[sighting.sighting_id] = sighting.open
                what = (
                    "began"
                    if sighting.open
                    else f"ended after {sighting.seconds_unmasked:.1f} s, "
                    f"{sighting.final_state.value}"
                )
                log.info("%s sighting %s %s", local(sighting.last_seen), sighting.sighting_id, what)
            if sighting.corrected is Correction.NEVER_MOVED and sighting.sighting_id not in told:
                told.add(sighting.sighting_id)
                log.info("sighting %s is withdrawn: it never moved", sighting.sighting_id)
        if update.problem != self._problem:
            self._problem = update.problem
            waits = f": {_number(update.waiting, 'record')} waiting" if update.waiting else ""
            said = update.problem and update.problem + waits
            log.warning("%s", said or "everything that waited has been saved")

    def _tell_turned(self, frame: Frame, turn: int) -> None:
        """Say that a picture is not upright, and what to set."""
        settings = self._options.config.camera
        own = self.turns.get(frame.camera, UPRIGHT)
        mend = "turn the recording"
        if frame.live and own == Turn(settings.rotate, settings.mirror):
            mend = f"turn the camera, or set camera.rotate = {own.further(turn).rotate}"
        elif frame.live:  # it has a turn of its own
            mend = "turn the camera, or its picture in the window (File > Cameras…)"
        log.warning("%s", turned_text(frame.camera, turn, mend))

    def close(self, error: MonitorError | None, skipped: int = 0) -> int:
        """Print the summary. Raises the error that ended the run; that some of a recording could
        not be analysed is one.
        """
        fault = error or self._fault
        if fault is None and self._recorded and not (self._seen or self._signalled):
            fault = MonitorError(
                f"nothing of {', '.join(self._source_names)} could be analysed: see the lines above"
            )
        if fault is not None and not self._seen:
            raise fault  # nothing was seen: the one line says it all
        if fault is None and skipped and self._recorded:
            fault = MonitorError(
                f"{_number(skipped, 'frame')} of {', '.join(self._source_names)} could not be "
                f"analysed: see the lines above"
            )
        count, share = self._last.count, compliance(self._last.count)
        visits = count.masked + count.unmasked + count.incorrect + count.unsure
        percent = "nobody judged" if share is None else f"compliance {100 * share:.0f} %"
        if share is not None and self._last.sighting_total:
            percent += " as last seen"  # beside a sighting, "100 %" alone would not be true
        what = "face" if self._options.images else "visit"
        states = (
            f"{count.masked} masked, {count.unmasked} unmasked, {count.incorrect} incorrect, "
            f"{count.unsure} unsure"
        )
        sightings = _number(self._last.sighting_total, "sighting")
        print(
            f"{', '.join(self._source_names)}: {_number(visits, what)}: {states}; {percent}; "
            f"{sightings}"
        )
        if not self._options.stores:
            print("This was a recording: it is not stored (--into-store does that).")
        if self._options.csv:
            print(f"CSV: {_list(self._options.csv).absolute()}")
        if fault is not None:
            raise fault
        return 0


def _list(path: Path) -> Path:
    """Where the rows went, as far as the disk or the share still answers."""
    with contextlib.suppress(OSError, StoreError):
        return within(lambda: list_at(path), path, answer_s=2.0)
    return path


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
