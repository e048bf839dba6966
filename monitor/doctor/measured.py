"""What the doctor measured of a camera: data only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the pictures came."""

    size_wh: tuple[int, int] | None  # px; None: there was none
    claimed_wh: tuple[int, int] | None  # by the camera itself
    asked_wh: tuple[int, int] | None  # by the settings
    pictures: int
    seconds: float  # from the first picture to the last
    rate: float | None  # pictures a second; None: fewer than two came
    claimed_rate: float | None
    longest_gap_s: float  # from one picture to the next, or to the end of the look
    damaged: int  # came, and could not be shown
    lost: int = 0  # how often it had to be opened again
    trouble: str = ""  # why it was lost, or gave nothing, in the source's own line


@dataclass(frozen=True, slots=True)
class Light:
    """Grey levels are 0 to 255; all are medians over the pictures."""

    mean: float
    bright: float  # which 99 of 100 pixels stay below
    burnt: float  # the share of pixels that are white
    black: float  # the share of pixels that are nearly black


@dataclass(frozen=True, slots=True)
class Focus:
    """Medians over the pictures; see `monitor/camera/evidence.py`."""

    edges: float  # the share of the picture that has any
    sharpness: float  # how steep the strongest are


@dataclass(frozen=True, slots=True)
class People:
    """Who stood there."""

    sizes_px: tuple[float, ...] = ()  # of each one's face, longer side, smallest first
    grey: float | None = None  # of their faces, median of the mean grey levels
    turn: int = 0  # how far the picture has to be turned clockwise to stand upright, degrees


@dataclass(frozen=True, slots=True)
class Latency:
    """From a frame's capture to the answer, of the frames that were searched, in seconds. What a
    camera and a network take before the frame is here is not in it.
    """

    median_s: float
    p95_s: float


@dataclass(frozen=True, slots=True)
class Examined:
    """One look at one camera. None: there were no pictures to tell it by."""

    name: str
    delivery: Delivery
    light: Light | None = None
    focus: Focus | None = None
    frozen: bool = False  # the same picture again and again
    people: People = People()
    latency: Latency | None = None
