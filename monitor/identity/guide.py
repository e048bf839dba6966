"""Guided enrolment: which step is next, and which shots are good enough. No Qt, no thread, and no
words: those are in `monitor.identity.words`.

The caller brings frames with their detections, shows each `Progress`, and makes an `EnrolledPerson`
of the shots at the end. Left and right are the person's own; the picture is not mirrored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

import cv2
import numpy as np
import numpy.typing as npt

from monitor.detect import FaceDetector
from monitor.faces.align import TEMPLATE, align, apply, matrices
from monitor.faces.boxes import crop_square, longer_side
from monitor.faces.quality import nose_offset
from monitor.identity.drawn_masks import STYLES, draw_mask
from monitor.identity.person import Kind
from monitor.records import Detections, FloatArray, Image

SHOTS = 30  # taken by default
PICTURE_PX, PICTURE_MARGIN = 256, 0.6  # pictures that are kept on the user's wish
# a step in which nothing was taken for this long is left out, or ends the enrolment if it is needed
STEP_TIMEOUT_S = 30.0
GAP_S = 0.12  # between two shots: the same instant twice teaches nothing
VARIED_MIN = 1.5  # mean difference in grey levels (of 32 x 32) of a shot from every other one


class Step(Enum):
    """What the person is asked to do."""

    STRAIGHT = auto()
    LEFT = auto()
    RIGHT = auto()
    CLOSER = auto()
    MASK_ON = auto()
    MASK_OFF = auto()
    FREE = auto()  # any pose


class Reason(Enum):
    """Why a picture is not taken."""

    NO_FACE = auto()
    SEVERAL_FACES = auto()
    TOO_SMALL = auto()
    TURNED_AWAY = auto()
    TOO_DARK = auto()
    TOO_BRIGHT = auto()
    NO_CONTRAST = auto()
    BLURRED = auto()
    # the face is good enough, but not what the step asks for
    NOT_LEFT = auto()
    NOT_RIGHT = auto()
    NOT_STRAIGHT = auto()
    NOT_CLOSER = auto()
    MASKED = auto()
    NO_MASK = auto()
    NOT_NEW = auto()  # too like the shots before


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a picture is not taken, with its numbers."""

    reason: Reason
    face_px: float = 0.0  # for `TOO_SMALL`: longer side of the face, and what is asked
    needed_px: float = 0.0


@dataclass(frozen=True, slots=True)
class Gate:
    """What a shot must have. Units are pixels of the frame and 8-bit grey levels of the aligned
    face.
    """

    face_px: float = 80.0  # longer side of the face
    sharpness: float = 25.0  # variance of the Laplacian
    dark: float = 45.0  # mean
    bright: float = 225.0  # mean
    contrast: float = 14.0  # standard deviation
    turn: float = 0.75  # nose off the middle of the eyes, in eye distances
    confidence: float = 0.6  # of the detector


