"""What the desk tells while it works and gives back at the end: records alone. Their words are in
`monitor.identity.words`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitor.identity.guide import Progress, Reason
from monitor.identity.person import EnrolledPerson


@dataclass(frozen=True, slots=True)
class NoMaskModel:
    """Shots with a mask cannot be told from bare ones."""

    why: str  # the fault of the mask model, as its error says it


@dataclass(frozen=True, slots=True)
class FilesLeftOut:
    """Pictures of a folder that could not be used for one and the same reason."""

    reason: Reason
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FewShots:
    """A clip gave fewer shots than wanted."""

    clip: str
    taken: int
    wanted: int
    mostly: Reason | None  # why frames were not taken; None: it had no more frames


@dataclass(frozen=True, slots=True)
class OddShots:
    """Shots that are not like the others were left out."""

    left_out: int
    of: int


@dataclass(frozen=True, slots=True)
class PicturesKept:
    """The pictures of the shots were written, as the user asked."""

    count: int
    folder: Path


@dataclass(frozen=True, slots=True, eq=False)
class Enrolled:
    """Somebody is in the gallery now; the counts include shots that were there before."""

    person: EnrolledPerson
    masked: int  # shots with a real mask
    drawn: int  # bare shots that were also taken in with a mask drawn on


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """One entry of the gallery."""

    person: EnrolledPerson
    ended: bool  # the consent is over: not recognised any more


@dataclass(frozen=True, slots=True)
class GalleryRemoval:
    """What was removed from the gallery."""

    embeddings: int
    given: datetime  # of the consent
    by: str


@dataclass(frozen=True, slots=True)
class PicturesRemoval:
    """What was removed of the pictures that were kept at enrolment, in one folder."""

    count: int
    whole: bool  # False: the folder is not there any more, or not all could be deleted
    folder: str


@dataclass(frozen=True, slots=True)
class RecogniserWithdrawal:
    """A recogniser that learnt from the pictures that were kept."""

    whole: bool  # its card names the person no more; False: it could not be read or written
    card: str  # path


@dataclass(frozen=True, slots=True)
class RunningMonitor:
    """A Mask Monitor that names people from the same gallery."""

    pid: int
    obeyed: bool  # it has confirmed that it knows the gallery as it is now
    csv: str = ""  # its list of sightings; empty: it writes none
    events: str = ""  # its event log


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was removed of a person, holder by holder."""

    name: str
    at: datetime  # aware
    gallery: Path
    from_gallery: GalleryRemoval | None  # None: the name was not in it
    store: str  # without a password
    rows: int  # visits and sightings that lost the name
    snapshots: int = 0  # pictures of sightings
    faces: int = 0  # that were kept for learning
    pictures: tuple[PicturesRemoval, ...] = ()
    recognisers: tuple[RecogniserWithdrawal, ...] = ()
    running: tuple[RunningMonitor, ...] = ()
    leftovers: int = 0  # temporary files and copies of refused galleries
    store_waits: str = ""  # why the store may hold the name still; empty: it does not
    # why the files of a server's tables may hold the name; empty: they do not; None: it is a file
    server_files: str | None = None
    set_aside: Path | None = None  # where a gallery that cannot be read lies now

    @property
    def done(self) -> bool:
        """Nothing is left for somebody to do: no more than the lines that say so."""
        return (
            not self.store_waits
            and not self.server_files
            and self.set_aside is None
            and all(one.obeyed for one in self.running)
            and all(kept.whole for kept in self.pictures)
            and all(one.whole for one in self.recognisers)
        )


@dataclass(frozen=True, slots=True)
class ConsentEnded:
    """Somebody's consent had run out: they were forgotten."""

    receipt: Receipt


Note = NoMaskModel | FilesLeftOut | FewShots | OddShots | PicturesKept | ConsentEnded | Progress
Tell = Callable[[Note], None]
