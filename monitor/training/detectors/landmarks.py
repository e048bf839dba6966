r"""How far a detector's landmarks lie from where they belong, on bare faces that it never saw.

    python -m monitor.training.detectors.landmarks [--models models/yunet_masked_v1.onnx] \
        [--data ../shared/data] [--every 4]

Faces are those of LFW's test people and UTKFace's test part, which lie in the 112 x 112 template;
one that stands straight tells little, so each is turned by up to 20 degrees and scaled to 30 to 160
px in a grey frame. Error: mean distance of the five points over the distance of the eyes (NME).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from monitor.detect.yunet import MODEL, YuNet
from monitor.faces.align import SIZE, TEMPLATE
from monitor.records import FloatArray, Image
from monitor.training.pictures import pool, splits
from monitor.training.pictures.faces import read_picture

_FRAME = (240, 320)  # height and width


def test_faces(data: Path, every: int) -> list[Path]:
    """One in `every` aligned picture of people and pictures that are only tested on."""
    lfw = [
        chip.path
        for chip in pool.aligned(data / "lfw_aligned")
        if splits.is_test_person(chip.path.parent.name, "lfw")
    ]
    utkface = [
        chip.path
        for chip in pool.aligned(data / "utkface_aligned")
        if splits.is_test_utkface(chip.original)
    ]
    return [*lfw[::every], *utkface[::every]]


def set_in(face: Image, number: int) -> tuple[Image, FloatArray]:
    """An aligned face in a grey frame, turned and scaled by its number; its landmarks (5, 2)."""
    rng = np.random.default_rng([7, number])
    scale = float(np.exp(rng.uniform(np.log(30), np.log(160)))) / 100
    matrix = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), float(rng.uniform(-20, 20)), scale)
    matrix[:, 2] += [_FRAME[1] / 2 - SIZE / 2, _FRAME[0] / 2 - SIZE / 2]
    frame = cv2.warpAffine(
        face, matrix, _FRAME[::-1], flags=cv2.INTER_AREA, borderValue=(110, 110, 110)
    )
    return frame, (TEMPLATE @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)  # type: ignore[return-value]


def error_of(detector: YuNet, frame: Image, truth: FloatArray) -> float | None:
    """The error at one face, or None where it is not found."""
    found = detector.detect(frame)
    if not len(found):
        return None
    assert found.landmarks is not None
    off = np.linalg.norm(found.landmarks[0] - truth, axis=1).mean()
    return float(off / np.linalg.norm(truth[1] - truth[0]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, nargs="*", default=[])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--every", type=int, default=4)
    args = parser.parse_args()
    models = [MODEL, *args.models]
    named = [YuNet(0.4, 320, 10, model=model) for model in models]
    errors = []
    for number, path in enumerate(test_faces(args.data, args.every)):
        frame, truth = set_in(read_picture(path), number)
        errors.append([error_of(detector, frame, truth) for detector in named])
    both = np.array([row for row in errors if None not in row], np.float64)
    for column, model in enumerate(models):
        found = sum(row[column] is not None for row in errors)
        print(
            f"{model}: {found} of {len(errors)} found; of the {len(both)} that all find, error "
            f"{both[:, column].mean():.2%} of the eyes' distance, 95 of 100 below "
            f"{np.percentile(both[:, column], 95):.2%}"
        )


if __name__ == "__main__":
    main()
