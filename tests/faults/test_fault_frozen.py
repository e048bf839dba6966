"""A PostgreSQL server that stands still: stopped, or its tables locked. No frame waits for it and
no row is lost.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from desk import QUICK, Stage
from fakes import NOON, UNMASKED, FakeClassifier, frame, sighting, visit

from monitor.analysis.pipeline import Pipeline
from monitor.analysis.worker import InferenceThread, Parts
from monitor.camera.slot import LatestSlot
from monitor.config import load_config
from monitor.errors import StoreError
from monitor.records import Frame, Update
from monitor.storage.ledger import Ledger
from monitor.storage.outputs import Outputs
from monitor.storage.spool import Spool
from monitor.storage.store import Store

if TYPE_CHECKING:  # imported by pytest as a plugin
    from postgres import Server

pytest_plugins = ["postgres"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
RATE = 30
LENGTHS = [
    pytest.param(5, id="5 s"),
    pytest.param(60, id="a minute", marks=[pytest.mark.long, pytest.mark.timeout(400)]),
]


@contextmanager
def stopped(server: Server, url: str) -> Iterator[None]:
    """The server's processes stand still."""
    pid = int((server._data / "postmaster.pid").read_text().splitlines()[0])
    parent = psutil.Process(pid)
    processes = [parent, *parent.children(recursive=True)]
    for process in processes:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            # one that was told to end before it was stopped is gone once the first go on
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)


@contextmanager
def locked(server: Server, url: str) -> Iterator[None]:
    """Another program has locked the tables."""
    import psycopg

    with psycopg.connect(url.replace("+psycopg", "")) as other:
        other.execute("LOCK TABLE visits, sightings, shifts IN ACCESS EXCLUSIVE MODE")
        yield


class Watch:
    """Frames at a camera's pace; somebody new every half second, each a sighting at once."""

    def __init__(self, url: str, waiting: Path) -> None:
        self.url = url
        self.frames: LatestSlot[Frame] = LatestSlot()
        self.stage, self.given, self.seen = Stage(), 0, 0
        self.slowest, self.last = 0.0, Update(None, None, (), 0)  # type: ignore[arg-type]
        self.problems: list[str] = []
        self.raised: set[str] = set()  # sightings that the pipeline gave
        self._waiting, self._began = waiting, time.monotonic()
        self.ready = threading.Event()
        self.worker = InferenceThread(self._build, self.frames, self._on_update)

    def _build(self) -> Parts:
        pipeline = Pipeline(
            self.stage,  # type: ignore[arg-type]
            FakeClassifier((UNMASKED,)),  # type: ignore[arg-type]
            load_config(None, QUICK | {"sighting": {"alert_after_s": 0}}),
            "shift",
        )
        store = Store(self.url)
        ledger = Ledger(store, "shift", Outputs(spool=Spool(store.label, "shift", self._waiting)))
        self.ready.set()
        return Parts(pipeline, ledger, "fake")

    def _on_update(self, update: Update) -> None:
        self.last = update
        if update.problem and update.problem not in self.problems:
            self.problems.append(update.problem)
        if update.result is not None:
            self.seen += 1
            self.raised |= {sighting.sighting_id for sighting in update.result.sightings}

    def run(self, seconds: float) -> None:
        """Give frames, each in its time; one that is not taken before the next is a lost one."""
        for _ in range(round(seconds * RATE)):
            self.given += 1
            index = self.given
            self.stage.enter() if index % 15 < 7 else self.stage.leave()
            t = time.monotonic()
            given = self.frames.put_when_empty(frame(t, index=index, captured_at=t), 5.0, "door")
            assert given, "the watch stands still"
            self.slowest = max(self.slowest, time.monotonic() - t)
            time.sleep(max(0.0, t + 1 / RATE - time.monotonic()))
        assert self.frames.wait_empty(5.0, "door")


