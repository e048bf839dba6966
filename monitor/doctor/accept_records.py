"""What an acceptance run gathers and ends in: data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from monitor.records import MaskState


class Truth(Enum):
    """What somebody at the door says that a visit was."""

    MASKED = "masked"
    UNMASKED = "unmasked"
    INCORRECT = "worn wrong"
    NOBODY = "nobody"  # a poster, a hand: the monitor saw somebody where nobody was


@dataclass(frozen=True, slots=True)
class Seen:
    """One visit that the monitor has seen, to be judged."""

    visit_id: str
    number: int  # from 1, in the order in which they came
    came: datetime  # aware, UTC
    state: MaskState  # what the monitor says now; whoever judges is not told
    place: float  # of the middle of the face, from 0 (left) to 1 (right)
    size_px: float  # longer side of the face


@dataclass(frozen=True, slots=True)
class Accepted:
    """What an acceptance run has found at one door."""

    name: str  # of the camera
    began: datetime  # aware, UTC
    seconds: float  # how long was looked
    model: str
    # how many visits were this, and said by the monitor to be that
    cells: Mapping[tuple[Truth, MaskState], int] = field(default_factory=dict)
    missed: int = 0  # people whom the monitor did not see
    skipped: int = 0  # visits that were left out
    left: int = 0  # visits that nobody judged
    planned_s: float | None = None  # for how long was to be looked; None: that is not known


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a count, with Wilson's 95 % interval. `of` is 0: there is none."""

    hits: int
    of: int
    low: float = 0.0  # from 0 to 1, as `high`
    high: float = 1.0


class Fit(Enum):
    """Whether the monitor can be relied on at a door."""

    YES = "fit"
    NO = "not fit"
    UNKNOWN = "not known yet"


@dataclass(frozen=True, slots=True)
class Figures:
    """What the counts come to."""

    right: Share  # of the people seen: told as they were
    noticed: Share  # of those without a mask, or with one worn wrong: not taken for masked
    found: Share  # of the people who came: seen
    real: Share  # of the visits: somebody was there
    fit: Fit
