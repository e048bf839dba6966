"""Faces held in memory for training: chips, aligned sets and really masked people, as uint8
pictures.

The decoded pictures take about 2.5 GB; every epoch then costs no disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from monitor.faces.align import TEMPLATE, TEMPLATE_BOX
from monitor.faces.boxes import iou_matrix, xywh_to_xyxy
from monitor.records import FloatArray, Image
from monitor.training.pictures.chips import Box, Chip
from monitor.training.pictures.faces import pictures_in, read_picture
from monitor.training.pictures.splits import is_held_out, is_kept_aside

# What is added round an aligned picture: px left, top, right and bottom, for what hangs below the
# chin.
RIM = (20, 4, 20, 36)
LARGE_PX, CHIP_PX = 260, 192  # a picture larger than the first is cut, to the second


@dataclass(frozen=True, eq=False)
class Face:
    """One labelled face with its picture."""

    image: Image  # BGR
    chip: Chip
    # YuNet's own box, where the chip's box was drawn by hand and YuNet finds the face
    detected: Box | None
    landmarks: FloatArray | None  # (5, 2) pixels of the image

    @property
    def label(self) -> str:
        return self.chip.label

    @property
    def source(self) -> str:
        return self.chip.source


def read(chips: Sequence[Chip], detector: Path | None) -> list[Face]:
    """Decode all chips.

    Args:
        chips: Of a picture over `LARGE_PX` only the face's surroundings are kept.
        detector: YuNet's ONNX file for cv2.FaceDetectorYN; with it, chips without landmarks are
            looked at once more.

    Raises:
        ConfigError: If a picture cannot be read.
    """
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        # cut in the thread that reads: a set of whole pictures does not fit into memory
        faces = list(threads.map(lambda chip: _face(read_picture(chip.path), chip), chips))
    return faces if detector is None else _find_landmarks(faces, detector)


def aligned(root: Path) -> list[Chip]:
    """`utkface_aligned` or a folder of people like `lfw_aligned`: bare faces in the 112 x 112
    template, without the people of `splits.HELD_OUT`.
    """
    return [
        Chip(
            p,
            root.name,
            "unmasked",
            TEMPLATE_BOX,
            TEMPLATE,
            100.0,
            p.name,
            None,
            f"{root.name}/{p.parent.name}/{p.name}",
        )
        for p in sorted(root.rglob("*.jpg"))
        if not is_held_out(p.parent.name)
    ]


def rmfrd(root: Path) -> list[Chip]:
    """Really masked people of `rmfrd_ids`, without those of the half that is kept aside."""
    chips = []
    for person in sorted(p for p in root.iterdir() if p.is_dir() and not is_kept_aside(p.name)):
        for label in ("masked", "unmasked"):
            for path in pictures_in(person / label):
                box = (16.0, 8.0, 144.0, 152.0)
                chips.append(
                    Chip(
                        path,
                        root.name,
                        label,
                        box,
                        None,
                        144.0,
                        path.name,
                        person.name,
                        f"{root.name}/{person.name}",
                    )
                )
    return chips


def _face(image: Image, chip: Chip) -> Face:
    """Large pictures are cut to the face's surroundings and shrunk; aligned ones get a rim for what
    hangs below the chin.
    """
    scale, dx, dy = 1.0, 0.0, 0.0
    if chip.landmarks is TEMPLATE:
        left, top, right, bottom = RIM
        image = cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_REPLICATE)  # type: ignore[assignment]
        dx, dy = float(left), float(top)
    elif max(image.shape[:2]) > LARGE_PX:
        x0, y0, x1, y1 = chip.box
        reach = max(x1 - x0, y1 - y0) * 0.9
        left, top = max(0, int((x0 + x1) / 2 - reach)), max(0, int((y0 + y1) / 2 - reach))
        image = image[top : int((y0 + y1) / 2 + reach) + 1, left : int((x0 + x1) / 2 + reach) + 1]
        scale = min(1.0, CHIP_PX / max(image.shape[:2]))
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        dx, dy = -left * scale, -top * scale
    x0, y0, x1, y1 = chip.box
    box = (x0 * scale + dx, y0 * scale + dy, x1 * scale + dx, y1 * scale + dy)
    marks = (
        None
        if chip.landmarks is None
        else chip.landmarks * np.float32(scale) + np.array([dx, dy], np.float32)
    )
    return Face(image, replace(chip, box=box, landmarks=marks), None, marks)


def _find_landmarks(faces: Sequence[Face], model: Path) -> list[Face]:
    detector = cv2.FaceDetectorYN.create(str(model), "", (192, 192), 0.5, 0.3, 50)
    return [f if f.landmarks is not None else _look(f, detector) for f in faces]


def _look(face: Face, detector: cv2.FaceDetectorYN) -> Face:
    height, width = face.image.shape[:2]
    up = max(1.0, 160 / max(height, width))
    picture = cv2.resize(face.image, None, fx=up, fy=up) if up > 1 else face.image
    detector.setInputSize((picture.shape[1], picture.shape[0]))
    _, found = detector.detect(picture)
    if found is None:
        return face
    boxes = xywh_to_xyxy(found[:, :4] / up)
    iou = iou_matrix(np.array([face.chip.box], np.float32), boxes)[0]
    best = int(iou.argmax())
    if iou[best] < 0.35:
        return face
    box = tuple(float(v) for v in boxes[best])
    marks = (found[best, 4:14].reshape(5, 2) / up).astype(np.float32)
    return replace(face, detected=(box[0], box[1], box[2], box[3]), landmarks=marks)


def of_label(faces: Iterable[Face], *labels: str) -> list[Face]:
    """Those with one of the labels."""
    return [f for f in faces if f.label in labels]
