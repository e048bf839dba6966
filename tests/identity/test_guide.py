"""The guided enrolment, on a portrait that is moved, turned, blurred and darkened."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.detect.yunet import YuNet
from monitor.faces.align import TEMPLATE
from monitor.identity.guide import (
    CAMERA_GATE,
    FOLDER_GATE,
    GAP_S,
    STEP_TIMEOUT_S,
    EnrolSession,
    Failure,
    Progress,
    Reason,
    Refusal,
    Shot,
    Step,
    plan,
    take,
    take_from_picture,
    with_drawn_masks,
)
from monitor.identity.person import Kind
from monitor.records import Detections, FloatArray, Image

LANDMARKS = np.array([[201, 105], [245, 105], [221, 127], [203, 145], [242, 145]], np.float32)
BOX = np.array([[178, 63, 269, 173]], np.float32)


@pytest.fixture
def bare(data: Path) -> Image:
    image = cv2.imread(str(data / "bare.jpg"))
    assert image is not None
    return image  # type: ignore[return-value]


def found(
    *boxes: FloatArray, landmarks: FloatArray = LANDMARKS, confidence: float = 0.95
) -> Detections:
    count = len(boxes)
    stacked = np.concatenate(boxes) if count else np.empty((0, 4), np.float32)
    return Detections(
        stacked,
        np.full(count, confidence, np.float32),
        np.stack([landmarks] * count) if count else np.empty((0, 5, 2), np.float32),
    )


def posed(turn: float) -> FloatArray:
    """The landmarks with the nose moved by `turn` eye distances to the person's left."""
    points = LANDMARKS.copy()
    points[2, 0] = 223 + 44 * turn
    return points


class Camera:
    """Gives frames of the portrait in motion to a session, a quarter of a second apart."""

    def __init__(self, image: Image, session: EnrolSession) -> None:
        self._image, self._session, self._number = image, session, 0
        self.masked = False

    @property
    def t(self) -> float:
        return 0.25 * self._number

    def frame(self, turn: float = 0.0, scale: float = 1.0, shift: float | None = None) -> Progress:
        self._number += 1
        # Other light on every frame: shots must differ.
        x = shift if shift is not None else 12 * np.sin(1.7 * self._number)
        light = 1 + 0.25 * np.sin(0.61 * self._number) if shift is None else 1.0
        matrix = np.array([[scale, 0, x], [0, scale, 0]], np.float64)
        size_wh = round(self._image.shape[1] * scale), round(self._image.shape[0] * scale)
        image = cv2.warpAffine(self._image, matrix, size_wh, borderMode=cv2.BORDER_REPLICATE)
        image = cv2.convertScaleAbs(image, alpha=light)
        points = (posed(turn) * scale + [x, 0]).astype(np.float32)
        box = (BOX * scale + [x, 0, x, 0]).astype(np.float32)
        return self._session.step(image, found(box, landmarks=points), self.t)  # type: ignore[arg-type]

    def obey(self, progress: Progress) -> Progress:
        """Do what is asked."""
        self.masked = progress.step is Step.MASK_ON
        turn = {Step.LEFT: 0.3, Step.RIGHT: -0.3}.get(progress.step, 0.0)
        return self.frame(turn, 1.4 if progress.step is Step.CLOSER else 1.0)


@pytest.mark.parametrize("with_mask", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 7, 30, 500])
def test_plan_adds_up(count: int, with_mask: bool) -> None:
    steps = plan(count, with_mask)
    assert sum(number for _, number in steps) == count
    assert all(number >= 1 for _, number in steps)
    assert steps[0][0] is Step.STRAIGHT
    assert (Step.MASK_ON in dict(steps)) == (with_mask and count >= 6)


