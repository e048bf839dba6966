"""Upper halves of faces: found and laid straight by MTCNN, cut at the middle, kept as 160 x 160
files for `siamese`.

MTCNN (Zhang et al., arXiv:1604.02878, the package `mtcnn`) gives five landmarks; the similarity of
`monitor.faces.align` brings them to the standard template, and of the face's box there the upper
half (forehead to the middle of the nose) is stretched to a square. The pictures of a set are tight
crops, so each is first laid on a black square half as large again. Where MTCNN finds nothing it
looks once more, farther off and with lower thresholds; where it still finds nothing, the middle of
the picture is taken for the face (or the template itself, where a picture is aligned already). How
often each happened is kept and reported.

A bare face is kept once as it is and once with a drawn mask (`monitor.identity.drawn_masks`), whose
upper edge reaches into the upper half as a real mask's does. Files lie in
FOLDER/DATASET/PERSON/{bare,masked,drawn}/NAME.jpg, and FOLDER/index.csv has a row for each picture
that is done, so that a stopped run goes on. About 90 ms a picture on one busy core.
"""

from __future__ import annotations

import csv
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from monitor.errors import ConfigError
from monitor.faces.align import SIZE, TEMPLATE, TEMPLATE_BOX, matrices
from monitor.identity.drawn_masks import STYLES, draw_mask
from monitor.records import FloatArray, Image
from monitor.training.pictures.faces import read_picture
from monitor.training.report.pages import output_dir

SIDE = 160  # px of the cut
BATCH = 16  # pictures that MTCNN gets at once: four times as quick as one by one
_CANVAS = 240  # px of the square in which MTCNN looks
FOUND = ("mtcnn", "mtcnn, second look", "not found")
# How much black lies round the picture, as a part of its longer side, and MTCNN's thresholds; for
# each look.
_LOOKS: tuple[tuple[float, dict[str, float]], ...] = (
    (0.25, {}),
    (0.5, {"threshold_pnet": 0.5, "threshold_rnet": 0.5, "threshold_onet": 0.6}),
)
# of the picture's side: where the face's box is taken to begin when nothing is found
_INSET = 0.075
_HEAD = ("dataset", "person", "kind", "name", "found", "ms")

# box (4,) xyxy and landmarks (5, 2), pixels of the picture given
Found = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of one person to cut."""

    path: Path
    dataset: str  # "lfw" or "rmfrd"
    person: str
    kind: str  # "bare" or "masked"
    aligned: bool = False  # on the standard template already


@dataclass(frozen=True, slots=True)
class Upper:
    """What is known of a picture that is done."""

    picture: Picture
    found: str  # one of `FOUND`
    ms: float  # MTCNN's time for it, its share of the batch


class Finder(Protocol):
    """What finds faces: `Mtcnn`, or a test's own."""

    def __call__(self, images_bgr: Sequence[Image], look: int) -> list[Found | None]:
        """The largest face of each picture, or None; `look` counts from 0."""


class Mtcnn:
    """MTCNN of the package `mtcnn`; imports TensorFlow."""

    def __init__(self) -> None:
        from mtcnn import MTCNN

        self._network: Any = MTCNN()

    def __call__(self, images_bgr: Sequence[Image], look: int) -> list[Found | None]:
        around, thresholds = _LOOKS[look]
        squares, places = zip(*(_on_square(image, around) for image in images_bgr), strict=True)
        answers = self._network.detect_faces(
            [cv2.cvtColor(s, cv2.COLOR_BGR2RGB) for s in squares], **thresholds
        )
        return [_largest(faces, *place) for faces, place in zip(answers, places, strict=True)]


def _on_square(image: Image, around: float) -> tuple[Image, tuple[float, float, float]]:
    """The picture in the middle of a black square, and (scale, left, top) that lead from the
    picture to it.
    """
    height, width = image.shape[:2]
    longer = max(height, width)
    scale = _CANVAS / (longer * (1 + 2 * around))
    small = cv2.resize(image, (max(1, round(width * scale)), max(1, round(height * scale))))
    square = np.zeros((_CANVAS, _CANVAS, 3), np.uint8)
    top, left = (_CANVAS - small.shape[0]) // 2, (_CANVAS - small.shape[1]) // 2
    square[top : top + small.shape[0], left : left + small.shape[1]] = small
    return square, (scale, left, top)


def _largest(
    faces: Sequence[dict[str, Any]], scale: float, left: float, top: float
) -> Found | None:
    if not faces:
        return None
    face = max(faces, key=lambda f: f["box"][2] * f["box"][3])
    x, y, w, h = face["box"]
    # MTCNN calls left what lies on the left of the picture: the order is the template's.
    order = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
    points = np.array([[x, y], [x + w, y + h], *(face["keypoints"][k] for k in order)], np.float32)
    points = (points - np.array([left, top], np.float32)) / np.float32(scale)
    return points[:2].ravel(), points[2:]


