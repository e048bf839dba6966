r"""How far detectors' landmarks lie from CenterFace's, which none of them decides.

    python -m monitor.training.detectors.landmarks ilc2021_whole --models \
        runs/detector/no_ilc/detector.onnx [--label bare] [--test-part] [--every 1]

Faces are those of 40 px or more of a set of `compare` that all detectors find. Error: mean distance
of the five points over the distance of the eyes. CenterFace errs as well, so it is a yardstick for
YuNet beside ours and no more.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from monitor.detect import FaceDetector
from monitor.detect.yunet import MODEL, YuNet
from monitor.faces.boxes import longer_side
from monitor.records import FloatArray
from monitor.training.detectors.centerface import FILE, CenterFace
from monitor.training.detectors.compare import FACE_PX_MIN, pictures_of
from monitor.training.pictures.matching import match_boxes


def errors(truth: FloatArray, told: FloatArray) -> FloatArray:
    """(N,) errors of landmarks (N, 5, 2) against others, in parts of the eyes' distance."""
    eyes = np.linalg.norm(truth[:, 1] - truth[:, 0], axis=1)
    off = np.linalg.norm(told - truth, axis=2).mean(axis=1)
    return (off / np.maximum(eyes, 1e-6)).astype(np.float32)  # type: ignore[no-any-return]


def compared(
    detectors: Sequence[FaceDetector],
    data: Path,
    name: str,
    label: str,
    test_part: bool,
    every: int,
) -> list[FloatArray]:
    """Landmarks (N, 5, 2) of each detector for the faces with the label that all of them find."""
    told: list[list[FloatArray]] = [[] for _ in detectors]
    for number, (image, labels, truth) in enumerate(pictures_of(data, name, test_part)):
        wanted = np.array(labels) == label
        if number % every or not wanted.any():
            continue
        found = [detector.detect(image) for detector in detectors]
        rows = np.stack([match_boxes(truth, one.boxes) for one in found])
        for face in np.flatnonzero(wanted & (longer_side(truth) >= FACE_PX_MIN)):
            if (rows[:, face] >= 0).all():
                for one, row, into in zip(found, rows[:, face], told, strict=True):
                    assert one.landmarks is not None
                    into.append(one.landmarks[row])
    return [np.array(points, np.float32).reshape(-1, 5, 2) for points in told]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("set", metavar="SET")
    parser.add_argument("--models", type=Path, nargs="*", default=[])
    parser.add_argument("--label", default="bare", choices=("bare", "masked", "worn wrong"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="of CenterFace")
    parser.add_argument("--test-part", action="store_true")
    parser.add_argument("--every", type=int, default=1)
    args = parser.parse_args()
    models = [MODEL, *args.models]
    detectors: list[FaceDetector] = [CenterFace(args.weights / FILE)]
    detectors += [YuNet(0.4, model=one) for one in models]
    centerface, *told = compared(
        detectors, args.data, args.set, args.label, args.test_part, args.every
    )
    for model, points in zip(models, told, strict=True):
        off = errors(centerface, points)
        print(
            f"{model.parent.name}/{model.name}: {len(off)} {args.label} faces, mean "
            f"{off.mean():.2%}, median {np.median(off):.2%}, 95 of 100 below "
            f"{np.percentile(off, 95):.2%} of the eyes' distance"
        )


if __name__ == "__main__":
    main()
