"""What a place is that pictures come from. Each kind is a file of this folder that declares itself
by a `SourceInfo`.

A source is used by one thread alone, from `open` to `close`.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from monitor.camera.address import Address, parse_address
from monitor.camera.recorded import Recorded
from monitor.camera.turn import Turn
from monitor.config import CameraConfig
from monitor.declared import sources
from monitor.records import Image, LazyImage

RATE_CLAIMED_MAX = 240.0  # pictures a second; what claims more means the ticks of its clock


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What a source gives: an image, its time in seconds of the source's own clock, its file name
    for folders.
    """

    pixels: Image | LazyImage
    t: float
    file: str | None = None

    @property
    def image(self) -> Image:
        """(H, W, 3) uint8 BGR."""
        return self.pixels if isinstance(self.pixels, np.ndarray) else self.pixels.image


@dataclass(frozen=True, slots=True)
class Claim:
    """What a source says of itself once it is open; what it gives may differ."""

    size_wh: tuple[int, int] | None  # px
    rate: float | None  # pictures a second


def claim_of(size_wh: tuple[int, int], rate: float) -> Claim:
    """What a driver or a container says, as far as that can be."""
    return Claim(
        size_wh if min(size_wh) > 0 else None, rate if 1 <= rate <= RATE_CLAIMED_MAX else None
    )


@runtime_checkable
class Claims(Protocol):
    """A source that claims something, and counts what could not be shown."""

    claim: Claim | None  # None: it was never open
    failed: int  # pictures that came and could not be shown, since it was made


@runtime_checkable
class Reviewable(Protocol):
    """A recording in which one can go back and forth. `read` goes on where it was, whatever is
    looked at meanwhile: what is judged is judged in order.
    """

    length_s: float | None  # as it says itself; None: it does not
    times: Sequence[float]  # of the pictures that were read since it was opened, s

    def read_again(self, number: int) -> Picture | None:
        """A picture that was read before, by its number from 0; None if it cannot be read now."""
        ...

    def glance(self, t: float) -> Picture | None:
        """A picture of about the time `t` (s) that need not have been read; None if there is none
        to be had.
        """
        ...


class FrameSource(Protocol):
    """A place that pictures come from."""

    name: str  # for people and for the store; holds no password
    address: Address | None  # of a camera
    recorded: Recorded | None  # of a recording
    turn: Turn  # of a live source: how whoever reads it turns its pictures
    # True: the newest picture counts and time is the clock's. False: every picture counts, time is
    # the recording's
    live: bool
    stills: bool  # True: pictures that have nothing to do with each other

    def open(self) -> None:
        """Open, or open again.

        Raises:
            CameraError: If it cannot be opened.
        """
        ...

    def read(self) -> Picture | None:
        """The next picture; None at the end of a recording.

        Raises:
            DamagedPictureError: If a live source gave one that cannot be shown; it can be read on.
            CameraError: If a live source gives no pictures any more.
        """
        ...

    def close(self) -> None: ...


def camera_source(text: str, config: CameraConfig) -> FrameSource:
    """The camera or stream of an address, not opened.

    Raises:
        CameraError: If `text` is neither a camera's number nor the address of a stream.
    """
    address = parse_address(text)
    source = _make(address.kind, address, config)
    source.turn = Turn(config.rotate, config.mirror)
    return source


def recording(
    option: str, path: Path, config: CameraConfig, made_at: datetime | None = None
) -> FrameSource:
    """What an option of the command line names by its path, not opened.

    Args:
        option: Of a `SourceInfo`, as "video".
        made_at: When it began, if the user says so; None: its file tells.
    """
    kind = next(name for name, info in sources().items() if info.option == option)
    source = _make(kind, path, config)
    source.recorded = Recorded(path, made_at)
    return source


def _make(kind: str, what: Address | Path, config: CameraConfig) -> FrameSource:
    module = importlib.import_module(f"monitor.camera.{kind}")
    source: FrameSource = module.make(what, config)
    return source
