"""What flows between the parts: data only, no behaviour.

Records that hold arrays compare by identity (`eq=False`): a generated `==` fails on arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]  # (H, W, 3) BGR unless the name says otherwise
FloatArray = npt.NDArray[np.float32]


class MaskState(Enum):
    """How a face wears its mask. The order of a network's classes comes from its card, never from
    here.
    """

    MASKED = "masked"
    UNMASKED = "unmasked"
    INCORRECT = "incorrect"
    UNSURE = "unsure"


class Correction(Enum):
    """What the receptionist says of a visit when the machine was wrong; or the machine itself."""

    MASKED = "masked"
    UNMASKED = "unmasked"
    INCORRECT = "incorrect"
    NO_PERSON = "no person"
    NEVER_MOVED = "withdrawn: never moved"  # the machine's own word: a poster, say


class SourceState(Enum):
    """What a camera, stream, clip or folder is doing."""

    OPENING = "opening"
    LIVE = "live"
    STALLED = "stalled"  # open, but no picture for a while
    DAMAGED = "damaged pictures"  # they come, but none for a while that can be shown
    LOST = "lost"  # gone; it is tried again after a pause
    ENDED = "ended"  # a clip or a folder came to its end
    FAILED = "failed"  # cannot be used and is not tried again


class WatchState(Enum):
    """What a live camera shows. It watches while it is LIVE, or MOVED."""

    LIVE = "live"
    PAUSED = "paused"
    LOST = "lost"  # no picture comes, or none that can be shown
    LOCKED = "password needed"  # nobody tries: its password is not known in this run
    FROZEN = "frozen"
    BLACK = "black"
    DARK = "dark"
    COVERED = "covered"
    BLURRED = "out of focus"
    SIDEWAYS = "sideways"
    UPSIDE_DOWN = "upside down"
    MOVED = "moved"  # another scene than on the day before

    @property
    def watches(self) -> bool:
        return self in (WatchState.LIVE, WatchState.MOVED)


class WorkerState(Enum):
    """What the inference thread is doing."""

    LOADING = "loading models"
    READY = "ready"
    FAILED = "stopped"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Condition:
    """What a live camera shows now."""

    state: WatchState
    since: datetime  # aware, UTC


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """The state of a source, with one line for the user when something is wrong."""

    state: SourceState
    message: str = ""
    retry_in_s: float | None = None  # seconds until the next try, while LOST
    mistake: bool = False  # the user named what cannot be: trying again alone will not mend it
    refused: bool = False  # the camera refuses the user or the password


class LazyImage(Protocol):
    """A picture that becomes BGR when somebody looks at it."""

    size_wh: tuple[int, int]

    @property
    def image(self) -> Image:
        """(H, W, 3) uint8 BGR, not writeable; the same each time, in any thread."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source. The image is read-only: draw on a copy."""

    pixels: Image | LazyImage  # looked at by `image`
    index: int  # counts the frames that the source gave, from 0
    # seconds of the source's own time: a clip's frame time, a camera's clock since it was started
    t: float
    captured_at: float  # time.monotonic() when the frame was read, seconds
    wall_time: datetime  # aware, UTC
    camera: str  # the source's name as the user gave it, without secrets
    camera_key: str = ""  # tells cameras apart, whatever they are called: `Address.key`
    file: str | None = None  # the picture's file name, for folders
    live: bool = True  # False: a recording, whose time is its own
    still: bool = False  # True: a picture that stands alone
    # of a recording: it is looked at again, or ahead of its time: nobody judges it. Its index is
    # that of the first look; -1: there was none
    shown_only: bool = False
    # of a live camera whose picture is frozen: the time `t` of the last that was new
    frozen_t: float | None = None
    # how a live camera's picture was turned already: clockwise, degrees, and then left to right
    rotate: int = 0
    mirror: bool = False
    # of a picture that stands alone, in a run that names people: they are named by this one look
    name_faces: bool = True
    closely: bool = True  # the same: searched at several scales, and judged mirrored as well
    # the same: the smallest face that matters, in px: it is searched at one scale, which is enough
    # for that; 0: the detector's own rule
    smallest_px: int = 0

    @property
    def image(self) -> Image:
        """(H, W, 3) uint8 BGR, not writeable. The first look at it may cost a conversion."""
        return self.pixels if isinstance(self.pixels, np.ndarray) else self.pixels.image

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels, without a look at the image."""
        if isinstance(self.pixels, np.ndarray):
            return self.pixels.shape[1], self.pixels.shape[0]
        return self.pixels.size_wh


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Faces that a detector found in one frame, most confident first."""

    boxes: FloatArray  # (N, 4) xyxy, pixels of the frame as read
    confidence: FloatArray  # (N,) in [0, 1]
    landmarks: FloatArray | None = (
        # (N, 5, 2) px: right eye, left eye, nose, right, left mouth corner (the person's right)
        None
    )

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face of one frame."""

    xyxy: FloatArray  # (4,) pixels of the frame as read
    confidence: float  # of the detector, in [0, 1]
    raw_state: MaskState  # this frame's answer: one of three, never UNSURE
    raw_confidence: float
    state: MaskState  # smoothed over the track
    state_confidence: float
    track_id: int | None  # None where pictures stand alone
    visit_id: str | None = None
    alerting: bool = False  # belongs to a sighting that is open
    identity: str | None = None
    identity_confidence: float | None = None
    # a guess, to be shown and never stored; None where it is not asked for or not clear
    gender: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """Visits by their present state."""

    masked: int = 0
    unmasked: int = 0
    incorrect: int = 0
    unsure: int = 0


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds that the stages of one frame took."""

    detect_s: float = 0.0
    track_s: float = 0.0
    classify_s: float = 0.0
    identify_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Visit:
    """One tracked person, from the first frame to the last."""

    visit_id: str
    camera: str
    first_seen: datetime
    last_seen: datetime
    state: MaskState  # the one that it counts under now
    # what the receptionist said instead, or the machine has found out later
    corrected: Correction | None = None
    open: bool = True
    identity: str | None = None
    shift_id: str = ""  # in whose books it is; the ledger fills it in
    note: str = ""
    desk: str = ""  # what the desk that saw it is called; the ledger fills it in


