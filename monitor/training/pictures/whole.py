"""Where the faces are in whole pictures that carry one label each, as folders named `with_mask` and
`without_mask` have them.

The live detector looks once at each picture; what it found is kept in a file by the pictures' own
SHA-256, so that another command, or the same once more, need not look again.

- The label goes to the largest face, and to others of nearly its size (`LIKE_LARGEST`). Smaller
  ones stand beside it: whether they wear a mask nobody said.
- A face that fills its picture (`FILLS`) is a crop of a face: it is taken from edge to edge.
- A picture in which no face is found is taken from edge to edge where most pictures of the set are
  such crops, and left out otherwise.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from monitor.card import sha256
from monitor.detect.yunet import MODEL, YuNet
from monitor.errors import ConfigError
from monitor.faces.boxes import clip, longer_side
from monitor.files import write_whole
from monitor.records import FloatArray, Image
from monitor.training.pictures.chips import FOUND_FACES, Chip, load_class_folders
from monitor.training.pictures.faces import read_picture

LIKE_LARGEST = 0.75  # of the largest face's longer side
# of the picture's area: found box and edges then have at least this IoU, which makes them one face
# by the rule of `matching.IOU_MIN`
FILLS = 0.6
SAID_EVERY = 500  # pictures
LOOK = 1  # raise it when `_look` or YuNet's search changes: what was kept is then looked at anew
WHAT = "faces found by monitor.training.pictures.whole"


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What became of the pictures."""

    labelled: list[Chip]  # the faces that the labels are about
    beside: list[Chip]  # other faces: the label says nothing of them
    without: list[Chip]  # pictures without a face, edge to edge
    pictures: int
    edge_to_edge: int  # of the pictures, those that are a face from edge to edge


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What the detector saw in one picture."""

    wh: tuple[int, int]  # as it is decoded
    faces: FloatArray  # (N, 14): xyxy, then five landmarks as x, y; pixels of the picture

    @property
    def filled(self) -> bool:
        if not len(self.faces):
            return False
        sides = self.faces[:, 2:4] - self.faces[:, :2]
        return bool(sides.prod(axis=1).max() >= FILLS * self.wh[0] * self.wh[1])


def load_whole(root: Path, cache: Path = FOUND_FACES) -> Found:
    """Class folders with their faces found; says on stderr what became of the pictures.

    Raises:
        ConfigError: As `load_class_folders` and `find_faces`, and if no picture shows a face.
    """
    found = find_faces(load_class_folders(root), cache)
    if not found.labelled:
        raise ConfigError(
            f"no face is found in any of the {found.pictures} pictures of {root}: check what they "
            f"show"
        )
    print(summary(found), file=sys.stderr)
    return found


def summary(found: Found) -> str:
    """What became of the pictures, in one line."""
    return (
        f"{found.pictures} whole pictures: {len(found.labelled)} faces, {found.edge_to_edge} of "
        f"them a picture from edge to edge. Left out: pictures without a face that is found "
        f"{len(found.without)}, smaller faces {len(found.beside)}"
    )


def find_faces(chips: Sequence[Chip], cache: Path) -> Found:
    """The faces in whole pictures.

    Args:
        chips: One for each picture.
        cache: File of what was found before; made or added to.

    Raises:
        ConfigError: If a picture cannot be read, or `cache` is something else or cannot be written.
    """
    seen = _look_at([chip.path for chip in chips], cache)
    with_face = [s for s in seen if len(s.faces)]
    are_crops = 2 * sum(s.filled for s in with_face) > len(with_face)
    labelled: list[Chip] = []
    beside: list[Chip] = []
    without: list[Chip] = []
    edge_to_edge = 0
    for chip, picture in zip(chips, seen, strict=True):
        if not len(picture.faces):
            (labelled if are_crops else without).append(_whole(chip, picture))
            edge_to_edge += are_crops
        elif picture.filled:
            labelled.append(_whole(chip, picture))
            edge_to_edge += 1
        else:
            sizes = longer_side(picture.faces[:, :4])
            for face, size in zip(picture.faces, sizes, strict=True):
                large = size >= LIKE_LARGEST * sizes.max()
                (labelled if large else beside).append(_cut(chip, face))
    return Found(labelled, beside, without, len(chips), edge_to_edge)


def _whole(chip: Chip, picture: _Seen) -> Chip:
    width, height = (float(v) for v in picture.wh)
    return replace(chip, box=(0.0, 0.0, width, height), face_px=max(width, height))


def _cut(chip: Chip, face: FloatArray) -> Chip:
    x0, y0, x1, y1 = (float(v) for v in face[:4])
    return replace(
        chip,
        box=(x0, y0, x1, y1),
        landmarks=face[4:].reshape(5, 2).copy(),
        face_px=max(x1 - x0, y1 - y0),
    )


def _look_at(paths: Sequence[Path], cache: Path) -> list[_Seen]:
    """What is in each picture, from the file or by looking; the file is written even when the
    looking is stopped.
    """
    detector_key = f"{sha256(MODEL)} {LOOK}"
    known = _read_cache(cache, detector_key)
    keys = [sha256(path) for path in paths]
    missing = {k: p for k, p in zip(keys, paths, strict=True) if k not in known}
    if missing:
        detector = YuNet()
        try:
            for number, (key, path) in enumerate(missing.items(), start=1):
                known[key] = _look(read_picture(path), detector)
                if number % SAID_EVERY == 0:
                    print(f"  {number} of {len(missing)} pictures searched", file=sys.stderr)
        finally:
            _write_cache(cache, detector_key, known)
    return [known[key] for key in keys]


def _look(image: Image, detector: YuNet) -> _Seen:
    """Faces of a picture. Where there is none it may be all face: it is searched with a rim, as the
    detector wants something round a face, and what fills the picture then counts.
    """
    seen = _search(image, detector, 0)
    if len(seen.faces):
        return seen
    framed = _search(image, detector, max(image.shape[:2]) // 4)
    return framed if framed.filled else seen


def _search(image: Image, detector: YuNet, rim: int) -> _Seen:
    """Faces of a picture with a black rim of so many pixels round it, cut to the picture."""
    height, width = image.shape[:2]
    wide: Image = cv2.copyMakeBorder(image, rim, rim, rim, rim, cv2.BORDER_CONSTANT)  # type: ignore[assignment]
    found = detector.detect_still(wide)
    assert found.landmarks is not None
    boxes = clip(found.boxes - np.float32(rim), (width, height))
    marks = (found.landmarks - np.float32(rim)).reshape(-1, 10)
    in_picture = (boxes[:, 2:] - boxes[:, :2]).min(axis=1, initial=np.inf) > 1
    rows = np.hstack([boxes, marks])[in_picture].astype(np.float64).round(2)  # as they are kept
    return _Seen((width, height), rows.astype(np.float32))


def _read_cache(cache: Path, detector_key: str) -> dict[str, _Seen]:
    """What was found before by this detector; nothing where there is no file."""
    if not cache.exists():
        return {}
    try:
        content: dict[str, Any] = json.loads(cache.read_text(encoding="utf-8"))
        if content["what"] != WHAT:
            raise ValueError("it holds something else")
        if content["detector"] != detector_key:
            return {}
        return {
            key: _Seen(
                (int(one["wh"][0]), int(one["wh"][1])),
                np.array(one["faces"], np.float32).reshape(-1, 14),
            )
            for key, one in content["pictures"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{cache} cannot be read as found faces ({error}): move it away"
        ) from None


def _write_cache(cache: Path, detector_key: str, known: dict[str, _Seen]) -> None:
    pictures = {
        key: {"wh": seen.wh, "faces": [[round(float(v), 2) for v in face] for face in seen.faces]}
        for key, seen in known.items()
    }
    content = {"what": WHAT, "detector": detector_key, "pictures": pictures}
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        write_whole(cache, json.dumps(content).encode() + b"\n")
    except OSError as error:
        raise ConfigError(f"{cache} cannot be written ({error.strerror}): make room") from None