@pytest.mark.parametrize("how", [stopped, locked])
@pytest.mark.parametrize("seconds", LENGTHS)
def test_a_frozen_server_costs_no_frame_and_no_row(
    postgres: Server,
    postgres_url: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    how: object,
    seconds: int,
) -> None:
    watch = Watch(postgres_url, tmp_path / "waiting")
    watch.worker.start()
    assert watch.ready.wait(30)
    watch.run(1.0)
    with how(postgres, postgres_url):  # type: ignore[operator]
        watch.run(seconds)
        assert any("waits on this computer" in line for line in watch.problems)
        assert list((tmp_path / "waiting").iterdir())
    watch.run(1.0)
    ends = time.monotonic() + 30
    while watch.last.problem:
        assert time.monotonic() < ends, watch.problems
        watch.run(0.1)
    watch.worker.stop()
    watch.worker.join(30)
    assert not watch.worker.is_alive()
    assert watch.worker.error is None
    assert watch.seen == watch.given
    assert watch.slowest < 1.0
    store = Store(postgres_url)
    visits, sightings = store.read_visits(), store.read_sightings()
    store.close()
    assert len(visits) == watch.last.count.unmasked >= 2 * seconds
    assert {sighting.sighting_id for sighting in sightings} == watch.raised
    assert len(sightings) == watch.last.sighting_total >= len(visits) - 1
    assert not any(record.open for record in (*visits, *sightings))
    assert not list((tmp_path / "waiting").iterdir())
    print(f"{watch.given} frames, slowest {watch.slowest:.3f} s, {len(visits)} visits")
    caplog.clear()


@pytest.mark.parametrize("how", [stopped, locked])
def test_a_name_is_gone_when_a_frozen_server_is_back(
    postgres: Server,
    postgres_url: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    how: object,
) -> None:
    """Of this shift and of earlier ones; what waits on the disk does not hold it meanwhile."""
    other, store, waiting = Store(postgres_url), Store(postgres_url), tmp_path / "waiting"
    other.begin_shift("earlier", NOON)
    other.save([visit(9, identity="Ada", shift_id="earlier", open=False)], [])
    ledger = Ledger(store, "shift", Outputs(spool=Spool(store.label, "shift", waiting)))

    def wait(condition: Callable[[], bool]) -> None:
        ends = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < ends, ledger.update()
            ledger.tidy()
            time.sleep(0.05)

    ledger.absorb([visit(1, identity="Ada")], [sighting(1, identity="Ada")])
    wait(lambda: len(ledger.update().sightings) == 1)
    with how(postgres, postgres_url):  # type: ignore[operator]
        ledger.absorb([visit(2, identity="Ada")], [])
        began = time.monotonic()
        ledger.forget(["Ada"])
        assert time.monotonic() - began < 2
        wait(lambda: "waits on this computer" in ledger.update().problem)
        kept = [path.read_bytes() for path in waiting.iterdir()]
        assert kept
        assert not any(b"Ada" in content for content in kept)
    wait(
        lambda: {row.identity for row in (*other.read_visits(), *other.read_sightings())} == {None}
    )
    wait(lambda: ledger.update().problem == "")
    assert len(other.read_visits()) == 3
    ledger.close()
    other.close()
    caplog.clear()


def test_a_server_that_stands_still_to_the_end(
    postgres: Server,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The program ends in time all the same, and the next start writes what waits."""
    monkeypatch.setattr("monitor.storage.writer.CLOSE_S", 1.0)
    watch = Watch(postgres_url, tmp_path / "waiting")
    watch.worker.start()
    assert watch.ready.wait(30)
    watch.run(0.5)
    with stopped(postgres, postgres_url):
        watch.run(2.0)
        began = time.monotonic()
        watch.worker.stop()
        watch.worker.join(10)
        assert not watch.worker.is_alive()
        assert time.monotonic() - began < 5
        assert "saved at the next start" in str(watch.worker.error)
        kept = [path.read_bytes() for path in (tmp_path / "waiting").iterdir()]
        assert kept
    for thread in threading.enumerate():
        if thread.name == "store":
            thread.join(30)
    store = Store(postgres_url)
    Ledger(store, "next", Outputs(spool=Spool(store.label, "next", tmp_path / "waiting"))).close()
    assert len(store.read_visits()) == watch.last.count.unmasked
    store.close()
    assert not list((tmp_path / "waiting").iterdir())
    caplog.clear()


def test_a_server_that_stands_still_at_the_start(
    postgres: Server, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the connection (the system does), and answers nothing."""
    monkeypatch.setattr("monitor.storage.database.START_ANSWER_S", 1.0)
    Store(postgres_url).close()
    store = Store(postgres_url)
    with stopped(postgres, postgres_url):
        with pytest.raises(StoreError, match="does not answer: see to its server"):
            Store(postgres_url)
        with pytest.raises(StoreError, match="does not answer: see to its server"):  # connected
            Ledger(store, "late", Outputs(spool=Spool(store.label, "late", tmp_path)))
    for thread in threading.enumerate():
        if thread.name == "store-start":
            thread.join(30)
            assert not thread.is_alive()
    store.close()
