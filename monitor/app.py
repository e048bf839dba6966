"""Puts the parts together: which source, which models, which store. Used by the window and by the
headless run alike.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.camera.sources import ClipSource, FolderSource, FrameSource, camera_list, camera_source
from monitor.config import Config
from monitor.errors import CameraError, StoreError

if TYPE_CHECKING:
    from monitor.analysis.worker import Parts

DEMO_CLIP = Path(__file__).resolve().parent.parent / "assets" / "demo.mp4"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """One run of the monitor, as the command line asks for it."""

    config: Config = field(default_factory=Config)
    video: Path | None = None
    images: Path | None = None
    csv: Path | None = None
    events: Path | None = None
    headless: bool = False
    identify: bool = False
    gallery: Path | None = None
    named: frozenset[str] = frozenset()  # settings that the user gave this time, as "section.name"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The sources of a run, with a line for the user where they are not what they may expect."""

    source: FrameSource
    notice: str = ""
    further: tuple[FrameSource, ...] = ()  # where several cameras are watched

    @property
    def sources(self) -> tuple[FrameSource, ...]:
        return (self.source, *self.further)


def choose_source(options: RunOptions) -> Chosen:
    """The sources that the options name; without any, the first camera, or the bundled clip where
    there is none.

    Raises:
        CameraError: If what is named is neither a camera index nor a stream's URL, or is named
            twice.
    """
    if options.video is not None:
        return Chosen(ClipSource(options.video))
    if options.images is not None:
        return Chosen(FolderSource(options.images))
    named = options.config.camera.source.split()
    if named:
        first, *further = (camera_source(source, options.config.camera) for source in named)
        names = [source.name for source in (first, *further)]
        if len(set(names)) < len(names):
            raise CameraError(f"a camera is named twice in {', '.join(names)}: name each once")
        return Chosen(first, further=tuple(further))
    cameras = camera_list()
    if cameras:
        return Chosen(camera_source(str(cameras[0][0]), options.config.camera))
    return Chosen(
        ClipSource(DEMO_CLIP),
        "No camera found: this is the bundled clip. Plug a camera in, or open a stream or a clip.",
    )


def build_parts(options: RunOptions) -> Parts:
    """Load the models and open the store and the files; the inference thread calls it.

    Raises:
        StoreError: If the store, the CSV or the events file cannot be written.
        ModelError: If a model is missing, changed, without a card or cannot be loaded.
    """
    from monitor.analysis.pipeline import Pipeline
    from monitor.analysis.worker import Parts
    from monitor.detect import make_detector
    from monitor.faces.classify import MaskClassifier
    from monitor.storage.csv_log import CsvLog
    from monitor.storage.events import EventLog
    from monitor.storage.ledger import Ledger, new_shift_id
    from monitor.storage.snapshots import Snapshots
    from monitor.storage.spool import Spool
    from monitor.storage.store import Store
    from monitor.storage.writer import Outputs

    config = options.config
    shift_id = new_shift_id(datetime.now(UTC))
    detector, classifier = make_detector(config.detect), MaskClassifier.load(config.classify)
    identifier = None
    if options.identify:
        from monitor.identity.identify import load_identifier

        identifier = load_identifier(options.gallery, config.identify.far, config.classify.threads)
    guesser = None
    if config.gender.show:
        from monitor.faces.gender import GenderGuesser

        guesser = GenderGuesser.load(config.gender.model, config.classify.threads)
    store = Store(config.store.url)
    try:
        outputs = Outputs(
            csv=CsvLog(options.csv) if options.csv else None,
            events=EventLog(options.events) if options.events else None,
            snapshots=Snapshots(on=config.store.snapshots),
        )
        spool = Spool(store.label, shift_id)
        ledger = Ledger(
            store, shift_id, outputs, config.store.retention_days, time.monotonic, spool
        )
    except StoreError:
        store.close()
        raise
    model = f"{classifier.name} on {classifier.backend}, {detector.name}"
    return Parts(
        Pipeline(detector, classifier, config, shift_id, identifier, guesser), ledger, model
    )


def check_source(source: FrameSource) -> None:
    """Open and close a recording, so that a wrong file is said at once.

    Raises:
        CameraError: If it cannot be opened.
    """
    if source.live:
        return
    try:
        source.open()
    finally:
        source.close()
