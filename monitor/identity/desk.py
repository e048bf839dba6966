"""The work behind the People page: reads and changes the gallery. No Qt.

Each call takes a while and is made in a background thread; a lock lets one of them at a time touch
the gallery.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from monitor.app import RunOptions
from monitor.camera.slot import LatestSlot
from monitor.card import embedding_of
from monitor.config import DetectConfig
from monitor.detect import FaceDetector, make_detector
from monitor.engine import model_stem
from monitor.errors import ConfigError
from monitor.identity.commands import run_forget
from monitor.identity.embed import MODEL, Embedder
from monitor.identity.enrol import build_person, check_face, mask_teller, shots_from_folder
from monitor.identity.gallery import (
    Kind,
    Person,
    clean_name,
    default_gallery,
    load_gallery,
    merged,
    newest,
    open_gallery,
    save_gallery,
)
from monitor.identity.guide import SHOTS, EnrolSession, IsMasked, Progress, Shot
from monitor.records import Frame, Image

Say = Callable[[str], None]
TakeShots = Callable[[FaceDetector, IsMasked | None], list[Shot]]
SILENT_MAX_S = 10.0  # a camera that gives nothing for so long ends an enrolment


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is to be enrolled, as it was typed."""

    name: str
    consent: str
    until: date | None  # the last day; None: until it is withdrawn
    by: str
    add: bool = False  # more shots of somebody who is enrolled
    anew: bool = False  # in place of the shots of somebody who is enrolled


class Guide:
    """Between the page and an enrolment. Any thread."""

    def __init__(self) -> None:
        self.seen: LatestSlot[tuple[Image, Progress]] = LatestSlot()
        self.cancelled, self.skip = threading.Event(), threading.Event()

    def check(self) -> None:
        """
        Raises:
            ConfigError: If the user has cancelled.
        """
        if self.cancelled.is_set():
            raise ConfigError("the enrolment was cancelled: nothing was stored")


class PeopleDesk:
    """Any thread, one call at a time.

    Args:
        options: Which gallery and which store.
    """

    def __init__(self, options: RunOptions) -> None:
        self._options = options
        self._lock = threading.Lock()

    def _path(self) -> Path:
        return self._options.gallery or default_gallery()

    def read(self) -> tuple[list[Person], list[str]]:
        """Who is enrolled, by name; and the names of those whose consent had ended: they are
        removed now.

        Raises:
            ConfigError, ModelError, StoreError: One line each.
        """
        model, dimension = embedding_of(model_stem(MODEL).with_suffix(".onnx"))
        now = datetime.now(UTC)
        with self._lock:
            gallery = load_gallery(self._path(), model, dimension)
            ended = [person.name for person in gallery.people if person.ended(now)]
            if ended:
                save_gallery(gallery.valid(now), self._path())
        return newest(gallery.valid(now).people), ended

    def forget(self, name: str) -> list[str]:
        """Remove somebody from the gallery, the store and the kept pictures. Returns the receipt's
        lines.

        Raises:
            ConfigError, ModelError, StoreError: One line each.
        """
        lines: list[str] = []
        with self._lock:
            store = self._options.config.store.url
            run_forget([f"--gallery={self._path()}", f"--store={store}", "--", name], lines.append)
        return lines

    def enrol_from_folder(self, wanted: Wanted, folder: Path, guide: Guide) -> list[str]:
        """Enrol from pictures. Returns what is to be said, the result last.

        Raises:
            CameraError, ConfigError, ModelError, StoreError: One line each; nothing is then
                written.
        """
        said: list[str] = []

        def take(detector: FaceDetector, is_masked: IsMasked | None) -> list[Shot]:
            return shots_from_folder(folder, detector, is_masked, SHOTS, False, said.append)

        return self._enrol(wanted, take, guide, said)

    def enrol_from_camera(
        self, wanted: Wanted, frames: LatestSlot[Frame], guide: Guide, count: int
    ) -> list[str]:
        """Enrol from the frames of a camera that runs. Returns what is to be said, the result last.

        Raises:
            ConfigError, ModelError, StoreError: One line each; nothing is then written.
        """

        def take(detector: FaceDetector, is_masked: IsMasked | None) -> list[Shot]:
            return shots_from_frames(frames, detector, EnrolSession(count, is_masked), guide)

        return self._enrol(wanted, take, guide, [])

    def _enrol(self, wanted: Wanted, take: TakeShots, guide: Guide, said: list[str]) -> list[str]:
        name = clean_name(wanted.name)
        consent = " ".join(wanted.consent.split())
        until = _moment_after(wanted.until)
        if not consent:
            raise ConfigError("the consent is empty: write down what the person agreed to")
        if until is not None and until <= datetime.now(UTC):
            raise ConfigError("the last day of the consent is over: give a day to come")
        embedder = Embedder.load()
        with self._lock:
            known = open_gallery(self._path(), embedder.name, embedder.dimension).find(name)
        if known is not None and not (wanted.add or wanted.anew):
            raise ConfigError(
                f"{known.name} is enrolled already: forget them first, or give another name"
            )
        shots = take(make_detector(DetectConfig()), mask_teller(said.append))
        nothing = np.empty((0, embedder.dimension), np.float32), np.empty(0, np.uint8)
        person = Person(
            name, consent, datetime.now(UTC), until, wanted.by.strip() or "unknown", *nothing
        )
        person = build_person(person, shots, embedder, said.append)
        guide.check()
        with self._lock:  # read anew: another desk may have enrolled somebody in the meantime
            gallery = open_gallery(self._path(), embedder.name, embedder.dimension)
            check_face(gallery, person, embedder, added=wanted.add)
            known = gallery.find(name)
            if known is not None:
                person = (
                    merged(known, person)
                    if wanted.add
                    else replace(person, pictures=known.pictures)
                )
            save_gallery(gallery.with_person(person), self._path())
        masked = int(np.sum(person.kinds == Kind.MASKED))
        shots_word = "shot" if person.shots == 1 else "shots"
        return [
            *said,
            f"{person.name} is enrolled with {person.shots} {shots_word}, {masked} of them with a "
            f"mask.",
        ]


def _moment_after(last_day: date | None) -> datetime | None:
    """Midnight here after a day."""
    if last_day is None:
        return None
    return datetime.combine(last_day + timedelta(days=1), datetime.min.time()).astimezone()


def shots_from_frames(
    frames: LatestSlot[Frame], detector: FaceDetector, session: EnrolSession, guide: Guide
) -> list[Shot]:
    """Lead somebody through an enrolment until it is done or cancelled.

    Raises:
        ConfigError: If it ended without enough shots.
    """
    heard_at = time.monotonic()
    while not session.done and not session.failed:
        frame = frames.get(0.2)
        guide.check()
        if frame is None:
            if time.monotonic() - heard_at > SILENT_MAX_S:
                raise ConfigError(
                    f"the camera gave no picture for {SILENT_MAX_S:.0f} s: nothing was stored"
                )
            continue
        heard_at = time.monotonic()
        if guide.skip.is_set():
            guide.skip.clear()
            session.skip(frame.t)
        guide.seen.put(
            (frame.image, session.step(frame.image, detector.detect(frame.image), frame.t))
        )
    if session.failed:
        raise ConfigError(
            f"{session.failed}. {len(session.shots)} shots were taken, nothing was stored: try "
            f"again"
        )
    return session.shots
