"""Frame -> FrameResult. No thread, no Qt, no clock, no file."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor.analysis.scene import Changes, Scene, still_faces
from monitor.analysis.track import Track
from monitor.config import Config
from monitor.detect import FaceDetector
from monitor.faces.boxes import NO_BOXES
from monitor.faces.classify import STATES, MaskClassifier
from monitor.records import Detections, FloatArray, Frame, FrameResult, Timings

if TYPE_CHECKING:  # not imported in mask-only mode
    from monitor.faces.gender import GenderGuesser
    from monitor.identity.identify import Identifier


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """What is known of a frame before its faces are judged."""

    frame: Frame
    found: Detections | None  # None: the frame was not searched
    tracks: list[Track | None]
    ended: Changes
    looked: list[int]  # the detections that the classifier looks at
    detect_s: float
    track_s: float


class Pipeline:
    """Detects, follows and judges faces. The inference thread alone calls it.

    Args:
        detector: Finds faces.
        classifier: Judges masks.
        config: All settings.
        shift_id: Part of every visit's id.
        identifier: Who names people; None in mask-only mode, where no embedding is made.
        guesser: Who guesses genders, where the settings ask for it.
    """

    def __init__(
        self,
        detector: FaceDetector,
        classifier: MaskClassifier,
        config: Config,
        shift_id: str,
        identifier: Identifier | None = None,
        guesser: GenderGuesser | None = None,
    ) -> None:
        self._detector = detector
        self._classifier = classifier
        self._config = config
        self._shift_id = shift_id
        self._identifier, self._guesser = identifier, guesser
        self._scenes: dict[str, Scene] = {}
        self._ids = itertools.count(1)

    def process(self, frames: Sequence[Frame]) -> list[FrameResult]:
        """One frame of each of several sources; all their faces go through the classifier in one
        batch.

        Frames of cameras, streams and clips are followed over time; pictures that stand alone
        (`Frame.still`) are not.
        """
        steps = [self._look(frame) for frame in frames]
        started = time.perf_counter()
        rois = [
            self._classifier.rois(
                s.frame.image, s.found.boxes[s.looked] if s.found is not None else NO_BOXES
            )
            for s in steps
        ]
        answers = (
            self._classifier.probabilities(np.concatenate(rois))
            if steps
            else np.empty((0, len(STATES)), np.float32)
        )
        classify_s = (time.perf_counter() - started) / max(1, len(steps))
        results, first = [], 0
        for step, own_rois in zip(steps, rois, strict=True):
            own_answers = answers[first : first + len(own_rois)]
            first += len(own_rois)
            timings = Timings(step.detect_s, step.track_s, classify_s, self._identify(step))
            self._guess_genders(step)
            results.append(self._judge(step, own_rois, own_answers, timings))
        return results

    @property
    def detector(self) -> FaceDetector:
        return self._detector

    @property
    def enrolled(self) -> int | None:
        """How many people can be named; None in mask-only mode."""
        return len(self._identifier.matcher.names) if self._identifier is not None else None

    def expire(self, camera: str, t: float) -> Changes:
        """End the visits of people who have not been seen for too long before a camera that gives
        no frames.
        """
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
            self._scenes[camera] = Scene(
                self._config,
                camera,
                self._shift_id,
                self._classifier.name,
                self._ids,
                self._identifier,
                self._guesser,
            )
        return self._scenes[camera]

    def _look(self, frame: Frame) -> _Step:
        """Detect and follow."""
        started = time.perf_counter()
        if frame.still:
            found = self._detector.detect_still(frame.image)
            detected = time.perf_counter()
            return _Step(
                frame, found, [], Changes(), list(range(len(found))), detected - started, 0.0
            )
        scene = self._scene(frame.camera)
        smallest_px = scene.wants_search(frame.t)
        if smallest_px is None:
            return _Step(frame, None, [], Changes(), [], 0.0, 0.0)
        found = self._detector.detect(frame.image, smallest_px)
        detected = time.perf_counter()
        tracks, ended = scene.follow(frame, found)
        looked = scene.wants_look(frame, tracks)
        return _Step(
            frame, found, tracks, ended, looked, detected - started, time.perf_counter() - detected
        )

    def _identify(self, step: _Step) -> float:
        """Name the people of a frame who are not named yet. Returns the seconds that it took."""
        if self._identifier is None or step.found is None or step.frame.still:
            return 0.0
        started, scene, found = time.perf_counter(), self._scene(step.frame.camera), step.found
        chosen = scene.wants_embedding(step.frame, step.tracks)
        landmarks = None if found.landmarks is None else found.landmarks[chosen]
        embeddings = self._identifier.looks(step.frame.image, found.boxes[chosen], landmarks)
        scene.identify(step.frame, found, step.tracks, chosen, embeddings)
        return time.perf_counter() - started

    def _guess_genders(self, step: _Step) -> None:
        if self._guesser is not None and step.found is not None and not step.frame.still:
            self._guesser.look_at(
                step.frame, step.found, self._scene(step.frame.camera).gender_votes(step.tracks)
            )

    def _judge(
        self, step: _Step, rois: FloatArray, answers: FloatArray, timings: Timings
    ) -> FrameResult:
        if step.found is None:
            return FrameResult(
                step.frame, self._scene(step.frame.camera).coast(step.frame), timings
            )
        if step.frame.still:
            return FrameResult(
                step.frame, still_faces(step.found, rois, answers, self._config), timings
            )
        scene = self._scene(step.frame.camera)
        faces, changes = scene.judge(
            step.frame, step.found, step.tracks, step.looked, rois, answers
        )
        visits = step.ended.visits + changes.visits
        sightings = step.ended.sightings + changes.sightings
        return FrameResult(step.frame, faces, timings, visits, sightings)
