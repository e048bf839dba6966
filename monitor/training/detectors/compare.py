r"""Found against false boxes: detectors beside each other on pictures that they did not learn from.

    python -m monitor.training.detectors.compare andrewmvd --detectors yunet,ssd,haar,centerface \
        --models runs/detector/no_andrewmvd/detector.onnx
    python -m monitor.training.detectors.compare ilc2021_whole --test-part …
    python -m monitor.training.detectors.compare aizoo_chips …

SET is a folder of DATA: whole pictures with boxes (andrewmvd, ilc2021_whole, andrewmvd_hd), of
which faces of 40 px or more count, or `aizoo_chips`, whose test faces are set singly into a grey
frame. `--test-part` takes the pictures alone that the shipped detector has not learnt from. MODELS
are files with YuNet's outputs. A face is found when a box of its own reaches an IoU of 0.4; a false
box is one of 32 px or more that touches no annotated face (some are faces that nobody annotated,
for all detectors alike; smaller ones mostly are).
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from monitor.config import DetectConfig
from monitor.declared import detectors
from monitor.detect import FaceDetector, make_detector
from monitor.detect.yunet import YuNet
from monitor.faces.boxes import longer_side
from monitor.records import FloatArray, Image
from monitor.training.detectors.centerface import FILE, CenterFace
from monitor.training.detectors.detector_curve import WORDS, annotated, match
from monitor.training.pictures.boxed import read_boxes
from monitor.training.pictures.faces import read_picture
from monitor.training.pictures.splits import is_test_aizoo, is_test_whole
from monitor.training.report.pages import markdown_table

FALSE_A_PICTURE = (0.1, 0.2, 0.3, 0.6)
LOWEST = 0.05  # confidence from which boxes are asked for
FACE_PX_MIN, FALSE_PX_MIN = 40, 32
_FRAME = (240, 320)  # height and width that a chip is set into


@dataclass
class Found:
    """What one detector makes of a set."""

    faces: dict[str, list[float]] = field(default_factory=dict)  # confidence by label; 0: not found
    false: list[float] = field(default_factory=list)
    pictures: int = 0

    def threshold(self, false_a_picture: float) -> float:
        """The lowest confidence with at most that many false boxes a picture."""
        allowed = int(false_a_picture * self.pictures)
        falling = sorted(self.false, reverse=True)
        return LOWEST if len(falling) <= allowed else falling[allowed] + 1e-6

    def share(self, label: str, threshold: float) -> float:
        """Of the faces with the label, the part that is found."""
        return float(np.mean(np.array(self.faces[label]) >= threshold))


def pictures_of(
    data: Path, name: str, test_part: bool
) -> Iterator[tuple[Image, list[str], FloatArray]]:
    """Picture, labels and boxes of a set."""
    if name == "aizoo_chips":
        yield from _chips(data / name)
    elif (data / name / "boxes.csv").is_file():
        for path, (boxes, labels) in read_boxes(data / name).items():
            if not test_part or is_test_whole(path.name):
                yield read_picture(path), [WORDS[label] for label in labels], boxes
    else:
        for path, labels, boxes in annotated(data / name):
            yield read_picture(path), labels, boxes


def _chips(folder: Path) -> Iterator[tuple[Image, list[str], FloatArray]]:
    """The test faces of `aizoo_chips`, one in a frame each; they are cut out tightly, so their box
    is the whole chip."""
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if is_test_aizoo(row["original"])]
    for row in rows:
        if row["kind"] not in ("0", "0_test", "1_test", "1_color"):
            continue
        chip = read_picture(folder / row["file"])
        frame = np.full((*_FRAME, 3), 110, np.uint8)
        height, width = chip.shape[:2]
        y, x = (_FRAME[0] - height) // 2, (_FRAME[1] - width) // 2
        frame[y : y + height, x : x + width] = chip
        label = "masked" if row["label"] == "masked" else f"bare {row['kind']}"
        yield frame, [label], np.array([[x, y, x + width, y + height]], np.float32)


def measure(
    named: dict[str, FaceDetector], data: Path, name: str, test_part: bool, every: int
) -> dict[str, Found]:
    """Run all detectors over one picture in `every` of a set."""
    results = {one: Found() for one in named}
    least = 0 if name == "aizoo_chips" else FACE_PX_MIN
    for number, (image, labels, truth) in enumerate(pictures_of(data, name, test_part)):
        if number % every:
            continue
        for one, detector in named.items():
            result, found = results[one], detector.detect(image)
            result.pictures += 1
            confidence, false = match(truth, found)
            large = longer_side(found.boxes) >= FALSE_PX_MIN
            result.false += [float(found.confidence[i]) for i in false if large[i]]
            for label, size, value in zip(labels, longer_side(truth), confidence, strict=True):
                if size >= least:
                    result.faces.setdefault(label, []).append(value)
    return results


def table(results: dict[str, Found]) -> str:
    """One row a detector and number of false boxes, and one at its default confidence of 0.4."""
    labels = sorted(next(iter(results.values())).faces)
    counts = next(iter(results.values())).faces
    head = ["detector", "false boxes a picture", "confidence"]
    head += [f"{label} ({len(counts[label])})" for label in labels]
    rows: list[list[object]] = []
    for false_a_picture in FALSE_A_PICTURE:
        for name, found in results.items():
            at = found.threshold(false_a_picture)
            shares = [f"{found.share(label, at):.1%}" for label in labels]
            rows.append([name, f"{false_a_picture:.1f}", f"{at:.2f}", *shares])
    for name, found in results.items():
        false = sum(value >= 0.4 for value in found.false) / max(1, found.pictures)
        shares = [f"{found.share(label, 0.4):.1%}" for label in labels]
        rows.append([name, f"{false:.2f}", "0.40 (set)", *shares])
    return markdown_table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("set", metavar="SET")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="of CenterFace")
    parser.add_argument("--detectors", default="yunet,ssd,haar,centerface")
    parser.add_argument("--models", type=Path, nargs="*", default=[])
    parser.add_argument("--test-part", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="take one picture in so many")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    named: dict[str, FaceDetector] = {}
    for name in filter(None, args.detectors.split(",")):
        if name == "centerface":
            named[name] = CenterFace(args.weights / FILE, LOWEST, threads=args.threads)
        elif name in detectors():
            named[name] = make_detector(DetectConfig(name, LOWEST, threads=args.threads))
        else:
            raise SystemExit(f"there is no detector {name}: use {', '.join(detectors())}")
    for model in args.models:
        named[str(model)] = YuNet(LOWEST, threads=args.threads, model=model)
    if not (args.data / args.set).is_dir():
        raise SystemExit(f"{args.data / args.set} is not there: name the folder with --data")
    print(table(measure(named, args.data, args.set, args.test_part, args.every)))


if __name__ == "__main__":
    main()
