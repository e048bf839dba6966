"""Two desks on one PostgreSQL: what is said at one of them is shown, counted and kept at both."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fakes import sighting, visit

from monitor.errors import StoreError
from monitor.records import Correction, Count, MaskState
from monitor.storage import store_thread
from monitor.storage.history import History
from monitor.storage.ledger import Ledger
from monitor.storage.outputs import Outputs
from monitor.storage.shift_books import Past
from monitor.storage.spool import Corrected, Spool, write_left
from monitor.storage.store import Store

if TYPE_CHECKING:
    from postgres import Server

pytest_plugins = ["postgres"]
WAIT_S = 60.0
NOW = datetime.now(UTC)


class Desk:
    """A ledger as a window has it, with its thread and its spool."""

    def __init__(self, name: str, url: str, folder: Path) -> None:
        self.name, self.url = name, url
        self.store = Store(url)
        self.waiting = folder / name
        spool = Spool(self.store.label, name, self.waiting)
        self.ledger = Ledger(self.store, name, Outputs(spool=spool, desk=name))

    def sees(self, number: int, **changes: Any) -> None:
        own = {"visit_id": f"{self.name}-v{number}", "shift_id": self.name}
        own |= {"first_seen": NOW, "last_seen": NOW} | changes
        alarm = {k: v for k, v in own.items() if k not in ("state", "corrected")}
        self.ledger.absorb(
            [visit(number, **own)],
            [sighting(number, sighting_id=f"{self.name}-v{number}-s1", **alarm)],
        )

    def says(self, visit_id: str, correction: Correction | None) -> None:
        """As the page of the history does it."""
        found, sightings = History(self.store).visit(visit_id)
        assert found is not None
        self.ledger.correct(visit_id, correction, past=Past(found, tuple(sightings)))

    def shown(self) -> dict[str, tuple[str | None, str]]:
        return {
            s.sighting_id: (s.corrected.value if s.corrected else None, s.note)
            for s in self.ledger.update().sightings
        }


class Office:
    def __init__(self, url: str, folder: Path) -> None:
        self.left, self.right = (Desk(name, url, folder) for name in ("left", "right"))
        self.desks = (self.left, self.right)

    def wait(self, condition: Callable[[], object]) -> None:
        ends = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < ends, [desk.ledger.update() for desk in self.desks]
            for desk in self.desks:
                desk.ledger.tidy()
            time.sleep(0.02)

    def stored(self, sighting_id: str) -> tuple[Correction | None, str]:
        rows = {s.sighting_id: s for s in self.left.store.read_sightings()}
        return rows[sighting_id].corrected, rows[sighting_id].note


@pytest.fixture
def office(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(store_thread, "HEAR_S", 0.1)
    one = Office(postgres_url, tmp_path)
    one.left.sees(1)
    one.right.sees(1)
    one.wait(lambda: all(desk.ledger.update().sightings for desk in one.desks))
    yield one
    for desk in one.desks:
        with contextlib.suppress(StoreError):
            desk.ledger.close()


def test_what_one_desk_says_the_other_shows(office: Office) -> None:
    left, right = office.left, office.right
    left.says("right-v1", Correction.MASKED)
    office.wait(lambda: right.shown() == {"right-v1-s1": ("masked", "")})
    assert right.ledger.count() == Count(masked=1)
    assert right.ledger.update().corrections == {"right-v1": Correction.MASKED}
    assert right.ledger.update().sighting_total == 0
    right.says("left-v1", Correction.NO_PERSON)
    office.wait(lambda: left.shown() == {"left-v1-s1": ("no person", "")})
    assert left.ledger.count() == Count()
    left.says("right-v1", None)
    office.wait(lambda: right.shown() == {"right-v1-s1": (None, "")})
    assert right.ledger.count() == Count(unmasked=1)


def test_a_note_of_another_desk(office: Office) -> None:
    office.left.ledger.annotate("right-v1-s1", "the courier", before="")
    office.wait(lambda: office.right.shown() == {"right-v1-s1": (None, "the courier")})
    office.right.sees(1, open=False)
    office.wait(lambda: not office.right.ledger.update().sightings[0].open)
    assert office.stored("right-v1-s1") == (None, "the courier")


def test_the_machine_goes_on_and_writes_no_older_word(office: Office) -> None:
    """Also before the desk has heard of it, and with a word of its own from before."""
    left, right = office.left, office.right
    right.ledger.correct("right-v1", Correction.MASKED)
    office.wait(lambda: office.stored("right-v1-s1")[0] is Correction.MASKED)
    left.store.correct("right-v1", Correction.INCORRECT)
    right.sees(1, last_seen=datetime.now(UTC))  # knows only its own word yet, or has just heard
    right.sees(1, last_seen=datetime.now(UTC), open=False)
    office.wait(lambda: right.shown() == {"right-v1-s1": ("incorrect", "")})
    assert office.stored("right-v1-s1")[0] is Correction.INCORRECT
    new = sighting(
        2, sighting_id="right-v1-s2", visit_id="right-v1", shift_id="right", first_seen=NOW
    )
    left.store.correct("right-v1", None)
    right.store.save([], [dataclasses.replace(new, corrected=Correction.INCORRECT)])
    assert office.stored("right-v1-s2")[0] is None  # as the visit, not as the desk believed


def test_the_machine_finds_out_after_somebody_has_spoken(office: Office) -> None:
    office.left.store.correct("right-v1", Correction.UNMASKED)
    gone = visit(
        1, visit_id="right-v1", shift_id="right", open=False, corrected=Correction.NEVER_MOVED
    )
    office.right.ledger.absorb([gone], [])
    office.wait(lambda: office.right.shown() == {"right-v1-s1": ("unmasked", "")})
    assert office.stored("right-v1-s1")[0] is Correction.UNMASKED


def test_the_later_word_stands_and_each_is_noted(office: Office) -> None:
    left, right = office.left, office.right
    words = [Correction.MASKED, Correction.INCORRECT, Correction.NO_PERSON, Correction.UNMASKED]
    for place, word in enumerate(words):
        (left, right)[place % 2].says("left-v1", word)
        office.wait(lambda word=word: office.stored("left-v1-s1")[0] is word)
    office.wait(lambda: left.shown() == {"left-v1-s1": ("unmasked", "")})
    changes = left.store.read_changes(["left-v1"])
    assert [change.after for change in changes] == [word.value for word in words]
    assert [change.before for change in changes] == [None, *(word.value for word in words[:-1])]


def test_undo_takes_back_what_was_said_here_and_nobody_elses_word(office: Office) -> None:
    left, right = office.left, office.right
    left.ledger.correct("left-v1", Correction.MASKED)
    assert left.ledger.update().undoable
    right.says("left-v1", Correction.INCORRECT)
    office.wait(lambda: left.shown() == {"left-v1-s1": ("incorrect", "")})
    assert not left.ledger.update().undoable
    assert not left.ledger.undo()
    assert office.stored("left-v1-s1")[0] is Correction.INCORRECT


def test_what_waited_for_the_server_comes_as_it_was_said(office: Office, tmp_path: Path) -> None:
    """A desk that was cut off and killed: its word comes into the store later, and so is later."""
    waiting = tmp_path / "killed"
    spool = Spool(office.left.store.label, "killed", waiting)
    old = visit(1, visit_id="right-v1", shift_id="right", corrected=Correction.NO_PERSON)
    spool.add([old, Corrected("left-v1", Correction.MASKED, NOW)])
    office.left.store.correct("right-v1", Correction.INCORRECT)
    office.left.store.correct("left-v1", Correction.INCORRECT)
    assert write_left(office.left.store, waiting) == 2
    assert office.stored("right-v1-s1")[0] is Correction.INCORRECT  # a version is no word
    assert office.stored("left-v1-s1")[0] is Correction.MASKED
    change = office.left.store.read_changes(["left-v1"])[-1]
    assert (change.before, change.after, change.at) == ("incorrect", "masked", NOW)


def test_rows_know_their_desk(office: Office) -> None:
    store = office.left.store
    assert store.desk_names() == ["left", "right"]
    assert {s.sighting_id: s.desk for s in store.read_sightings()} == {
        "left-v1-s1": "left",
        "right-v1-s1": "right",
    }


def test_a_server_that_is_down_costs_time_alone(
    start_postgres: Callable[..., Server],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(store_thread, "HEAR_S", 0.1)
    server = start_postgres()
    office = Office(server.new_database(), tmp_path)
    left, right = office.desks
    right.sees(1)
    office.wait(lambda: right.ledger.update().sightings)
    server.stop()
    for number in range(2, 6):
        left.sees(number, state=MaskState.INCORRECT)
    left.ledger.correct("left-v2", Correction.MASKED)
    office.wait(lambda: "waits on this computer" in left.ledger.update().problem)
    update = left.ledger.update()
    assert update.waiting == 9  # four visits, four sightings, a word
    assert update.sightings == ()
    assert list(left.waiting.iterdir())
    server.start()
    office.wait(lambda: left.ledger.update().sighting_total == 3)
    office.wait(lambda: (left.ledger.update().waiting, left.ledger.update().problem) == (0, ""))
    left.says("right-v1", Correction.NO_PERSON)
    office.wait(lambda: right.shown() == {"right-v1-s1": ("no person", "")})
    for desk in office.desks:
        desk.ledger.close()
    assert list(left.waiting.iterdir()) == []
    caplog.clear()
