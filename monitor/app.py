"""Puts the parts together: which source, which models, which store. Used by the window and by the
headless run alike.
"""

from __future__ import annotations

import contextlib
import logging
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from monitor.camera.address import addresses, told_apart
from monitor.camera.kept import KeptCameras
from monitor.camera.listing import camera_list
from monitor.camera.source import FrameSource, recording
from monitor.card import MODELS_DIR
from monitor.config import ClassifyConfig, Config
from monitor.data_folder import default_gallery
from monitor.errors import CameraError, MonitorError, StoreError

if TYPE_CHECKING:
    from monitor.analysis.pipeline import Pipeline
    from monitor.analysis.worker import Parts
    from monitor.identity.identify import Identifier
    from monitor.learning.watch import ModelWatch
    from monitor.storage.csv_log import CsvLog
    from monitor.storage.events import EventLog

log = logging.getLogger(__name__)

T = TypeVar("T")

DEMO_CLIP = Path(__file__).resolve().parent.parent / "assets" / "demo.mp4"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """One run of the monitor, as the command line asks for it."""

    config: Config = field(default_factory=Config)
    video: Path | None = None
    images: Path | None = None
    # what other options of `SourceInfo`s name, by option
    recordings: Mapping[str, Path] = field(default_factory=dict)
    csv: Path | None = None
    events: Path | None = None
    headless: bool = False
    identify: bool = False
    gallery: Path | None = None
    settings: Path | None = None  # the file that the settings are from
    into_store: bool = False  # what a recording shows is stored like a camera's visitors
    recorded_at: datetime | None = None  # when a recording was made; None: its file tells
    on_recording: bool = False  # the run begins with a recording; see `begun_with`
    named: frozenset[str] = frozenset()  # settings that the user gave this time, as "section.name"

    @property
    def recording(self) -> tuple[str, Path] | None:
        """The option and the path of the recording that is named, if one is."""
        given = {"video": self.video, "images": self.images, **self.recordings}
        return next(((option, path) for option, path in given.items() if path is not None), None)

    @property
    def stores(self) -> bool:
        """Whether anything may come that is stored: in the window, a camera may take a recording's
        place.
        """
        return self.into_store or not (self.headless and self.on_recording)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The sources of a run, with a line for the user where they are not what they may expect."""

    source: FrameSource
    notice: str = ""
    further: tuple[FrameSource, ...] = ()  # where several cameras are watched

    @property
    def sources(self) -> tuple[FrameSource, ...]:
        return (self.source, *self.further)


def choose_source(options: RunOptions, kept: KeptCameras | None = None) -> Chosen:
    """The sources that the options name; without any, the cameras that were set up; without these,
    the first camera, or the bundled clip where there has never been one.

    Raises:
        CameraError: If what is named is neither a camera index nor a stream's URL, or is named
            twice; if none of the cameras that were set up can be watched.
    """
    config, in_window = options.config.camera, kept is not None
    if options.recording is not None:
        return Chosen(recording(*options.recording, config, options.recorded_at))
    kept = kept or KeptCameras()
    named = addresses(config.source)
    if named:
        first, *further = (kept.named(source, config) for source in named)
        _tell_apart((first, *further))
        return Chosen(first, kept.fault, tuple(further))
    if kept.cameras:
        sources, told = kept.unattended(config)
        return Chosen(sources[0], told, sources[1:])
    cameras = camera_list()
    if cameras:
        return Chosen(kept.named(str(cameras[0][0]), config), kept.fault)
    if kept.set_up:
        raise CameraError(kept.fault or "no camera found: plug one in, or name one with --camera")
    # in the window of the moment it plays; without one it runs ahead of the clock
    began = datetime.now(UTC) if in_window else None
    return Chosen(
        recording("video", DEMO_CLIP, config, began),
        "No camera found. This is a demonstration, not your entrance: set up a camera, or open a "
        "clip.",
    )


def _tell_apart(sources: Sequence[FrameSource]) -> None:
    """Give cameras whose addresses differ in what may not be shown different names.

    Raises:
        CameraError: If one is named twice.
    """
    names = [source.name for source in sources]
    if len({source.address for source in sources}) < len(sources):
        raise CameraError(f"a camera is named twice in {', '.join(names)}: name each once")
    given: list[str] = []
    for source in sources:
        source.name = told_apart(source.name, given)
        given.append(source.name)


def begun_with(options: RunOptions, sources: Sequence[FrameSource]) -> RunOptions:
    """The options of a run that begins with these sources."""
    recorded = bool(sources) and not any(source.live for source in sources)
    return replace(options, on_recording=recorded)


def outlived(options: RunOptions, began: datetime) -> bool:
    """Whether a recording that is stored is older than anything may be."""
    days = options.config.store.retention_days
    return options.into_store and days > 0 and began < datetime.now(UTC) - timedelta(days=days)


def check_outputs(options: RunOptions) -> None:
    """That the CSV and the events overwrite nothing that the run reads, nor each other.

    Raises:
        ConfigError: If they would.
    """
    from monitor.storage.events import event_files
    from monitor.storage.places import check_apart

    if not options.csv and not options.events:
        return
    outputs = {"--csv": [options.csv] if options.csv else []}
    if options.events:
        outputs["--events"] = event_files(options.events, options.config.store.events_files)
    check_apart(outputs, _inputs(options))


def _inputs(options: RunOptions) -> dict[str, list[Path]]:
    """The files that are read, by what they are called before the user. Pictures of a folder need
    no look: they hold neither events nor a list, and are refused for that.
    """
    return {
        "the recording": [options.recording[1]] if options.recording else [],
        "the settings": [options.settings] if options.settings else [],
        "the zones": _zones_files(options.config.detect.zones),
        "the recogniser": _files_of(options.config.identify.recogniser),
        **own_files(options.config.store.url, options.gallery, options.config.classify.model),
    }


def _zones_files(named: str) -> list[Path]:
    from monitor.camera.zones_file import zones_path

    with contextlib.suppress(StoreError):
        return [zones_path(named)]
    return []


def own_files(
    store_url: str, gallery: Path | None = None, model: str = ""
) -> dict[str, list[Path]]:
    """The program's files, which no output may be, by what they are called before the user."""
    from monitor.storage.places import store_files
    from monitor.storage.store import default_url

    galleries = [gallery] if gallery is not None else []
    with contextlib.suppress(StoreError):
        galleries.append(default_gallery())
    return {
        "the store": store_files(store_url or default_url()),
        "the gallery": galleries,
        "a model": [*_files_of(model), *MODELS_DIR.glob("*")],
        "the bundled clip": [DEMO_CLIP],
    }


