"""How the vote over a track behaves on clips, by its half-life and by what another state needs to
take over.

Each clip goes once through the detector; the pipeline (tracker, classifier, vote, sightings) then
runs again for every setting on the same detections.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from monitor.analysis.pipeline import Pipeline
from monitor.camera.clip import ClipSource
from monitor.config import Config
from monitor.detect import FaceDetector
from monitor.detect.yunet import YuNet
from monitor.engine import Network
from monitor.faces.classify import STATES, MaskClassifier
from monitor.records import Detections, FloatArray, Frame, Image, MaskState
from monitor.training.report.metrics import Rate

HALF_LIVES = (0.1, 0.25, 0.5, 1.0, 2.0)  # s
SWITCHES = (0.5, 0.6, 0.7, 0.8)
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip and what is to be seen in it."""

    file: str
    # (first frame, state) in order; frames before the first are not judged
    states: tuple[tuple[int, MaskState], ...]
    sightings: int


# From ../shared/data/README.md: in `mask_on_hand_over_mouth` the mask goes on at about frames 26 to
# 52.
CLIPS = (
    Clip("walkup_unmasked.mp4", ((0, MaskState.UNMASKED),), 1),
    Clip("walkup_masked.mp4", ((0, MaskState.MASKED),), 0),
    Clip(
        "mask_on_hand_over_mouth.mp4",
        ((0, MaskState.UNMASKED), (26, MaskState.UNSURE), (53, MaskState.MASKED)),
        1,
    ),
    Clip("corridor_walk_unmasked.gif", ((0, MaskState.UNMASKED),), 3),
)


class Remembering:
    """A detector that looks at each picture once; the pictures must stay alive."""

    def __init__(self, detector: FaceDetector) -> None:
        self.name = detector.name
        self._detector = detector
        self._found: dict[tuple[int, float], Detections] = {}

    def detect(self, image_bgr: Image, smallest_px: float = 0.0) -> Detections:
        """Faces of one picture."""
        key = id(image_bgr), smallest_px
        if key not in self._found:
            self._found[key] = self._detector.detect(image_bgr, smallest_px)
        return self._found[key]

    def detect_still(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
        """Clips hold no stills; passed on."""
        return self._detector.detect_still(image_bgr, smallest_px)


class RememberingClassifier(MaskClassifier):
    """A classifier that judges each ROI once."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self._known: dict[bytes, FloatArray] = {}

    def probabilities(self, rois: FloatArray) -> FloatArray:
        """As `MaskClassifier.probabilities`."""
        keys = [hashlib.blake2b(roi.tobytes(), digest_size=16).digest() for roi in rois]
        new = [i for i, key in enumerate(keys) if key not in self._known]
        self._known |= {
            keys[i]: row for i, row in zip(new, super().probabilities(rois[new]), strict=True)
        }
        return np.array([self._known[key] for key in keys], np.float32).reshape(-1, len(STATES))


def frames(path: Path) -> list[Frame]:
    """All frames of a clip, at its own times.

    Raises:
        CameraError: If it is no clip.
    """
    source = ClipSource(path)
    source.open()
    result: list[Frame] = []
    try:
        while (picture := source.read()) is not None:
            t = float(picture.t)
            wall = START + timedelta(seconds=t)
            result.append(Frame(picture.image, len(result), t, t, wall, path.name, live=False))
    finally:
        source.close()
    return result


def run(
    clip: Clip,
    shots: Sequence[Frame],
    detector: FaceDetector,
    classifier: MaskClassifier,
    config: Config,
) -> dict[str, Any]:
    """The pipeline on one clip.

    Returns:
        `right`, `unsure`: Rate over the faces of visits; `switches`: changes of state between two
            said states; `visits`;
        `sightings`; `expected`; `masked_after_s`: from the mask's being on to the first masked face
        (None where no mask goes on).
    """
    pipeline = Pipeline(detector, classifier, config, "curve")
    said: list[bool] = []
    unsure = faces = switches = 0
    last: dict[int | None, MaskState] = {}
    visits: set[str] = set()
    sightings: set[str] = set()
    put_on = clip.states[-1][0] if len(clip.states) > 1 else None
    masked_after: float | None = None
    for shot in shots:
        truth = [state for first, state in clip.states if first <= shot.index][-1]
        result = pipeline.process([shot])[0]
        visits |= {v.visit_id for v in result.visits}
        sightings |= {s.sighting_id for s in result.sightings}
        for face in result.faces:
            if face.visit_id is None:
                continue
            if (
                put_on is not None
                and shot.index >= put_on
                and face.state is MaskState.MASKED
                and masked_after is None
            ):
                masked_after = shot.t - shots[put_on].t
            if face.state is not MaskState.UNSURE:
                switches += face.track_id in last and last[face.track_id] is not face.state
                last[face.track_id] = face.state
            if truth is MaskState.UNSURE:
                continue
            faces += 1
            unsure += face.state is MaskState.UNSURE
            if face.state is not MaskState.UNSURE:
                said.append(face.state is truth)
    ended = pipeline.end(shots[0].camera)
    visits |= {v.visit_id for v in ended.visits}
    sightings |= {s.sighting_id for s in ended.sightings}
    return {
        "clip": clip.file,
        "right": Rate(sum(said), len(said)),
        "unsure": Rate(unsure, faces),
        "switches": switches,
        "visits": len(visits),
        "sightings": len(sightings),
        "expected": clip.sightings,
        "masked_after_s": masked_after,
    }


def curve(videos: Path, model: Path) -> list[dict[str, Any]]:
    """Every setting on every clip that is there.

    Args:
        videos: Folder of the clips.
        model: The classifier, with or without ending.

    Returns:
        One row a setting: `half_life_s`, `switch_above`, `clips` (rows of `run`).
    """
    base = Config()
    classify = dataclasses.replace(
        base.classify, model=str(model.with_suffix("").resolve()), backend="onnx"
    )
    classifier = RememberingClassifier.load(classify)
    yunet = YuNet(min_face_px=base.detect.min_face_px, threads=2)
    here = [clip for clip in CLIPS if (videos / clip.file).is_file()]
    rows: list[dict[str, Any]] = [
        {"half_life_s": h, "switch_above": s, "clips": []} for h in HALF_LIVES for s in SWITCHES
    ]
    for clip in here:
        shots = frames(videos / clip.file)
        detector = Remembering(yunet)
        for row in rows:
            vote = dataclasses.replace(
                base.vote, half_life_s=row["half_life_s"], switch_above=row["switch_above"]
            )
            config = dataclasses.replace(base, classify=classify, vote=vote)
            row["clips"].append(run(clip, shots, detector, classifier, config))
    return rows


def pooled(row: dict[str, Any]) -> dict[str, Any]:
    """A setting's figures over all clips."""
    clips = row["clips"]
    right = Rate(sum(c["right"].hits for c in clips), sum(c["right"].count for c in clips))
    unsure = Rate(sum(c["unsure"].hits for c in clips), sum(c["unsure"].count for c in clips))
    delays = [c["masked_after_s"] for c in clips if c["masked_after_s"] is not None]
    return {
        "right": right,
        "unsure": unsure,
        "switches": sum(c["switches"] for c in clips),
        "sightings_wrong": sum(abs(c["sightings"] - c["expected"]) for c in clips),
        "masked_after_s": max(delays) if delays else None,
    }
