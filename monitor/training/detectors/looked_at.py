"""What the second look learns from: faces as the live detector gives them, and what is none.

No faces are: what YuNet finds at a low threshold where a whole picture has no annotated face, and
CenterFace sees none either; hair, ears, necks and parts beside and within annotated faces; places
of those pictures that nothing finds; and hands, emblems, cloth and backs of heads that are drawn.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from monitor.detect.yunet import YuNet
from monitor.faces.boxes import crop_square, iou_matrix, longer_side
from monitor.records import FloatArray, Image
from monitor.training.detectors import gather, scenes
from monitor.training.detectors.centerface import FILE, CenterFace
from monitor.training.drawing import camera_faults, fabric
from monitor.training.mask.sets import templates_beside
from monitor.training.pictures import pool, splits
from monitor.training.pictures.boxed import read_boxes
from monitor.training.pictures.chips import load_chips
from monitor.training.pictures.faces import read_picture
from monitor.training.pictures.matching import match_boxes

SIZE, MARGIN = 96, 0.5  # px of a look, and what is added to the box: hair and collar tell a lot
LOWEST = 0.1  # YuNet's confidence from which a box is looked at
FACE_PX_MIN = 24
APART = 0.1  # IoU below which a box is on no face
DOUBTFUL, CENTERFACE_MIN = 0.15, 0.1  # a box that CenterFace finds, too, may be a face
# Parts beside and within a face, in its sizes: how far the middle moves, and how large they are.
# Right and left take turns.
PARTS = {
    "hair": ((-0.3, 0.3), (-0.95, -0.65), (0.6, 1.1)),
    "ear": ((0.45, 0.65), (-0.15, 0.2), (0.25, 0.5)),
    "neck": ((-0.3, 0.3), (0.75, 1.3), (0.5, 1.1)),
    "within": ((-0.25, 0.25), (-0.25, 0.35), (0.2, 0.38)),
    "beside": ((0.8, 1.5), (-0.6, 0.8), (0.5, 1.1)),
}
_EVERY_CHIP = 3  # one chip in so many


@dataclass(frozen=True, eq=False)
class Look:
    """One box as the second look sees it."""

    roi: Image  # (SIZE, SIZE, 3) uint8 BGR
    face: bool
    kind: str  # the set, or what there is instead of a face
    confidence: float  # YuNet's; 1 where it was not asked
    test: bool  # of a picture that is kept out of the training


def read(data: Path, weights: Path, seed: int = 1) -> Iterator[Look]:
    """All looks. Takes some minutes.

    Raises:
        ConfigError: If a set or CenterFace's file is missing.
    """
    rng = np.random.default_rng(seed)
    yunet = YuNet(LOWEST, 640, 10, 2)
    centerface = CenterFace(weights / FILE, CENTERFACE_MIN)
    for name in gather.ANNOTATED:
        for path, (boxes, _) in read_boxes(data / name).items():
            image, test = read_picture(path), splits.is_test_whole(path.name)
            yield from looks_of(image, boxes, (yunet, centerface), (name, test), rng)
    yield from _worn_wrong(data / gather.UNANNOTATED, yunet, centerface)
    yield from _aizoo(data / "aizoo_chips")
    yield from _chips(data, rng)
    yield from _drawn(data, rng)


def _look(image: Image, box: FloatArray, face: bool, kind: str, rest: tuple[float, bool]) -> Look:
    return Look(crop_square(image, box, MARGIN, SIZE), face, kind, *rest)


def looks_of(
    image: Image,
    annotated: FloatArray,
    detectors: tuple[YuNet, CenterFace],
    name_test: tuple[str, bool],
    rng: np.random.Generator,
) -> Iterator[Look]:
    """The faces of one whole picture as YuNet gives them, and what is none.

    Args:
        image: (H, W, 3) uint8 BGR.
        annotated: (N, 4) xyxy boxes of all its faces.
        detectors: YuNet at a low threshold, and CenterFace.
        name_test: The set's name, and whether the picture is of its test part.
        rng: Where parts and places come from.
    """
    name, test = name_test
    found, other = detectors[0].detect(image), detectors[1].detect(image).boxes
    rows = match_boxes(annotated, found.boxes)
    for row in rows[rows >= 0]:
        if longer_side(found.boxes[row][None])[0] >= FACE_PX_MIN:
            rest = (float(found.confidence[row]), test)
            yield _look(image, found.boxes[row], True, name, rest)
    doubtful = np.vstack([annotated, other, found.boxes[found.confidence > 0.5]])
    for box, confidence in zip(found.boxes, found.confidence, strict=True):
        on_face = len(annotated) and iou_matrix(box[None], annotated).max() >= APART
        seen_too = len(other) and iou_matrix(box[None], other).max() >= DOUBTFUL
        if not on_face and not seen_too and longer_side(box[None])[0] >= FACE_PX_MIN:
            yield _look(image, box, False, "found", (float(confidence), test))
    faces = annotated[longer_side(annotated) >= 40] if len(annotated) else annotated
    for face in faces[:4]:
        for kind in PARTS:
            part = part_of(face, kind, rng)
            if is_apart(part, face, doubtful, image):
                yield _look(image, part, False, kind, (1.0, test))
    for _ in range(2):
        side = float(rng.uniform(0.08, 0.4)) * min(image.shape[:2])
        corner = rng.uniform(0, 1, 2) * (np.array(image.shape[1::-1]) - side)
        box = np.concatenate([corner, corner + side]).astype(np.float32)
        if not len(doubtful) or iou_matrix(box[None], doubtful).max() < 0.02:
            yield _look(image, box, False, "place", (1.0, test))


def part_of(face: FloatArray, kind: str, rng: np.random.Generator) -> FloatArray:
    """A square beside or within a face."""
    across, down, size = PARTS[kind]
    width, height = face[2:] - face[:2]
    middle = (face[:2] + face[2:]) / 2
    side = rng.choice([-1, 1]) if kind in ("ear", "beside") else 1
    middle = middle + np.array([side * rng.uniform(*across) * width, rng.uniform(*down) * height])
    half = rng.uniform(*size) * max(width, height) / 2
    return np.concatenate([middle - half, middle + half]).astype(np.float32)


def is_apart(part: FloatArray, face: FloatArray, faces: FloatArray, image: Image) -> bool:
    """Whether a part lies in the picture, and on no other face."""
    height, width = image.shape[:2]
    if (part[:2] < 0).any() or part[2] > width or part[3] > height:
        return False
    others = faces[iou_matrix(face[None], faces)[0] < 0.3]
    return not len(others) or bool(iou_matrix(part[None], others).max() < 0.05)


def _worn_wrong(folder: Path, yunet: YuNet, centerface: CenterFace) -> Iterator[Look]:
    """Faces that both detectors find."""
    for path in sorted(folder.glob("*.jpg")):
        image, test = read_picture(path), splits.is_test_worn_wrong(path.name)
        found, other = yunet.detect(image), centerface.detect(image).boxes
        for box, confidence in zip(found.boxes, found.confidence, strict=True):
            if confidence >= 0.3 and len(other) and iou_matrix(box[None], other).max() >= 0.4:
                yield _look(image, box, True, folder.name, (float(confidence), test))


def _aizoo(folder: Path) -> Iterator[Look]:
    """Tight crops of hard faces: the box lies so far within them that no edge is repeated."""
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows[::2]:
        image = read_picture(folder / row["file"])
        height, width = image.shape[:2]
        inset = np.array([width, height, -width, -height], np.float32) * 0.14
        box = np.array([0, 0, width, height], np.float32) + inset
        kind = f"aizoo {row['label']} {row['kind']}"
        yield _look(image, box, True, kind, (1.0, splits.is_test_aizoo(row["original"])))


def _chips(data: Path, rng: np.random.Generator) -> Iterator[Look]:
    """Single faces, of all kinds; some as a bad camera shows them."""
    chips = [c for c in load_chips(data / "mask_chips") if c.source not in ("ilc2021", "andrewmvd")]
    people = [
        c for c in pool.aligned(data / "utkface_aligned") if not splits.is_test_utkface(c.original)
    ]
    for number, face in enumerate(
        pool.read([*chips[::_EVERY_CHIP], *people[:: 2 * _EVERY_CHIP]], None)
    ):
        image = camera_faults.degrade(face.image, rng) if number % 4 == 0 else face.image
        box = np.array(face.chip.box, np.float32)
        yield _look(image, box, True, face.source, (1.0, splits.is_test_whole(face.chip.original)))


def _drawn(data: Path, rng: np.random.Generator, count: int = 1500) -> Iterator[Look]:
    """Things laid over backgrounds, where they changed the picture."""
    bank = fabric.Bank(templates_beside(data), [])
    for number in range(count):
        plain = np.full((scenes.SIDE, scenes.SIDE, 3), rng.uniform(20, 230, 3), np.uint8)
        image = scenes.no_face(plain, bank, rng)
        changed = cv2.boundingRect(np.abs(image.astype(int) - plain).max(axis=2).astype(np.uint8))
        x, y, width, height = changed
        if max(width, height) >= FACE_PX_MIN:
            box = np.array([x, y, x + width, y + height], np.float32)
            yield _look(scenes.degrade(image, rng), box, False, "drawn", (1.0, number % 10 == 0))
