"""Enrol, list and forget people: the one way into the gallery, for the window and the command line
alike. No Qt, and no words but those of errors.
"""

from __future__ import annotations

import contextlib
import getpass
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from monitor.card import embedding_of
from monitor.config import DetectConfig, nearest
from monitor.detect import make_detector
from monitor.engine import model_stem
from monitor.errors import ConfigError
from monitor.identity.embed import MODEL, Embedder
from monitor.identity.enrol import build_person, check_face
from monitor.identity.gallery import (
    Gallery,
    default_gallery,
    load_gallery,
    open_gallery,
    save_gallery,
)
from monitor.identity.guide import SHOTS, Shot
from monitor.identity.kept_pictures import keep_pictures, remove_pictures
from monitor.identity.person import EnrolledPerson, Kind, by_name, clean_name, merged
from monitor.identity.results import (
    Enrolled,
    GalleryRemoval,
    Listed,
    PicturesKept,
    PicturesRemoval,
    Receipt,
    Tell,
)
from monitor.identity.shots import ShotSource, ShotTools, mask_teller

if TYPE_CHECKING:  # SQLAlchemy comes with it: loaded to forget somebody, not to enrol
    from monitor.storage.store import Store


class IfKnown(Enum):
    """What to do with somebody who is enrolled already."""

    REFUSE = auto()
    ADD = auto()  # more shots; refused for somebody who is not enrolled
    REPLACE = auto()  # new shots in place of the old


@dataclass(frozen=True, slots=True)
class EnrolRequest:
    """Who is to be enrolled, as it was typed."""

    name: str
    consent: str  # what was agreed to
    until: date | None  # the last day; None: until it is withdrawn
    by: str  # who enrols; empty: unknown
    if_known: IfKnown = IfKnown.REFUSE
    count: int = SHOTS  # shots to take
    pictures_root: Path | None = None  # folder to keep the pictures in; None: none are kept


