"""Shots of one person: from a folder, a clip, a camera of one's own, or the frames of a camera that
the window runs.
"""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.camera.clip import ClipSource
from monitor.camera.folder import FolderSource
from monitor.camera.slot import LatestSlot
from monitor.camera.source import camera_source
from monitor.config import CameraConfig, ClassifyConfig
from monitor.detect import FaceDetector
from monitor.errors import ConfigError, ModelError
from monitor.identity import words
from monitor.identity.guide import (
    FOLDER_GATE,
    EnrolSession,
    IsMasked,
    Progress,
    Reason,
    Refusal,
    Shot,
    Step,
    take_from_picture,
)
from monitor.identity.results import FewShots, FilesLeftOut, NoMaskModel, Tell
from monitor.records import FloatArray, Frame, Image

SILENT_MAX_S = 10.0  # a camera that gives nothing for this long ends an enrolment


@dataclass(frozen=True, slots=True)
class ShotTools:
    """What shots are taken with."""

    detector: FaceDetector
    is_masked: IsMasked | None  # None: shots with a mask are not told apart
    count: int  # wanted
    keep_pictures: bool  # each shot with its picture
    tell: Tell


ShotSource = Callable[[ShotTools], list[Shot]]


class Control:
    """Between the window and an enrolment before a camera. Any thread."""

    def __init__(self) -> None:
        self.seen: LatestSlot[tuple[Image, Progress]] = LatestSlot()
        self.cancelled, self.skip = threading.Event(), threading.Event()

    def check(self) -> None:
        """
        Raises:
            ConfigError: If the user has cancelled.
        """
        if self.cancelled.is_set():
            raise ConfigError("the enrolment was cancelled: nothing was stored")


def mask_teller(tell: Tell) -> IsMasked | None:
    """Tells whether a mask is worn, by the mask model; None where there is none."""
    from monitor.faces.classify import STATES, MaskClassifier
    from monitor.records import MaskState

    try:
        classifier = MaskClassifier.load(ClassifyConfig(backend="onnx"))
    except ModelError as error:
        tell(NoMaskModel(str(error)))
        return None
    column = STATES.index(MaskState.MASKED)

    def is_masked(image: Image, box: FloatArray) -> bool:
        return bool(classifier.probabilities(classifier.rois(image, box))[0].argmax() == column)

    return is_masked


def shots_from_folder(folder: Path, tools: ShotTools) -> list[Shot]:
    """The usable pictures of a folder, at most `count`; the others are told with the reason.

    Raises:
        CameraError: If there is no such folder or it holds no pictures.
        ConfigError: If none can be used.
    """
    source = FolderSource(folder)
    source.open()

    def pictures() -> Iterator[tuple[str, Image]]:
        while (picture := source.read()) is not None:
            yield picture.file or "", picture.image

    try:
        return shots_from_pictures(pictures(), str(folder), tools)
    finally:
        source.close()


def shots_from_pictures(
    pictures: Iterable[tuple[str, Image]], where: str, tools: ShotTools
) -> list[Shot]:
    """The usable ones of some pictures, at most `count`; the others are told with the reason.

    Args:
        pictures: Name and (H, W, 3) uint8 BGR of each.
        where: What they are called together, for the error.
        tools: What they are taken with.

    Raises:
        CameraError: If their source fails.
        ConfigError: If none can be used.
    """
    shots: list[Shot] = []
    refused: dict[Reason, list[str]] = {}
    for name, image in pictures:
        shot = take_from_picture(image, tools.detector, tools.is_masked, tools.keep_pictures)
        if isinstance(shot, Refusal):
            refused.setdefault(shot.reason, []).append(name)
        else:
            shots.append(shot)
        if len(shots) >= tools.count:
            break
    if not shots:
        why = "; ".join(words.of_files(reason, files) for reason, files in refused.items())
        raise ConfigError(
            f"no picture in {where} can be used ({why}): give pictures of one person's face alone"
        )
    for reason, files in refused.items():
        tools.tell(FilesLeftOut(reason, tuple(files)))
    return shots


def shots_from_clip(path: Path, tools: ShotTools) -> list[Shot]:
    """Good faces in any pose from a recorded file, until there are `count`.

    Raises:
        CameraError: If the file cannot be read.
        ConfigError: If no frame can be used.
    """
    source = ClipSource(path)
    session = EnrolSession(
        tools.count,
        tools.is_masked,
        FOLDER_GATE,
        [(Step.FREE, tools.count)],
        tools.keep_pictures,
        timeout_s=float("inf"),
    )
    refused: collections.Counter[Reason] = collections.Counter()
    source.open()
    try:
        while not session.done and (picture := source.read()) is not None:
            progress = session.step(picture.image, tools.detector.detect(picture.image), picture.t)
            if progress.refusal is not None:
                refused[progress.refusal.reason] += 1
    finally:
        source.close()
    mostly = refused.most_common(1)[0][0] if refused else None
    if not session.shots:
        raise ConfigError(
            f"nothing in {path.name} can be used (mostly: {words.of_clip(mostly)}): give a clip "
            f"that shows one person's face alone"
        )
    if not session.done:
        tools.tell(FewShots(path.name, len(session.shots), tools.count, mostly))
    return session.shots


def shots_from_camera(camera: str, tools: ShotTools) -> list[Shot]:
    """Lead somebody through an enrolment before a camera that is opened for it.

    Args:
        camera: Index or address.
        tools: `tell` gets the progress after each frame.

    Raises:
        CameraError: If the camera cannot be read.
        ConfigError: If it ended without enough shots.
    """
    source = camera_source(camera, CameraConfig())
    session = EnrolSession(tools.count, tools.is_masked, keep_pictures=tools.keep_pictures)
    source.open()
    try:
        while not session.done and not session.failure:
            picture = source.read()
            if picture is None:
                break
            progress = session.step(picture.image, tools.detector.detect(picture.image), picture.t)
            tools.tell(progress)
    finally:
        source.close()
    if session.failure:
        raise ConfigError(
            f"enrolment ended with {len(session.shots)} of {tools.count} shots, nothing was stored "
            f"({words.of_failure(session.failure)}): try again"
        )
    return session.shots


def shots_from_frames(frames: LatestSlot[Frame], control: Control, tools: ShotTools) -> list[Shot]:
    """Lead somebody through an enrolment before a camera that runs, until it is done or cancelled.

    Raises:
        ConfigError: If it was cancelled or ended without enough shots, or if the camera gives no
            more frames.
    """
    session = EnrolSession(tools.count, tools.is_masked, keep_pictures=tools.keep_pictures)
    heard_at = time.monotonic()
    while not session.done and not session.failure:
        frame = frames.get(0.2)
        control.check()
        if frame is None:
            if time.monotonic() - heard_at > SILENT_MAX_S:
                raise ConfigError(
                    f"the camera gave no picture for {SILENT_MAX_S:.0f} s: nothing was stored"
                )
            continue
        heard_at = time.monotonic()
        if control.skip.is_set():
            control.skip.clear()
            session.skip(frame.t)
        progress = session.step(frame.image, tools.detector.detect(frame.image), frame.t)
        control.seen.put((frame.image, progress))
    if session.failure:
        raise ConfigError(
            f"{words.of_failure(session.failure)}. {len(session.shots)} shots were taken, nothing "
            f"was stored: try again"
        )
    return session.shots
