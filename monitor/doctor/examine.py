"""Looks at a camera through the program's own capture thread and pipeline, and measures. Nothing is
stored.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from monitor.analysis.pipeline import Pipeline
from monitor.camera.capture import CaptureThread
from monitor.camera.evidence import FINE_WIDTH, MEASURED_EVERY_S, edges
from monitor.camera.slot import LatestSlot
from monitor.camera.source import FrameSource
from monitor.config import CameraConfig
from monitor.doctor.counted import Counted
from monitor.doctor.measured import Delivery, Examined, Focus, Latency, Light, People
from monitor.errors import CameraMistakeError
from monitor.faces.boxes import longer_side
from monitor.records import FloatArray, Frame, FrameResult, Image, SourceState, SourceStatus

WAIT_S = 0.2  # between two looks at whether the camera still gives anything
STOP_WAIT_S = 10.0  # a read may hang for that long
SLOWEST = 10  # times the recording's own time
SPARE_S = 2.0  # beyond the source's own time limits
BURNT, BLACK = 250, 30  # grey levels
# A stream's first pictures were kept while it was opened, and come all at once: they say nothing of
# its rate.
SETTLE_S = 1.0
FACE_QUARTILE = 75  # percent: who walks up is small at first
WARM_UP = 1  # searched frames whose latency is not counted: networks set themselves up


def examine(
    source: FrameSource,
    pipeline: Pipeline,
    config: CameraConfig,
    seconds: float,
    now: Callable[[], float] = time.monotonic,
) -> Examined:
    """Look at a source for `seconds` from its first picture on: of a recording by its own time, as
    a busy computer sees no less of it. Ends in any case: a source that gives nothing is waited for
    as long as its time limits say, twice at most; a recording takes `SLOWEST` times as long at
    most.

    Args:
        source: Not opened yet; it is closed afterwards. A recording plays as a camera would.
        pipeline: Of a new run; its scenes are used.
        config: Time limits, and the size that was asked for.

    Raises:
        CameraMistakeError: If it cannot be what was meant, as a wrong password.
    """
    counted, slot = Counted(source, now), LatestSlot[Frame]()
    told: list[SourceStatus] = []
    capture = CaptureThread(counted, slot, config, on_status=told.append, now=now)
    looks = _Looks(pipeline, now)
    capture.start()
    try:
        first_t, until = 0.0, now() + config.open_timeout_s + config.read_timeout_s + SPARE_S
        while now() < until and not _ended(told, looks.frames > 0):
            frame = slot.get(WAIT_S)
            if frame is not None:
                if not looks.frames:
                    slower = 1 if capture.live else SLOWEST
                    first_t, until = frame.t, frame.captured_at + seconds * slower
                if not capture.live and frame.t - first_t >= seconds:
                    break
                looks.take(frame)
        ended = now() if told and told[-1].state is not SourceState.ENDED else None
    finally:
        counted.stop()
        capture.stop()
        capture.join(STOP_WAIT_S)
    mistake = next((status for status in told if status.mistake), None)
    if mistake is not None and not looks.frames:
        raise CameraMistakeError(mistake.message)
    return looks.examined(counted.name, _delivery(counted, told, config, ended))


def _ended(told: Sequence[SourceStatus], seen: bool) -> bool:
    """Whether nothing more is to come; `told` is written by the capture thread."""
    state = told[-1].state if told else SourceState.OPENING
    over = state in (SourceState.ENDED, SourceState.FAILED)
    return over or (not seen and any(s.state is SourceState.LOST for s in tuple(told)))


def _delivery(
    counted: Counted, told: Sequence[SourceStatus], config: CameraConfig, ended: float | None
) -> Delivery:
    times, claim = tuple(counted.times), counted.claim
    steady = tuple(t for t in times if t - times[0] >= SETTLE_S)
    steady_s = steady[-1] - steady[0] if steady else 0.0
    gaps = [after - before for before, after in itertools.pairwise(times)]
    if ended is not None and counted.last_at is not None:
        gaps.append(ended - counted.last_at)
    trouble = [status.message for status in told if status.message]
    return Delivery(
        size_wh=counted.size_wh,
        claimed_wh=claim.size_wh if claim is not None else None,
        asked_wh=(config.width, config.height) if config.width and config.height else None,
        pictures=len(times),
        seconds=times[-1] - times[0] if times else 0.0,
        rate=(len(steady) - 1) / steady_s if steady_s > 0 else None,
        claimed_rate=claim.rate if claim is not None else None,
        longest_gap_s=max(gaps, default=0.0),
        damaged=counted.damaged,
        lost=sum(status.state is SourceState.LOST for status in told),
        trouble=trouble[-1] if trouble else "",
    )


class _Looks:
    """What is gathered frame by frame, in one thread."""

    def __init__(self, pipeline: Pipeline, now: Callable[[], float]) -> None:
        self._pipeline, self._now = pipeline, now
        self._measured_t = -1e9
        self._lights: list[tuple[float, ...]] = []
        self._edges: list[tuple[float, float]] = []
        self._latencies: list[float] = []
        self._sizes: dict[int, list[float]] = {}  # by track
        self._greys: list[float] = []
        self._frozen, self._turn = False, 0
        self.frames = 0

    def take(self, frame: Frame) -> None:
        """Analyse a frame as the program does, then measure it."""
        result = self._pipeline.process([frame])[0]
        self.frames += 1
        if result.timings.detect_s > 0:
            self._latencies.append(self._now() - frame.captured_at)
        self._turn = result.turn
        self._frozen = frame.frozen_t is not None
        self._look_at_faces(result)
        if frame.t - self._measured_t >= MEASURED_EVERY_S:
            self._measured_t = frame.t
            self._measure(frame.image)

    def _look_at_faces(self, result: FrameResult) -> None:
        for face in result.faces:
            if face.track_id is not None:
                size = float(longer_side(face.xyxy[None])[0])
                self._sizes.setdefault(face.track_id, []).append(size)
                grey = mean_grey(result.frame.image, face.xyxy)
                if grey is not None:
                    self._greys.append(grey)

    def _measure(self, image_bgr: Image) -> None:
        height = max(1, round(image_bgr.shape[0] * FINE_WIDTH / image_bgr.shape[1]))
        small = cv2.resize(image_bgr, (FINE_WIDTH, height), interpolation=cv2.INTER_AREA)
        grey: Image = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
        burnt, black = float(np.mean(grey >= BURNT)), float(np.mean(grey < BLACK))
        self._lights.append((float(grey.mean()), float(np.percentile(grey, 99)), burnt, black))
        self._edges.append(edges(grey))

    def examined(self, name: str, delivery: Delivery) -> Examined:
        """All of it."""
        sizes = (float(np.percentile(own, FACE_QUARTILE)) for own in self._sizes.values())
        people = People(
            tuple(sorted(sizes)),
            float(np.median(self._greys)) if self._greys else None,
            self._turn,
        )
        if not self._lights:
            return Examined(name, delivery)
        latencies = self._latencies[WARM_UP:] or self._latencies
        return Examined(
            name,
            delivery,
            Light(*(float(value) for value in np.median(self._lights, axis=0))),
            Focus(*(float(value) for value in np.median(self._edges, axis=0))),
            self._frozen,
            people,
            Latency(float(np.median(latencies)), float(np.percentile(latencies, 95)))
            if latencies
            else None,
        )


def mean_grey(image_bgr: Image, xyxy: FloatArray) -> float | None:
    """Of the inner part of a box, without hair and what is behind; None where nothing of it is in
    the picture.
    """
    x0, y0, x1, y1 = (float(side) for side in xyxy)
    across, down = (x1 - x0) / 5, (y1 - y0) / 5
    top, bottom = max(0, round(y0 + down)), max(0, round(y1 - down))
    left, right = max(0, round(x0 + across)), max(0, round(x1 - across))
    part = image_bgr[top:bottom, left:right]
    return float(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY).mean()) if part.size else None
