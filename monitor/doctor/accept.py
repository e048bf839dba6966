"""The acceptance run without a window: a camera through the program's own capture thread and
pipeline, judged by key.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from monitor.analysis.pipeline import Pipeline
from monitor.camera.capture import CaptureThread
from monitor.camera.slot import LatestSlot
from monitor.camera.source import FrameSource
from monitor.config import CameraConfig
from monitor.doctor.accept_book import AcceptBook
from monitor.doctor.accept_keys import END, JUDGE, LINE, MISSED, SKIP, UNDO
from monitor.doctor.accept_records import Accepted
from monitor.doctor.accept_words import seen_text
from monitor.doctor.counted import Counted
from monitor.errors import CameraError
from monitor.records import Frame, SourceState, SourceStatus

WAIT_S, KEY_S, LEFT_KEY_S = 0.1, 0.0, 0.5
STOP_WAIT_S = 10.0
LEFT_S = 120.0  # how long what is left is asked for after the run

Key = Callable[[float], str]
Say = Callable[[str], None]


class AcceptRun:
    """One run. Main thread.

    Args:
        source: Not opened yet. A recording plays as a camera would.
        pipeline: Of a new run.
        key: Gives the next key within so many seconds; "" for none.
        say: Shows a line.
    """

    def __init__(self, source: FrameSource, pipeline: Pipeline, key: Key, say: Say) -> None:
        self._source, self._pipeline, self._key, self._say = source, pipeline, key, say
        self._book = AcceptBook(source.name, datetime.now(UTC))
        self._asked = ""  # the visit that was asked for last
        self._over = False

    def run(self, config: CameraConfig, seconds: float) -> Accepted:
        """Look for `seconds` from the first picture on, then ask for what is left. Ends when the
        user says so, and where the camera gives nothing more.

        Raises:
            CameraError: If no picture came.
        """
        self._say(LINE)
        told: list[SourceStatus] = []
        counted, slot = Counted(self._source), LatestSlot[Frame]()
        capture = CaptureThread(counted, slot, config, on_status=told.append)
        capture.start()
        began: float | None = None
        limit = time.monotonic() + config.open_timeout_s + config.read_timeout_s
        try:
            while not self._over and time.monotonic() < limit:
                frame = slot.get(WAIT_S)
                if frame is None and _ended(told, began is not None):
                    break
                if frame is not None and began is None:
                    began, limit = time.monotonic(), time.monotonic() + seconds
                if frame is not None:
                    self._book.take(self._pipeline.process([frame])[0])
                self._turn(KEY_S)
        finally:
            counted.stop()
            capture.stop()
            capture.join(STOP_WAIT_S)
        if began is None:
            wrong = [status.message for status in told if status.message]
            raise CameraError(wrong[-1] if wrong else f"{self._source.name} gives no picture")
        looked = time.monotonic() - began
        self._ask_for_rest()
        return replace(self._book.result(looked), planned_s=seconds)

    def end(self) -> None:
        """End now, with what was found so far. A signal's handler may call it."""
        self._over = True

    def _ask_for_rest(self) -> None:
        limit = time.monotonic() + LEFT_S
        if self._book.waiting and not self._over:
            self._say("The time is over: judge what is left, or press q")
        while self._book.waiting and not self._over and time.monotonic() < limit:
            self._turn(LEFT_KEY_S)

    def _turn(self, limit_s: float) -> None:
        """Ask for the oldest visit once, and do what a key says."""
        waiting = self._book.waiting
        if waiting and waiting[0].visit_id != self._asked:
            self._asked = waiting[0].visit_id
            self._say(f"{seen_text(waiting[0])}?")
        pressed = self._key(limit_s)
        if pressed in JUDGE or pressed == SKIP:
            self._judge(pressed)
        elif pressed == MISSED:
            self._book.miss()
            self._say("Somebody was missed")
        elif pressed == UNDO:
            self._say("Taken back" if self._book.undo() else "There is nothing to take back")
            self._asked = ""
        elif pressed == END:
            self._over = True
        elif pressed.strip():
            self._say(LINE)

    def _judge(self, pressed: str) -> None:
        judged, truth = self._book.judge(JUDGE.get(pressed)), JUDGE.get(pressed)
        if judged is None:
            self._say("Nobody waits to be judged")
        else:
            self._say(f"Visit {judged.number}: {truth.value if truth else 'skipped'}")


def _ended(told: list[SourceStatus], seen: bool) -> bool:
    """Whether nothing more is to come."""
    state = told[-1].state if told else SourceState.OPENING
    over = state in (SourceState.ENDED, SourceState.FAILED)
    return over or (not seen and any(s.state is SourceState.LOST for s in tuple(told)))
