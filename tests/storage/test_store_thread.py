"""A store that stands still stops nobody, and nothing is lost, whoever is killed meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from books import result
from fakes import NOON, sighting, visit
from old_store import started_at_once
from program import ROOT

from monitor.errors import StoreError
from monitor.records import Correction, Count, MaskState, Shift
from monitor.storage import store_thread
from monitor.storage.ledger import Ledger
from monitor.storage.outputs import Outputs
from monitor.storage.spool import Spool, forget_waiting
from monitor.storage.store import Store

WAIT_S = 20.0


class Desk:
    """A ledger whose store is written by a thread."""

    def __init__(self, folder: Path, shift_id: str = "shift") -> None:
        self.path, self.waiting = folder / "m.db", folder / "waiting"
        self.url = f"sqlite:///{self.path}"
        store = Store(self.url)
        spool = Spool(store.label, shift_id, self.waiting)
        self.ledger = Ledger(store, shift_id, Outputs(spool=spool))

    def wait(self, condition: Callable[[], object]) -> None:
        """Housekeeping goes on until it is so."""
        ends = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < ends, self.ledger.update()
            self.ledger.tidy()
            time.sleep(0.01)

    def stored(self) -> dict[str, tuple[str | None, str, bool]]:
        store = Store(self.url)
        try:
            return {
                s.sighting_id: (s.corrected.value if s.corrected else None, s.note, s.open)
                for s in store.read_sightings()
            }
        finally:
            store.close()

    def kept(self) -> list[Path]:
        return sorted(self.waiting.glob("*")) if self.waiting.exists() else []


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    with contextlib.suppress(StoreError):
        one.ledger.close()


@pytest.fixture
def lock(desk: Desk) -> Iterator[sqlite3.Connection]:
    other = sqlite3.connect(desk.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def test_what_is_shown_as_logged_is_in_the_store(desk: Desk) -> None:
    desk.ledger.record(result(visits=(visit(1),), sightings=(sighting(1),)))
    desk.wait(lambda: desk.ledger.update().sightings)
    assert desk.ledger.update().sightings == (sighting(1),)
    assert list(desk.stored()) == ["shift-v1-s1"]
    assert desk.kept() == []


def test_a_locked_store_stops_nobody_and_loses_nothing(
    desk: Desk, lock: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    slowest = 0.0
    for number in range(1, 40):
        began = time.monotonic()
        desk.ledger.record(result(visits=(visit(number),), sightings=(sighting(number),)))
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.05)
    assert desk.ledger.count() == Count(unmasked=39)
    assert desk.ledger.update().sightings == ()  # not told as logged
    desk.wait(lambda: "waits on this computer" in desk.ledger.update().problem)
    assert "locked" in desk.ledger.update().problem
    (spool,) = desk.kept()
    if os.name != "nt":
        assert stat.S_IMODE(spool.stat().st_mode) == 0o600
        assert stat.S_IMODE(desk.waiting.stat().st_mode) == 0o700
    lock.execute("ROLLBACK")
    desk.wait(lambda: desk.ledger.update().sighting_total == 39)
    desk.wait(lambda: desk.ledger.update().problem == "")
    assert len(desk.stored()) == 39
    desk.wait(lambda: desk.kept() == [])
    assert slowest < store_thread.ANSWER_S
    caplog.clear()


def test_a_store_that_is_locked_to_the_end_gets_all_at_the_next_start(
    desk: Desk, lock: sqlite3.Connection, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    desk.ledger.absorb([visit(1), visit(2, MaskState.MASKED)], [sighting(1)])
    desk.ledger.correct("shift-v1", Correction.INCORRECT)
    with pytest.raises(StoreError, match="could not be saved yet") as caught:
        desk.ledger.close()
    assert str(desk.kept()[0]) in str(caught.value)
    assert "saved at the next start" in str(caught.value)
    lock.execute("ROLLBACK")
    assert desk.stored() == {}
    after = Desk(tmp_path, "next")
    assert after.stored() == {"shift-v1-s1": ("incorrect", "", False)}
    store = Store(after.url)
    assert [v.visit_id for v in store.read_visits()] == ["shift-v1", "shift-v2"]
    store.close()
    assert after.kept() == []
    after.ledger.close()
    caplog.clear()


def test_the_receptionists_word_is_on_the_disk_before_it_is_shown(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.ledger.absorb([visit(1)], [sighting(1)])
    desk.wait(lambda: desk.ledger.update().sightings)
    desk.ledger.correct("shift-v1", Correction.MASKED)
    desk.ledger.annotate("shift-v1-s1", "a visor")
    assert desk.stored()["shift-v1-s1"][:2] == ("masked", "a visor")
    assert desk.ledger.update().sightings[0].note == "a visor"
    caplog.clear()


@pytest.fixture
def dead_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The spool's disk stands still until this is set."""
    back = threading.Event()
    make = Path.mkdir

    def mkdir(path: Path, *arguments: Any, **named: Any) -> None:
        if path.name == "waiting":
            assert back.wait(60)
        make(path, *arguments, **named)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    monkeypatch.setattr("monitor.errand.STUCK_AFTER_S", 0.5)
    yield back
    back.set()
    for thread in threading.enumerate():
        if thread.name == "errand":
            thread.join(60)


