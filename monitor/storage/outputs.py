"""What is written beside the store, where the user asked for it: data only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from monitor.records import Condition, Correction, Count, FrameResult, MaskState, Sighting
from monitor.storage.csv_log import CsvLog
from monitor.storage.events import EventLog
from monitor.storage.snapshots import Snapshots
from monitor.storage.spool import Spool

Disk = Callable[[], object]  # to be done with files, in a thread that may wait for them; StoreError


class FaceKeeper(Protocol):
    """Keeps faces of visits that the receptionist judges: see `monitor.learning.collect`."""

    def look(self, result: FrameResult) -> None: ...

    def label(self, visit_id: str, state: MaskState, correction: Correction | None) -> Disk: ...

    def forget(self, visit_ids: set[str]) -> Disk: ...

    def purge(self) -> None:
        """As a `Disk`."""


class DayBook(Protocol):
    """Sums up what a day's faces look like: see `monitor.learning.drift`."""

    def look(self, result: FrameResult) -> bool:
        """Whether it is time to write."""

    def write(self) -> None:
        """As a `Disk`."""


class Announcer(Protocol):
    """Tells other systems what happens: see `monitor.mqtt`. Its methods hand over and return at
    once.
    """

    @property
    def problem(self) -> str: ...

    def sightings(self, sightings: Iterable[Sighting]) -> None: ...

    def counts(self, total: Count, sightings: int, by_camera: Mapping[str, Count]) -> None: ...

    def camera(self, camera: str, condition: Condition | None) -> None: ...

    def close(self) -> None: ...


class NoAnnouncer:
    """Nobody else is told."""

    problem = ""

    def sightings(self, sightings: Iterable[Sighting]) -> None:
        """Nothing."""

    def counts(self, total: Count, sightings: int, by_camera: Mapping[str, Count]) -> None:
        """Nothing."""

    def camera(self, camera: str, condition: Condition | None) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """All of it; see the module."""

    csv: CsvLog | None = None
    events: EventLog | None = None
    snapshots: Snapshots | None = None
    # what recordings show is counted and shown, and not stored: who is in them is no visitor of
    # today
    recordings_apart: bool = False
    recordings_listed: bool = False  # in the CSV, although they are kept apart
    # with one, the store is written by a thread, and what waits is kept there
    spool: Spool | None = None
    keeper: FaceKeeper | None = None
    days: DayBook | None = None
    announcer: Announcer = field(default_factory=NoAnnouncer)
    desk: str = ""  # what this desk is called, in each row