class AlreadyEnrolledError(ConfigError):
    """Somebody of this name is in the gallery."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is enrolled already: forget them first, or give another name")
        self.name = name  # as it is in the gallery


class NotEnrolledError(ConfigError):
    """Nobody of this name is in the gallery."""

    def __init__(self, name: str, people: Sequence[str]) -> None:
        super().__init__(f"{name} is not enrolled: enrol anew")
        self.name, self.people = name, tuple(people)


class PeopleDesk:
    """Any thread, one call at a time at the gallery. Each call takes a while.

    Args:
        gallery: The gallery file; None for the one in the user's data folder.
        store_url: SQLAlchemy URL of the store; empty for the one in the user's data folder.
    """

    def __init__(self, gallery: Path | None = None, store_url: str = "") -> None:
        self._gallery, self._store_url = gallery, store_url
        self._lock = threading.Lock()

    @property
    def gallery_path(self) -> Path:
        """
        Raises:
            StoreError: If the data folder cannot be made.
        """
        return self._gallery or default_gallery()

    def people(self) -> list[Listed]:
        """Everybody in the gallery, by name; the ended ones until `remove_ended`.

        Raises:
            ConfigError, ModelError, StoreError: One line each.
        """
        now = datetime.now(UTC)
        with self._lock:
            gallery = self._load()
        return [Listed(person, person.ended(now)) for person in by_name(gallery.people)]

    def remove_ended(self) -> None:
        """Erase those whose consent has ended.

        Raises:
            ConfigError, ModelError, StoreError: One line each.
        """
        with self._lock:
            gallery = self._load()
            valid = gallery.valid(datetime.now(UTC))
            if len(valid.people) < len(gallery.people):
                save_gallery(valid, self.gallery_path)

    def enrol(
        self,
        request: EnrolRequest,
        take_shots: ShotSource,
        tell: Tell,
        check: Callable[[], None] = lambda: None,
    ) -> Enrolled:
        """Enrol somebody.

        Args:
            request: Who.
            take_shots: One of `monitor.identity.shots`.
            tell: Gets what there is to say meanwhile, in the thread of this call.
            check: Called before anything is written; raises to stop.

        Raises:
            AlreadyEnrolledError, NotEnrolledError: If `if_known` does not fit the gallery.
            CameraError, ConfigError, ModelError, StoreError: One line each. Nothing is then in the
                gallery.
        """
        name, consent = clean_name(request.name), " ".join(request.consent.split())
        if not consent:
            raise ConfigError("the consent is empty: write down what the person agreed to")
        until = moment_after(request.until) if request.until is not None else None
        if until is not None and until <= datetime.now(UTC):
            raise ConfigError("the last day of the consent is over: give a day to come")
        embedder = Embedder.load()
        with self._lock:
            _find(self._open(embedder), name, request.if_known)
        detector, is_masked = make_detector(DetectConfig()), mask_teller(tell)
        keep = request.pictures_root is not None
        shots = take_shots(ShotTools(detector, is_masked, request.count, keep, tell))
        nothing = np.empty((0, embedder.dimension), np.float32), np.empty(0, np.uint8)
        by = request.by.strip() or "unknown"
        person = EnrolledPerson(name, consent, datetime.now(UTC), until, by, *nothing)
        person = build_person(person, shots, embedder, tell)
        check()
        with self._lock:
            person = self._store(person, shots, request, embedder, tell)
        masked, drawn = (int(np.sum(person.kinds == kind)) for kind in (Kind.MASKED, Kind.DRAWN))
        return Enrolled(person, masked, drawn)

    def _store(
        self,
        person: EnrolledPerson,
        shots: Sequence[Shot],
        request: EnrolRequest,
        embedder: Embedder,
        tell: Tell,
    ) -> EnrolledPerson:
        """Into the gallery, which is read anew: another desk may have written it meanwhile."""
        gallery = self._open(embedder)
        add = request.if_known is IfKnown.ADD
        check_face(gallery, person, embedder, added=add)
        known = _find(gallery, person.name, request.if_known)
        if request.pictures_root is not None:
            folder = keep_pictures(shots, request.pictures_root, person)
            person = replace(person, pictures=str(folder.absolute()))
            tell(PicturesKept(len(shots), folder))
        if known is not None:
            person = (
                merged(known, person)
                if add
                else replace(person, pictures=person.pictures or known.pictures)
            )
        save_gallery(gallery.with_person(person), self.gallery_path)
        return person

    def forget(self, name: str) -> Receipt:
        """Remove somebody from the gallery, their name from the store, and the pictures that were
        kept of them.

        Raises:
            ConfigError: If the name is found nowhere.
            ConfigError, ModelError, StoreError: One line each.
        """
        from monitor.storage.store import Store

        name = clean_name(name)
        with self._lock:
            gallery = self._load()
            store = Store(self._store_url)
            try:
                return self._forget(name, gallery, store)
            finally:
                store.close()

    def _forget(self, name: str, gallery: Gallery, store: Store) -> Receipt:
        person = gallery.find(name)
        known_as = person.name if person is not None else name
        snapshots = _forget_snapshots(store.sightings_of(known_as))
        rows = store.forget_identity(known_as)
        if person is None and rows == 0:
            known = [p.name for p in gallery.people]
            raise ConfigError(
                f"nobody called {name} is in the gallery or the store: "
                + (nearest(name, known) if known else f"nobody is enrolled in {self.gallery_path}")
            )
        from_gallery, pictures = None, None
        if person is not None:
            from_gallery = GalleryRemoval(len(person.embeddings), person.given, person.by)
            if person.pictures:
                pictures = PicturesRemoval(remove_pictures(person), person.pictures)
            save_gallery(gallery.without(name).valid(datetime.now(UTC)), self.gallery_path)
        return Receipt(
            known_as,
            datetime.now(UTC),
            self.gallery_path,
            from_gallery,
            store.label,
            rows,
            snapshots,
            pictures,
        )

    def _load(self) -> Gallery:
        """With those whose consent has ended. By the embedding model's card alone: the network is
        not loaded.
        """
        model, dimension = embedding_of(model_stem(MODEL).with_suffix(".onnx"))
        return load_gallery(self.gallery_path, model, dimension)

    def _open(self, embedder: Embedder) -> Gallery:
        return open_gallery(self.gallery_path, embedder.name, embedder.dimension)


def _find(gallery: Gallery, name: str, if_known: IfKnown) -> EnrolledPerson | None:
    known = gallery.find(name)
    if known is not None and if_known is IfKnown.REFUSE:
        raise AlreadyEnrolledError(known.name)
    if known is None and if_known is IfKnown.ADD:
        raise NotEnrolledError(name, [person.name for person in gallery.people])
    return known


def _forget_snapshots(sighting_ids: Sequence[str]) -> int:
    """Delete the pictures of some sightings, where there are any. Returns how many."""
    from monitor.data_folder import data_folder
    from monitor.storage.snapshots import Snapshots

    folder = data_folder() / "snapshots"
    if not folder.is_dir():
        return 0
    snapshots = Snapshots(folder)
    return sum(snapshots.forget(sighting_id) for sighting_id in sighting_ids)


def moment_after(last_day: date) -> datetime:
    """Midnight here after a day.

    Raises:
        OverflowError, ValueError, OSError: If the calendar ends there.
    """
    return datetime.combine(last_day + timedelta(days=1), datetime.min.time()).astimezone()


def user_name() -> str:
    """Who uses this computer; empty where that is not known."""
    with contextlib.suppress(Exception):  # containers, services
        return getpass.getuser()
    return ""
