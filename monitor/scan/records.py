"""What flows between the parts of a scan: data only."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import NamedTuple

from monitor.camera.clip import Cut
from monitor.camera.zones import Zones
from monitor.config import Config
from monitor.records import Sighting, Visit


@dataclass(frozen=True, slots=True)
class Clip:
    """A file as it was found."""

    path: str  # absolute
    size: int  # bytes
    mtime_ns: int
    camera: str  # whose footage it is taken for


@dataclass(frozen=True, slots=True)
class Looked:
    """What is known of a clip before anybody is searched for in it."""

    clip: Clip
    digest: str  # SHA-256 of its content, hex
    began: datetime  # aware, UTC
    length_s: float
    cuts: tuple[Cut, ...]  # where pieces of it may begin; none: it is analysed as a whole


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that is passed over."""

    path: str
    why: str  # one line


class Mark(NamedTuple):
    """A picture with which a scene begins afresh."""

    stamp: int  # as the file has it
    before: int  # of the picture before; of the first picture its own
    t: float  # its time, s
    crc: int  # of its pixels: two who have read it from different places have seen the same

    @property
    def cut(self) -> Cut:
        return Cut(self.stamp, self.before, self.t)


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one fresh scene to the next: what is found there depends on nothing before. Times are
    those of a recording that began in 1970.
    """

    start: Mark
    next: Mark | None  # None: the clip ends
    visits: tuple[Visit, ...]
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """What a worker has found in a part of a clip."""

    stretches: tuple[Stretch, ...]
    open_ended: bool = False  # the last stretch went on for too long, and is not among these
    even: bool = True  # all time stamps could be believed
    sought: bool = True  # the file can be sought in
    failed: int = 0  # pictures that could not be read


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides what is found in a clip beside the clip."""

    version: str  # of the program
    config: Config
    model_sha256: str
    zones: Mapping[str, Zones] = field(default_factory=dict)  # by camera

    @property
    def digest(self) -> str:
        """Hex; another where anything of it that matters differs."""
        config = self.config
        parts = [self.version, self.model_sha256]
        parts += [
            json.dumps(asdict(section), sort_keys=True)
            for section in (config.detect, config.track, config.vote, config.sighting)
        ]
        parts.append(json.dumps(asdict(config.classify) | {"model": ""}, sort_keys=True))
        parts.append(repr(sorted(self.zones.items())))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Task:
    """A part of a clip for one worker: from a place to the first fresh scene after another."""

    looked: Looked
    begin: Cut | None  # None: with the first picture
    until_t: float = math.inf  # s
    run_on_s: float = math.inf  # for how long after that a fresh scene is waited for

    def key(self, recipe: str) -> str:
        """Hex; the same for the same work, in any run.

        Args:
            recipe: The digest of the recipe.
        """
        begin = "" if self.begin is None else str(self.begin.stamp)
        told = (self.looked.digest, self.looked.clip.camera, recipe, begin)
        text = "\n".join((*told, f"{self.until_t:.3f}", f"{self.run_on_s:.3f}"))
        return hashlib.sha256(text.encode()).hexdigest()