def test_someone_who_does_what_is_asked_is_enrolled(bare: Image) -> None:
    session = EnrolSession(30, is_masked=lambda image, box: camera.masked)
    camera = Camera(bare, session)
    progress = camera.frame()
    asked = [progress.step]
    for _ in range(400):
        if progress.done:
            break
        progress = camera.obey(progress)
        asked.append(progress.step)
    assert progress.done
    assert session.failure is None
    assert len(session.shots) == progress.taken == progress.wanted == 30
    assert set(asked) >= {
        Step.STRAIGHT,
        Step.LEFT,
        Step.RIGHT,
        Step.CLOSER,
        Step.MASK_ON,
        Step.MASK_OFF,
    }
    by_step = {step: [s for s in session.shots if s.step is step] for step in Step}
    assert all(s.turn > 0.16 for s in by_step[Step.LEFT])
    assert all(s.turn < -0.16 for s in by_step[Step.RIGHT])
    assert all((s.kind is Kind.MASKED) == (s.step is Step.MASK_ON) for s in session.shots)
    straight = np.median([s.face_px for s in by_step[Step.STRAIGHT]])
    assert all(s.face_px > 1.2 * straight for s in by_step[Step.CLOSER])
    assert all(s.picture is None for s in session.shots)


def test_without_a_mask_model_no_mask_is_asked_for() -> None:
    assert {step for step, _ in plan(30, False)} == {
        Step.STRAIGHT,
        Step.LEFT,
        Step.RIGHT,
        Step.CLOSER,
    }


def test_standing_still_gives_one_shot(bare: Image) -> None:
    session = EnrolSession(30)
    camera = Camera(bare, session)
    first = camera.frame(shift=0)
    assert first.accepted
    for _ in range(20):
        progress = camera.frame(shift=0)
        assert not progress.accepted
    assert progress.refusal == Refusal(Reason.NOT_NEW)
    assert len(session.shots) == 1


def test_shots_are_a_moment_apart(bare: Image) -> None:
    session = EnrolSession(30)
    assert session.step(bare, found(BOX), 0.0).accepted
    darker = cv2.convertScaleAbs(bare, alpha=0.8)
    assert not session.step(darker, found(BOX), GAP_S / 2).accepted  # type: ignore[arg-type]
    assert session.step(darker, found(BOX), GAP_S * 1.5).accepted  # type: ignore[arg-type]


def test_nobody_comes(bare: Image) -> None:
    session = EnrolSession(30)
    progress = session.step(bare, found(), 0.0)
    assert not progress.accepted
    assert progress.refusal == Refusal(Reason.NO_FACE)
    assert progress.failure is None
    progress = session.step(bare, found(), STEP_TIMEOUT_S + 1)
    assert progress.failure == Failure(STEP_TIMEOUT_S, Refusal(Reason.NO_FACE))
    assert not progress.done
    assert not session.step(bare, found(BOX), STEP_TIMEOUT_S + 2).accepted  # it has ended


def test_who_cannot_turn_is_enrolled_all_the_same(bare: Image) -> None:
    session = EnrolSession(12)
    camera = Camera(bare, session)
    progress = camera.frame()
    frames = 0
    while not progress.done and frames < 3000:
        progress = camera.frame()  # looks straight, never turns, never comes closer
        frames += 1
    assert progress.done
    assert len(session.shots) == 12
    assert session.shots[-1].step is Step.FREE


def test_skip_takes_the_owed_shots_at_the_end(bare: Image) -> None:
    session = EnrolSession(
        steps=[(Step.MASK_ON, 2), (Step.FREE, 1)], is_masked=lambda image, box: False
    )
    camera = Camera(bare, session)
    assert camera.frame().refusal == Refusal(Reason.NO_MASK)
    session.skip(camera.t)
    assert camera.frame().step is Step.FREE
    while not camera.frame().done:
        pass
    assert len(session.shots) == 3
    session.skip(camera.t)  # nothing left: no error


def test_a_mask_in_a_bare_step_is_refused(bare: Image) -> None:
    session = EnrolSession(30, is_masked=lambda image, box: True)
    assert session.step(bare, found(BOX), 0.0).refusal == Refusal(Reason.MASKED)


def test_pictures_are_kept_only_on_request(bare: Image) -> None:
    session = EnrolSession(1, keep_pictures=True)
    session.step(bare, found(BOX), 0.0)
    assert session.shots[0].picture is not None
    assert session.shots[0].picture.shape == (256, 256, 3)


def refusal(image: Image, detections: Detections) -> Reason:
    shot = take(image, detections, CAMERA_GATE)
    assert isinstance(shot, Refusal), "it was taken"
    return shot.reason