def _files_of(model: str) -> list[Path]:
    """The files that may be those of a model that is named by its path, with or without ending."""
    stem = model.removesuffix(".onnx")
    return [Path(stem + end) for end in ("", ".onnx", ".keras", ".json")] if model else []


def desk_called(config: Config) -> str:
    """What this desk is called in each row: as the settings say, else as the computer."""
    return config.store.desk or platform.node()


def build_parts(options: RunOptions) -> Parts:
    """Load the models and open the store and the files; the inference thread calls it.

    Raises:
        StoreError: If the store, the CSV or the events file cannot be written.
        ModelError: If a model is missing, changed, without a card or cannot be loaded.
        ConfigError: See `check_outputs`.
    """
    from monitor.analysis.worker import Parts
    from monitor.beside import announcer, day_book, face_keeper
    from monitor.storage.ledger import Ledger
    from monitor.storage.outputs import Outputs
    from monitor.storage.shifts import ShiftClock, desk_token, new_shift_id
    from monitor.storage.snapshots import Snapshots
    from monitor.storage.spool import Spool
    from monitor.storage.store import Store
    from monitor.storage.url import holds_password

    config = options.config
    run_id = new_shift_id(datetime.now(UTC))
    _on_outputs(options, check_outputs)
    with contextlib.ExitStack() as undo:  # whatever fails, nothing stays open
        models = model_watch(options)
        pipeline = build_pipeline(options, run_id, models)
        undo.callback(pipeline.close)
        store = Store(config.store.url) if options.stores else None
        if store is not None:
            undo.callback(store.close)
            if holds_password(config.store.url):
                log.warning(
                    "the password of the store stands in its URL for everybody to read: take it "
                    "out, and keep it by `python main.py store password`"
                )
        csv, events = _on_outputs(options, _open_outputs)
        keeper = face_keeper(config, options.stores)
        told = announcer(config, options.stores)
        undo.callback(told.close)
        outputs = Outputs(
            desk=desk_called(config),
            csv=csv,
            events=events,
            snapshots=Snapshots(on=config.store.snapshots),
            recordings_apart=not options.into_store,
            recordings_listed=options.into_store or options.on_recording,
            spool=None if store is None else Spool(store.label, run_id),
            keeper=keeper,
            days=day_book(config, options.stores),
            announcer=told,
        )
        clock = None  # a recording without a window is of no shift of today
        if not (options.headless and options.on_recording):
            clock = ShiftClock(config.shift.times, desk_token())
        ledger = Ledger(store, run_id, outputs, config.store.retention_days, clock=clock)
        undo.pop_all()
    if models is not None:
        models.start()
    return Parts(pipeline, ledger, pipeline.model, models, keeper)