CAMERA_GATE = Gate()
# Pictures that people bring are as they are: only what cannot be used is refused.
FOLDER_GATE = Gate(
    face_px=36.0, sharpness=4.0, dark=25.0, bright=240.0, contrast=8.0, turn=1.2, confidence=0.6
)


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One picture of a face that is good enough."""

    face: Image  # (112, 112, 3) BGR, aligned
    landmarks: FloatArray  # (5, 2) pixels of `face`
    kind: Kind
    step: Step
    turn: float  # nose off the middle of the eyes, in eye distances; positive to the person's left
    face_px: float
    box: FloatArray  # (4,) xyxy, pixels of the frame
    # (256, 256, 3) BGR with some room round the face, where pictures are kept
    picture: Image | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an enrolment has ended without enough shots."""

    waited_s: float  # nothing was taken for this long
    refusal: Refusal  # of the last frame


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an enrolment stands after a frame."""

    step: Step
    refusal: Refusal | None  # why this frame was not taken
    accepted: bool  # this frame was taken
    taken: int
    wanted: int
    done: bool = False
    failure: Failure | None = None


IsMasked = Callable[[Image, FloatArray], bool]  # (image BGR, (1, 4) box) -> a mask is worn


def take(
    image_bgr: Image, found: Detections, gate: Gate, keep_picture: bool = False
) -> Shot | Refusal:
    """The one face of a picture if it is good enough, else why not.

    Args:
        image_bgr: (H, W, 3) uint8 BGR.
        found: What the detector found in it, with landmarks.
        gate: What is asked of it.
        keep_picture: Also cut out a picture to keep.
    """
    sizes = longer_side(found.boxes)
    sure = np.flatnonzero(found.confidence >= gate.confidence)
    if len(sure) == 0 or found.landmarks is None:
        return Refusal(Reason.NO_FACE)
    best = int(sure[sizes[sure].argmax()])
    # Somebody far behind is no second person before the camera.
    if np.sum(sizes[sure] >= 0.5 * sizes[best]) > 1:
        return Refusal(Reason.SEVERAL_FACES)
    size, landmarks = float(sizes[best]), found.landmarks[best]
    if size < gate.face_px:
        return Refusal(Reason.TOO_SMALL, size, gate.face_px)
    turn = nose_offset(landmarks)
    if abs(turn) > gate.turn:
        return Refusal(Reason.TURNED_AWAY)
    face = align(image_bgr, found.boxes[best : best + 1], landmarks[None])[0]
    reason = _light_and_focus(face, gate)
    if reason is not None:
        return Refusal(reason)
    placed = apply(matrices(found.boxes[best : best + 1], landmarks[None]), landmarks[None])[0]
    picture = (
        crop_square(image_bgr, found.boxes[best], PICTURE_MARGIN, PICTURE_PX)
        if keep_picture
        else None
    )
    return Shot(face, placed, Kind.BARE, Step.FREE, turn, size, found.boxes[best], picture)


def _light_and_focus(face: Image, gate: Gate) -> Reason | None:
    """Why an aligned face is not good enough."""
    grey = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
    middle = grey[20:104, 20:92]  # no hair and no background
    mean, deviation = float(middle.mean()), float(middle.std())
    if mean < gate.dark:
        return Reason.TOO_DARK
    if mean > gate.bright:
        return Reason.TOO_BRIGHT
    if deviation < gate.contrast:
        return Reason.NO_CONTRAST
    # the eyes: a mask is smooth
    if float(cv2.Laplacian(middle[:50], cv2.CV_32F).var()) < gate.sharpness:
        return Reason.BLURRED
    return None


def plan(count: int, with_mask: bool) -> list[tuple[Step, int]]:
    """How many shots each step is to bring; together `count`."""
    shares = [(Step.STRAIGHT, 0.28), (Step.LEFT, 0.17), (Step.RIGHT, 0.17), (Step.CLOSER, 0.13)]
    shares += [(Step.MASK_ON, 0.2), (Step.MASK_OFF, 0.05)] if with_mask else []
    whole = sum(share for _, share in shares)
    steps = [(step, max(1, int(count * share / whole))) for step, share in shares]
    rest = count - sum(number for _, number in steps)
    if rest < 0:  # fewer shots than steps
        return [(step, 1) for step, _ in steps[:count]]
    return [(steps[0][0], steps[0][1] + rest), *steps[1:]]


class EnrolSession:
    """One person's guided enrolment. Frames go in, what to do next comes out.

    Args:
        count: Shots to take.
        is_masked: Tells whether a mask is worn; without it there are no steps with a mask.
        gate: What a shot must have.
        steps: Another plan; `[(Step.FREE, count)]` takes any good face, for recorded clips.
        keep_pictures: Keep a picture of each shot.
        timeout_s: How long a step may bring nothing; infinite for recorded clips.
    """

    def __init__(
        self,
        count: int = SHOTS,
        is_masked: IsMasked | None = None,
        gate: Gate = CAMERA_GATE,
        steps: Sequence[tuple[Step, int]] | None = None,
        keep_pictures: bool = False,
        timeout_s: float = STEP_TIMEOUT_S,
    ) -> None:
        self._timeout_s = timeout_s
        self._steps = list(steps) if steps is not None else plan(count, is_masked is not None)
        self._is_masked, self._gate, self._keep = is_masked, gate, keep_pictures
        self._wanted = sum(number for _, number in self._steps)
        self._left = self._steps[0][1]
        self._last_t: float | None = None  # of the last shot, or of the beginning of the step
        self._shot_t = -1e9
        self._small: list[npt.NDArray[np.int16]] = []
        self.shots: list[Shot] = []
        self.failure: Failure | None = None

    @property
    def done(self) -> bool:
        return not self._steps

    def step(self, image_bgr: Image, found: Detections, t: float) -> Progress:
        """Look at one frame.

        Args:
            image_bgr: (H, W, 3) uint8 BGR.
            found: What the detector found in it, with landmarks.
            t: Seconds of the source's own time; never goes back.
        """
        if self.done or self.failure:
            return self._progress(None, accepted=False)
        if self._last_t is None:
            self._last_t = t
        refusal = self._try(image_bgr, found, t)
        if refusal is not None and t - self._last_t > self._timeout_s:
            self._give_up(refusal, t)
        return self._progress(refusal, accepted=refusal is None)

    def skip(self, t: float) -> None:
        """Leave the present step out; its shots are taken in any pose at the end."""
        if not self.done:
            self._next(t, owed=self._left)

    def _try(self, image: Image, found: Detections, t: float) -> Refusal | None:
        """Take the frame, or say why not."""
        step = self._steps[0][0]
        shot = take(image, found, self._gate, self._keep)
        if isinstance(shot, Refusal):
            return shot
        masked = False
        reason = self._pose(step, shot)
        if reason is None and self._is_masked is not None:
            masked = self._is_masked(image, shot.box[None])
            if masked and step not in (Step.MASK_ON, Step.FREE):
                reason = Reason.MASKED
            elif not masked and step is Step.MASK_ON:
                reason = Reason.NO_MASK
        if reason is None and (t - self._shot_t < GAP_S or not self._varied(shot.face)):
            reason = Reason.NOT_NEW
        if reason is not None:
            return Refusal(reason)
        self._shot_t = self._last_t = t
        self.shots.append(replace(shot, kind=Kind.MASKED if masked else Kind.BARE, step=step))
        self._left -= 1
        if self._left == 0:
            self._next(t)
        return None

    def _pose(self, step: Step, shot: Shot) -> Reason | None:
        if step is Step.LEFT and shot.turn < 0.16:
            return Reason.NOT_LEFT
        if step is Step.RIGHT and shot.turn > -0.16:
            return Reason.NOT_RIGHT
        if step in (Step.STRAIGHT, Step.MASK_OFF) and abs(shot.turn) > 0.2:
            return Reason.NOT_STRAIGHT
        if step is Step.CLOSER:
            before = [s.face_px for s in self.shots if s.step is Step.STRAIGHT]
            if before and shot.face_px < 1.2 * float(np.median(before)):
                return Reason.NOT_CLOSER
        return None

    def _varied(self, face: Image) -> bool:
        small = cv2.resize(
            cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), (32, 32), interpolation=cv2.INTER_AREA
        )
        signed = small.astype(np.int16)
        if any(float(np.abs(signed - other).mean()) < VARIED_MIN for other in self._small):
            return False
        self._small.append(signed)
        return True

    def _give_up(self, refusal: Refusal, t: float) -> None:
        if self._steps[0][0] in (Step.STRAIGHT, Step.FREE):
            self.failure = Failure(self._timeout_s, refusal)
        else:
            self.skip(t)

    def _next(self, t: float, owed: int = 0) -> None:
        step, _ = self._steps.pop(0)
        if owed and step is not Step.FREE:
            if self._steps and self._steps[-1][0] is Step.FREE:
                owed += self._steps.pop()[1]
            self._steps.append((Step.FREE, owed))
        self._last_t = t
        self._left = self._steps[0][1] if self._steps else 0

    def _progress(self, refusal: Refusal | None, accepted: bool) -> Progress:
        return Progress(
            self._steps[0][0] if self._steps else Step.FREE,
            refusal,
            accepted,
            len(self.shots),
            self._wanted,
            self.done,
            self.failure,
        )


def take_from_picture(
    image_bgr: Image,
    detector: FaceDetector,
    is_masked: IsMasked | None = None,
    keep_picture: bool = False,
) -> Shot | Refusal:
    """The one face of a picture that somebody brought, or why it cannot be used."""
    # not `detect_still`: its closer look takes a cup of coffee for a face
    found = detector.detect(image_bgr)
    if len(found) == 0:  # cut too tight: the detector wants something round the face
        pad = max(image_bgr.shape[:2]) // 3
        image_bgr = cv2.copyMakeBorder(image_bgr, pad, pad, pad, pad, cv2.BORDER_CONSTANT)  # type: ignore[assignment]
        found = detector.detect(image_bgr)
    shot = take(image_bgr, found, FOLDER_GATE, keep_picture)
    if isinstance(shot, Refusal) or is_masked is None:
        return shot
    return replace(shot, kind=Kind.MASKED if is_masked(image_bgr, shot.box[None]) else Kind.BARE)


def with_drawn_masks(shots: Iterable[Shot]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """The faces of all shots, and each bare one again with a mask drawn on, every shot with another
    mask.

    Returns:
        (N, 112, 112, 3) uint8 BGR and (N,) uint8 `Kind`.
    """
    faces: list[Image] = []
    kinds: list[int] = []
    for number, shot in enumerate(shots):
        faces.append(shot.face)
        kinds.append(shot.kind)
        if shot.kind is Kind.BARE:
            marks = shot.landmarks if np.isfinite(shot.landmarks).all() else TEMPLATE
            faces.append(draw_mask(shot.face, marks, STYLES[number % len(STYLES)]))
            kinds.append(Kind.DRAWN)
    return np.stack(faces), np.array(kinds, np.uint8)
