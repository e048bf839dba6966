"""A program that runs obeys the gallery file."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from fakes import NOON, visit

from monitor.identity.gallery import Gallery, load_any_gallery, save_gallery
from monitor.identity.identify import LOOKS_MIN, IdentityVote
from monitor.identity.match import Matcher
from monitor.identity.person import VISITOR, EnrolledPerson
from monitor.identity.running import Presence, running_monitors
from monitor.identity.watch import GalleryWatch, Known
from monitor.storage.store import Store

CARD = {
    "output": {"dimension": 4},
    "threshold": {"far": [0.1, 0.01], "threshold": [0.2, 0.4]},
}
FACES = np.eye(4, dtype=np.float32)


def enrolled(name: str, axis: int, until: datetime | None = None) -> EnrolledPerson:
    kinds = np.zeros(1, np.uint8)
    return EnrolledPerson(name, "yes", datetime.now(UTC), until, "d", FACES[axis : axis + 1], kinds)


def save(path: Path, *people: EnrolledPerson) -> None:
    save_gallery(Gallery("m", 4, people), path)


def match(gallery: Gallery) -> Matcher:
    return Matcher(gallery.people, CARD, 0.01, 0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save(tmp_path / "g.npz", enrolled("Ada", 0), enrolled("Bob", 1))
    return tmp_path / "g.npz"


@pytest.fixture
def watch(path: Path) -> Iterator[GalleryWatch]:
    watch = GalleryWatch(path, Presence(path), f"sqlite:///{path.parent / 'm.db'}")
    watch.start(match(watch.load("m", 4)), match)
    yield watch
    watch.close()
    assert running_monitors(path) == ()


def until(holds: Callable[[], object]) -> None:
    limit = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.02)


def news(watch: GalleryWatch) -> Known:
    found: list[Known] = []
    until(lambda: found or [found.append(known) for known in [watch.take()] if known])
    return found[0]


def test_who_comes_and_who_goes_is_told(path: Path, watch: GalleryWatch) -> None:
    until(lambda: [one.obeyed for one in running_monitors(path)] == [True])
    save(path, enrolled("Bob", 1), enrolled("Cem", 2))
    known = news(watch)
    assert (known.matcher.names, known.gone) == (("Bob", "Cem"), {"Ada"})
    assert [one.obeyed for one in running_monitors(path)] == [False]
    watch.obeyed(known)
    until(lambda: [one.obeyed for one in running_monitors(path)] == [True])
    assert watch.take() is None


def test_nobody_is_named_from_a_file_that_cannot_be_read(
    path: Path, watch: GalleryWatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    known = news(watch)
    assert (known.matcher.names, known.gone) == ((), set())  # but the books stay as they are
    assert "until then nobody is named" in caplog.text
    caplog.clear()
    path.unlink()
    assert news(watch).gone == set()
    path.write_bytes(whole)
    known = news(watch)
    assert (known.matcher.names, known.gone) == (("Ada", "Bob"), set())


def test_a_consent_that_ends_is_ended(
    path: Path, watch: GalleryWatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    save(path, enrolled("Ada", 0, datetime.now(UTC) + timedelta(seconds=1)), enrolled("Bob", 1))
    watch.obeyed(news(watch))
    known = news(watch)
    assert known.gone == {"Ada"}  # before the gallery is written, which is another news
    watch.obeyed(known)

    def ended() -> bool:
        known = watch.take()
        if known is not None:
            watch.obeyed(known)
        return "The consent of Ada had ended" in caplog.text

    until(ended)
    gallery = load_any_gallery(path)
    assert gallery is not None
    assert [p.name for p in gallery.people] == ["Bob"]


def test_a_consent_that_ends_as_the_program_is_closed_is_ended(path: Path) -> None:
    """The books are closed with the name after the store was cleaned for the first time."""
    store = Store(f"sqlite:///{path.parent / 'm.db'}")
    store.begin_shift("shift", NOON)
    watch = GalleryWatch(path, Presence(path), f"sqlite:///{path.parent / 'm.db'}")
    watch.start(match(watch.load("m", 4)), match)
    save(path, enrolled("Ada", 0, datetime.now(UTC) + timedelta(seconds=1)), enrolled("Bob", 1))
    watch.obeyed(news(watch))
    news(watch)  # which is never obeyed
    watch.settle()
    until(lambda: b"Ada" not in path.read_bytes())
    store.save([visit(1, identity="Ada")], [])
    watch.close()
    assert [one.identity for one in store.read_visits()] == [None]
    assert [f.name for f in path.parent.iterdir() if b"Ada" in f.read_bytes()] == []
    store.close()


def test_the_last_look_finds_who_was_forgotten_just_now(path: Path, watch: GalleryWatch) -> None:
    until(lambda: [one.obeyed for one in running_monitors(path)] == [True])
    save(path, enrolled("Bob", 1))
    watch.settle()
    assert news(watch).gone == {"Ada"}


def test_a_vote_for_somebody_who_is_gone_begins_again() -> None:
    both = Matcher([enrolled("Ada", 0), enrolled("Bob", 1)], CARD)
    vote, other = IdentityVote(both), IdentityVote(both)
    for _ in range(2 * LOOKS_MIN):
        vote.add(FACES[0], 1.0)
        other.add(FACES[1], 1.0)
    assert (vote.name, other.name) == ("Ada", "Bob")
    without = Matcher([enrolled("Bob", 1)], CARD)
    vote.use(without)
    other.use(without)
    assert (vote.name, vote.confidence, vote.settled, other.name) == (None, 0.0, False, "Bob")
    for _ in range(2 * LOOKS_MIN):
        vote.add(FACES[0], 1.0)
    assert vote.name == VISITOR
    vote.use(both)  # enrolled again
    assert (vote.name, vote.settled) == (VISITOR, False)
    for _ in range(LOOKS_MIN):
        vote.add(FACES[0], 1.0)
    assert vote.name == "Ada"


def test_a_renewed_consent_is_not_ended_by_what_was_read_before(tmp_path: Path) -> None:
    path = tmp_path / "g.npz"
    ended = enrolled("Ada", 0, datetime.now(UTC) - timedelta(days=1))
    save(path, ended)
    watch = GalleryWatch(path, Presence(path), f"sqlite:///{tmp_path / 'm.db'}")
    assert watch.load("m", 4).people == ()
    save(path, dataclasses.replace(ended, until=None))
    watch.start(Matcher([], CARD), match)
    try:
        assert news(watch).matcher.names == ("Ada",)
    finally:
        watch.close()
    gallery = load_any_gallery(path)
    assert gallery is not None
    assert [p.name for p in gallery.people] == ["Ada"]