def upper_half(
    image: Image, found: Found | None, aligned: bool = False, mask: int | None = None
) -> Image:
    """The upper half of a face.

    Args:
        image: (H, W, 3) uint8 BGR, only read.
        found: Box and landmarks in pixels of `image`, or None for the fallback.
        aligned: Whether the picture lies on the standard template, which the fallback then takes.
        mask: Number of the drawn mask to lay on first, or None.

    Returns:
        (160, 160, 3) uint8 BGR: 83 x 51 template pixels, stretched; black where that reaches out of
        the picture.
    """
    height, width = image.shape[:2]
    if found is None and aligned:
        scale = np.array([width / SIZE, height / SIZE], np.float32)
        found = (
            np.array([*TEMPLATE_BOX[:2], *TEMPLATE_BOX[2:]], np.float32) * np.tile(scale, 2),
            TEMPLATE * scale,
        )
    inset = _INSET * max(height, width)
    whole = np.array([inset, inset, width - inset, height - inset], np.float32)
    box, landmarks = (whole, None) if found is None else (found[0], found[1][None])
    to_template = matrices(box[None], landmarks)[0].astype(np.float64)
    if mask is not None:
        back = cv2.invertAffineTransform(to_template)
        points = TEMPLATE @ back[:, :2].T + back[:, 2] if landmarks is None else landmarks[0]
        image = draw_mask(image, points.astype(np.float32), STYLES[mask % len(STYLES)])
    x0, y0, x1, y1 = TEMPLATE_BOX
    stretch = np.array([SIDE / (x1 - x0), 2 * SIDE / (y1 - y0)])
    matrix = to_template * stretch[:, None]
    matrix[:, 2] -= np.array([x0, y0]) * stretch
    return cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)  # type: ignore[return-value]


class Cache:
    """The cut faces of a folder; owned by the main thread."""

    def __init__(self, folder: Path) -> None:
        """Open, and read what an earlier run left."""
        self.folder = output_dir(folder)
        self._index = folder / "index.csv"
        self._done: dict[tuple[str, ...], tuple[str, float]] = {}
        if self._index.is_file():
            with self._index.open(newline="", encoding="utf-8") as file:
                for row in csv.reader(file):
                    # the last line of a killed run may be torn
                    if len(row) == len(_HEAD) and row[4] in FOUND:
                        self._done[tuple(row[:4])] = (row[4], float(row[5]))

    def file(self, picture: Picture, drawn: bool = False) -> Path:
        """Where the cut of a picture lies, or would lie; with `drawn` the one with a drawn mask."""
        kind = "drawn" if drawn else picture.kind
        return self.folder / picture.dataset / picture.person / kind / f"{picture.path.name}.jpg"

    def ready(self, pictures: Sequence[Picture]) -> list[Upper]:
        """Those of the pictures that are cut."""
        keys = [(p, self._done.get(_key(p))) for p in pictures]
        return [Upper(p, *done) for p, done in keys if done is not None and self.file(p).is_file()]

    def add(
        self,
        pictures: Sequence[Picture],
        finder: Callable[[], Finder],
        until: float,
        now: Callable[[], float] = time.monotonic,
    ) -> int:
        """Cut the pictures that are not there yet, in their order, until all are there or the time
        is over.

        Args:
            pictures: What is wanted.
            finder: Makes what finds faces; called only when there is something to do.
            until: When to stop, on the clock `now`; the batch in work is finished.
            now: The clock, seconds.

        Returns:
            How many of the pictures are still missing.

        Raises:
            ConfigError: If a picture cannot be read or a file not be written.
        """
        have = {upper.picture for upper in self.ready(pictures)}
        missing = [p for p in pictures if p not in have]
        if not missing or now() >= until:
            return len(missing)
        find, told = finder(), now()
        for start in range(0, len(missing), BATCH):
            if now() >= until:
                return len(missing) - start
            self._add(missing[start : start + BATCH], find)
            if now() - told > 10:
                told = now()
                print(
                    f"MTCNN: {start + BATCH} of {len(missing)} pictures, {until - told:.0f} s left "
                    f"for it",
                    flush=True,
                )
        return 0

    def _add(self, pictures: Sequence[Picture], find: Finder) -> None:
        images = [read_picture(p.path) for p in pictures]
        began = time.perf_counter()
        found = find(images, 0)
        how = [FOUND[0]] * len(images)
        again = [i for i, f in enumerate(found) if f is None]
        if again:
            for i, second in zip(again, find([images[i] for i in again], 1), strict=True):
                found[i], how[i] = second, FOUND[2] if second is None else FOUND[1]
        ms = 1000 * (time.perf_counter() - began) / len(images)
        rows = []
        for picture, image, face, answer in zip(pictures, images, found, how, strict=True):
            _write(self.file(picture), upper_half(image, face, picture.aligned))
            if picture.kind == "bare":
                number = zlib.crc32(picture.path.name.encode())
                _write(
                    self.file(picture, drawn=True), upper_half(image, face, picture.aligned, number)
                )
            rows.append((*_key(picture), answer, f"{ms:.1f}"))
            self._done[_key(picture)] = (answer, ms)
        with self._index.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)


def counts(uppers: Sequence[Upper]) -> dict[str, dict[str, int]]:
    """How often MTCNN found the face, for each set and kind of picture."""
    result: dict[str, dict[str, int]] = {}
    for name in sorted({f"{u.picture.dataset} {u.picture.kind}" for u in uppers}):
        seen = Counter(u.found for u in uppers if f"{u.picture.dataset} {u.picture.kind}" == name)
        result[name] = {how: seen[how] for how in FOUND} | {"pictures": seen.total()}
    return result


def _key(picture: Picture) -> tuple[str, str, str, str]:
    return picture.dataset, picture.person, picture.kind, picture.path.name


def _write(path: Path, image: Image) -> None:
    output_dir(path.parent)
    if not cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, 95]):
        raise ConfigError(f"cannot write {path}: make room, or give another folder with --faces")