def test_quality_gate(bare: Image) -> None:
    def altered(function: str) -> Image:
        pictures = {
            "blur": lambda: cv2.GaussianBlur(bare, (0, 0), 4),
            "dark": lambda: (bare * 0.12).astype(np.uint8),
            "bright": lambda: cv2.add(bare, (190, 190, 190, 0)),
            "flat": lambda: (bare * 0.06 + 100).astype(np.uint8),
        }
        return pictures[function]()  # type: ignore[no-untyped-call,no-any-return]

    assert isinstance(take(bare, found(BOX), CAMERA_GATE), Shot)
    assert refusal(bare, found()) is Reason.NO_FACE
    assert refusal(bare, found(BOX, confidence=0.4)) is Reason.NO_FACE
    assert refusal(bare, found(BOX, BOX + 90)) is Reason.SEVERAL_FACES
    half = found((BOX * 0.5).astype(np.float32), landmarks=LANDMARKS * np.float32(0.5))
    assert take(bare, half, CAMERA_GATE) == Refusal(Reason.TOO_SMALL, 55.0, CAMERA_GATE.face_px)
    assert refusal(bare, found(BOX, landmarks=posed(0.9))) is Reason.TURNED_AWAY
    assert refusal(altered("blur"), found(BOX)) is Reason.BLURRED
    assert refusal(altered("dark"), found(BOX)) is Reason.TOO_DARK
    assert refusal(altered("bright"), found(BOX)) is Reason.TOO_BRIGHT
    assert refusal(altered("flat"), found(BOX)) is Reason.NO_CONTRAST
    no_landmarks = Detections(BOX, np.ones(1, np.float32))
    assert refusal(bare, no_landmarks) is Reason.NO_FACE


def test_someone_far_behind_is_no_second_person(bare: Image) -> None:
    far = np.array([[10, 10, 40, 48]], np.float32)
    assert isinstance(take(bare, found(BOX, far), CAMERA_GATE), Shot)


def test_shot_has_its_landmarks_on_the_template(bare: Image) -> None:
    shot = take(bare, found(BOX), CAMERA_GATE)
    assert isinstance(shot, Shot)
    assert np.abs(shot.landmarks - TEMPLATE).max() < 6
    np.testing.assert_array_equal(shot.box, BOX[0])


def test_pictures_that_somebody_brings(bare: Image, data: Path) -> None:
    detector = YuNet(threads=1)
    masked, nobody = (cv2.imread(str(data / name)) for name in ("masked.jpg", "no_face.jpg"))
    assert masked is not None
    assert nobody is not None
    shot = take_from_picture(bare, detector)
    assert isinstance(shot, Shot)
    assert shot.kind is Kind.BARE
    told = take_from_picture(masked, detector, is_masked=lambda image, box: True)  # type: ignore[arg-type]
    assert isinstance(told, Shot)
    assert told.kind is Kind.MASKED
    assert take_from_picture(nobody, detector) == Refusal(Reason.NO_FACE)  # type: ignore[arg-type]
    two = take_from_picture(np.hstack([bare, bare]), detector)
    assert two == Refusal(Reason.SEVERAL_FACES)
    # Cut out so tight that the detector needs room added round it.
    assert isinstance(take_from_picture(shot.face, detector), Shot)
    assert FOLDER_GATE.face_px < CAMERA_GATE.face_px


def test_drawn_masks_are_added_to_bare_shots_only(bare: Image) -> None:
    shot = take(bare, found(BOX), CAMERA_GATE)
    assert isinstance(shot, Shot)
    masked = dataclasses.replace(shot, kind=Kind.MASKED)
    faces, kinds = with_drawn_masks([shot, masked, shot])
    assert kinds.tolist() == [Kind.BARE, Kind.DRAWN, Kind.MASKED, Kind.BARE, Kind.DRAWN]
    np.testing.assert_array_equal(faces[0], shot.face)
    assert np.abs(faces[1].astype(int) - shot.face)[70:100, 30:80].mean() > 15
    assert np.abs(faces[1].astype(int) - faces[4]).mean() > 1  # another mask on each shot
