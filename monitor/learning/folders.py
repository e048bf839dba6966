"""Faces of pictures that somebody has judged by hand or is about to judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from imutils import paths

from monitor.config import Config
from monitor.detect import make_detector
from monitor.errors import CameraError, ConfigError
from monitor.faces.boxes import NO_BOXES
from monitor.faces.classify import STATES, MaskClassifier
from monitor.files import read_file
from monitor.learning.kept import LABELS, About, Cut, KeptFaces, cut
from monitor.learning.places import Places
from monitor.records import Image

PICTURE_MAX = 2**26  # bytes
FOLDERS = {label: label for label in LABELS} | {
    "with_mask": "masked",
    "without_mask": "unmasked",
    "mask_weared_incorrect": "incorrect",
    "no_person": "no person",
    "no face": "no person",
}


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A face of a picture, as the monitor judges it."""

    cutting: Cut
    file: str
    taken: datetime
    model: str
    state: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Judged:
    """What `keep_judged` did."""

    pictures: int
    kept: int
    without: int  # pictures that show no face


def faces_in(folder: Path, config: Config) -> Iterator[Found | None]:
    """The faces of all pictures of a folder, picture by picture; None for one without a face.

    Raises:
        CameraError: If the folder has no picture.
        ModelError: See `MaskClassifier.load`, `make_detector`.
    """
    files = sorted(Path(name) for name in paths.list_images(str(folder)))
    if not files:
        raise CameraError(f"no pictures in {folder}: give a folder that holds some")
    detector, classifier = make_detector(config.detect), MaskClassifier.load(config.classify)
    for file in files:
        image = _read(file)
        boxes = detector.detect_still(image).boxes if image is not None else NO_BOXES
        if image is None or not len(boxes):
            yield None
            continue
        answers = classifier.probabilities(classifier.rois(image, boxes))
        for box, answer in zip(boxes, answers, strict=True):
            best = int(answer.argmax())
            taken = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            state = STATES[best].value
            yield Found(
                cut(image, box), file.name, taken, classifier.name, state, float(answer[best])
            )


def keep_judged(folder: Path, places: Places, config: Config, by: str) -> Judged:
    """Keep the faces of pictures in folders that are named as what they show.

    Raises:
        ConfigError: If no folder is named so.
        CameraError, ModelError, StoreError: One line each.
    """
    named = sorted(folder.iterdir()) if folder.is_dir() else []
    judged = [(path, FOLDERS[path.name]) for path in named if path.name in FOLDERS]
    if not judged:
        raise ConfigError(
            f"{folder} has no folder named masked, unmasked, incorrect or no person: sort the "
            f"pictures so, or judge them with `learn review --images`"
        )
    kept, counts = KeptFaces(places), [0, 0, 0]
    for path, label in judged:
        for found in faces_in(path, config):
            if found is None:
                counts[2] += 1
                continue
            kept.keep(found.cutting, about_of(found, label, by))
            counts[1] += 1
        counts[0] += len(list(paths.list_images(str(path))))
    return Judged(*counts)


def about_of(found: Found, label: str, by: str) -> About:
    """What is kept with a face that somebody has judged."""
    return About(
        label=label,
        by=by,
        said=datetime.now(UTC),
        taken=found.taken,
        box=found.cutting.box,
        face_px=found.cutting.face_px,
        camera=f"pictures: {found.file}",
        model=found.model,
        state=found.state,
        confidence=found.confidence,
    )


def _read(file: Path) -> Image | None:
    """BGR; None where it is no picture that can be read."""
    try:
        content = np.frombuffer(read_file(file, PICTURE_MAX), np.uint8)
    except OSError:
        return None
    if not len(content):
        return None
    return cv2.imdecode(content, cv2.IMREAD_COLOR)  # type: ignore[return-value]
