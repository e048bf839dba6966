"""What the defaults rest on: the detector's threshold and working side, the crop's margin, when to
call a face unsure.

Measured inside the program's own parts (detector, crop, network), on pictures with boxes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.detect.yunet import YuNet
from monitor.faces.boxes import longer_side
from monitor.faces.preprocess import face_batch
from monitor.faces.quality import nose_offset, sharpness
from monitor.training.mask.end_to_end import matched, tally
from monitor.training.mask.scoring import Classifier, crops, predict, truth_of
from monitor.training.pictures.chips import Chip
from monitor.training.pictures.faces import read_picture
from monitor.training.report import metrics

CONFIDENCE_LOW = 0.2
THRESHOLDS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8)
SIDES = (0, 640, 960, 1280)  # px; 0 follows the frame
MARGINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
# a box is moved by up to this part of its side, and scaled by as much
JITTERS = (0.0, 0.05, 0.1, 0.15, 0.2)

Faces = dict[str, list[dict[str, Any]]]
Row = dict[str, Any]


def look(classifier: Classifier, pictures: Sequence[Path], side: int, min_face_px: int) -> Faces:
    """What the program would report of each picture at the lowest threshold, with what `unsure`
    goes by.

    Args:
        classifier: The mask classifier.
        pictures: Whole pictures.
        side: The detector's working side, 0 to follow the frame.
        min_face_px: Least size of a face, px.

    Returns:
        Faces by file name: box, confidence, raw_state, state_confidence, px, sharpness, side_on.
    """
    detector = YuNet(CONFIDENCE_LOW, side, min_face_px, threads=2)
    faces: Faces = {}
    for path in pictures:
        image = read_picture(path)
        found = detector.detect(image)
        batch = face_batch(image, found.boxes, classifier.size, classifier.margin)
        answers = (
            classifier.network(batch) if len(batch) else np.empty((0, len(classifier.classes)))
        )
        sizes = longer_side(found.boxes)
        assert found.landmarks is not None
        faces[path.name] = [
            {
                "box": found.boxes[i],
                "confidence": float(found.confidence[i]),
                "raw_state": classifier.classes[int(answers[i].argmax())],
                "state_confidence": float(answers[i].max()),
                "px": float(sizes[i]),
                "sharpness": sharpness(batch[i]),
                "side_on": abs(nose_offset(found.landmarks[i])),
            }
            for i in range(len(found))
        ]
    return faces


def detector_curve(
    chips: Sequence[Chip], by_side: Mapping[int, Faces], min_face: float
) -> list[Row]:
    """Found, right and alarmed by label at each working side and threshold, and boxes that match
    nothing in each picture.
    """
    rows = []
    for side, faces in by_side.items():
        for threshold in THRESHOLDS:
            kept = {
                name: [f for f in seen if f["confidence"] >= threshold]
                for name, seen in faces.items()
            }
            found = matched(chips, kept)
            spare = sum(map(len, kept.values())) - sum(f is not None for f in found)
            rows.append(
                {
                    "side": side,
                    "threshold": threshold,
                    "spare_boxes_a_picture": spare / max(1, len(kept)),
                    "rates": tally(chips, found, min_face, "raw_state"),
                }
            )
    return rows


def margin_curve(
    classifier: Classifier, chips: Sequence[Chip], detected: Sequence[Chip]
) -> list[Row]:
    """Rates at each margin, with the boxes as annotated and with the detector's.

    Args:
        classifier: Trained at the margin of its card.
        chips: With annotated boxes.
        detected: The faces that the detector found, with its boxes.
    """
    rows = []
    for margin in MARGINS:
        row: Row = {"margin": margin}
        for name, faces in (("annotated", chips), ("detector", detected)):
            truth = truth_of(faces, classifier.classes)
            row[name] = metrics.door_rates(
                truth, predict(classifier, faces, margin=margin), classifier.classes
            )
        rows.append(row)
    return rows


def jitter_curve(classifier: Classifier, chips: Sequence[Chip], seed: int = 0) -> list[Row]:
    """Rates when each box is moved and scaled at random, as a detector does from frame to frame."""
    truth = truth_of(chips, classifier.classes)
    rows = []
    for jitter in JITTERS:
        rng = np.random.default_rng(seed)

        def moved(
            image: Any, box: Any, jitter: float = jitter, rng: np.random.Generator = rng
        ) -> tuple[Any, Any]:
            side = float(max(box[2] - box[0], box[3] - box[1]))
            middle = (box[:2] + box[2:]) / 2 + rng.uniform(-jitter, jitter, 2) * side
            half = (box[2:] - box[:2]) / 2 * (1 + rng.uniform(-jitter, jitter))
            return image, np.concatenate([middle - half, middle + half]).astype(np.float32)

        parts = [
            classifier.network(b)
            for b in crops(chips, classifier.size, classifier.margin, moved, threads=1)
        ]
        rows.append(
            {
                "jitter": jitter,
                **metrics.door_rates(truth, np.concatenate(parts), classifier.classes),
            }
        )
    return rows


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Faces with what `unsure` could go by and whether the answer was right at the door (alarm or
    no alarm).
    """

    quality: dict[str, npt.NDArray[np.float64]]  # higher is better
    right: npt.NDArray[np.bool_]


def judged(chips: Sequence[Chip], faces: Faces, threshold: float) -> Judged:
    """The annotated faces, of any size, that the detector found at a threshold."""
    kept = {name: [f for f in seen if f["confidence"] >= threshold] for name, seen in faces.items()}
    pairs = [(c, f) for c, f in zip(chips, matched(chips, kept), strict=True) if f is not None]
    quality = {
        "size, px": np.array([f["px"] for _, f in pairs]),
        "sharpness": np.array([f["sharpness"] for _, f in pairs]),
        "frontality (minus side_on)": np.array([-f["side_on"] for _, f in pairs]),
        "confidence of the answer": np.array([f["state_confidence"] for _, f in pairs]),
        "confidence of the detector": np.array([f["confidence"] for _, f in pairs]),
    }
    right = np.array(
        [(c.label == "masked") == (f["raw_state"] == "masked") for c, f in pairs], bool
    )
    return Judged(quality, right)


def unsure_curve(faces: Judged, key: str, bounds: Sequence[float]) -> list[Row]:
    """What a bound on one quality leaves unsaid, and how wrong what is said then is."""
    rows = []
    for bound in bounds:
        said = faces.quality[key] >= bound
        rows.append(
            {
                "bound": bound,
                "unsure": metrics.rate(~said),
                "wrong": metrics.rate(~faces.right[said]),
            }
        )
    return rows
