"""Pictures read from disk, and their largest faces on the template of `monitor.faces.align`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from monitor.detect.yunet import YuNet
from monitor.errors import ConfigError
from monitor.faces.align import SIZE, align
from monitor.records import Image
from monitor.training.pictures.chips import PICTURES, Box

Faces = npt.NDArray[np.uint8]  # (N, 112, 112, 3) BGR


@dataclass(frozen=True, slots=True, eq=False)
class LargestFace:
    """The largest face of a picture, or nearly the whole picture in its place."""

    face: Image  # (112, 112, 3) BGR, aligned
    box: Box | None  # xyxy, pixels of the picture; None: no face was found


def pictures_in(folder: Path) -> list[Path]:
    """The pictures in a folder by name; none where there is no folder."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURES)


def read_picture(path: Path) -> Image:
    """(H, W, 3) uint8 BGR.

    Raises:
        ConfigError: If it cannot be read.
    """
    image = cv2.imread(str(path))
    if image is None:
        raise ConfigError(f"{path} cannot be read as a picture: repair or remove it")
    return image  # type: ignore[return-value]


def read_aligned(paths: Sequence[Path]) -> Faces:
    """Pictures that are aligned already, (N, 112, 112, 3).

    Raises:
        ConfigError: If one cannot be read.
    """
    return stacked([read_picture(path) for path in paths])


def read_detected(paths: Sequence[Path], detector: YuNet) -> Faces:
    """`largest_face` of each picture, (N, 112, 112, 3).

    Raises:
        ConfigError: If a picture cannot be read.
    """
    return stacked([largest_face(read_picture(path), detector).face for path in paths])


def largest_face(image: Image, detector: YuNet) -> LargestFace:
    """The largest face of a picture, found and aligned as the program does it.

    Where none is found the picture is taken for a crop of one face, as those of the sets of people
    are: all of it but 7.5 % of the longer side at each edge.

    Args:
        image: (H, W, 3) uint8 BGR, only read.
        detector: Used by one thread at a time.
    """
    pad = max(image.shape[:2]) // 4  # tight crops: the detector wants something round the face
    wide: Image = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_CONSTANT)  # type: ignore[assignment]
    found = detector.detect(wide)
    if not len(found):
        height, width = wide.shape[:2]
        inset = pad * 1.3
        whole = np.array([[inset, inset, width - inset, height - inset]], np.float32)
        return LargestFace(align(wide, whole, None)[0], None)
    best = int((found.boxes[:, 2:] - found.boxes[:, :2]).prod(axis=1).argmax())
    boxes = found.boxes[best : best + 1]
    landmarks = None if found.landmarks is None else found.landmarks[best : best + 1]
    x0, y0, x1, y1 = (float(v) - pad for v in boxes[0])
    return LargestFace(align(wide, boxes, landmarks)[0], (x0, y0, x1, y1))


def stacked(faces: Sequence[Image]) -> Faces:
    """(N, 112, 112, 3), also of none."""
    return np.stack(faces) if faces else np.empty((0, SIZE, SIZE, 3), np.uint8)
