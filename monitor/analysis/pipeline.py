"""Frame -> FrameResult. No thread, no Qt, no clock, no file."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from monitor.analysis.scene import GRACE_S, Scene
from monitor.analysis.sightings import Origin
from monitor.analysis.still import named_faces, pooled, still_faces, with_genders
from monitor.analysis.upright import found_turned, turned_confidence
from monitor.analysis.wanted import Answers, Changes, Indices, Wanted
from monitor.camera.turn import Turn
from monitor.camera.zones import Zones, as_turned, counted, searched
from monitor.config import Config
from monitor.detect import FaceDetector, detect_in
from monitor.faces.boxes import NO_BOXES, longer_side
from monitor.faces.classify import MaskClassifier
from monitor.records import (
    Detections,
    Face,
    FloatArray,
    Frame,
    FrameResult,
    Image,
    Timings,
    WatchState,
)

if TYPE_CHECKING:  # not imported in mask-only mode
    from monitor.faces.gender import GenderGuesser
    from monitor.identity.identify import Identifier
    from monitor.identity.watch import Known


NO_IMAGE: Image = np.zeros((1, 1, 3), np.uint8)
FRESH_EVERY_S = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """A frame whose faces are to be classified."""

    frame: Frame
    wanted: Wanted | None  # None: the frame is not searched
    changes: Changes = field(default_factory=Changes)  # of a frame that is not searched
    detect_s: float = 0.0
    track_s: float = 0.0
    fresh: bool = False  # see `FrameResult`


class Pipeline:
    """Detects, follows, classifies and identifies faces. The inference thread alone calls it.

    A recording's scene begins afresh with the first frame of each full `FRESH_EVERY_S` of its time,
    where nothing is known by then that matters (`Scene.quiet`). What is found from there on depends
    on nothing before: a recording can be cut there, and the parts give what the whole gives.

    Args:
        detector: Finds faces.
        classifier: Tells how masks are worn.
        config: All settings.
        run_id: Part of every visit's id.
        identifier: Who names people; None in mask-only mode, where no embedding is made.
        guesser: Who guesses genders, where the settings ask for it.
    """

    def __init__(
        self,
        detector: FaceDetector,
        classifier: MaskClassifier,
        config: Config,
        run_id: str,
        identifier: Identifier | None = None,
        guesser: GenderGuesser | None = None,
    ) -> None:
        self._detector = detector
        self._classifier = classifier
        self._config = config
        self._run_id = run_id
        self._identifier, self._guesser = identifier, guesser
        self._scenes: dict[str, Scene] = {}
        self._zones: Mapping[str, Zones] = {}
        self._lying: dict[str, Zones] = {}  # by camera: as they lie on its pictures
        self._tens: dict[str, int] = {}  # by recording: how many times `FRESH_EVERY_S` it is old
        self._ids = itertools.count(1)

    def process(self, frames: Sequence[Frame]) -> list[FrameResult]:
        """One frame of each of several sources; all their faces go through the classifier in one
        batch.

        Frames of cameras, streams and clips are followed over time; pictures that stand alone
        (`Frame.still`) are not.
        """
        steps = [self._detect(frame) for frame in frames]
        started = time.perf_counter()
        classified = self._classify(steps)
        classify_s = (time.perf_counter() - started) / max(1, len(steps))
        return [
            self._finish(step, rois, probabilities, classify_s)
            for step, (rois, probabilities) in zip(steps, classified, strict=True)
        ]

    @property
    def model(self) -> str:
        """The mask model, what runs it, and the detector, in one line for people."""
        classifier = self._classifier
        return f"{classifier.name} on {classifier.backend}, {self._detector.name}"

    @property
    def classifier(self) -> MaskClassifier:
        return self._classifier

    @property
    def embedder(self) -> str | None:
        """Name of the embedding model; None in mask-only mode."""
        return self._identifier.model if self._identifier is not None else None

    @property
    def detector(self) -> FaceDetector:
        return self._detector

    def use(self, classifier: MaskClassifier) -> None:
        """Go on with another mask model. Visits and votes go on; sightings that begin from now on
        bear its name.
        """
        self._classifier = classifier
        for scene in self._scenes.values():
            scene.use_model(classifier.name)

    def use_zones(self, zones: Mapping[str, Zones]) -> None:
        """Go on with other zones, by camera. Who stands where nothing counts leaves as somebody
        does who is not seen any more.
        """
        self._zones, self._lying = dict(zones), {}

    @property
    def enrolled(self) -> int | None:
        """How many people can be named; None in mask-only mode."""
        return len(self._identifier.matcher.names) if self._identifier is not None else None

    def take_news(self) -> Known | None:
        """Whether other people can be named now, by a gallery that was changed. Whoever takes the
        news calls `obeyed` once the names of those who are gone are in no book.
        """
        known = self._identifier.take_news() if self._identifier is not None else None
        for scene in self._scenes.values() if known is not None else ():
            scene.name_anew()
        return known

    def obeyed(self, known: Known) -> None:
        """See `take_news`."""
        if self._identifier is not None:
            self._identifier.obeyed(known)

    def settle(self) -> None:
        """Look for news a last time, for `take_news`: the books are about to be closed."""
        if self._identifier is not None:
            self._identifier.settle()

    def close(self) -> None:
        """Nobody is named any more."""
        if self._identifier is not None:
            self._identifier.close()

    def expire(self, camera: str, t: float) -> Changes:
        """End the visits of people who have not been seen for too long before a camera that gives
        no frames.
        """
        return self._scenes[camera].expire(t) if camera in self._scenes else Changes()

    def end(self, camera: str) -> Changes:
        """A source was closed: end its visits."""
        scene = self._scenes.pop(camera, None)
        self._tens.pop(camera, None)
        return scene.end_all() if scene is not None else Changes()

    def turned(self, camera: str) -> WatchState | None:
        """How the picture of a source is turned, by its last faces; None: it is not."""
        scene = self._scenes.get(camera)
        turn = scene.turn if scene is not None else 0
        return {0: None, 180: WatchState.UPSIDE_DOWN}.get(turn, WatchState.SIDEWAYS)

    @property
    def cameras(self) -> tuple[str, ...]:
        """The sources that have a scene."""
        return tuple(self._scenes)

    def _scene(self, camera: str) -> Scene:
        if camera not in self._scenes:
            self._scenes[camera] = Scene(
                self._config,
                Origin(camera, self._run_id, self._classifier.name),
                self._ids,
                self._identifier,
                self._guesser,
            )
        return self._scenes[camera]

    def _begins_afresh(self, frame: Frame) -> bool:
        """Whether a recording's scene begins with this frame; an old one that is quiet is let go
        of.
        """
        camera, ten = frame.camera, int((frame.t + GRACE_S) // FRESH_EVERY_S)
        if frame.live or frame.still or ten <= self._tens.get(camera, -1):
            return False
        self._tens[camera] = ten
        if camera in self._scenes and not self._scenes[camera].quiet(frame.t):
            return False
        self._scenes.pop(camera, None)
        return True

    def _detect(self, frame: Frame) -> _Step:
        """Detect and follow."""
        started = time.perf_counter()
        if frame.still:
            found = self._search_still(frame)
            large = np.flatnonzero(longer_side(found.boxes) >= self._config.classify.unsure_face_px)
            nobody = large[:0]
            wanted = Wanted(
                frame,
                found,
                classify=np.arange(len(found)),
                embed=large if frame.name_faces and self._identifier is not None else nobody,
                guess_gender=large if self._guesser is not None else nobody,
            )
            return _Step(frame, wanted, detect_s=time.perf_counter() - started)
        fresh = self._begins_afresh(frame)
        scene = self._scene(frame.camera)
        if frame.frozen_t is not None:  # an old picture again
            return _Step(frame, None, scene.freeze(frame.frozen_t))
        smallest_px = scene.wants_detection(frame.t)
        if smallest_px is None:
            return _Step(frame, None)
        found = self._search(frame, smallest_px)
        detected = time.perf_counter()
        wanted = scene.follow(frame, found)
        return _Step(
            frame,
            wanted,
            detect_s=detected - started,
            track_s=time.perf_counter() - detected,
            fresh=fresh,
        )

    def _search(self, frame: Frame, smallest_px: float = 0) -> Detections:
        """The faces of a frame, where it counts."""
        zones = self._zones_of(frame)
        part = searched(zones, frame.size_wh) if zones is not None else None
        if part is None:
            found = self._detector.detect(frame.image, smallest_px)
        else:
            found = detect_in(self._detector, frame.image, part, smallest_px)
        return self._where_it_counts(frame, found)

    def _zones_of(self, frame: Frame) -> Zones | None:
        """They turn with the camera's pictures."""
        zones, turn = self._zones.get(frame.camera), Turn(frame.rotate, frame.mirror)
        if zones is None:
            return None
        lying = self._lying.get(frame.camera)
        if lying is None or lying.turn != turn:
            lying = self._lying[frame.camera] = as_turned(zones, turn)
        return lying

    def _search_still(self, frame: Frame) -> Detections:
        """The same of a picture that stands alone; all of it is searched."""
        if not (frame.closely or frame.smallest_px):
            return self._search(frame)
        found = self._detector.detect_still(frame.image, frame.smallest_px)
        return self._where_it_counts(frame, found)

    def _where_it_counts(self, frame: Frame, found: Detections) -> Detections:
        zones = self._zones_of(frame)
        if zones is None or not len(found):
            return found
        kept = counted(zones, found.boxes, frame.size_wh)
        landmarks = None if found.landmarks is None else found.landmarks[kept]
        return Detections(found.boxes[kept], found.confidence[kept], landmarks)

    def _coast(self, frame: Frame) -> tuple[Face, ...]:
        """The faces of a frame that is not searched, where it counts."""
        faces, zones = self._scene(frame.camera).coast(frame), self._zones_of(frame)
        if zones is None or not faces:
            return faces
        kept = counted(zones, np.array([face.xyxy for face in faces]), frame.size_wh)
        return tuple(face for face, counts in zip(faces, kept, strict=True) if counts)

    def _classify(self, steps: Sequence[_Step]) -> list[tuple[FloatArray, FloatArray]]:
        """ROIs and probabilities of the faces that each step wants classified, by one batch."""
        if not steps:
            return []
        rois = [
            # nobody looks at a frame that was not searched
            self._classifier.rois(NO_IMAGE, NO_BOXES)
            if step.wanted is None
            else self._classifier.rois(
                step.frame.image, step.wanted.found.boxes[step.wanted.classify]
            )
            for step in steps
        ]
        probabilities = self._classifier.probabilities(np.concatenate(rois))
        ends = itertools.accumulate(len(own) for own in rois)
        answers = [probabilities[end - len(own) : end] for own, end in zip(rois, ends, strict=True)]
        return [
            (
                own,
                self._looked_again(own, answer)
                if step.frame.still and step.frame.closely
                else answer,
            )
            for step, own, answer in zip(steps, rois, answers, strict=True)
        ]

    def _looked_again(self, rois: FloatArray, probabilities: FloatArray) -> FloatArray:
        """What the faces of a picture that stands alone are, by a look into a mirror as well."""
        return pooled(probabilities, self._classifier.probabilities(rois[:, :, ::-1]))

    def _finish(
        self, step: _Step, rois: FloatArray, probabilities: FloatArray, classify_s: float
    ) -> FrameResult:
        """Identify, guess genders, and hand all answers to the scene."""
        frame, wanted = step.frame, step.wanted
        if wanted is None:
            scene = self._scene(frame.camera)
            timings = Timings(classify_s=classify_s)
            return FrameResult(
                *(frame, self._coast(frame), timings),
                *(step.changes.visits, step.changes.sightings),
                turn=scene.turn,
                model=self._classifier.name,
            )
        if frame.still:
            return self._finish_still(step, wanted, Answers(rois, probabilities), classify_s)
        embeddings, identify_s = self._embed(wanted)
        answers = Answers(
            rois,
            probabilities,
            self._turned(wanted),
            found_turned(self._detector, frame.image, wanted.ways),
            embeddings,
            self._guess_genders(wanted),
        )
        scene = self._scene(frame.camera)
        faces, changes = scene.take(wanted, answers)
        timings = Timings(step.detect_s, step.track_s, classify_s, identify_s)
        return FrameResult(
            *(frame, faces, timings, changes.visits, changes.sightings, scene.turn),
            model=self._classifier.name,
            fresh=step.fresh,
        )

    def _finish_still(
        self, step: _Step, wanted: Wanted, answers: Answers, classify_s: float
    ) -> FrameResult:
        faces, identify_s = still_faces(wanted, answers, self._config.classify), 0.0
        if self._identifier is not None and len(wanted.embed):
            embeddings, identify_s = self._embed(wanted)
            assert embeddings is not None
            names = self._identifier.name_once(embeddings)
            faces = named_faces(faces, wanted.embed, names)
        if self._guesser is not None and len(wanted.guess_gender):
            guesses = self._guess_genders(wanted)
            assert guesses is not None
            faces = with_genders(faces, wanted.guess_gender, guesses)
        timings = Timings(step.detect_s, step.track_s, classify_s, identify_s)
        return FrameResult(step.frame, faces, timings)

    def _turned(self, wanted: Wanted) -> FloatArray | None:
        """The confidence of the faces that are to be looked at turned."""
        if not len(wanted.turn):
            return None
        boxes = wanted.found.boxes[wanted.turn]
        return turned_confidence(self._detector, wanted.frame.image, boxes)

    def _embed(self, wanted: Wanted) -> tuple[FloatArray | None, float]:
        """The embeddings that are wanted, and the seconds that they took."""
        if self._identifier is None:
            return None, 0.0
        started = time.perf_counter()
        embeddings = self._identifier.embed(*_some(wanted, wanted.embed))
        return embeddings, time.perf_counter() - started

    def _guess_genders(self, wanted: Wanted) -> FloatArray | None:
        if self._guesser is None:
            return None
        return self._guesser.guess(*_some(wanted, wanted.guess_gender))


def _some(wanted: Wanted, which: Indices) -> tuple[Image, FloatArray, FloatArray | None]:
    """Some faces of a frame: its image, their boxes and landmarks."""
    found = wanted.found
    landmarks = None if found.landmarks is None else found.landmarks[which]
    return wanted.frame.image, found.boxes[which], landmarks
