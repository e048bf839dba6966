"""The pictures that the detector learns from, with what is known of their faces."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from monitor.detect.yunet import YuNet
from monitor.faces.boxes import iou_matrix
from monitor.records import Detections, FloatArray, Image
from monitor.training.detectors import teach
from monitor.training.detectors.centerface import FILE, CenterFace
from monitor.training.detectors.scenes import Portrait, Whole
from monitor.training.drawing import fabric
from monitor.training.mask.sets import templates_beside
from monitor.training.pictures import pool, splits
from monitor.training.pictures.boxed import read_boxes
from monitor.training.pictures.chips import Chip, load_chips
from monitor.training.pictures.faces import read_picture
from monitor.training.pictures.matching import match_boxes

# Sets of whole pictures; each is left out with the chips of the same pictures.
ANNOTATED = ("ilc2021_whole", "andrewmvd_hd")
UNANNOTATED = "worn_wrong"
# sources of mask_chips whose pictures are among the whole ones, and come in with those
_WHOLE_TOO = ("ilc2021", "andrewmvd")
_SAME_IOU = 0.35
_MOST = 1500  # portraits of one group


def read_wholes(data: Path, weights: Path) -> list[Whole]:
    """All whole pictures that are no test pictures, the annotations put together with what today's
    YuNet and CenterFace find. Takes some minutes.
    """
    yunet = YuNet(0.15, 640, 10, 1)
    centerface = CenterFace(weights / FILE, 0.2, threads=1)
    wholes = []
    for source in ANNOTATED:
        listed = {
            path: boxes
            for path, (boxes, _) in read_boxes(data / source).items()
            if not splits.is_test_whole(path.name)
        }
        images = [read_picture(path) for path in listed]
        found = [yunet.detect(image) for image in images]
        pairs = [_pairs(boxes, one) for boxes, one in zip(listed.values(), found, strict=True)]
        shift = teach.shift_to(*(np.concatenate(part) for part in zip(*pairs, strict=True)))
        for image, boxes, one in zip(images, listed.values(), found, strict=True):
            known = teach.agree(teach.shifted(boxes, shift), one, centerface.detect(image))
            wholes.append(Whole(image, known, source))
    for path in sorted((data / UNANNOTATED).glob("*.jpg")):
        image = read_picture(path)
        known = teach.agree(None, yunet.detect(image), centerface.detect(image))
        wholes.append(Whole(image, known, UNANNOTATED))
    return wholes


def read_portraits(data: Path) -> tuple[list[list[Portrait]], fabric.Bank]:
    """Portraits in groups (masked, bare, hard ones, aligned people), and masks to draw on them."""
    chips = [
        chip
        for chip in load_chips(data / "mask_chips")
        if chip.source not in _WHOLE_TOO
        and not (chip.source == "utkface" and splits.is_test_utkface(chip.original))
        and not (chip.identity and splits.is_test_figure(chip.identity))
    ]
    covered = _sample([c for c in chips if c.label != "unmasked"])
    bare = _sample([c for c in chips if c.label == "unmasked"])
    people = [
        chip
        for chip in pool.aligned(data / "lfw_aligned")
        if not splits.is_test_person(chip.path.parent.name, "lfw")
        and chip.path.parent.name not in splits.CELEBS_IN_LFW
    ]
    faces = [
        chip
        for chip in pool.aligned(data / "utkface_aligned")
        if not splits.is_test_utkface(chip.original)
    ]
    yunet = YuNet(0.2, 224, 12, 1)
    masked = pool.read(covered, None)
    groups = [
        [_portrait(f.image, np.array(f.chip.box), False, yunet) for f in masked],
        [_portrait(f.image, np.array(f.chip.box), True, yunet) for f in pool.read(bare, None)],
        [
            _portrait(f.image, np.array(f.chip.box), True, yunet)
            for f in pool.read([*_sample(people, _MOST // 2), *_sample(faces, _MOST // 2)], None)
        ],
        *_aizoo(data / "aizoo_chips", yunet),
    ]
    return groups, fabric.Bank(templates_beside(data), masked)


def _aizoo(folder: Path, yunet: YuNet) -> list[list[Portrait]]:
    """Tight crops of hard faces: bare ones of WIDER, those behind hands and things, masked ones."""
    groups: dict[str, list[Portrait]] = {"bare": [], "hidden": [], "masked": []}
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if not splits.is_test_aizoo(row["original"])]
    for row in rows[:: max(1, len(rows) // (3 * _MOST))]:
        image = read_picture(folder / row["file"])
        height, width = image.shape[:2]
        rim = max(height, width) // 4
        image = cv2.copyMakeBorder(image, rim, rim, rim, rim, cv2.BORDER_REPLICATE)  # type: ignore[assignment]
        box = np.array([rim, rim, rim + width, rim + height], np.float32)
        bare = row["kind"] == "0"
        group = "masked" if row["label"] == "masked" else "bare" if bare else "hidden"
        groups[group].append(_portrait(image, box, bare, yunet))
    return list(groups.values())


def _portrait(image: Image, box: FloatArray, bare: bool, yunet: YuNet) -> Portrait:
    """With YuNet's own box and landmarks where it finds the face, else the set's box."""
    box = np.asarray(box, np.float32)
    found = yunet.detect(image)
    if len(found):
        overlap = iou_matrix(box[None], found.boxes)[0]
        best = int(np.argmax(overlap))
        if overlap[best] >= _SAME_IOU:
            assert found.landmarks is not None
            return Portrait(image, found.boxes[best], found.landmarks[best], bare)
    return Portrait(image, box, np.full((5, 2), np.nan, np.float32), False)


def _pairs(hand: FloatArray, found: Detections) -> tuple[FloatArray, FloatArray]:
    """Boxes drawn by hand and YuNet's of the same faces, where it is sure and they are large."""
    rows = match_boxes(hand, found.boxes)
    kept = [
        i
        for i, row in enumerate(rows)
        if row >= 0 and found.confidence[row] >= 0.6 and max(hand[i, 2:] - hand[i, :2]) >= 24
    ]
    return hand[kept], found.boxes[rows[kept]]


def _sample(chips: Sequence[Chip], most: int = _MOST) -> list[Chip]:
    """At most `most` of them, evenly spread."""
    rows = np.linspace(0, len(chips) - 1, min(most, len(chips))).round().astype(int)
    return [chips[i] for i in rows]
