"""What the scene asks about one frame, and what the pipeline answers: data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from monitor.analysis.track import Track
from monitor.records import Detections, FloatArray, Frame, Sighting, Visit

Indices = npt.NDArray[np.intp]  # (K,) positions in the frame's detections


def _none() -> Indices:
    return np.empty(0, np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Visits and sightings that a step has begun, changed or ended."""

    visits: tuple[Visit, ...] = ()
    sightings: tuple[Sighting, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """A frame in which faces were detected, and which of them are to be classified, embedded and
    have their gender guessed.
    """

    frame: Frame
    found: Detections
    classify: Indices  # ascending
    embed: Indices = field(default_factory=_none)  # those that wait longest first
    guess_gender: Indices = field(default_factory=_none)  # those that wait longest first
    turn: Indices = field(default_factory=_none)  # those to be looked for turned by 180 degrees
    ways: tuple[int, ...] = ()  # how far the picture is to be turned and searched again, degrees
    tracks: tuple[Track | None, ...] = ()  # of each detection; none where a picture stands alone
    ended: Changes = Changes()  # the visits that this frame showed to be over


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What the networks say of the detections that a `Wanted` names, in its order."""

    rois: FloatArray  # (len(classify), S, S, 3) float32 RGB in -1..1: what the classifier saw
    probabilities: FloatArray  # (len(classify), 3) in the order of `STATES`
    # (len(turn),) the detector's confidence in each, turned; None where nothing was turned
    turned: FloatArray | None = None
    # what was found in the picture turned, by degrees clockwise, in pixels of the turned picture
    ways: Mapping[int, Detections] = field(default_factory=dict)
    embeddings: FloatArray | None = None  # (len(embed), D) of length 1; None in mask-only mode
    genders: FloatArray | None = None  # (len(guess_gender), 2); None where no gender is guessed
