"""What a worker does: look at a clip, and analyse a piece of one. Knows nothing of Ray.

It runs in one thread: as many workers as cores are quicker than one worker with as many threads.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from monitor import __version__
from monitor.camera.clip import ClipSource
from monitor.camera.recorded import Recorded
from monitor.card import sha256
from monitor.errors import CameraError, ModelError, MonitorError
from monitor.records import Frame, FrameResult, Sighting, Visit
from monitor.scan.records import Clip, Looked, Mark, Piece, Recipe, Refused, Stretch, Task

if TYPE_CHECKING:
    from monitor.analysis.pipeline import Pipeline
    from monitor.analysis.wanted import Changes

log = logging.getLogger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # when each clip begins, for the worker
GRACE_S = 1e-3  # times of pictures are rounded
_pipelines: dict[str, Pipeline] = {}  # of this worker, by the recipe: one at most


class ForeignWorkerError(MonitorError):
    """A worker cannot do what is asked, whatever the clip: the scan cannot go on."""


def look(
    clip: Clip, every_s: float, recorded_at: datetime | None, now: datetime
) -> Looked | Refused:
    """What there is to know of a clip without analysing it; its whole content is read.

    Args:
        every_s: How long pieces are.
        recorded_at: When it was made, if the user says so; None: its file tells.
        now: No clip ends later.
    """
    path = Path(clip.path)
    try:
        _check_same(clip)
        digest = sha256(path)
        source = ClipSource(path, alone=True)
        try:
            source.open()
            length_s, cuts = source.cuts(every_s)
        finally:
            source.close()
        began = Recorded(path, recorded_at).began(now)
    except CameraError as error:
        return Refused(clip.path, str(error))
    except OSError as error:
        return Refused(clip.path, f"cannot be read ({error.strerror}): check the disk or the share")
    return Looked(clip, digest, began, length_s, cuts)


def analyse(task: Task, recipe: Recipe) -> Piece | Refused:
    """Find the visits and sightings of a part of a clip.

    Raises:
        ForeignWorkerError: If this worker is of another release, or has another model.
    """
    clip = task.looked.clip
    pipeline = _pipeline(recipe)
    source = ClipSource(Path(clip.path), alone=True)
    try:
        _check_same(clip)
        source.open()
        if task.begin is not None and not source.start_at(task.begin):
            return Piece((), sought=False)
        return _Run(task, pipeline, source).piece()
    except CameraError as error:
        return Refused(clip.path, str(error))
    finally:
        pipeline.end(clip.camera)
        source.close()


def _check_same(clip: Clip) -> None:
    """
    Raises:
        CameraError: If the file is not the one that was found.
    """
    try:
        known = os.stat(clip.path)
    except OSError as error:
        raise CameraError(
            f"cannot be read on {socket.gethostname()} ({error.strerror}): it has to lie at the "
            f"same path on each computer"
        ) from None
    if (known.st_size, known.st_mtime_ns) != (clip.size, clip.mtime_ns):
        raise CameraError("was changed while it was scanned: scan it again once it is complete")


def _pipeline(recipe: Recipe) -> Pipeline:
    """The networks, loaded once in each worker.

    Raises:
        ForeignWorkerError: See `analyse`.
    """
    key = recipe.digest
    if key not in _pipelines:
        _pipelines.clear()
        try:
            _pipelines[key] = _load(recipe)
        except ModelError as error:
            raise ForeignWorkerError(f"{socket.gethostname()}: {error}") from None
    return _pipelines[key]


def _load(recipe: Recipe) -> Pipeline:
    import cv2

    from monitor.analysis.pipeline import Pipeline
    from monitor.detect import make_detector
    from monitor.faces.classify import MaskClassifier

    here = socket.gethostname()
    if recipe.version != __version__:
        raise ForeignWorkerError(
            f"{here} has release {__version__} of Mask Monitor, and this computer "
            f"{recipe.version}: install the same on each"
        )
    cv2.setNumThreads(1)
    config = recipe.config
    classifier = MaskClassifier.load(config.classify)
    if recipe.model_sha256 not in (file["sha256"] for file in classifier.card["files"].values()):
        raise ForeignWorkerError(
            f"{here} has another model {classifier.name} than this computer: copy it there"
        )
    pipeline = Pipeline(make_detector(config.detect), classifier, config, "scan")
    pipeline.use_zones(recipe.zones)
    return pipeline


@dataclass(slots=True)
class _Book:
    """The newest versions of what a stretch has shown."""

    visits: dict[str, Visit] = field(default_factory=dict)
    sightings: dict[str, Sighting] = field(default_factory=dict)

    def take(self, changes: Changes | FrameResult) -> None:
        self.visits |= {visit.visit_id: visit for visit in changes.visits}
        self.sightings |= {sighting.sighting_id: sighting for sighting in changes.sightings}


class _Run:
    """One piece, from its first picture to its last."""

    def __init__(self, task: Task, pipeline: Pipeline, source: ClipSource) -> None:
        self._task, self._pipeline, self._source = task, pipeline, source
        self._camera = task.looked.clip.camera
        self._start: Mark | None = None
        self._book = _Book()
        self._before = task.begin.before if task.begin is not None else None

    def piece(self) -> Piece:
        stretches, open_ended = [], False
        end_t = self._task.until_t + self._task.run_on_s
        for frame, result in self._results():
            if result.fresh:
                mark = self._mark(frame)
                if self._start is not None:
                    stretches.append(self._stretch(mark))
                self._start = mark
                if frame.t >= self._task.until_t - GRACE_S:
                    break
            elif frame.t > end_t:
                open_ended = True
                break
            self._book.take(result)
            self._before = self._source.stamp
        else:
            self._book.take(self._pipeline.end(self._camera))
            stretches.append(self._stretch(None))
        return Piece(tuple(stretches), open_ended, self._source.even, True, self._source.failed)

    def _results(self) -> Iterator[tuple[Frame, FrameResult]]:
        index = 0
        while (picture := self._source.read()) is not None:
            wall = EPOCH + timedelta(seconds=picture.t)
            frame = Frame(picture.pixels, index, picture.t, 0.0, wall, self._camera, live=False)
            yield frame, self._pipeline.process([frame])[0]
            index += 1

    def _mark(self, frame: Frame) -> Mark:
        stamp = self._source.stamp or 0
        before = stamp if self._before is None else self._before
        return Mark(stamp, before, frame.t, zlib.crc32(frame.image.data))

    def _stretch(self, until: Mark | None) -> Stretch:
        assert self._start is not None
        book, self._book = self._book, _Book()
        visits = sorted(book.visits.values(), key=_number)
        said = {visit.visit_id: visit.corrected for visit in visits}
        return Stretch(
            self._start,
            until,
            tuple(visits),
            tuple(
                replace(sighting, corrected=said.get(sighting.visit_id))
                for sighting in book.sightings.values()
            ),
        )


def _number(visit: Visit) -> tuple[datetime, int]:
    """Those who came first are first; of two who came at once, whom the detector gave first."""
    return visit.first_seen, int(visit.visit_id.rpartition("-v")[2])


def whole(looked: Looked) -> Task:
    """A clip as one task."""
    return Task(looked, None, math.inf, math.inf)
