"""Enrol, list and forget people: the one way into the gallery, for the window and the command line
alike. No Qt, and no words but those of errors.
"""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum, auto
from pathlib import Path

import numpy as np

from monitor.card import embedding_of
from monitor.config import DetectConfig
from monitor.data_folder import default_gallery
from monitor.detect import make_detector
from monitor.engine import model_stem
from monitor.errors import ConfigError
from monitor.identity.embed import MODEL, Embedder
from monitor.identity.enrol import build_person, check_face
from monitor.identity.files import gallery_lock
from monitor.identity.forget import end_consents, forget
from monitor.identity.gallery import Gallery, load_gallery, save_gallery
from monitor.identity.guide import SHOTS, Shot
from monitor.identity.kept_pictures import keep_pictures
from monitor.identity.person import (
    EnrolledPerson,
    Kind,
    all_pictures,
    by_name,
    clean_name,
    merged,
)
from monitor.identity.results import (
    ConsentEnded,
    Enrolled,
    Listed,
    PicturesKept,
    Receipt,
    Tell,
)
from monitor.identity.shots import ShotSource, ShotTools, mask_teller


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
    """Any thread. Each call takes a while. Desks in several programs take turns at one gallery.

    Args:
        gallery: The gallery file; None for the one in the user's data folder.
        store_url: SQLAlchemy URL of the store; empty for the one in the user's data folder.
    """

    def __init__(self, gallery: Path | None = None, store_url: str = "") -> None:
        self._gallery, self._store_url = gallery, store_url

    @property
    def gallery_path(self) -> Path:
        """
        Raises:
            StoreError: If the data folder cannot be made.
        """
        return self._gallery or default_gallery()

    def people(self) -> list[Listed]:
        """Everybody in the gallery, by name; the ended ones until `end_consents`.

        Raises:
            ConfigError, ModelError, StoreError: One line each.
        """
        now = datetime.now(UTC)
        empty = _empty_gallery()
        gallery = load_gallery(self.gallery_path, empty.model, empty.dimension)
        return [Listed(person, person.ended(now)) for person in by_name(gallery.people)]

    def end_consents(self) -> list[Receipt]:
        """Forget those whose consent has ended.

        Raises:
            ConfigError, StoreError: One line each.
        """
        return end_consents(self.gallery_path, self._store_url)

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
        for receipt in self.end_consents():
            tell(ConsentEnded(receipt))
        _find(self._open(embedder), name, request.if_known)
        detector, is_masked = make_detector(DetectConfig()), mask_teller(tell)
        keep = request.pictures_root is not None
        shots = take_shots(ShotTools(detector, is_masked, request.count, keep, tell))
        nothing = np.empty((0, embedder.dimension), np.float32), np.empty(0, np.uint8)
        by = request.by.strip() or "unknown"
        person = EnrolledPerson(name, consent, datetime.now(UTC), until, by, *nothing)
        person = build_person(person, shots, embedder, tell)
        check()
        with gallery_lock(self.gallery_path):
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
            person = replace(person, pictures=(str(folder.absolute()),))
            tell(PicturesKept(len(shots), folder))
        if known is not None:
            anew = replace(person, pictures=all_pictures(known, person))
            person = merged(known, person) if add else anew
        save_gallery(gallery.with_person(person), self.gallery_path)
        return person

    def forget(self, name: str) -> Receipt:
        """Remove somebody from the gallery, their name from the store, and the pictures that were
        kept of them; see `monitor.identity.forget`. Waits for running programs.

        Raises:
            ConfigError: If the name is found nowhere.
            ConfigError, ModelError, StoreError: One line each.
        """
        receipt = forget(name, self.gallery_path, self._store_url, _empty_gallery())
        assert receipt is not None  # no condition was made
        return receipt

    def _open(self, embedder: Embedder) -> Gallery:
        return load_gallery(self.gallery_path, embedder.name, embedder.dimension)


def _empty_gallery() -> Gallery:
    """Of the embedding model that the program uses, by its card alone: the network is not
    loaded.
    """
    return Gallery(*embedding_of(model_stem(MODEL).with_suffix(".onnx")))


def _find(gallery: Gallery, name: str, if_known: IfKnown) -> EnrolledPerson | None:
    known = gallery.find(name)
    if known is not None and if_known is IfKnown.REFUSE:
        raise AlreadyEnrolledError(known.name)
    if known is None and if_known is IfKnown.ADD:
        raise NotEnrolledError(name, [person.name for person in gallery.people])
    return known


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
