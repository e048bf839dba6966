"""A program that names people obeys the gallery while it runs: whoever is forgotten is named no
more within seconds, whoever is enrolled is known, and a consent that ends is ended.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.errors import ConfigError, MonitorError
from monitor.identity import words
from monitor.identity.forget import end_consents
from monitor.identity.gallery import Gallery, load_gallery
from monitor.identity.match import Namer
from monitor.identity.running import Presence, file_state

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
AGAIN_S = 60.0  # after a consent could not be ended
STOP_WAIT_S, ENDING_WAIT_S = 2.0, 10.0


@dataclass(frozen=True, slots=True)
class Known:
    """Who can be named now."""

    matcher: Namer
    # those who could be named and were taken out of the gallery; nobody where it cannot be read
    gone: frozenset[str]
    state: str  # of the file


class GalleryWatch:
    """Reads the gallery in a thread of its own, as a dead share may hang.

    The inference thread builds, starts and closes it and takes its news between two frames.

    Args:
        gallery: The file.
        presence: Tells others that this program names people; made before the gallery is read for
            the first time. The watch closes it.
        store_url: Of the store that names go from when a consent ends.
    """

    def __init__(self, gallery: Path, presence: Presence, store_url: str) -> None:
        self._path, self._presence, self._store_url = gallery, presence, store_url
        self._state = file_state(gallery)
        self._gallery: Gallery | None = None
        self._named: set[str] = set()  # whom the inference thread can name, or could
        self._news: Known | None = None
        self._obeyed = ""
        self._again_at = datetime.min.replace(tzinfo=UTC)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._ending: threading.Thread | None = None

    def load(self, model: str, dimension: int) -> Gallery:
        """The gallery at the start, without those whose consent has ended.

        Raises:
            ConfigError: As `load_gallery`.
        """
        self._gallery = load_gallery(self._path, model, dimension)
        return self._gallery.valid(datetime.now(UTC))

    def start(self, matcher: Namer, match: Callable[[Gallery], Namer]) -> None:
        """Watch from now on.

        Args:
            matcher: The one that was made of what `load` gave.
            match: Makes another of a gallery without ended consents, in the watch's thread.
        """
        self._named, self._obeyed = set(matcher.names), self._state
        self._thread = threading.Thread(
            target=self._run,
            args=(match,),
            name="gallery",
            daemon=True,
        )
        self._thread.start()

    # The inference thread

    def take(self) -> Known | None:
        """Who can be named now, if that has changed."""
        with self._lock:
            news, self._news = self._news, None
        return news

    def obeyed(self, known: Known) -> None:
        """What was taken holds from now on, in all that this program writes."""
        with self._lock:
            self._obeyed = known.state

    def settle(self) -> None:
        """Look a last time: the books are about to be closed. What it finds is to be taken."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(STOP_WAIT_S)

    def close(self) -> None:
        """This program names nobody any more: its books are closed. A consent that is being ended
        is ended, as they were closed with the name, perhaps.
        """
        self.settle()
        self._presence.close()  # which it may be waiting for
        if self._ending is not None:
            self._ending.join(ENDING_WAIT_S)

    # The watch's own threads

    def _run(self, match: Callable[[Gallery], Namer]) -> None:
        told = ""
        while True:
            with self._lock:
                obeyed = self._obeyed
            if obeyed != told:
                self._presence.knows(obeyed)
                told = obeyed
            self._look(match)
            self._end_consents()
            if self._stop.wait(LOOK_EVERY_S):
                self._look(match)
                return

    def _look(self, match: Callable[[Gallery], Namer]) -> None:
        """Read the gallery if it was replaced; whose consent has ended is gone at once."""
        state, now = file_state(self._path), datetime.now(UTC)
        assert self._gallery is not None
        read, sound = self._gallery, bool(state)
        if state != self._state:
            read = Gallery(read.model, read.dimension)
            try:
                read = load_gallery(self._path, read.model, read.dimension)
            except ConfigError as error:
                log.error("%s; until then nobody is named", error)
                sound = False
        elif not any(person.name in self._named and person.ended(now) for person in read.people):
            return
        self._gallery, self._state = read, state
        matcher = match(read.valid(now))
        with self._lock:
            earlier = self._news.gone if self._news is not None else frozenset()
            gone: set[str] = set()
            if sound:
                # A file that is away or unreadable for a while takes nobody out of the books.
                gone = (self._named | earlier) - set(matcher.names)
                self._named = set()
            self._named |= set(matcher.names)
            self._news = Known(matcher, frozenset(gone), state)

    def _end_consents(self) -> None:
        """Forget those whose consent has ended. Beside this thread: it waits until all programs
        have confirmed, this one too.
        """
        now = datetime.now(UTC)
        busy = self._ending is not None and self._ending.is_alive()
        if busy or now < self._again_at or self._gallery is None:
            return
        if not any(person.ended(now) for person in self._gallery.people):
            return
        self._again_at = now + timedelta(seconds=AGAIN_S)
        self._ending = threading.Thread(target=self._forget_ended, name="consent", daemon=True)
        self._ending.start()

    def _forget_ended(self) -> None:
        try:
            for receipt in end_consents(self._path, self._store_url):
                log.info("%s", words.of_ended(receipt))
        except MonitorError as error:
            log.error("a consent that has ended cannot be cleared away: %s", error)
