"""From a folder, a clip or a camera to a `Person` for the gallery. For the commands and for the
window's People page.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from monitor.camera.clip import ClipSource
from monitor.camera.folder import FolderSource
from monitor.camera.source import camera_source
from monitor.config import CameraConfig, ClassifyConfig
from monitor.detect import FaceDetector
from monitor.errors import ConfigError, ModelError
from monitor.identity.embed import Embedder, normalised
from monitor.identity.gallery import Gallery, Kind, Person
from monitor.identity.guide import (
    FOLDER_GATE,
    EnrolSession,
    IsMasked,
    Shot,
    Step,
    take_from_picture,
    with_drawn_masks,
)
from monitor.identity.match import Matcher, threshold_for
from monitor.records import FloatArray, Image

Say = Callable[[str], None]
KEPT_MAX = 60  # shots whose embeddings go into the gallery; more of them say nothing new
SAME_FACE_FAR = 1e-4  # how seldom two people may be taken for one when somebody is enrolled
# a shot less like the others than every third stranger is cannot be of the same person
STRANGER_FAR = 0.3


def mask_teller(say: Say) -> IsMasked | None:
    """Tells whether a mask is worn, by the mask model; None where there is none."""
    from monitor.faces.classify import STATES, MaskClassifier
    from monitor.records import MaskState

    try:
        classifier = MaskClassifier.load(ClassifyConfig(backend="onnx"))
    except ModelError as error:
        say(f"Shots with a mask are not told apart: {error}")
        return None
    column = STATES.index(MaskState.MASKED)

    def is_masked(image: Image, box: FloatArray) -> bool:
        return bool(classifier.probabilities(classifier.rois(image, box))[0].argmax() == column)

    return is_masked


def shots_from_folder(
    folder: Path,
    detector: FaceDetector,
    is_masked: IsMasked | None,
    count: int,
    keep: bool,
    say: Say,
) -> list[Shot]:
    """The usable pictures of a folder, at most `count`; the others are named with the reason.

    Raises:
        CameraError: If there is no such folder or it holds no pictures.
        ConfigError: If none can be used.
    """
    source = FolderSource(folder)
    source.open()
    shots: list[Shot] = []
    refused: dict[str, list[str]] = {}
    try:
        while len(shots) < count and (picture := source.read()) is not None:
            shot = take_from_picture(picture.image, detector, is_masked, keep)
            if isinstance(shot, str):
                refused.setdefault(shot.partition(":")[0].partition(" (")[0], []).append(
                    picture.file or ""
                )
            else:
                shots.append(shot)
    finally:
        source.close()
    reasons = [f"{reason} in {_some(files)}" for reason, files in refused.items()]
    if not shots:
        raise ConfigError(
            f"no picture in {folder} can be used ({'; '.join(reasons)}): give pictures of one "
            f"person's face alone"
        )
    for reason in reasons:
        say(f"Left out: {reason}")
    return shots


def _some(files: list[str]) -> str:
    return ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")


def shots_from_video(
    path: Path, detector: FaceDetector, is_masked: IsMasked | None, count: int, keep: bool, say: Say
) -> list[Shot]:
    source = ClipSource(path)
    session = EnrolSession(
        count, is_masked, FOLDER_GATE, [(Step.FREE, count)], keep, timeout_s=float("inf")
    )
    problems: collections.Counter[str] = collections.Counter()
    source.open()
    try:
        while not session.done and (picture := source.read()) is not None:
            session.step(picture.image, detector.detect(picture.image), picture.t)
            problems[session.problem.partition(":")[0].partition(" (")[0]] += 1
    finally:
        source.close()
    problems.pop("", None)
    often = problems.most_common(1)[0][0] if problems else "it has no pictures"
    if not session.shots:
        raise ConfigError(
            f"nothing in {path.name} can be used (mostly: {often}): give a clip that shows one "
            f"person's face alone"
        )
    if not session.done:
        say(f"{path.name} gave {len(session.shots)} of {count} shots (mostly: {often})")
    return session.shots


def shots_from_camera(
    camera: str,
    detector: FaceDetector,
    is_masked: IsMasked | None,
    count: int,
    keep: bool,
    say: Say,
) -> list[Shot]:
    source = camera_source(camera, CameraConfig())
    session = EnrolSession(count, is_masked, keep_pictures=keep)
    source.open()
    last = ""
    try:
        while not session.done and not session.failed:
            picture = source.read()
            if picture is None:
                break
            progress = session.step(picture.image, detector.detect(picture.image), picture.t)
            if progress.message != last:
                say(f"[{progress.taken}/{progress.wanted}] {progress.message}")
                last = progress.message
    finally:
        source.close()
    if session.failed:
        raise ConfigError(
            f"enrolment ended with {len(session.shots)} of {count} shots, nothing was stored "
            f"({session.failed}): try again"
        )
    return session.shots


def build_person(
    person: Person, shots: Sequence[Shot], embedder: Embedder, say: Say = lambda line: None
) -> Person:
    """`person` with the embeddings of some shots, and of each bare one with a mask drawn on.

    Raises:
        ConfigError: If the shots do not show one and the same face.
    """
    if len(shots) > KEPT_MAX:
        shots = [shots[i] for i in np.linspace(0, len(shots) - 1, KEPT_MAX).round().astype(int)]
    faces, kinds = with_drawn_masks(shots)
    embeddings = embedder.embed(faces)
    real = np.flatnonzero(kinds == Kind.BARE)
    if len(real) < 3:  # all with a mask, or nearly
        real = np.flatnonzero(kinds != Kind.DRAWN)
    if len(real) >= 3:
        others = normalised(embeddings[real].sum(axis=0) - embeddings[real])
        alike = np.sum(others * embeddings[real], axis=1)
        odd = real[alike < threshold_for(embedder.card, STRANGER_FAR)]
        if len(odd) > len(real) / 2:
            raise ConfigError(
                f"the pictures of {person.name} do not show one and the same face: give pictures "
                f"of one person alone"
            )
        if len(odd):
            say(f"Left out: {len(odd)} of {len(real)} shots, which are not like the others")
            kept = np.ones(len(kinds), bool)
            for i in odd:
                kept[i] = False
                if kinds[i] == Kind.BARE:
                    kept[i + 1] = False  # its drawn mask follows each bare shot
            embeddings, kinds = embeddings[kept], kinds[kept]
    return replace(person, embeddings=embeddings, kinds=kinds)


def check_face(gallery: Gallery, person: Person, embedder: Embedder, added: bool = False) -> None:
    """See that a face is not in the gallery under another name, and that shots that are added fit
    the person.

    Raises:
        ConfigError: Naming the other person.
    """
    template = person.templates()[0]
    others = Matcher(gallery.without(person.name).people, embedder.card, SAME_FACE_FAR)
    match = others.match(template)
    if match.name is not None:
        raise ConfigError(
            f"this face is enrolled already as {match.name}: run `python main.py forget` for that "
            f"name first, or enrol under it with --add"
        )
    known = gallery.find(person.name)
    if added and known is not None:
        own = Matcher([replace(known, until=None)], embedder.card, 1e-2).match(template)
        if own.name is None:
            raise ConfigError(
                f"these shots are not like the face enrolled as {known.name}: check them, or enrol "
                f"anew with --replace"
            )