def test_a_spool_on_a_dead_disk_stops_nobody_and_is_cleared_later(
    desk: Desk,
    lock: sqlite3.Connection,
    dead_disk: threading.Event,
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk.ledger.absorb([visit(1)], [sighting(1)])
    words = f"and nothing can be written to {desk.waiting} at present"
    desk.wait(lambda: words in desk.ledger.update().problem)
    for number in range(400):  # the newest version of each record waits, and no more
        desk.ledger.absorb([visit(number % 4 + 1)], [sighting(number % 4 + 1)])
    desk.ledger.correct("shift-v1", Correction.MASKED)
    assert desk.ledger.update().waiting == 9
    assert len(desk.ledger._writer._lane._jobs) <= 9  # type: ignore[attr-defined]
    assert desk.ledger.count() == Count(unmasked=3, masked=1)
    lock.execute("ROLLBACK")
    desk.wait(lambda: len(desk.ledger.update().sightings) == 4)
    dead_disk.set()
    desk.wait(lambda: desk.ledger.update().problem == "" and desk.kept() == [])
    assert desk.ledger.update().waiting == 0
    assert desk.stored()["shift-v1-s1"][0] == "masked"
    caplog.clear()


def test_a_dead_disk_does_not_keep_the_ledger_from_closing(
    desk: Desk,
    lock: sqlite3.Connection,
    dead_disk: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("monitor.storage.writer.CLOSE_S", 0.5)
    desk.ledger.absorb([visit(1)], [sighting(1)])
    desk.wait(lambda: "nothing can be written" in desk.ledger.update().problem)
    with pytest.raises(StoreError, match="2 records could not be saved: the store"):
        desk.ledger.close()
    caplog.clear()


KILLED = """
import sqlite3, sys
from pathlib import Path
sys.path.insert(0, "tests")
from fakes import sighting, visit
from test_store_thread import Desk
desk = Desk(Path(sys.argv[1]))
other = sqlite3.connect(desk.path, isolation_level=None)
other.execute("BEGIN IMMEDIATE")
desk.ledger.absorb([visit(1, identity="Ada"), visit(2)], [sighting(1, identity="Ada")])
desk.wait(lambda: "waits on this computer" in desk.ledger.update().problem)
print("kept", flush=True)
sys.stdin.readline()
"""


def test_killed_while_it_waits(tmp_path: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(["tests", "tests/storage"])},
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "kept\n"
    program.send_signal(signal.SIGKILL)
    program.communicate(timeout=30)
    (spool,) = (tmp_path / "waiting").iterdir()
    spool.write_bytes(spool.read_bytes() + b'["Visit", {"visit_')  # cut short
    store = Store(f"sqlite:///{tmp_path / 'm.db'}")
    forget_waiting(store, "ADA", spool.parent)
    assert b"Ada" not in spool.read_bytes()
    store.close()
    after = Desk(tmp_path, "next")
    assert list(after.stored()) == ["shift-v1-s1"]
    assert after.kept() == []
    after.ledger.close()


def test_a_name_goes_when_a_locked_store_is_free_again(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Also out of earlier shifts, which whoever forgets could not write to."""
    store = Store(desk.url)
    store.begin_shift("earlier", NOON)
    store.save([visit(9, identity="Ada", shift_id="earlier", open=False)], [])
    desk.ledger.absorb([visit(1, identity="Ada")], [sighting(1, identity="Ada")])
    desk.wait(lambda: desk.ledger.update().sightings)
    other = sqlite3.connect(desk.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    desk.ledger.forget(["Ada"])
    desk.ledger.absorb([visit(2)], [])
    assert [s.identity for s in desk.ledger.update().sightings] == [None]
    (spool,) = desk.kept()
    assert b"Ada" not in spool.read_bytes()
    other.execute("ROLLBACK")
    other.close()
    desk.wait(lambda: {v.identity for v in store.read_visits()} == {None})
    desk.wait(lambda: desk.ledger.update().problem == "" and desk.kept() == [])
    assert {v.visit_id for v in store.read_visits()} >= {"shift-v1", "shift-v2"}
    assert {s.identity for s in store.read_sightings()} == {None}
    store.close()
    desk.ledger.close()
    assert b"Ada" not in b"".join(path.read_bytes() for path in desk.path.parent.glob("m.db*"))
    caplog.clear()


def test_a_name_of_earlier_shifts_alone_goes_when_a_locked_store_is_free_again(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """The running shift has never seen them, and nothing waits for the store."""
    store = Store(desk.url)
    store.begin_shift("earlier", NOON)
    store.save([visit(9, identity="Ada", shift_id="earlier", open=False)], [])
    other = sqlite3.connect(desk.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    desk.ledger.forget(["Ada"])
    assert b"Ada" not in b"".join(path.read_bytes() for path in desk.kept())
    other.execute("ROLLBACK")
    other.close()
    desk.wait(lambda: {v.identity for v in store.read_visits()} == {None})
    desk.wait(lambda: desk.ledger.update().problem == "" and desk.kept() == [])
    store.close()
    caplog.clear()


def test_a_name_goes_after_a_restart_if_the_store_is_locked_to_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Out of earlier shifts and of what another program left, and without being written itself."""
    desk = Desk(tmp_path)
    store = Store(desk.url)
    store.begin_shift("earlier", NOON)
    store.save(
        [visit(8, identity="Bo", open=False), visit(9, identity="ADA", open=False)],
        [sighting(9, identity="ADA", open=False)],
    )
    desk.ledger.absorb([visit(1, identity="Ada")], [])
    desk.wait(lambda: len(store.read_visits()) == 3)
    other = sqlite3.connect(desk.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    desk.ledger.forget(["Ada"])
    (spool,) = desk.kept()
    assert b"ada" not in spool.read_bytes().lower()
    with pytest.raises(StoreError, match="saved at the next start"):
        desk.ledger.close()
    Spool(store.label, "z", desk.waiting).add([visit(10, identity="Ada")])
    other.execute("ROLLBACK")
    other.close()
    after = Desk(tmp_path, "next")
    assert {v.visit_id: v.identity for v in store.read_visits()} == {
        "shift-v1": None,
        "shift-v8": "Bo",
        "shift-v9": None,
        "shift-v10": None,
    }
    assert [s.identity for s in store.read_sightings()] == [None]
    assert after.kept() == []
    store.close()
    after.ledger.close()
    files = b"".join(path.read_bytes() for path in tmp_path.glob("m.db*"))
    assert b"ada" not in files.lower()
    caplog.clear()


def test_what_waits_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("monitor.storage.spool.SPOOL_MAX", 20_000)
    desk = Desk(tmp_path)
    other = sqlite3.connect(desk.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("monitor.storage.store_thread.SPOOL_AFTER_S", 0.0)
    sizes = []
    for number in range(500):  # the same two visits, again and again
        desk.ledger.absorb([visit(number % 2)], [])
        sizes += [path.stat().st_size for path in desk.kept()]
    assert max(sizes) < 21_000
    other.execute("ROLLBACK")
    other.close()
    desk.wait(lambda: desk.kept() == [])
    desk.ledger.close()
    caplog.clear()


def test_pictures_that_stand_alone_wait_as_well(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'm.db'}"
    store = Store(url)
    store.begin_shift("shift", NOON)
    shift = Shift("shift", NOON, Count(1, 2, 3, 4))
    Spool(store.label, "shift", tmp_path / "waiting").add([shift])
    store.close()
    Desk(tmp_path, "next").ledger.close()
    store = Store(url)
    assert shift in store.read_shifts()
    store.close()


def test_five_desks_start_at_once(tmp_path: Path) -> None:
    assert started_at_once(f"sqlite:///{tmp_path / 'm.db'}") == ["0 0"] * 5


def test_a_damaged_store_is_told_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "m.db"
    store = Store(f"sqlite:///{path}")
    store.save([visit(1)], [])
    store.scrub()
    store.close()
    with sqlite3.connect(path) as reader:
        # a page that no start looks into
        where = "SELECT rootpage FROM sqlite_master WHERE name = 'ix_sightings_visit_id'"
        (page,) = reader.execute(where).fetchone()
    reader.close()
    content = bytearray(path.read_bytes())
    content[4096 * (page - 1) : 4096 * page] = b"\xff" * 4096
    path.write_bytes(content)
    desk = Desk(tmp_path)
    desk.wait(lambda: desk.ledger.update().problem)
    assert "move it away" in desk.ledger.update().problem
    with contextlib.suppress(StoreError):
        desk.ledger.close()
    caplog.clear()
