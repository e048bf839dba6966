"""Frame -> FrameResult. No thread, no Qt, no clock, no file."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

import numpy as np

from monitor.classify import MaskClassifier
from monitor.config import Config
from monitor.detect import FaceDetector
from monitor.records import Detections, Face, Frame, FrameResult, Timings
from monitor.scene import Changes, Scene, still_faces
from monitor.track import Track


class Pipeline:
    """Detects, follows and judges faces. The inference thread alone calls it.

    Args:
        detector: Finds faces.
        classifier: Judges masks.
        config: All settings.
        shift_id: Part of every visit's id.
    """

    def __init__(self, detector: FaceDetector, classifier: MaskClassifier, config: Config, shift_id: str) -> None:
        self._detector, self._classifier, self._config, self._shift_id = detector, classifier, config, shift_id
        self._scenes: dict[str, Scene] = {}
        self._ids = itertools.count(1)

    def process(self, frame: Frame) -> FrameResult:
        """One frame of a camera, a stream or a clip."""
        return self.process_batch([frame])[0]

    def process_batch(self, frames: Sequence[Frame]) -> list[FrameResult]:
        """One frame of each of several cameras; all their faces go through the classifier in one batch."""
        steps = [self._detect_and_follow(frame) for frame in frames]
        started = time.perf_counter()
        rois = [
            self._classifier.rois(frame.image, found.boxes[looked])
            for frame, (found, _, _, looked, _) in zip(frames, steps, strict=True)
        ]
        answers = self._classifier.probabilities(np.concatenate(rois))
        classify_s = (time.perf_counter() - started) / len(frames)
        results, first = [], 0
        for frame, own_rois, (found, tracks, ended, looked, timings) in zip(frames, rois, steps, strict=True):
            own_answers = answers[first : first + len(looked)]
            first += len(looked)
            faces, changes = self._scene(frame.camera).judge(frame, found, tracks, looked, own_rois, own_answers)
            timings = Timings(timings.detect_s, timings.track_s, classify_s)
            results.append(_result(frame, faces, timings, ended, changes))
        return results

    def process_still(self, frame: Frame) -> FrameResult:
        """A picture that stands alone: no tracking."""
        started = time.perf_counter()
        found = self._detector.detect(frame.image)
        detected = time.perf_counter()
        rois = self._classifier.rois(frame.image, found.boxes)
        answers = self._classifier.probabilities(rois)
        faces = still_faces(found, rois, answers, self._config)
        return FrameResult(frame, faces, Timings(detected - started, 0.0, time.perf_counter() - detected))

    def expire(self, camera: str, t: float) -> Changes:
        """End the visits of people who have not been seen for too long before a camera that gives no frames."""
        return self._scenes[camera].expire(t) if camera in self._scenes else Changes()

    def end(self, camera: str) -> Changes:
        """A source was closed: end its visits."""
        scene = self._scenes.pop(camera, None)
        return scene.end_all() if scene is not None else Changes()

    @property
    def cameras(self) -> tuple[str, ...]:
        """The sources that have a scene."""
        return tuple(self._scenes)

    def _scene(self, camera: str) -> Scene:
        if camera not in self._scenes:
            self._scenes[camera] = Scene(self._config, camera, self._shift_id, self._classifier.name, self._ids)
        return self._scenes[camera]

    def _detect_and_follow(self, frame: Frame) -> tuple[Detections, list[Track | None], Changes, list[int], Timings]:
        scene, started = self._scene(frame.camera), time.perf_counter()
        found = self._detector.detect(frame.image)
        detected = time.perf_counter()
        tracks, ended = scene.follow(frame, found)
        looked = scene.wants_look(frame, tracks)
        return found, tracks, ended, looked, Timings(detected - started, time.perf_counter() - detected)


def _result(frame: Frame, faces: tuple[Face, ...], timings: Timings, ended: Changes, changes: Changes) -> FrameResult:
    return FrameResult(frame, faces, timings, ended.visits + changes.visits, ended.sightings + changes.sightings)
