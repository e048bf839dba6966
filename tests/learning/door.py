"""A door into the sun, for the tests: real faces, so overexposed that the shipped model takes
masked ones for bare. The receptionist corrects them through the real ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from monitor.config import ClassifyConfig, DetectConfig
from monitor.detect import make_detector
from monitor.faces.classify import STATES, MaskClassifier
from monitor.learning.collect import Collector
from monitor.learning.places import Places
from monitor.records import (
    Correction,
    Face,
    FloatArray,
    Frame,
    FrameResult,
    Image,
    MaskState,
    Sighting,
    Timings,
    Visit,
)
from monitor.storage.ledger import Ledger
from monitor.storage.outputs import Outputs
from monitor.storage.store import Store

ROOT = Path(__file__).resolve().parents[2]
PICTURES = {
    ROOT / "tests/data/bare.jpg": MaskState.UNMASKED,
    ROOT / "tests/data/masked.jpg": MaskState.MASKED,
    ROOT / "assets/portraits/collins.jpg": MaskState.UNMASKED,
}
DEMO = ROOT / "assets/demo.mp4"
# frames of the bundled clip, with what the one face in them shows
FRAMES = {
    60: MaskState.MASKED,
    80: MaskState.MASKED,
    140: MaskState.MASKED,
    280: MaskState.UNMASKED,
    300: MaskState.UNMASKED,
    320: MaskState.UNMASKED,
    340: MaskState.MASKED,
    380: MaskState.MASKED,
}
FIRST_DAY = datetime(2026, 11, 2, 8, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Caller:
    """Somebody at the door."""

    image: Image
    box: FloatArray
    truth: MaskState


@cache
def people() -> tuple[Caller, ...]:
    """Real faces with what they wear, as a camera sees them that looks into the sun."""
    detector = make_detector(DetectConfig())
    shown = [(cv2.imread(str(path)), truth) for path, truth in PICTURES.items()]
    clip = cv2.VideoCapture(str(DEMO))
    for number, truth in FRAMES.items():
        clip.set(cv2.CAP_PROP_POS_FRAMES, number)
        shown.append((clip.read()[1], truth))
    clip.release()
    found = [(image, detector.detect_still(image).boxes[0], truth) for image, truth in shown]
    return tuple(Caller(sunlit(image), box, truth) for image, box, truth in found)


def sunlit(image: Image) -> Image:
    return (image.astype(np.float32) * 3.0 + 80).clip(0, 255).astype(np.uint8)


def callers(count: int) -> Iterator[Caller]:
    """So many of them: nobody comes twice with the same light, in the same place."""
    rng = np.random.default_rng(0)
    everybody = people()
    for i in range(count):
        one = everybody[i % len(everybody)]
        light = rng.uniform(0.92, 1.04)
        image = (one.image * light).clip(0, 255).astype(np.uint8)
        moved = one.box + rng.uniform(-0.04, 0.04, 4) * (one.box[2] - one.box[0])
        yield Caller(image, moved.astype(np.float32), one.truth)


def desk(
    store: Store, places: Places, count: int, lie: bool = False
) -> list[tuple[Visit, Correction]]:
    """So many sightings, all of them corrected or confirmed by the receptionist, over two weeks.

    Args:
        lie: The receptionist says the opposite.
    """
    classifier = MaskClassifier.load(ClassifyConfig())
    ledger = Ledger(store, "shift", Outputs(keeper=Collector(places, 3, 3650)))
    judged = []
    for i, caller in enumerate(callers(count)):
        moment = FIRST_DAY + timedelta(days=i * 12 // count, minutes=i)
        answer = classifier.probabilities(classifier.rois(caller.image, caller.box[None]))[0]
        state, name = STATES[int(answer.argmax())], f"shift-v{i}"
        visit = Visit(name, "door", moment, moment, state)
        seen = Sighting(
            *(f"{name}-s1", "door", name, moment, moment, 1.0, state, state),
            *(float(answer.max()), None, classifier.name),
        )
        face = Face(caller.box, 0.95, state, float(answer.max()), state, 0.9, i, name)
        frame = Frame(caller.image, i, float(i), float(i), moment, "door")
        ledger.record(
            FrameResult(frame, (face,), Timings(0.01), (visit,), (seen,), model=classifier.name)
        )
        wrong = MaskState.MASKED if caller.truth is MaskState.UNMASKED else MaskState.UNMASKED
        said = Correction((wrong if lie else caller.truth).value)
        ledger.correct(name, said)
        judged.append((visit, said))
    ledger.close()
    return judged
