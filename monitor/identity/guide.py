"""Guided enrolment: says what to do next and takes the shots that are good enough. No Qt, no
printing, no thread.

The caller brings frames with their detections, shows the message of each `Progress`, and makes a
`Person` of the shots at the end. Left and right are the person's own; the picture is not mirrored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt

from monitor.detect import FaceDetector
from monitor.faces.align import TEMPLATE, align, apply, matrices
from monitor.faces.boxes import crop_square, longer_side
from monitor.faces.quality import nose_offset
from monitor.identity.drawn_masks import STYLES, draw_mask
from monitor.identity.gallery import Kind
from monitor.records import Detections, FloatArray, Image

SHOTS = 30  # taken by default
PICTURE_PX, PICTURE_MARGIN = 256, 0.6  # pictures that are kept on the user's wish
STEP_TIMEOUT_S = (
    # a step in which nothing was taken for so long is left out, or ends the enrolment if it is
    # needed
    30.0
)
GAP_S = 0.12  # between two shots: the same instant twice teaches nothing
VARIED_MIN = 1.5  # mean difference in grey levels (of 32 x 32) of a shot from every other one


class Step(Enum):
    """What the person is asked to do."""

    STRAIGHT = "Look straight into the camera"
    LEFT = "Turn your head a little to your left"
    RIGHT = "Turn your head a little to your right"
    CLOSER = "Come closer"
    MASK_ON = "Put your mask on"
    MASK_OFF = "Take the mask off and look into the camera"
    FREE = "Move your head a little"


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
class Progress:
    """Where an enrolment stands after a frame."""

    step: Step
    message: str  # one line for the person before the camera
    accepted: bool  # this frame was taken
    taken: int
    wanted: int
    done: bool = False
    failed: str = ""  # why it has ended without enough shots


IsMasked = Callable[[Image, FloatArray], bool]  # (image BGR, (1, 4) box) -> a mask is worn


def take(image_bgr: Image, found: Detections, gate: Gate, keep_picture: bool = False) -> Shot | str:
    """The one face of a picture if it is good enough, else in one phrase why not.

    Args:
        image_bgr: (H, W, 3) uint8 BGR.
        found: What the detector found in it, with landmarks.
        gate: What is asked of it.
        keep_picture: Also cut out a picture to keep.
    """
    sizes = longer_side(found.boxes)
    sure = np.flatnonzero(found.confidence >= gate.confidence)
    if len(sure) == 0 or found.landmarks is None:
        return "no face is seen"
    best = int(sure[sizes[sure].argmax()])
    # Somebody far behind is no second person before the camera.
    if np.sum(sizes[sure] >= 0.5 * sizes[best]) > 1:
        return "more than one face is seen: only one person at a time"
    size, landmarks = float(sizes[best]), found.landmarks[best]
    if size < gate.face_px:
        return f"the face is too small ({size:.0f} px, {gate.face_px:.0f} are needed): come closer"
    turn = nose_offset(landmarks)
    if abs(turn) > gate.turn:
        return "the face is turned too far away"
    face = align(image_bgr, found.boxes[best : best + 1], landmarks[None])[0]
    problem = _light_and_focus(face, gate)
    if problem:
        return problem
    placed = apply(matrices(found.boxes[best : best + 1], landmarks[None]), landmarks[None])[0]
    picture = (
        crop_square(image_bgr, found.boxes[best], PICTURE_MARGIN, PICTURE_PX)
        if keep_picture
        else None
    )
    return Shot(face, placed, Kind.BARE, Step.FREE, turn, size, found.boxes[best], picture)


def _light_and_focus(face: Image, gate: Gate) -> str:
    """Why an aligned face is not good enough, or nothing."""
    grey = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
    middle = grey[20:104, 20:92]  # no hair and no background
    mean, deviation = float(middle.mean()), float(middle.std())
    if mean < gate.dark:
        return "it is too dark: turn on a light before you"
    if mean > gate.bright:
        return "it is too bright: turn away from the light"
    if deviation < gate.contrast:
        return "the face can hardly be made out: change the light"
    # the eyes: a mask is smooth
    if float(cv2.Laplacian(middle[:50], cv2.CV_32F).var()) < gate.sharpness:
        return "the picture is blurred: hold still"
    return ""


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
        self.failed = ""
        self.problem = ""  # why the last frame was not taken

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
        self.problem = ""
        if self.done or self.failed:
            return self._progress("", False)
        if self._last_t is None:
            self._last_t = t
        self.problem = problem = self._try(image_bgr, found, t)
        if problem and t - self._last_t > self._timeout_s:
            self._give_up(problem, t)
        return self._progress(problem, not problem)

    def skip(self, t: float) -> None:
        """Leave the present step out; its shots are taken in any pose at the end."""
        if not self.done:
            self._next(t, owed=self._left)

    def _try(self, image: Image, found: Detections, t: float) -> str:
        """Take the frame, or say why not."""
        step = self._steps[0][0]
        shot = take(image, found, self._gate, self._keep)
        if isinstance(shot, str):
            return shot
        problem = self._pose(step, shot)
        if problem:
            return problem
        kind = Kind.BARE
        if self._is_masked is not None:
            masked = self._is_masked(image, shot.box[None])
            if masked and step not in (Step.MASK_ON, Step.FREE):
                return "take the mask off"
            if not masked and step is Step.MASK_ON:
                return "put your mask on, over nose and mouth"
            kind = Kind.MASKED if masked else Kind.BARE
        if t - self._shot_t < GAP_S or not self._varied(shot.face):
            return "move a little"
        self._shot_t = self._last_t = t
        self.shots.append(replace(shot, kind=kind, step=step))
        self._left -= 1
        if self._left == 0:
            self._next(t)
        return ""

    def _pose(self, step: Step, shot: Shot) -> str:
        if step is Step.LEFT and shot.turn < 0.16:
            return "turn a little more to your left"
        if step is Step.RIGHT and shot.turn > -0.16:
            return "turn a little more to your right"
        if step in (Step.STRAIGHT, Step.MASK_OFF) and abs(shot.turn) > 0.2:
            return "look straight into the camera"
        if step is Step.CLOSER:
            before = [s.face_px for s in self.shots if s.step is Step.STRAIGHT]
            if before and shot.face_px < 1.2 * float(np.median(before)):
                return "come closer"
        return ""

    def _varied(self, face: Image) -> bool:
        small = cv2.resize(
            cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), (32, 32), interpolation=cv2.INTER_AREA
        )
        signed = small.astype(np.int16)
        if any(float(np.abs(signed - other).mean()) < VARIED_MIN for other in self._small):
            return False
        self._small.append(signed)
        return True

    def _give_up(self, problem: str, t: float) -> None:
        if self._steps[0][0] in (Step.STRAIGHT, Step.FREE):
            self.failed = f"nothing could be taken for {self._timeout_s:.0f} s: {problem}"
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

    def _progress(self, problem: str, accepted: bool) -> Progress:
        step = self._steps[0][0] if self._steps else Step.FREE
        message = (
            "Done"
            if self.done
            else step.value + (f" ({problem})" if problem and not accepted else "")
        )
        return Progress(
            step,
            self.failed or message,
            accepted,
            len(self.shots),
            self._wanted,
            self.done,
            self.failed,
        )


def take_from_picture(
    image_bgr: Image,
    detector: FaceDetector,
    is_masked: IsMasked | None = None,
    keep_picture: bool = False,
) -> Shot | str:
    """The one face of a picture that somebody brought, or why it cannot be used."""
    # not `detect_still`: its closer look takes a cup of coffee for a face
    found = detector.detect(image_bgr)
    if len(found) == 0:  # cut too tight: the detector wants something round the face
        pad = max(image_bgr.shape[:2]) // 3
        image_bgr = cv2.copyMakeBorder(image_bgr, pad, pad, pad, pad, cv2.BORDER_CONSTANT)  # type: ignore[assignment]
        found = detector.detect(image_bgr)
    shot = take(image_bgr, found, FOLDER_GATE, keep_picture)
    if isinstance(shot, str) or is_masked is None:
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
