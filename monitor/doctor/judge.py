"""What is good of what was measured, and what is not. No words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from monitor.camera.evidence import BLURRED_BELOW, DARK_P99, EMPTY_BELOW
from monitor.config import ClassifyConfig
from monitor.doctor.measured import Delivery, Examined, Focus, Light, People
from monitor.faces.quality import FULL_WEIGHT_PX

SIDE_MIN = 480  # px of the shorter side: a face at two metres is large enough in a webcam's picture
# Pictures a second. Faces are searched ten times a second; whoever is to count is found three times
# within about a second.
RATE_MIN = 8.0
RATE_SHARE = 0.7  # of what the camera claims
GAP_MAX_S = 1.0
DAMAGED_SHARE = 0.01  # of all; and two at least
DAMAGED_MIN = 2
# Grey levels and shares of the picture. In the clips of ../shared/data/videos and in the bundled
# one, which show people well, the mean is 70 to 183, a share of 0 to 0.17 is white, faces are 76 to
# 185, and 0.69 to 1.5 of the mean (`pytest -s -m shared tests/shared/test_doctor_clips.py`).
DIM_MEAN, BRIGHT_MEAN = 35.0, 215.0
BURNT_MAX = 0.5
BACKLIT_BURNT, BACKLIT_BLACK = 0.1, 0.3  # both at once: a window behind, and all else dark
FACE_DARK, FACE_BRIGHT = 40.0, 225.0
# A face's grey level by that of the picture, where that has white parts; and the level itself, as
# dark skin before a white wall is no backlight.
BACKLIT_FACE, BACKLIT_FACE_MAX = 0.55, 65.0
LATENCY_MAX_S = 0.5  # as long as somebody may be unmasked before it is an alert
FACE_MIN_PX = FULL_WEIGHT_PX / 2  # half a voice in the vote


class Topic(Enum):
    """What is looked at, in the order in which it is told."""

    PICTURES = auto()  # whether there are any
    SIZE = auto()
    RATE = auto()
    GAPS = auto()
    DAMAGE = auto()
    LIGHT = auto()
    FOCUS = auto()
    FROZEN = auto()
    UPRIGHT = auto()
    FACES = auto()
    LATENCY = auto()


class Fault(Enum):
    """What is to be mended."""

    NO_PICTURES = auto()
    LOST = auto()
    SMALL = auto()
    NOT_AS_ASKED = auto()
    NOT_AS_CLAIMED = auto()
    SLOW = auto()
    SLOWER_THAN_CLAIMED = auto()
    STOOD_STILL = auto()
    DAMAGED = auto()
    DARK = auto()
    DIM = auto()
    BRIGHT = auto()
    BACKLIT = auto()
    NOTHING_TO_SEE = auto()
    BLURRED = auto()
    FROZEN = auto()
    TURNED = auto()
    FACES_SMALL = auto()
    LATE = auto()


@dataclass(frozen=True, slots=True)
class Finding:
    """One topic: good, to be mended, or (`known` is False) not to be told by this look."""

    topic: Topic
    fault: Fault | None = None
    known: bool = True


def judge(seen: Examined, classify: ClassifyConfig) -> list[Finding]:
    """Every topic that can be told, in order."""
    if seen.light is None or seen.focus is None:
        return [Finding(Topic.PICTURES, Fault.NO_PICTURES)]
    light = _light(seen.light, seen.people)
    findings = [
        Finding(Topic.PICTURES, Fault.LOST if seen.delivery.lost else None),
        Finding(Topic.SIZE, _size(seen.delivery)),
        Finding(Topic.RATE, _rate(seen.delivery), known=seen.delivery.rate is not None),
        *([Finding(Topic.GAPS, Fault.STOOD_STILL)] if _stood_still(seen.delivery) else []),
        Finding(Topic.DAMAGE, _damage(seen.delivery)),
        Finding(Topic.LIGHT, light),
        _focus(seen.focus, light),
        *([Finding(Topic.FROZEN, Fault.FROZEN)] if seen.frozen else []),
        *([Finding(Topic.UPRIGHT, Fault.TURNED)] if seen.people.turn else []),
        _faces(seen.people, classify),
    ]
    if seen.latency is not None:
        late = seen.latency.median_s > LATENCY_MAX_S
        findings.append(Finding(Topic.LATENCY, Fault.LATE if late else None))
    return findings


def _size(delivery: Delivery) -> Fault | None:
    given = delivery.size_wh
    if given is None:
        return None
    for other, fault in (
        (delivery.asked_wh, Fault.NOT_AS_ASKED),
        (delivery.claimed_wh, Fault.NOT_AS_CLAIMED),
    ):
        if other is not None and sorted(other) != sorted(given) and min(given) < min(other):
            return fault
    return Fault.SMALL if min(given) < SIDE_MIN else None


def _rate(delivery: Delivery) -> Fault | None:
    rate, claimed = delivery.rate, delivery.claimed_rate
    if rate is None:
        return None
    if claimed is not None and rate < RATE_SHARE * claimed:
        return Fault.SLOWER_THAN_CLAIMED
    return Fault.SLOW if rate < RATE_MIN else None


def _stood_still(delivery: Delivery) -> bool:
    """Beside a rate that is low anyway, a long gap says nothing more."""
    usual_s = 1 / delivery.rate if delivery.rate else 0.0
    return delivery.longest_gap_s > max(GAP_MAX_S, 3 * usual_s)


def _damage(delivery: Delivery) -> Fault | None:
    came = delivery.pictures + delivery.damaged
    many = delivery.damaged >= max(DAMAGED_MIN, DAMAGED_SHARE * came)
    return Fault.DAMAGED if many else None


def _light(light: Light, people: People) -> Fault | None:
    if light.bright < DARK_P99:
        return Fault.DARK
    if people.grey is None:
        backlit = light.burnt >= BACKLIT_BURNT and light.black >= BACKLIT_BLACK
    else:
        dark = people.grey < min(BACKLIT_FACE_MAX, BACKLIT_FACE * light.mean)
        backlit = light.burnt >= BACKLIT_BURNT and dark
    if backlit:
        return Fault.BACKLIT
    if light.mean < DIM_MEAN or (people.grey is not None and people.grey < FACE_DARK):
        return Fault.DIM
    glaring = light.mean > BRIGHT_MEAN or light.burnt > BURNT_MAX
    if people.grey is not None:  # a white wall is no fault where the face is well seen
        glaring = people.grey > FACE_BRIGHT
    return Fault.BRIGHT if glaring else None


def _focus(focus: Focus, light: Fault | None) -> Finding:
    if light is Fault.DARK:
        return Finding(Topic.FOCUS, known=False)
    if focus.edges < EMPTY_BELOW:
        return Finding(Topic.FOCUS, Fault.NOTHING_TO_SEE)
    return Finding(Topic.FOCUS, Fault.BLURRED if focus.sharpness < BLURRED_BELOW else None)


def _faces(people: People, classify: ClassifyConfig) -> Finding:
    if not people.sizes_px:
        return Finding(Topic.FACES, known=False)
    middle = people.sizes_px[len(people.sizes_px) // 2]
    small = middle < max(FACE_MIN_PX, classify.unsure_face_px)
    return Finding(Topic.FACES, Fault.FACES_SMALL if small else None)


def bad(findings: list[Finding]) -> Iterator[Finding]:
    """Those that are to be mended."""
    return (finding for finding in findings if finding.fault is not None)
