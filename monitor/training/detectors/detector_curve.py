r"""What a detector finds at which working size and confidence: the curve behind its defaults.

    python -m monitor.training.detectors.detector_curve [--detector yunet] [--sides \
        0,480,640,800,960,1280] [--data ../shared/data]
    python -m monitor.training.detectors.detector_curve --small-face-px 32

Faces come from the Pascal VOC boxes of DATA/andrewmvd; one counts as found when a box of its own
reaches an IoU of 0.4 with it. False boxes come from DATA/videos/mask_on_bench_no_person.mp4 (a
mask, nobody) and from all of andrewmvd: boxes there that overlap no face of the annotation (an
upper bound: some are faces that nobody annotated). Side 0 follows the frame. The second command
asks what becomes of small faces: pictures of andrewmvd are shrunk until one face has 32 px, and put
into a grey 1280x720 frame. Takes about half a minute a side on two cores.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from monitor.config import DetectConfig
from monitor.declared import detectors
from monitor.detect import FaceDetector, make_detector
from monitor.errors import ConfigError
from monitor.faces.boxes import as_boxes, iou_matrix, longer_side
from monitor.records import Detections, FloatArray, Image
from monitor.training.pictures.chips import load_voc
from monitor.training.pictures.matching import IOU_MIN, match_boxes

WORDS = {"masked": "masked", "unmasked": "bare", "incorrect": "worn wrong"}
THRESHOLDS = (0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)


@dataclass
class Tally:
    """Confidence at which each annotated face was found (0: not at all), by label, and that of each
    false box.
    """

    found: dict[str, list[float]] = field(
        default_factory=lambda: {label: [] for label in WORDS.values()}
    )
    false: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)


def annotated(folder: Path) -> Iterator[tuple[Path, list[str], FloatArray]]:
    """Picture, labels and boxes (N, 4) xyxy of each picture under `folder` that has faces."""
    chips = load_voc(folder / "images", folder / "annotations")
    for path, group in itertools.groupby(chips, key=lambda chip: chip.path):
        faces = list(group)
        yield path, [WORDS[chip.label] for chip in faces], as_boxes([chip.box for chip in faces])


def match(truth: FloatArray, found: Detections) -> tuple[list[float], list[int]]:
    """Confidence of the box that each face of `truth` got (0: none), and the boxes that touch no
    face.
    """
    rows = match_boxes(truth, found.boxes)
    confidence = [float(found.confidence[row]) if row >= 0 else 0.0 for row in rows]
    return confidence, [
        int(i) for i in np.flatnonzero(iou_matrix(truth, found.boxes).max(axis=0) < 0.1)
    ]


def tally(detector: FaceDetector, data: Path, face_px_min: int) -> tuple[Tally, Tally]:
    """Run over the pictures of andrewmvd and over the clip without people."""
    pictures, empty = Tally(), Tally()
    for path, labels, truth in annotated(data / "andrewmvd"):
        image = cv2.imread(str(path))
        if image is None:
            raise SystemExit(f"{path} cannot be read")
        found = _timed(detector, image, pictures)  # type: ignore[arg-type]
        confidence, false = match(truth, found)
        for label, large, value in zip(
            labels, longer_side(truth) >= face_px_min, confidence, strict=True
        ):
            if large:
                pictures.found[label].append(value)
        pictures.false += [float(found.confidence[i]) for i in false]
    capture = cv2.VideoCapture(str(data / "videos" / "mask_on_bench_no_person.mp4"))
    while True:
        ok, frame = capture.read()
        if not ok:
            break
        empty.false += _timed(detector, frame, empty).confidence.tolist()  # type: ignore[arg-type]
    capture.release()
    return pictures, empty


def tally_small(detector: FaceDetector, data: Path, face_px_min: int, face_px: int) -> Tally:
    """Faces of andrewmvd (at most two a picture) shrunk to `face_px`, in a grey frame of
    1280x720.
    """
    small = Tally()
    for path, labels, truth in annotated(data / "andrewmvd"):
        image = cv2.imread(str(path))
        if image is None:
            raise SystemExit(f"{path} cannot be read")
        for face in np.flatnonzero(longer_side(truth) >= face_px_min)[:2]:
            scale = face_px / float(longer_side(truth)[face])
            shrunk = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            height, width = shrunk.shape[:2]
            if height > 720 or width > 1280:
                continue
            frame = np.full((720, 1280, 3), 110, np.uint8)
            x, y = (1280 - width) // 2, (720 - height) // 3
            frame[y : y + height, x : x + width] = shrunk
            moved = truth * np.float32(scale) + np.array([x, y, x, y], np.float32)
            small.found[labels[face]].append(match(moved, _timed(detector, frame, small))[0][face])
    return small


def _timed(detector: FaceDetector, image: Image, into: Tally) -> Detections:
    start = time.perf_counter()
    found = detector.detect(image)
    into.milliseconds.append(1000 * (time.perf_counter() - start))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--detector", choices=tuple(detectors()), default="yunet")
    parser.add_argument(
        "--sides",
        default="0,480,640,800,960,1280",
        help="working sides in pixels; 0 follows the frame",
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument(
        "--face-px-min", type=int, default=40, help="annotated faces below this are left out"
    )
    parser.add_argument("--min-face-px", type=int, default=20, help="the detector's own setting")
    parser.add_argument(
        "--small-face-px",
        type=int,
        default=0,
        help="the second command: this size, in a 720p frame",
    )
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    if not (args.data / "andrewmvd").is_dir():
        raise SystemExit(
            f"{args.data / 'andrewmvd'} is not there: name the folder that holds it with --data"
        )
    where = (
        f"shrunk to {args.small_face_px} px in a 1280x720 frame"
        if args.small_face_px
        else "as they are"
    )
    print(
        f"{args.detector}; faces of {args.face_px_min} px or more in andrewmvd, {where}; IoU "
        f"{IOU_MIN} or more"
    )
    for side in (int(value) for value in args.sides.split(",")):
        settings = DetectConfig(args.detector, 0.2, side, args.min_face_px, threads=args.threads)
        try:
            detector = make_detector(settings)
        except ConfigError as error:  # not every detector works at every side
            print(f"\nside {side}: {error}")
            continue
        if args.small_face_px:
            show(side, tally_small(detector, args.data, args.face_px_min, args.small_face_px), None)
        else:
            show(side, *tally(detector, args.data, args.face_px_min))


def show(side: int, pictures: Tally, empty: Tally | None) -> None:
    """Print one side's part of the curve."""
    counts = ", ".join(f"{label} {len(values)}" for label, values in pictures.found.items())
    print(
        f"\nside {side or 'follows'}: {counts}; median {np.median(pictures.milliseconds):.1f} ms a "
        f"picture",
        end="",
    )
    print(f", {np.median(empty.milliseconds):.1f} ms a frame of the empty clip" if empty else "")
    head = f"{'conf':>6} " + "".join(f"{label:>12}" for label in pictures.found)
    print(head + (f"  false boxes  in {len(empty.milliseconds)} empty frames" if empty else ""))
    for threshold in THRESHOLDS:
        line = f"{threshold:6.2f} " + "".join(
            f"{np.mean(np.array(v) >= threshold):12.1%}" for v in pictures.found.values()
        )
        if empty:
            line += "".join(
                f" {int(np.sum(np.array(t.false) >= threshold)):12d}" for t in (pictures, empty)
            )
        print(line, flush=True)


if __name__ == "__main__":
    main()