@dataclass(frozen=True, slots=True)
class Sighting:
    """A visit that was unmasked, or wore the mask wrong, for longer than `alert_after_s`."""

    sighting_id: str
    camera: str
    visit_id: str
    first_seen: datetime
    last_seen: datetime
    seconds_unmasked: float
    worst_state: MaskState
    final_state: MaskState
    confidence: float
    identity: str | None
    model: str
    corrected: Correction | None = None
    note: str = ""
    open: bool = True
    shift_id: str = ""  # in whose books it is; the ledger fills it in
    desk: str = ""  # as of a visit


@dataclass(frozen=True, slots=True)
class Shift:
    """The books of a stretch of time, which begins by the clock or by hand."""

    shift_id: str
    started: datetime
    stills: Count = Count()  # faces of pictures that stand alone
    name: str = ""  # as the settings have it
    desk: str = ""  # whose books they are, a token; "": not known
    # when it ends by the clock, where the user has set times of shifts
    until: datetime | None = None
    desk_name: str = ""  # what that desk is called; "": not known


@dataclass(frozen=True, slots=True)
class Change:
    """What a person has said of a visit or a sighting, and when."""

    of_id: str
    at: datetime  # aware, UTC
    field: str  # "corrected" or "note"
    before: str | None
    after: str | None
    by: str  # the name of the user's account


@dataclass(frozen=True, slots=True)
class Watch:
    """An interval in which a live camera was in one state. Those of one camera do not overlap."""

    watch_id: str
    camera: str
    state: WatchState
    began: datetime  # aware, UTC; as `ended`
    ended: datetime  # of an open one: when it was last seen to go on
    open: bool = True
    shift_id: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """What the pipeline says of one frame."""

    frame: Frame
    faces: tuple[Face, ...]
    timings: Timings
    visits: tuple[Visit, ...] = ()  # those that this frame began, moved to another state or ended
    sightings: tuple[Sighting, ...] = ()  # those that this frame opened, carried on or closed
    # how far the camera's pictures have to be turned clockwise to stand upright, in degrees, by its
    # last faces; unless it is 0, nobody is judged
    turn: int = 0
    model: str = ""  # the name of the mask model that answers
    # of a recording: with this frame its scene has begun afresh; see `Pipeline`
    fresh: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """What the window and the log are told: the newest frame, the count, and what is safely
    stored.
    """

    result: FrameResult | None  # None: something was stored or corrected between frames
    count: Count
    sightings: tuple[
        Sighting, ...
    ]  # the latest ones of this shift, newest first, each as it was committed to the store
    # how many there are in this shift, without those that the receptionist took back
    sighting_total: int
    problem: str = ""  # why something could not be stored, in one line; it is kept and tried again
    camera_counts: Mapping[str, Count] = field(default_factory=dict)  # by the camera's name
    # what the receptionist said of this shift's visits, by visit
    corrections: Mapping[str, Correction] = field(default_factory=dict)
    undoable: bool = False  # a correction can be taken back
    # recordings, by name: counted, and in no store
    recordings: frozenset[str] = frozenset()
    shift: Shift | None = None  # whose count and sightings these are
    waiting: int = 0  # visits, sightings, words and the like that a store in trouble is to be given