def build_pipeline(options: RunOptions, run_id: str, models: ModelWatch | None = None) -> Pipeline:
    """Load the models, the mask model by who says which is live; the inference thread calls it.

    Args:
        run_id: Part of every visit's id.

    Raises:
        ModelError: If a model is missing, changed, without a card or cannot be loaded.
        ConfigError: If the gallery is damaged, foreign, or made with another model; if the zones
            are damaged.
    """
    from monitor.analysis.pipeline import Pipeline
    from monitor.camera.zones_file import load_zones, zones_path
    from monitor.detect import make_detector
    from monitor.faces.classify import MaskClassifier

    config = options.config
    detector = make_detector(config.detect)
    classifier = models.load() if models is not None else MaskClassifier.load(config.classify)
    guesser = None
    if config.gender.show:
        from monitor.faces.gender import GenderGuesser

        guesser = GenderGuesser.load(config.gender.model, config.classify.threads)
    zones = load_zones(zones_path(config.detect.zones))
    pipeline = Pipeline(detector, classifier, config, run_id, _identifier(options), guesser)
    pipeline.use_zones(zones)
    return pipeline


def _open_outputs(options: RunOptions) -> tuple[CsvLog | None, EventLog | None]:
    """The list and the log that the user asked for."""
    from monitor.storage.csv_log import CsvLog
    from monitor.storage.events import EventLog

    kept = options.config.store.events_mb * 2**20, options.config.store.events_files
    return (
        CsvLog(options.csv) if options.csv else None,
        EventLog(options.events, *kept) if options.events else None,
    )


def model_watch(options: RunOptions) -> ModelWatch | None:
    """Who says which mask model is live; None where the user has named one for this run, or another
    than the shipped one in the settings.
    """
    from monitor.learning.places import default_places
    from monitor.learning.watch import ModelWatch

    classify = options.config.classify
    shipped = classify.model == ClassifyConfig().model and classify.backend != "tensorflow"
    if not shipped or "classify.model" in options.named:
        return None
    return ModelWatch(default_places(), classify)


def _on_outputs(options: RunOptions, action: Callable[[RunOptions], T]) -> T:
    """Look at the user's files, or open them; a dead share is not waited for.

    Raises:
        StoreError: If they do not answer.
    """
    from monitor.files import within

    places = [path for path in (options.csv, options.events) if path is not None]
    if not places:
        return action(options)
    try:
        return within(lambda: action(options), places[0])
    except TimeoutError as error:
        raise StoreError(
            f"{' or '.join(map(str, places))} cannot be written ({error.strerror}): give a file on "
            f"this computer"
        ) from None


def _identifier(options: RunOptions) -> Identifier | None:
    """Who names people, if that is wanted. Without it, too, consents that have ended are ended."""
    gallery = options.gallery or default_gallery()
    if not options.identify:
        if gallery.exists():
            _end_consents(gallery, options.config.store.url)
        return None
    from monitor.identity.identify import load_identifier, load_recogniser
    from monitor.identity.running import Presence
    from monitor.identity.watch import GalleryWatch

    config = options.config
    presence = Presence(gallery, options.csv, options.events)
    watch = GalleryWatch(gallery, presence, config.store.url)
    try:
        if config.identify.recogniser:
            return load_recogniser(watch, config.identify.recogniser, config.classify.threads)
        fars = config.identify.far, config.identify.picture_far
        return load_identifier(watch, fars, config.classify.threads)
    except MonitorError:
        watch.close()
        raise


def _end_consents(gallery: Path, store_url: str) -> None:
    from monitor.identity import words
    from monitor.identity.forget import end_consents

    try:
        for receipt in end_consents(gallery, store_url):
            log.info("%s", words.of_ended(receipt))
    except MonitorError as error:
        log.warning("consents that have ended cannot be cleared away: %s", error)


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
